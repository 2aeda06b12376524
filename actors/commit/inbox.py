"""Every message that the Committer takes."""

from dataclasses import dataclass

from actors.commit.messages import CommitChange
from actors.commit.writer import Read
from actors.messages import Ping


@dataclass(frozen=True, slots=True)
class Flush:
    """From the Committer to itself: all messages so far are queued, write them now."""


@dataclass(frozen=True, slots=True)
class Retry:
    """From a timer: the database may be back."""


@dataclass(frozen=True, slots=True)
class RenewLease:
    """From a timer: renew the owner's lease, as nothing was written."""


CommitterMessage = CommitChange | Read | Flush | Retry | RenewLease | Ping
