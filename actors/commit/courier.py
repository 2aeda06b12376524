"""One target's place in the events: its next message, and the last event it has been told.

It has no thread and no clock. Its caller sends each message in its own way and time.
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
    """The source of committed events; see `persistence.store.Store`."""

    def read_events(self, after_id: int, limit: int) -> Sequence[StoredEvent]:
        """At most `limit` events above an id, ascending; raises `Unavailable`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand(Generic[MessageT]):
    """A message to send; None if no event up to `up_to` is wanted.

    `remember` says whether the cursor is committed after it.
    """

    message: MessageT | None
    up_to: int
    remember: bool


class Courier(Generic[MessageT]):
    """Gives out one errand after the other; the caller finishes each before it asks for the next.

    The cursor is committed after each message and before the next, so that a crash repeats at most
    one message.
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

        `wanted` selects events by kind and account; `compose` makes a message from the first of
        some events, and returns their number.
        """
        self.target = target
        self._cursor = cursor
        self._reader = reader
        self._wanted = wanted
        self._compose = compose

    def next(self) -> Errand[MessageT] | None:
        """The next errand, None at the end of the events; raises `Unavailable`."""
        events = self._reader.read_events(self._cursor, READ_EVENTS)
        if not events:
            return None
        waiting = [event for event in events if self._wanted(event.kind, event.account)]
        last = events[-1].id
        if not waiting:
            # Only whole pages are remembered, so that a restart does not read them again.
            return Errand(message=None, up_to=last, remember=len(events) == READ_EVENTS)
        message, told = self._compose(waiting)
        up_to = last if told == len(waiting) else waiting[told - 1].id
        return Errand(message=message, up_to=up_to, remember=True)

    def done(self, errand: Errand[MessageT]) -> None:
        """Note that the errand is done, and go on after it."""
        self._cursor = errand.up_to

    def remembering(self, reply_to: Recipient) -> CommitChange:
        """The message to the Committer that lets a later life continue from here."""
        delivery = Delivery(target=self.target, event_id=self._cursor)
        change = Change(account=None, delivered=(delivery,))
        return CommitChange(origin=Origin.COURIER, change=change, reply_to=reply_to)
