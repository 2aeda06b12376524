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

import msgspec

from actors.commit.protocol import Recorded
from actors.engine.pooled import Recipient
from persistence.changes import Change
from trading.books import HealthReport
from trading.exits.exits import NOTHING_SAID, Exits
from trading.model import CostRates, Denial, Limits, Side, Wallet
from trading.money import ZERO, is_money, is_quantity, plain, trimmed
from trading.positions.changing import Changes, Part
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

    What `exits` leaves out the account says, or else the service. Past `deadline_us` (monotonic
    clock) it is certainly not opened any more.
    """

    account: str
    symbol: str
    side: Side
    reply_to: Recipient
    exits: Exits = NOTHING_SAID
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
class RequestKey:
    """A caller's idempotency key, of the account that owns the position.

    `is_new` once the wallet knows that nothing was done with it yet.
    """

    account: str
    key: str
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePosition:
    """Close what is left of a position at the mark price, or a part of it.

    `force` takes even a stale price. With a key it is done once, whoever asks again.
    """

    position_id: int
    reply_to: Recipient
    note: str | None = None
    force: bool = False
    part: Part | None = None
    key: RequestKey | None = None

    @property
    def request(self) -> str:
        """What is asked, as text: equal requests give equal text."""
        part = self.part or Part(share=Decimal(1))
        amounts = (part.share, part.quantity)
        asked = [None if amount is None else plain(trimmed(amount)) for amount in amounts]
        return msgspec.json.encode(["close", *asked, self.note]).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDone(Recorded):
    """A position after a close; `already_closed` for a caller that did not close it.

    It is still open where only a part was closed; `repeated` when a known key got its outcome. The
    record lacks `closed_at_us` where the close was committed in a former life of its wallet, and
    its row is not read.
    """

    already_closed: bool
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePosition:
    """Change a living position; it holds for every price after the mark price of now."""

    position_id: int
    changes: Changes
    reply_to: Recipient
    key: RequestKey | None = None

    @property
    def request(self) -> str:
        """What is asked, as text: equal requests give equal text."""
        return msgspec.json.encode(["change", self.changes.said()]).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDone(Recorded):
    """The change is durable; `repeated` when a known idempotency key got its first outcome."""

    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCosts:
    """Set the cost rates of an account's next opens; None means the service's own."""

    account: str
    rates: CostRates | None
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class SetExits:
    """Set the exits that an account's next opens have where they do not say their own."""

    account: str
    exits: Exits
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsSet:
    """An account's cost rates or default exits are durable."""

    wallet: Wallet


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
class PauseMarket:
    """The venue does not bring the symbol's prices now: judge none, quote none."""

    why: str = "its venue's connection is down"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeMarket:
    """The venue serves the symbol again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseCandidate:
    """Accept the quarantined price by a person's word, named by its value.

    The answer is the market's `MarketStatus`, or `Denied` where the price is not what waits.
    """

    price: Decimal
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportMarket:
    """Ask for a market's state; the answer is its `actors.published.MarketStatus`."""

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
class PauseTrading:
    """Refuse opens from now on, of one account or of all; survives a restart."""

    account: str | None
    reason: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeTrading:
    """Allow opens again: ends the pause of that account, or that of all."""

    account: str | None
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
