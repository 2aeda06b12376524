"""The contents of a venue's frame, in the same types for every venue.

A symbol is in the venue's own spelling here (`BTC/USD` at one, `btcusdt` at another).
"""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Trades:
    """Trades of one symbol, oldest first: exact prices, exchange times, the venue's ids.

    A `snapshot` has past trades, which the venue sends after a subscription.
    """

    symbol: str
    prices: list[Decimal]
    times_us: list[int]
    ids: list[int | str]
    snapshot: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """A symbol's trades will come; None means every symbol that was asked for."""

    symbol: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRefused:
    """A symbol's trades will not come; None if the venue does not name the symbol."""

    symbol: str | None
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbered:
    """The frame's number in its connection, which rises by one: a missing number was lost."""

    number: int


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The venue is alive: a heartbeat, or the answer to a ping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A message of the venue for people; `is_error` for an error that names no symbol."""

    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingAway:
    """The venue is about to end the connection: connect again before it does."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A frame, or a part of one, of any other kind; `kind` is short, for counting."""

    kind: str


Decoded = (
    Trades | Subscribed | SubscriptionRefused | Numbered | Heartbeat | Notice | GoingAway | Unknown
)
