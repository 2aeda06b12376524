"""The pooled dispatcher, tested by waiting on events."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pykka
import pytest

from actors.engine.clock import VirtualClock
from actors.engine.dispatcher import SLICE_MESSAGES, PooledDispatcher
from actors.engine.pooled import PooledActor, stop_soon

WITHIN = 60.0


class Recorder(PooledActor):
    """Notes what it is told into a list that several may share."""

    def __init__(self, name: str = "recorder", seen: list[Any] | None = None) -> None:
        super().__init__()
        self.name = name
        self.seen: list[Any] = [] if seen is None else seen

    def on_receive(self, message: Any) -> None:
        self.seen.append((self.name, message))


@dataclass(frozen=True)
class Wait:
    """Hold a worker until the test says so."""

    entered: threading.Event
    go_on: threading.Event


class Worker(PooledActor):
    """Runs what it is told to, and notes on which thread."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: list[str] = []
        self.inside = 0
        self.crowded = False
        self.handled = 0

    def on_receive(self, message: Any) -> None:
        self.inside += 1
        self.crowded = self.crowded or self.inside > 1
        self.threads.append(threading.current_thread().name)
        match message:
            case Wait():
                message.entered.set()
                assert message.go_on.wait(WITHIN)
            case threading.Event():
                message.set()
            case BaseException():
                raise message
        self.handled += 1
        self.inside -= 1


class Failing(PooledActor):
    """Fails when it starts, and notes that this was reported."""

    def __init__(self) -> None:
        super().__init__()
        self.reported = threading.Event()

    def on_start(self) -> None:
        raise ValueError("cannot start")

    def on_failure(self, *_error: Any) -> None:
        self.reported.set()


@pytest.fixture
def pool() -> Iterator[PooledDispatcher]:
    dispatcher = PooledDispatcher()
    yield dispatcher
    dispatcher.close()


def test_an_actor_handles_what_it_was_told_before_it_started(pool: PooledDispatcher) -> None:
    """The mailbox waits for its dispatcher."""
    recorder = Recorder()
    recorder.actor_ref.tell("early")
    ref = pool.start(recorder)
    ref.tell("late")
    assert pool.wait_until_idle(WITHIN)
    assert recorder.seen == [("recorder", "early"), ("recorder", "late")]


def test_messages_of_one_sender_arrive_in_order(pool: PooledDispatcher) -> None:
    """However many slices it takes."""
    recorder = Recorder()
    ref = pool.start(recorder)
    for number in range(1_000):
        ref.tell(number)
    assert pool.wait_until_idle(WITHIN)
    assert [number for _, number in recorder.seen] == list(range(1_000))


def test_an_actor_never_runs_on_two_threads_at_once(pool: PooledDispatcher) -> None:
    """Ten threads tell it as fast as they can: nothing is lost, nothing overlaps."""
    worker = Worker()
    ref = pool.start(worker)

    def tell_many() -> None:
        for _ in range(500):
            ref.tell(None)

    senders = [threading.Thread(target=tell_many) for _ in range(10)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert pool.wait_until_idle(WITHIN)
    assert worker.handled == 5_000
    assert not worker.crowded


def test_a_waiting_lane_holds_up_nobody_else(pool: PooledDispatcher) -> None:
    """The committer may wait for its database while the pool goes on."""
    waiting, quick = Worker(), Worker()
    slow_ref = pool.start(waiting, lane="committer")
    quick_ref = pool.start(quick)
    wait = Wait(threading.Event(), threading.Event())
    slow_ref.tell(wait)
    assert wait.entered.wait(WITHIN)
    done = threading.Event()
    quick_ref.tell(done)
    assert done.wait(WITHIN)
    wait.go_on.set()
    assert pool.wait_until_idle(WITHIN)
    assert waiting.threads == ["committer-0"]
    assert quick.threads[0].startswith("pool-")


def test_waiting_until_idle_gives_up_in_time(pool: PooledDispatcher) -> None:
    """While somebody is at work the answer is no."""
    worker = Worker()
    ref = pool.start(worker)
    wait = Wait(threading.Event(), threading.Event())
    ref.tell(wait)
    assert wait.entered.wait(WITHIN)
    assert not pool.wait_until_idle(0.01)
    wait.go_on.set()
    assert pool.wait_until_idle(WITHIN)


def test_a_busy_actor_lets_others_run_between_its_slices() -> None:
    """One thread, two actors: the second is not starved by the first one's long queue."""
    dispatcher = PooledDispatcher({"pool": 1})
    try:
        busy, other = Worker(), Worker()
        busy_ref, other_ref = dispatcher.start(busy), dispatcher.start(other)
        wait = Wait(threading.Event(), threading.Event())
        busy_ref.tell(wait)
        assert wait.entered.wait(WITHIN)
        end = Wait(threading.Event(), threading.Event())
        for _ in range(1_000):
            busy_ref.tell(None)
        other_ref.tell(end)
        wait.go_on.set()
        assert end.entered.wait(WITHIN)
        assert busy.handled < 1_000
        end.go_on.set()
        assert dispatcher.wait_until_idle(WITHIN)
    finally:
        dispatcher.close()


def test_a_failure_takes_its_queue_with_it_and_counts_it(pool: PooledDispatcher) -> None:
    """Fail-stop: what was queued behind the bad message is a dead letter, counted."""
    worker = Worker()
    ref = pool.start(worker)
    wait = Wait(threading.Event(), threading.Event())
    ref.tell(wait)
    assert wait.entered.wait(WITHIN)
    ref.tell(ValueError("bad"))
    ref.tell(None)
    ref.tell(None)
    wait.go_on.set()
    assert pool.wait_until_idle(WITHIN)
    assert not ref.is_alive()
    assert (worker.handled, pool.dead_letters) == (1, 2)


def test_a_worker_says_how_long_it_has_been_at_its_slice(pool: PooledDispatcher) -> None:
    """An idle worker is not named, however long it waits."""
    pool.clock = clock = VirtualClock(5_000_000)
    wait = Wait(threading.Event(), threading.Event())
    pool.start(Worker(), lane="committer").tell(wait)
    assert wait.entered.wait(WITHIN)
    clock.advance_to(8_000_000)
    assert pool.busy_us() == {"committer-0": 3_000_000}
    wait.go_on.set()
    assert pool.wait_until_idle(WITHIN)
    assert pool.busy_us() == {}
    assert pool.worked()[Worker].busy_us == 3_000_000


def test_an_actor_can_be_asked(pool: PooledDispatcher) -> None:
    """As pykka's own actors can."""

    class Doubling(PooledActor):
        def on_receive(self, message: int) -> int:
            return message * 2

    assert pool.start(Doubling()).ask(21, timeout=WITHIN) == 42


def test_only_handled_messages_count_as_work(pool: PooledDispatcher) -> None:
    """What a failed actor leaves is lost, also where the failure was the last of its slice."""
    worker = Worker()
    handled = [None] * (SLICE_MESSAGES - 1)
    for message in (*handled, ValueError("bad"), None, None):
        worker.actor_ref.tell(message)
    pool.start(worker)
    assert pool.wait_until_idle(WITHIN)
    assert pool.worked()[Worker].messages == SLICE_MESSAGES
    assert pool.dead_letters == 2


def test_a_failed_start_is_reported(pool: PooledDispatcher) -> None:
    """pykka alone would end the actor without a word."""
    actor = Failing()
    ref = pool.start(actor)
    assert actor.reported.wait(WITHIN)
    assert pool.wait_until_idle(WITHIN)
    with pytest.raises(pykka.ActorDeadError):
        ref.tell("anything")


def test_stop_soon_ends_an_actor_behind_its_messages(pool: PooledDispatcher) -> None:
    """What it was told before the stop is still handled."""
    recorder = Recorder()
    recorder.actor_ref.tell("last words")
    stop_soon(recorder.actor_ref)
    pool.start(recorder)
    assert pool.wait_until_idle(WITHIN)
    assert recorder.seen == [("recorder", "last words")]
    assert not recorder.actor_ref.is_alive()
    stop_soon(recorder.actor_ref)


def test_a_timer_tells_its_message_when_it_is_due(pool: PooledDispatcher) -> None:
    """On the machine's clock, and not to a dead actor."""
    worker = Worker()
    ref = pool.start(worker)
    done = threading.Event()
    pool.after(0.0, ref, done)
    assert done.wait(WITHIN)


def test_an_earlier_timer_overtakes_a_later_one(pool: PooledDispatcher) -> None:
    """The timer thread wakes up for the new one, not for the one it was waiting for."""
    worker = Worker()
    ref = pool.start(worker)
    pool.after(3600.0, ref, ValueError("an hour has not passed"))
    done = threading.Event()
    pool.after(0.0, ref, done)
    assert done.wait(WITHIN)
    assert ref.is_alive()


def test_a_pooled_actor_is_started_by_a_dispatcher_only() -> None:
    """pykka's own `start` would need a thread that there is not."""
    with pytest.raises(TypeError, match=r"start .* with a dispatcher"):
        Recorder()._start_actor_loop()
