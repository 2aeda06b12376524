"""Events as the table `events` stores them: an event's fields to JSON, and back."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import get_args

import msgspec

from persistence.state import StoredEvent
from trading.events import Event
from trading.events.unknown import UnknownEvent
from trading.model import Costs
from trading.money import plain

EVENT_TYPES: Mapping[str, type[Event]] = MappingProxyType(
    {event_type.kind: event_type for event_type in get_args(Event)}
)
"""Every type of event by its kind."""

_encode = msgspec.json.Encoder().encode
_decoders = {kind: msgspec.json.Decoder(each) for kind, each in EVENT_TYPES.items()}


def event_json(event: Event) -> str:
    """An event's fields as JSON, decimals as strings in plain notation."""
    return _encode(_plain_fields(event)).decode()


def event_of(stored: StoredEvent) -> Event | UnknownEvent:
    """A stored event as its type.

    An event that another version stored may be of an unknown kind or lack a field. It becomes an
    `UnknownEvent`, so that reading it does not fail.
    """
    decoder = _decoders.get(stored.kind)
    if decoder is None:
        return UnknownEvent(kind=stored.kind, time_us=stored.time_us)
    try:
        return decoder.decode(stored.data)
    except msgspec.DecodeError:  # a field is missing, or of another type
        return UnknownEvent(kind=stored.kind, time_us=stored.time_us)


def _plain_fields(value: Event | Costs) -> dict[str, object]:
    return {name: _plain(getattr(value, name)) for name in value.__slots__}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Costs):
        return _plain_fields(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value
