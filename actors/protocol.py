"""What the actors say among themselves: questions, answers and notices of the protocol.

The way a message goes: a market tells a position that a price has reached it; the position runs
its ladder and hands its new state to its wallet; the wallet plans one change and hands it to the
Committer; what is committed is answered and announced.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import Any

from actors.engine.pooled import Recipient
from persistence.state import AccountState, PositionRecord
from trading.events import Event
from trading.events.positions import PositionClosed, PositionReduced
from trading.ladder import Triggers
from trading.model import Denial, MarketPrice, Position, Wallet
from trading.repair import Repair


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

    None means after the last price that the position was sent, else from now on.
    """

    position_id: int
    triggers: Triggers
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disarm:
    """A position needs no more prices, or is not opened at the price that was quoted for it."""

    position_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceReached:
    """An accepted price has reached one of a position's triggers.

    `accepted_us` (monotonic clock) is when its market accepted it, for metrics.
    """

    position_id: int
    price: Decimal
    time_us: int
    number: int
    accepted_us: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BookPosition:
    """A position's new state, to be made durable with the parts that it closed.

    `accepted_us` (monotonic clock) is when its market accepted the price that led to it, for
    metrics; None where a command did.
    """

    position: Position
    events: tuple[Event, ...]
    price: MarketPrice
    reply_to: Recipient
    accepted_us: int | None = field(default=None, compare=False)

    @property
    def parts(self) -> tuple[PositionReduced | PositionClosed, ...]:
        """The events that settle something."""
        return tuple(
            event for event in self.events if isinstance(event, PositionReduced | PositionClosed)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionBooked:
    """A position's state is durable up to a version.

    `committed_us` is the time of day of its commit; None where a former life of the wallet had
    booked it.
    """

    position_id: int
    version: int
    committed_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRefused:
    """A position's state is not booked, and will not be: begin again from what is durable."""

    denial: Denial


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPosition:
    """Read a position's row behind everything queued before.

    `life` is set where the position failed: the number of its lives that have ended.
    """

    position_id: int
    reply_to: Recipient
    life: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRead:
    """A position's row with the times of its commits, if there is one; `life` is the read's."""

    position_id: int
    record: PositionRecord | None
    life: int | None = None

    @property
    def position(self) -> Position | None:
        """The position itself."""
        return None if self.record is None else self.record.position


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFailed:
    """What a read asked for is there, and is not what was written: `detail` says why."""

    read: Any
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadAccount:
    """Read an account behind everything queued before."""

    account: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRead:
    """An account as it is durable, if there is one."""

    account: str
    state: AccountState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSettled:
    """A position's close is durable; its actor has nothing left to do."""

    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRestarted:
    """An account's wallet has started anew: tell it again what it has not booked."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketRestarted:
    """A symbol's market has started anew: arm again."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFailed:
    """An actor ended by an exception."""

    kind: str
    key: str | int
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipLost:
    """Another process owns the database now: stop."""

    detail: str
