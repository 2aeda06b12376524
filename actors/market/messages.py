"""What a market is told, and how it is retired: the command, its answer, the Desk's notice."""

from dataclasses import dataclass

from actors.engine.pooled import Recipient
from actors.messages import (
    HearPrices,
    ReleaseCandidate,
    SetPause,
    TakePrices,
)
from actors.protocol import Arm, Disarm, QuotePrice, ReleaseQuotes


@dataclass(frozen=True, slots=True, kw_only=True)
class RetireMarket:
    """Take a market away that nothing is open or being opened on; its next price makes it anew.

    The answer is `MarketGone`, or `Denied` where the market is in use or there is none.
    """

    symbol: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketGone:
    """A symbol has no market any more, also after a restart."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketEnded:
    """From a market to the Desk: it is retired, and handles what has come so far, no more."""

    symbol: str


MarketMessage = (
    TakePrices
    | HearPrices
    | QuotePrice
    | ReleaseQuotes
    | Arm
    | Disarm
    | SetPause
    | ReleaseCandidate
    | RetireMarket
)
