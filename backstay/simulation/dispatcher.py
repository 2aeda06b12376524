"""The seeded dispatcher with a watcher at every message, actors that raise, and kills."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pykka

from actors.commit.inbox import Retry
from actors.desk.restarts import Restart
from actors.engine.clock import VirtualClock
from actors.engine.dispatcher import POOL, SequentialDispatcher
from actors.engine.pooled import Mailbox, PooledActor
from actors.engine.supervised import SupervisedActor
from actors.position.actor import PositionDivergedError

SLOW_LIKELIHOOD = 0.03
SLOW_MESSAGES_MAX = 60


class InjectedError(Exception):
    """An actor was made to fail."""


class Killed(Exception):
    """The whole system was killed; raised out of the dispatcher."""


class Violation(AssertionError):
    """The system broke a promise."""


class When(StrEnum):
    """The moment in the handling of a message at which an actor fails."""

    BEFORE = "before"
    DURING = "during"
    AFTER = "after"


@dataclass(slots=True)
class FailPoint:
    """An actor's next failure; DURING raises at its n-th send, counted from 0."""

    when: When
    sends_left: int = 0


class Watcher:
    """Is called for everything that actors do; this base class ignores it."""

    def started(self, actor: PooledActor) -> None:
        """An actor was given to the dispatcher."""

    def handled(self, actor: PooledActor, message: Any) -> None:
        """An actor has handled a message to its end."""

    def sending(self, actor: PooledActor, message: Any) -> None:
        """An actor is about to send something."""

    def failing(self, actor: PooledActor, message: Any, when: When) -> None:
        """An actor is about to raise, at a message."""


class SimulatedDispatcher(SequentialDispatcher):
    """One owner on one seeded thread, whose order is less fair than chance.

    A broken promise or a kill leaves it as an exception. A message may be run inside another one,
    as on another thread, while its actor waits for the database.
    """

    def __init__(
        self,
        order: random.Random,
        clock: VirtualClock,
        violations: list[str],
        kill_wanted: Callable[[], bool],
    ) -> None:
        super().__init__(clock=clock)
        self._order = order
        self._slice = 1
        self._slow_until: dict[Mailbox, int] = {}
        self.watcher = Watcher()
        self.messages = 0
        self._violations = violations
        self._kill_wanted = kill_wanted
        self._fail_points: dict[PooledActor, FailPoint] = {}
        self._failing_starts: set[str] = set()
        self._ruined: set[tuple[str, str | int]] = set()
        self._current: PooledActor | None = None

    def start(self, actor: PooledActor, *, lane: str = POOL) -> pykka.ActorRef[Any]:
        """Run an actor, watched."""
        on_receive, on_start = actor.on_receive, actor.on_start

        def received(message: Any) -> None:
            self._handle(actor, on_receive, message)

        def began() -> None:
            if isinstance(actor, SupervisedActor) and actor.kind in self._failing_starts:
                self._failing_starts.discard(actor.kind)
                self._fail(actor, None, FailPoint(When.BEFORE))
            self._fail_if_ruined(actor, None)
            on_start()

        actor.on_receive = received  # type: ignore[method-assign]
        actor.on_start = began  # type: ignore[method-assign]
        self.watcher.started(actor)
        return super().start(actor, lane=lane)

    def fail_next(self, actor: PooledActor, point: FailPoint) -> None:
        """Let an actor raise at its next message."""
        self._fail_points[actor] = point

    def fail_next_start(self, kind: str) -> None:
        """Let the next actor of a kind raise when it starts."""
        self._failing_starts.add(kind)

    def ruin(self, actor: SupervisedActor) -> None:
        """Let an actor, and every later life of it, raise whatever it is told."""
        self._ruined.add((actor.kind, actor.key))

    def forget_fail_points(self) -> None:
        """Cancel the planned failures, except of actors that always fail."""
        self._fail_points.clear()
        self._failing_starts.clear()

    def sending(self, message: Any) -> None:
        """Called at every send; raises where the actor that is running is to fail at it."""
        if self._current is None:
            return
        self.watcher.sending(self._current, message)
        point = self._fail_points.get(self._current)
        if point is not None and point.when is When.DURING:
            if point.sends_left == 0:
                raise InjectedError(point.when)
            point.sends_left -= 1

    def run_one(self) -> bool:
        """Run one message of an actor drawn from the seed."""
        if self._ready:
            self._ready.rotate(-self._drawn())
        ran = super().run_one()
        if self._violations:
            raise Violation(self._violations[0])
        if self._kill_wanted():
            raise Killed
        return ran

    def catch_up(self) -> None:
        """Tell what has fallen due while nothing ran."""
        self.advance_to(self.clock.monotonic_us())

    @property
    def recovering(self) -> bool:
        """Whether a timer retries an actor's start or the database."""
        return any(
            isinstance(due.timer.message, Restart | Retry) and not due.timer.cancelled
            for due in self._due
        )

    def violate(self, what: str) -> None:
        """Record a broken promise; the first ends the run, even if an actor catches it."""
        self._violations.append(what)

    def _drawn(self) -> int:
        """Draw the next actor; now and then one is slow, and the others go ahead."""
        if self._order.random() < SLOW_LIKELIHOOD:
            slow = self._ready[self._order.randrange(len(self._ready))]
            self._slow_until[slow] = self.messages + self._order.randint(5, SLOW_MESSAGES_MAX)
        quick = [
            index
            for index, mailbox in enumerate(self._ready)
            if self._slow_until.get(mailbox, 0) <= self.messages
        ]
        return self._order.choice(quick) if quick else self._order.randrange(len(self._ready))

    def _handle(self, actor: PooledActor, original: Callable[[Any], Any], message: Any) -> None:
        self.messages += 1
        self._fail_if_ruined(actor, message)
        point = self._fail_points.get(actor)
        if point is not None and point.when is When.BEFORE:
            self._fail(actor, message, point)
        outer, self._current = self._current, actor
        try:
            original(message)
        except InjectedError:
            self.watcher.failing(actor, message, When.DURING)
            raise
        except PositionDivergedError as error:
            self.watcher.failing(actor, message, When.DURING)
            if not is_taken_key(str(error)):
                self.violate(f"{name_of(actor)} raised {error!r} at {message!r}")
            raise
        except Exception as error:
            self.violate(f"{name_of(actor)} raised {error!r} at {message!r}")
            raise
        finally:
            self._current = outer
        self.watcher.handled(actor, message)
        if point is not None:
            self._fail(actor, message, FailPoint(When.AFTER))

    def _fail_if_ruined(self, actor: PooledActor, message: Any) -> None:
        if isinstance(actor, SupervisedActor) and (actor.kind, actor.key) in self._ruined:
            self._fail(actor, message, FailPoint(When.BEFORE))

    def _fail(self, actor: PooledActor, message: Any, point: FailPoint) -> None:
        self.watcher.failing(actor, message, point.when)
        raise InjectedError(point.when)


def is_taken_key(text: str) -> bool:
    """Whether a position was refused because its command's key was taken on another way."""
    return "was taken meanwhile" in text


def name_of(actor: PooledActor) -> str:
    """An actor's kind and key."""
    return f"{actor.kind} {actor.key}" if isinstance(actor, SupervisedActor) else str(actor)
