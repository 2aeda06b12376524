"""What the edges say to the actors, and what they are told: commands, replies, notices.

Commands are imperatives, answers and notices are in the past tense. All are frozen and carry
values only. Money is in the account's currency; times end in `_us` and are microseconds.
What actors say among themselves is in `actors.protocol`.
"""

from collections.abc import Sequence
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from actors.commit.protocol import Recorded
from actors.engine.pooled import Recipient
from persistence.changes import Change
from trading.books import HealthReport
from trading.model import Denial, Ladder, Limits, Side, Wallet
from trading.money import ZERO, is_money, is_quantity
from trading.price_guard import Verdict
from trading.repair import Irreparable, Repair

ACCOUNT_CHARS_MAX = 64


class Reply:
    """A `reply_to` for the edges: the first message that it is told becomes the result."""

    def __init__(self) -> None:
        """Nothing has been answered yet."""
        self.future: Future[Any] = Future()

    def tell(self, message: Any) -> None:
        """Take the answer; a second one is ignored, and one that comes after a cancel."""
        with suppress(InvalidStateError):
            self.future.set_result(message)

    def get(self, timeout_seconds: float | None = None) -> Any:
        """Wait for the answer; raises `TimeoutError` when it does not come in time."""
        return self.future.result(timeout_seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount:
    """Open an account with its initial balance; the same again changes nothing."""

    account: str
    initial_balance: Decimal
    reply_to: Recipient
    account_type: str = "demo"
    currency: str = "USDT"
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        """Refuse a name that nobody could read or type; raises `ValueError`."""
        name = self.account
        if not name.isprintable() or name != name.strip() or not 0 < len(name) <= ACCOUNT_CHARS_MAX:
            raise ValueError(
                f"account name {name!r} refused: give 1 to {ACCOUNT_CHARS_MAX} printable "
                "characters without spaces around them"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReady:
    """The account is there; `created` only for who created it."""

    wallet: Wallet
    created: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPosition:
    """Open a position at the mark price, by `notional` (money) or by `quantity`.

    Past `deadline_us` (monotonic clock) it is certainly not opened any more.
    """

    account: str
    symbol: str
    side: Side
    ladder: Ladder
    reply_to: Recipient
    notional: Decimal | None = None
    quantity: Decimal | None = None
    idempotency_key: str | None = None
    deadline_us: int | None = None

    def __post_init__(self) -> None:
        """Refuse what no wallet could decide; raises `ValueError`."""
        if (self.notional is None) == (self.quantity is None):
            raise ValueError("an open has either a notional or a quantity")
        if self.notional is not None and not (is_money(self.notional) and self.notional > ZERO):
            raise ValueError(
                f"notional {self.notional} is not an amount above 0 with at most 8 decimals"
            )
        if self.quantity is not None and not is_quantity(self.quantity):
            raise ValueError(f"quantity {self.quantity} is not above 0 with at most 18 decimals")


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDone(Recorded):
    """A position was opened; `repeated` when a known idempotency key got its first outcome."""

    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePosition:
    """Close what is left of a position at the mark price; `force` takes even a stale one."""

    position_id: int
    reply_to: Recipient
    note: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDone(Recorded):
    """A position's recorded outcome; `already_closed` for whoever did not close it.

    The record lacks `closed_at_us` where the close was committed in a former life of its wallet,
    and its row is not read.
    """

    already_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStop:
    """Tighten a position's stop-loss; it holds for every price after the mark price of now."""

    position_id: int
    stop_price: Decimal
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMoveDone(Recorded):
    """The tighter stop-loss is durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFunds:
    """Deposit an amount, or withdraw it where it is negative; idempotent by `reference`."""

    account: str
    amount: Decimal
    reference: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferDone:
    """A transfer is booked; `repeated` when the reference was known."""

    reference: str
    amount: Decimal
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Denied:
    """A command was refused; nothing has changed."""

    denial: Denial


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
class OpenMarket:
    """See that a symbol has its MarketActor."""

    symbol: str
    reply_to: Recipient | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOpened:
    """A symbol has its MarketActor."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTrading:
    """Refuse opens from now on where `paused`, else allow them again; survives a restart.

    Of one account, or of all where it is None: the two pauses are begun and ended apart.
    """

    account: str | None
    paused: bool
    reason: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingSet:
    """A pause was begun or ended, and is durable: no open that follows is decided without it."""

    account: str | None
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ping:
    """Ask whether an actor still moves."""

    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class Pong:
    """An actor moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckHealth:
    """Check an account's books now, in full; every account's where None is given."""

    account: str | None = None
    reply_to: Recipient | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthChecked:
    """What a health check found, and what is to be done about the wallet's row, if anything."""

    report: HealthReport
    repair: Repair | Irreparable | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairWallet:
    """Check an account's books, and restore its row from the ledger where that mends them."""

    account: str
    reason: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairDone:
    """A wallet's row is as its ledger says; its actor begins anew from there."""

    repair: Repair


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A transaction was committed: its changes in order, its events numbered from an id."""

    commit_id: int
    first_event_id: int
    changes: tuple[Change, ...]
