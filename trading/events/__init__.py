"""The events: frozen values named in the past tense, a file a subject.

An event is made by a pure rule or a mailbox, written in the transaction of the change that it
describes, and announced after the commit. `time_us` is the time of the price or the command. The
words for each event are in `trading.events.words`.
"""

from trading.events.accounts import AccountEvent
from trading.events.markets import MarketEvent
from trading.events.positions import PositionEvent
from trading.events.services import ServiceEvent
from trading.events.signals import SignalEvent

Event = AccountEvent | MarketEvent | PositionEvent | ServiceEvent | SignalEvent
"""Every event; a closed set."""

__all__ = ["AccountEvent", "Event", "MarketEvent", "PositionEvent", "ServiceEvent", "SignalEvent"]
