"""A ladder as text and back, and as the values that a request's text has of it.

Both are made of the ladder's fields as they are declared: no field can be forgotten.
"""

from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import lru_cache

import msgspec

from trading.model import Ladder
from trading.money import plain, trimmed

_encode = msgspec.json.Encoder().encode
_decoder = msgspec.json.Decoder(Ladder)


@lru_cache(maxsize=1024)
def ladder_text(ladder: Ladder) -> str:
    """A ladder as JSON: an object of its fields, decimals as strings without trailing zeros."""
    return _encode(_by_name(ladder)).decode()


@lru_cache(maxsize=1024)
def ladder_from(text: str) -> Ladder:
    """The ladder of such a text."""
    return _decoder.decode(text)


@lru_cache(maxsize=1024)
def ladder_values(ladder: Ladder) -> msgspec.Raw:
    """The same as JSON without the fields' names: stored requests have ladders so."""
    return msgspec.Raw(_encode(_values(_by_name(ladder))))


def _by_name(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(trimmed(value))
    if isinstance(value, tuple):
        return [_by_name(item) for item in value]
    if is_dataclass(value):
        return {field.name: _by_name(getattr(value, field.name)) for field in fields(value)}
    return value


def _values(value: object) -> object:
    if isinstance(value, dict):
        return [_values(item) for item in value.values()]
    if isinstance(value, list):
        return [_values(item) for item in value]
    return value
