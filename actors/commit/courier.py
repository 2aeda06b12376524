"""One target's way through the events: what it is told next, and how far it has been told.

Without a thread or a clock: who runs it sends what it says, in whatever way and time that takes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from actors.commit.messages import CommitChange, Origin
from actors.engine.pooled import Recipient
from persistence.changes import Change, Delivery
from persistence.state import StoredEvent

READ_EVENTS = 1_000

MessageT = TypeVar("MessageT")


class EventReader(Protocol):
    """Where committed events are read from; see `persistence.store.Store`."""

    def read_events(self, after_id: int, limit: int) -> Sequence[StoredEvent]:
        """At most so many events above an id, ascending; raises `Unavailable`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Generic[MessageT]):
    """A message to bring, or None where nothing up to an event is to be told.

    `remember` says whether the cursor is to be committed once it is done.
    """

    message: MessageT | None
    up_to: int
    remember: bool


class Courier(Generic[MessageT]):
    """Gives out one errand after the other, each to be done before the next is asked for.

    The cursor is committed after each message and before the next, so that a crash repeats one
    message at most.
    """

    def __init__(
        self,
        target: str,
        *,
        cursor: int,
        reader: EventReader,
        wanted: Callable[[str, str | None], bool],
        compose: Callable[[Sequence[StoredEvent]], tuple[MessageT, int]],
    ) -> None:
        """Go on after the event `cursor`.

        `wanted` judges an event by its kind and account; `compose` makes a message of the first of
        some events, and says of how many.
        """
        self.target = target
        self._cursor = cursor
        self._reader = reader
        self._wanted = wanted
        self._compose = compose

    def next(self) -> Errand[MessageT] | None:
        """What is to be done next, None at the end of the events; raises `Unavailable`."""
        events = self._reader.read_events(self._cursor, READ_EVENTS)
        if not events:
            return None
        waiting = [event for event in events if self._wanted(event.kind, event.account)]
        last = events[-1].id
        if not waiting:
            # Only whole pages are remembered: they are not to be read after each restart.
            return Errand(message=None, up_to=last, remember=len(events) == READ_EVENTS)
        message, told = self._compose(waiting)
        up_to = last if told == len(waiting) else waiting[told - 1].id
        return Errand(message=message, up_to=up_to, remember=True)

    def done(self, errand: Errand[MessageT]) -> None:
        """The errand is done: go on after it."""
        self._cursor = errand.up_to

    def remembering(self, reply_to: Recipient) -> CommitChange:
        """What the Committer is told, so that a later life goes on from here."""
        delivery = Delivery(target=self.target, event_id=self._cursor)
        change = Change(account=None, delivered=(delivery,))
        return CommitChange(origin=Origin.COURIER, change=change, reply_to=reply_to)
