"""Everything that the Committer's mailbox takes."""

from dataclasses import dataclass

from actors.commit.messages import CommitChange
from actors.commit.writer import Read
from actors.messages import Ping


@dataclass(frozen=True, slots=True)
class Flush:
    """To oneself: what has queued up so far is taken, now write it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """From a timer: the database may be back."""


@dataclass(frozen=True, slots=True)
class RenewLease:
    """From a timer: say that the owner lives, though nothing was written."""


CommitterMessage = CommitChange | Read | Flush | Retry | RenewLease | Ping
