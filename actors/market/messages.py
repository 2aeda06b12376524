"""What a market is told, and what it answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from actors.engine.pooled import Recipient
from trading.model import Denial
from trading.positions.judging import Triggers
from trading.price_guard import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class TakePrices:
    """Prices of one symbol in order of arrival, each with its sender's time, or None without one.

    A price without a time gets the market's time of day when it is judged. A feed does not ask for
    verdicts; a caller that gives `reply_to` gets one for each price.
    """

    prices: Sequence[Decimal]
    times_us: Sequence[int | None]
    reply_to: Recipient | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedPrice:
    """What became of one price, and the time that it was judged with.

    `why` says why it was not accepted, or what was done to its time.
    """

    verdict: Verdict
    time_us: int
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesTaken:
    """What became of each price, in the order in which they came."""

    judged: tuple[JudgedPrice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class HearPrices:
    """Prices of a symbol by somebody else than the feed that brings them: they never act.

    While the feed is away they say what is traded, so that a stop that is past it is seen. The
    answer is `PricesHeard`.
    """

    prices: Sequence[Decimal]
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class PricesHeard:
    """A market knows of prices that it does not act on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPause:
    """Judge no price of the symbol and quote none, for a reason; None ends the pause."""

    why: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCandidate:
    """Accept the quarantined price by a person's word, named by its value.

    The answer is the market's `MarketStatus`, or `Denied` where the price is not what waits.
    """

    price: Decimal
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotePrice:
    """Ask for a price to act on; the market then keeps what comes after it until the Arm.

    A position's own question waits until it is armed, so that it has judged every price before,
    and takes it out of the trigger book. `question` is the asker's number of it; an open has one.
    """

    account: str
    position_id: int
    for_open: bool
    reply_to: Recipient
    force: bool = False
    question: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceQuoted:
    """The last accepted price, its time and number; `note` says what is unusual about it.

    A position that is still open arms again after it.
    """

    position_id: int
    symbol: str
    price: Decimal
    time_us: int
    number: int
    note: str | None = None
    question: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteDenied:
    """There is no price to act on; a position waits for its triggers as before."""

    position_id: int
    denial: Denial
    question: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseQuotes:
    """A wallet has started anew: of its account's quotes only `opened` ones still count."""

    account: str
    opened: frozenset[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """Wait for a position's triggers, beginning after a price's number.

    None means after the last price that the position was sent, else from now on; `sender` is the
    position's life that begins so.
    """

    position_id: int
    triggers: Triggers
    after: int | None
    sender: Recipient | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarm:
    """A position needs no more prices, or is not opened at the price that was quoted for it."""

    position_id: int


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
