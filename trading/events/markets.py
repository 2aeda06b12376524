"""Events of markets: their prices, and the venues that bring them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceQuarantined:
    """A price jumped too far from the last accepted one and waits as the candidate."""

    kind: ClassVar[str] = "price_quarantined"
    symbol: str
    price: Decimal
    last_price: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEnded:
    """A quarantine ended: the candidate was `confirmed`, `released` by a person, or `dropped`."""

    kind: ClassVar[str] = "quarantine_ended"
    symbol: str
    outcome: str
    candidate: Decimal
    price: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRejected:
    """A price was not valid, or was stamped too far ahead; only the first in a row is an event.

    `price` is text, because it may not be a number. `time_us` is our time.
    """

    kind: ClassVar[str] = "price_rejected"
    symbol: str
    price: str
    why: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPaused:
    """A venue's connection is down or does not serve the symbol: nothing is judged or opened."""

    kind: ClassVar[str] = "market_paused"
    symbol: str
    why: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketResumed:
    """A venue serves the symbol again; the pause lasted `paused_us`."""

    kind: ClassVar[str] = "market_resumed"
    symbol: str
    paused_us: int
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTimesRebased:
    """A symbol's price times restarted from our time: the last one was `ahead_us` ahead of it."""

    kind: ClassVar[str] = "price_times_rebased"
    symbol: str
    ahead_us: int
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStale:
    """No price was accepted for too long, while positions are open on the symbol."""

    kind: ClassVar[str] = "market_stale"
    symbol: str
    why: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRetired:
    """An operator retired a market without positions; its next price starts it again."""

    kind: ClassVar[str] = "market_retired"
    symbol: str
    time_us: int


MarketEvent = (
    PriceQuarantined
    | QuarantineEnded
    | PriceRejected
    | MarketPaused
    | MarketResumed
    | PriceTimesRebased
    | MarketStale
    | MarketRetired
)
