"""What the Committer is told to write, and what it answers and starts once that is durable."""

from dataclasses import dataclass
from enum import StrEnum

from actors.engine.pooled import Recipient
from persistence.changes import Change
from persistence.state import PositionRecord
from trading.model import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A position that a commit has opened, and the number of the price it was opened at."""

    position: Position
    after: int


class Origin(StrEnum):
    """Whose a change is.

    A wallet's is its plan: the wallet lists it among what waits, and decides it anew when it
    comes back unwritten. No other change is listed or decided anywhere else.
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
class CommitChange:
    """Write one change, all or nothing.

    `change_id` is the sender's own number of it, where the sender has several. One that opens
    positions is returned instead past `deadline_us` (monotonic), or once a pause of its account is
    durable. `accepted_us` (monotonic) is when the prices were accepted that close its positions.
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
    """A change was not written: it opens too late, or another owns the database. Decide anew."""

    change_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeRefused:
    """The database refused a change, and nothing of it is written.

    `wallet_changed` when the wallet's row is not what memory has: somebody else wrote it.
    """

    change_id: int
    wallet_changed: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsStarted:
    """Positions are durable and want their actors."""

    started: tuple[Started, ...]
    opened_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """An answer with the position and the times of its commits."""

    record: PositionRecord

    @property
    def position(self) -> Position:
        """The position itself."""
        return self.record.position
