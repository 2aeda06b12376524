"""What a wallet is told, and what it answers."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from actors.engine.pooled import Recipient
from actors.messages import Recorded
from actors.position.messages import ChangePosition, ClosePosition
from persistence.changes import ChangeKey
from trading.costs import checked_rates
from trading.events import Event
from trading.events.positions import PositionClosed, PositionReduced
from trading.exits.exits import NOTHING_SAID, Exits
from trading.model import CostRates, Limits, MarketPrice, Position, Side, Wallet
from trading.money import ZERO, is_money, is_quantity
from trading.repair import Repair

ACCOUNT_CHARS_MAX = 64


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
class BookPosition:
    """A position's new state, to be made durable with the parts that it closed.

    `accepted_us` (monotonic clock) is when its market accepted the price that led to it, for
    metrics; None where a command did. `key` is the idempotency key of that command.
    """

    position: Position
    events: tuple[Event, ...]
    price: MarketPrice
    reply_to: Recipient
    key: ChangeKey | None = None
    accepted_us: int | None = field(default=None, compare=False)

    @property
    def parts(self) -> tuple[PositionReduced | PositionClosed, ...]:
        """The events that settle something."""
        return tuple(
            event for event in self.events if isinstance(event, PositionReduced | PositionClosed)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCosts:
    """Set the cost rates of an account's next opens; None means the service's own."""

    account: str
    rates: CostRates | None
    reply_to: Recipient

    def __post_init__(self) -> None:
        """Refuse rates that are percentages by mistake; raises `ValueError`."""
        if self.rates is not None:
            checked_rates(self.rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetExits:
    """Set the exits that an account's next opens have where they do not say their own."""

    account: str
    exits: Exits
    reply_to: Recipient

    def __post_init__(self) -> None:
        """Refuse exits that guard no open which says nothing itself; raises `ValueError`."""
        self.exits.over()


@dataclass(frozen=True, slots=True, kw_only=True)
class TermsSet:
    """An account's cost rates or default exits are durable."""

    wallet: Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyedAnswer:
    """The answer to a keyed command that a wallet has passed on, in the life that `life` marks."""

    command: ClosePosition | ChangePosition
    life: object
    answer: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionGone:
    """A position failed and has no next life: it is closed by now, or set aside."""

    position_id: int


class BooksVerdict(StrEnum):
    """What an account's books allow its wallet to do."""

    AGREE = "agree"
    """Everything."""
    IN_DOUBT = "in doubt"
    """No open: the books do not balance."""
    ROW_CHANGED = "row changed"
    """Nothing: the wallet's row is not what its last entry left."""
    REPAIRED = "repaired"
    """Everything, once the halted wallet has read its rows again: it remembers older ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BooksJudged:
    """What a check of an account's books has found; `detail` says what is wrong, if anything."""

    account: str
    verdict: BooksVerdict
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreWallet:
    """An account's row is to be as its ledger says, because a person wants it so."""

    repair: Repair
    reason: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWallet:
    """Ask a wallet for what it has in memory."""

    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletReported:
    """What a wallet has in memory; None before its account is opened.

    `refusing` while the Auditor has it refuse opens; `halted` when somebody else wrote its row;
    `waiting` says for people which commands are not durable yet.
    """

    account: str
    wallet: Wallet | None
    refusing: bool
    halted: bool
    waiting: tuple[str, ...] = ()
