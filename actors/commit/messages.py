"""The Committer's writes and reads, its answers, and its announcements."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from actors.engine.pooled import Recipient
from persistence.changes import Change, ChangeKey
from persistence.state import AccountState, PositionRecord
from trading.model import Position
from trading.signals import Signal


class Origin(StrEnum):
    """The sender of a change.

    A wallet's change is its plan: the wallet lists it as waiting, and decides again if the change
    is returned unwritten. No other sender lists its changes or decides again.
    """

    WALLET = "wallet"
    DENIED_OPEN = "denied open"
    REPAIR = "repair"
    PAUSE = "pause"
    MARKET = "market"
    SIGNALS = "signals"
    AUDITOR = "auditor"
    DESK = "desk"
    COURIER = "courier"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A position that a commit has opened, and the number of the price it was opened at."""

    position: Position
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitChange:
    """Write one change, all or nothing.

    `change_id` is the sender's own number of it, where the sender has several. A change that opens
    positions is returned unwritten after `deadline_us` (monotonic), or once a pause of its account
    is durable. `accepted_us` (monotonic) is when the prices that close its positions were accepted.
    """

    origin: Origin
    change: Change
    reply_to: Recipient | None = None
    change_id: int = 0
    started: tuple[Started, ...] = ()
    deadline_us: int | None = None
    accepted_us: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeCommitted:
    """A change is durable, committed at a time of day."""

    change_id: int
    committed_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeReturned:
    """A change was not written; its sender decides again.

    It opens a position too late, or another process owns the database.
    """

    change_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRefused:
    """The database refused a change, and nothing of it is written.

    `wallet_changed` if the wallet's row differs from memory, because another program wrote it.
    """

    change_id: int
    wallet_changed: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadPosition:
    """Read a position's row after everything queued before.

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
class ReadAccount:
    """Read an account after everything queued before."""

    account: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountRead:
    """An account as it is durable, if there is one."""

    account: str
    state: AccountState | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadChange:
    """Read the change made under an idempotency key, and its position, as they are durable."""

    account: str
    key: str
    position_id: int
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRead:
    """The change made under a key (None: no change, or an open), and the position."""

    change: ChangeKey | None
    record: PositionRecord | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSignals:
    """Read the SignalActor's first state, after everything queued before."""

    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsRead:
    """The signals that are not finished, by id, and the highest id that was given out."""

    unfinished: tuple[Signal, ...]
    last_signal_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSignals:
    """Look for signals of an account that new orders may repeat, after everything queued before.

    They are the signals with one of `client_ids`, and, unless `since_us` is None, the signals
    received then or later.
    """

    account: str
    client_ids: frozenset[str]
    since_us: int | None
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsFound:
    """The signals that came before, oldest first."""

    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFailed:
    """The row of a read exists, and cannot be read: `detail` says why."""

    read: Any
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """A transaction was committed: its changes in order, its events numbered from an id."""

    commit_id: int
    first_event_id: int
    changes: tuple[Change, ...]
