"""What clocks and silence do to the prices of a symbol."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTimesRebased:
    """A symbol's prices go on from our time: the last one's time was `ahead_us` ahead of it."""

    kind: ClassVar[str] = "price_times_rebased"
    symbol: str
    ahead_us: int
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketStale:
    """No price was accepted for so long that nobody knows it; positions are open on the symbol."""

    kind: ClassVar[str] = "market_stale"
    symbol: str
    why: str
    time_us: int
