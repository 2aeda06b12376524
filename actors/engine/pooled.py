"""The pooled actor type: pykka's actor without a thread of its own.

pykka documents `_create_actor_inbox`, `_create_future` and `_start_actor_loop` for implementors
of new actor types. Here the inbox is a `Mailbox` that a dispatcher's worker drains in slices
with pykka's own loop. The private names that this needs are listed in
`tests/unit/test_pykka_canary.py`, and pykka is pinned.
"""

import itertools
import sys
from collections.abc import Callable
from queue import SimpleQueue
from types import TracebackType
from typing import Any, Protocol

import pykka
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

_serial = itertools.count(1)


class Recipient(Protocol):
    """Anything that takes messages: an actor's ref, a probe, a `Reply` at an edge."""

    def tell(self, message: Any) -> None:
        """Hand over a message without waiting."""
        ...


class SliceEndedError(Exception):
    """Raised by a mailbox to leave pykka's loop when a slice is used up or nothing is queued."""


class Flag:
    """The two methods of `threading.Event` that pykka needs, at a tenth of its size."""

    __slots__ = ("_set",)

    def __init__(self) -> None:
        """Start unset."""
        self._set = False

    def is_set(self) -> bool:
        """Whether it was set."""
        return self._set

    def set(self) -> None:
        """Set it for good."""
        self._set = True


class Mailbox:
    """A pooled actor's inbox.

    `scheduled` is the token of Akka's dispatcher: its setter puts the mailbox on the ready
    queue, and only the worker that drains it takes it back.
    """

    __slots__ = ("_envelopes", "_schedule", "actor", "budget", "lane", "scheduled", "started")

    def __init__(self) -> None:
        """An empty mailbox that no dispatcher runs yet; what is put into it waits."""
        # An empty deque takes 700 bytes, which counts with 100,000 positions.
        self._envelopes: SimpleQueue[Envelope[Any]] = SimpleQueue()
        self._schedule: Callable[[Mailbox], None] | None = None
        self.actor: PooledActor | None = None
        self.budget = 0
        self.lane = ""
        self.scheduled = False
        self.started = False

    def bind(self, actor: "PooledActor", schedule: Callable[["Mailbox"], None], lane: str) -> None:
        """Give the mailbox to a dispatcher."""
        self.actor = actor
        self.lane = lane
        self._schedule = schedule

    def put(self, envelope: Envelope[Any], /) -> None:
        """Queue an envelope, and schedule the mailbox."""
        self._envelopes.put(envelope)
        # Read without a lock: a worker that takes the token back looks again afterwards.
        if not self.scheduled and self._schedule is not None:
            self._schedule(self)

    def get(self) -> Envelope[Any]:
        """The next envelope of this slice; raises `SliceEndedError` where there is none."""
        if self.budget == 0 or self._envelopes.empty():
            raise SliceEndedError
        self.budget -= 1
        return self._envelopes.get_nowait()

    def empty(self) -> bool:
        """Whether nothing is queued."""
        return self._envelopes.empty()

    def queued(self) -> list[Envelope[Any]]:
        """The queued envelopes, for a caller that runs the actor on its own thread."""
        envelopes = [self._envelopes.get_nowait() for _ in range(self._envelopes.qsize())]
        for envelope in envelopes:
            self._envelopes.put(envelope)
        return envelopes

    def depth(self) -> int:
        """The number of queued messages."""
        return self._envelopes.qsize()


def actor_of(ref: pykka.ActorRef[Any]) -> "PooledActor | None":
    """The actor behind a ref, for a caller that runs it itself; None before its start."""
    inbox = ref.actor_inbox
    assert isinstance(inbox, Mailbox)
    return inbox.actor


def stop_soon(recipient: Recipient) -> None:
    """Stop an actor after the messages that it was already told."""
    # The message of pykka's own Actor.stop(), without the future that ActorRef.stop() makes.
    try:
        recipient.tell(_ActorStop())
    except pykka.ActorDeadError:
        return


class PooledActor(pykka.Actor):
    """An actor that a dispatcher runs; construct it, then `dispatcher.start(actor)`.

    Every handler is fail-stop: an exception ends the actor, and `on_failure` reports it.
    """

    actor_inbox: Mailbox

    def __init__(self) -> None:
        """Make the inbox and the ref; like pykka's own, less a UUID and a lock an actor."""
        self.actor_urn = f"{type(self).__name__}-{next(_serial)}"
        self.actor_inbox = self._create_actor_inbox()
        self.actor_stopped = Flag()  # type: ignore[assignment]  # all that pykka needs of it
        self._actor_ref = pykka.ActorRef(self)

    @staticmethod
    def _create_actor_inbox() -> Mailbox:
        return Mailbox()

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return pykka.ThreadingFuture()

    def _start_actor_loop(self) -> None:
        raise TypeError(f"start {self} with a dispatcher: dispatcher.start(actor)")

    def run_slice(self, messages: int) -> int:
        """Run at most this many messages; returns how many were lost because the actor is dead.

        The part that the slice has not used is left as the mailbox's budget.
        """
        inbox = self.actor_inbox
        if not inbox.started:
            inbox.started = True
            self._actor_loop_setup()
        inbox.budget = messages
        try:
            self._actor_loop_running()
        except SliceEndedError:
            return 0
        left, lost = inbox.budget, inbox.depth()
        inbox.budget = lost
        self._actor_loop_teardown()
        inbox.budget = left
        return lost

    def _actor_loop_setup(self) -> None:
        # pykka does not call on_failure when on_start fails, and the supervisor must know.
        try:
            self.on_start()
        except Exception:
            self._handle_failure(*sys.exc_info())
            self.on_failure(*sys.exc_info())

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Called after an unhandled exception has ended the actor."""
