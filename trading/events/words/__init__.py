"""The words for each event: a sentence, a title, and its gravity.

This is the one place where events are worded. The log, the API, the page, notifications and the
documentation's tables read it here; only the log lines that the specification prescribes are worded
in `actors.log_lines`.
"""

from trading.events import (
    AccountEvent,
    Event,
    MarketEvent,
    PositionEvent,
    ServiceEvent,
    SignalEvent,
)
from trading.events.unknown import UnknownEvent
from trading.events.words.accounts import of_account
from trading.events.words.markets import of_market
from trading.events.words.positions import of_position
from trading.events.words.services import of_service
from trading.events.words.signals import of_signal
from trading.events.words.words import Gravity, Words

__all__ = ["Gravity", "Words", "words_of"]


def words_of(event: Event | UnknownEvent) -> Words:
    """The words for an event; for an unknown one, its kind."""
    if isinstance(event, PositionEvent):
        return of_position(event)
    if isinstance(event, MarketEvent):
        return of_market(event)
    if isinstance(event, AccountEvent):
        return of_account(event)
    if isinstance(event, SignalEvent):
        return of_signal(event)
    if isinstance(event, ServiceEvent):
        return of_service(event)
    kind = event.kind.replace("_", " ")
    return Words(Gravity.INFO, kind, kind.capitalize())
