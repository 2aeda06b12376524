"""Many actors on few threads, and the same actors on one thread in a chosen order.

A dispatcher runs mailboxes and timers. `PooledDispatcher` is for the service: lanes of worker
threads. `SequentialDispatcher` is for replay, simulation and tests: the caller's thread, a
virtual clock, and an order that is first-in-first-out or drawn from a seed.
"""

import heapq
import itertools
import queue
import random
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import pykka

from actors.engine.clock import Clock, SystemClock, VirtualClock
from actors.engine.pooled import Mailbox, PooledActor, Recipient
from trading.times import SECOND_US

POOL = "pool"
SLICE_MESSAGES = 64


class Timer:
    """A message due later; `cancel` keeps it from being told."""

    __slots__ = ("_recipient", "cancelled", "message")

    def __init__(self, recipient: Recipient, message: Any) -> None:
        """Hold the message until it is due."""
        self._recipient = recipient
        self.message = message
        self.cancelled = False

    def cancel(self) -> None:
        """Cancel it: the message is not told."""
        self.cancelled = True

    def fire(self) -> None:
        """Tell it, unless it was cancelled or the recipient has ended meanwhile."""
        if not self.cancelled:
            try:
                self._recipient.tell(self.message)
            except pykka.ActorDeadError:
                return


class Dispatcher(Protocol):
    """The interface of dispatchers, for the actors and for the code that starts them."""

    clock: Clock
    dead_letters: int

    def start(self, actor: PooledActor, *, lane: str = POOL) -> pykka.ActorRef[Any]:
        """Run an actor from now on; messages told to it before are handled first."""
        ...

    def after(self, seconds: float, recipient: Recipient, message: Any) -> Timer:
        """Tell a message after `seconds`."""
        ...

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Wait until no message is queued or being handled; timers may still be due."""
        ...


@dataclass(slots=True)
class Work:
    """The work of one type of actors: messages, and the times of their slices."""

    messages: int = 0
    busy_us: int = 0


@dataclass(order=True)
class _Due:
    due_us: int
    serial: int
    timer: Timer = field(compare=False)


class PooledDispatcher:
    """Lanes of daemon worker threads: `pool` for most actors, others of one thread each.

    An actor that waits for a database gets a lane of its own, so that it delays no other.
    """

    def __init__(self, lanes: Mapping[str, int] | None = None) -> None:
        """Start the workers; `lanes` maps a lane's name to its number of threads."""
        self.clock: Clock = SystemClock()
        self.dead_letters = 0
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._active = 0
        self._slices_since_us: dict[str, int] = {}
        self._worked: dict[str, dict[type[PooledActor], Work]] = {}
        self._serial = itertools.count()
        self._due: list[_Due] = []
        self._timers_changed = threading.Condition()
        self._closed = False
        self._ready: dict[str, queue.SimpleQueue[Mailbox | None]] = {}
        self._threads: list[threading.Thread] = []
        for lane, threads in (lanes or {POOL: 2, "committer": 1, "auditor": 1}).items():
            self._ready[lane] = queue.SimpleQueue()
            for number in range(threads):
                name = f"{lane}-{number}"
                self._worked[name] = {}
                self._spawn(name, self._work, name, self._ready[lane])
        self._spawn("timers", self._run_timers)

    def start(self, actor: PooledActor, *, lane: str = POOL) -> pykka.ActorRef[Any]:
        """Run an actor on a lane from now on."""
        actor.actor_inbox.bind(actor, self._schedule, lane)
        self._schedule(actor.actor_inbox)
        return actor.actor_ref

    def after(self, seconds: float, recipient: Recipient, message: Any) -> Timer:
        """Tell a message after `seconds`."""
        timer = Timer(recipient, message)
        due_us = self.clock.monotonic_us() + round(seconds * SECOND_US)
        with self._timers_changed:
            heapq.heappush(self._due, _Due(due_us, next(self._serial), timer))
            self._timers_changed.notify()
        return timer

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Wait until no message is queued or being handled anywhere; timers may still be due."""
        with self._idle:
            return self._idle.wait_for(lambda: self._active == 0, timeout=timeout_seconds)

    def busy_us(self) -> dict[str, int]:
        """How long each busy worker has been running its current slice, in microseconds.

        A worker is named `lane-number`; one that is busy for seconds is stuck.
        """
        now_us = self.clock.monotonic_us()
        return {name: now_us - since_us for name, since_us in self._slices_since_us.copy().items()}

    def worked(self) -> dict[type[PooledActor], Work]:
        """The work of all workers since the start, by type of actor."""
        total: dict[type[PooledActor], Work] = {}
        for worked in self._worked.values():
            for actor_type, work in worked.copy().items():
                sum_ = total.setdefault(actor_type, Work())
                sum_.messages += work.messages
                sum_.busy_us += work.busy_us
        return total

    def close(self) -> None:
        """End the workers after their current slice; messages still queued are not run."""
        with self._timers_changed:
            self._closed = True
            self._timers_changed.notify()
        for ready in self._ready.values():
            for _ in self._threads:
                ready.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()

    def _spawn(self, name: str, target: Any, *args: Any) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _schedule(self, mailbox: Mailbox) -> None:
        with self._lock:
            if mailbox.scheduled:
                return
            mailbox.scheduled = True
            self._active += 1
        self._ready[mailbox.lane].put(mailbox)

    def _work(self, name: str, ready: "queue.SimpleQueue[Mailbox | None]") -> None:
        worked = self._worked[name]
        while (mailbox := ready.get()) is not None:
            actor = mailbox.actor
            assert actor is not None, "a mailbox is scheduled only once it is bound"
            began_us = self._slices_since_us[name] = self.clock.monotonic_us()
            lost = actor.run_slice(SLICE_MESSAGES)
            self._slices_since_us.pop(name)
            work = worked.get(type(actor)) or worked.setdefault(type(actor), Work())
            work.messages += SLICE_MESSAGES - mailbox.budget
            work.busy_us += self.clock.monotonic_us() - began_us
            mailbox.scheduled = False
            # A sender that found the token still taken did not schedule the mailbox: look again.
            if not mailbox.empty():
                self._schedule(mailbox)
            with self._lock:
                self.dead_letters += lost
                self._active -= 1
                if self._active == 0:
                    self._idle.notify_all()

    def _run_timers(self) -> None:
        while True:
            with self._timers_changed:
                if self._closed:
                    return
                now_us = self.clock.monotonic_us()
                if not self._due or self._due[0].due_us > now_us:
                    wait_us = self._due[0].due_us - now_us if self._due else None
                    self._timers_changed.wait(None if wait_us is None else wait_us / SECOND_US)
                    continue
                timer = heapq.heappop(self._due).timer
            timer.fire()


class SequentialDispatcher:
    """Every actor on the caller's thread; time stands still until `advance`.

    Without a seed, mailboxes take turns in the order in which they became ready, a slice each.
    With one, each message runs in an order drawn from it: the same seed, the same history.
    """

    def __init__(self, *, seed: int | None = None, clock: VirtualClock | None = None) -> None:
        """Nothing runs until `run_until_idle`."""
        self.virtual_clock = clock or VirtualClock()
        self.clock: Clock = self.virtual_clock
        self.dead_letters = 0
        self._random = None if seed is None else random.Random(seed)
        self._slice = SLICE_MESSAGES if seed is None else 1
        self._ready: deque[Mailbox] = deque()
        self._serial = itertools.count()
        self._due: list[_Due] = []

    def start(self, actor: PooledActor, *, lane: str = POOL) -> pykka.ActorRef[Any]:
        """Run an actor from the next `run_until_idle` on; `lane` is ignored."""
        actor.actor_inbox.bind(actor, self._schedule, lane)
        self._schedule(actor.actor_inbox)
        return actor.actor_ref

    def after(self, seconds: float, recipient: Recipient, message: Any) -> Timer:
        """Tell a message once the virtual clock has moved by `seconds`."""
        timer = Timer(recipient, message)
        due_us = self.clock.monotonic_us() + round(seconds * SECOND_US)
        heapq.heappush(self._due, _Due(due_us, next(self._serial), timer))
        return timer

    @property
    def has_work(self) -> bool:
        """Whether a message is queued anywhere."""
        return bool(self._ready)

    def run_one(self) -> bool:
        """Run one slice of one ready mailbox; returns whether there was one."""
        if not self._ready:
            return False
        if self._random is not None:
            self._ready.rotate(-self._random.randrange(len(self._ready)))
        mailbox = self._ready.popleft()
        actor = mailbox.actor
        assert actor is not None, "a mailbox is scheduled only once it is bound"
        self.dead_letters += actor.run_slice(self._slice)
        mailbox.scheduled = False
        if not mailbox.empty():
            self._schedule(mailbox)
        return True

    def run_until_idle(self) -> None:
        """Run until no message is queued anywhere; timers may still be due."""
        while self.run_one():
            pass

    def wait_until_idle(self, timeout_seconds: float) -> bool:
        """Run until idle, under the pooled dispatcher's name for it."""
        del timeout_seconds
        self.run_until_idle()
        return True

    def advance(self, seconds: float) -> None:
        """Move the virtual clock, firing the timers that fall due on the way, in their order."""
        self.advance_to(self.clock.monotonic_us() + round(seconds * SECOND_US))

    def advance_to(self, time_us: int) -> None:
        """Move the virtual clock to a time in microseconds, firing due timers on the way."""
        while self._due and self._due[0].due_us <= time_us:
            due = heapq.heappop(self._due)
            self.virtual_clock.advance_to(due.due_us)
            due.timer.fire()
            self.run_until_idle()
        self.virtual_clock.advance_to(time_us)

    def close(self) -> None:
        """Drop all queued messages and timers."""
        self._ready.clear()
        self._due.clear()

    def _schedule(self, mailbox: Mailbox) -> None:
        if not mailbox.scheduled:
            mailbox.scheduled = True
            self._ready.append(mailbox)
