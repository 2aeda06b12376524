"""Values that a store reads: frozen, and bound to no session."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from trading.model import LedgerEntry, MarketPrice, Pause, Position, Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """A used idempotency key, and the position that it opened or changed."""

    account: str
    key: str
    position_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRecord:
    """A transfer that was booked; its reference is unique in the account."""

    account: str
    reference: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """A row that cannot be decoded; `account` is None if it has none, or it cannot be read.

    `row` is its key: a position's or signal's id, an account's name, a market's symbol.
    """

    account: str | None
    table: str
    row: str
    why: str

    @property
    def text(self) -> str:
        """The fault and the remedy, for people."""
        return (
            f"row {self.row} of table {self.table} cannot be read ({self.why}): put back what "
            "was changed, or restore a backup, then restart the service"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Everything that the actors restart from, at one moment.

    Positions ascend by id, keys by account with those of opens first, transfers by account and
    entry. The
    `last_` numbers are 0 in an empty database. `opened_at_us` is when each open position's open
    was committed. `unreadable` names the rows that cannot be decoded; the others are all here.
    """

    wallets: tuple[Wallet, ...]
    open_positions: tuple[Position, ...]
    keys: tuple[KeyRecord, ...]
    transfers: tuple[TransferRecord, ...]
    markets: tuple[MarketPrice, ...]
    last_position_id: int
    last_event_id: int
    last_commit_id: int
    opened_at_us: Mapping[int, int] = field(default_factory=dict)
    pauses: tuple[Pause, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountState:
    """Everything that one account restarts from, at one moment; in the orders of `State`."""

    wallet: Wallet
    open_positions: tuple[Position, ...]
    keys: tuple[KeyRecord, ...]
    transfers: tuple[TransferRecord, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """An account's books at one moment, for `trading.books.check_books`.

    `holds` is money by the id of each open position.
    """

    wallet: Wallet
    entries: tuple[LedgerEntry, ...]
    holds: Mapping[int, Decimal]


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSums:
    """The sums of an account's entries; in sound books they equal the wallet's figures."""

    total: Decimal
    locked: Decimal
    entries: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionRecord:
    """A position with the times at which its open and its close were committed."""

    position: Position
    opened_at_us: int
    closed_at_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEntry:
    """A ledger entry with its account's type and the time at which it was committed."""

    entry: LedgerEntry
    account_type: str
    created_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredEvent:
    """An event as it was written: `data` is its fields as JSON, decimals as plain strings.

    `time_us` is the time of the price that caused it, or else our clock's; `done_us` is when it
    was committed.
    """

    id: int
    kind: str
    account: str | None
    position_id: int | None
    symbol: str | None
    time_us: int
    commit_id: int
    done_us: int
    data: str
