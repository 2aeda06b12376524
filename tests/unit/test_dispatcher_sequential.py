"""The sequential dispatcher: every actor on one thread, in virtual time; and the clocks."""

import itertools
from typing import Any

from actors.engine.clock import SystemClock, VirtualClock
from actors.engine.dispatcher import SequentialDispatcher
from actors.engine.pooled import PooledActor, stop_soon


class Recorder(PooledActor):
    """Notes what it is told into a list that several may share."""

    def __init__(self, name: str = "recorder", seen: list[Any] | None = None) -> None:
        super().__init__()
        self.name = name
        self.seen: list[Any] = [] if seen is None else seen

    def on_receive(self, message: Any) -> None:
        self.seen.append((self.name, message))


def test_without_a_seed_mailboxes_take_turns_in_order() -> None:
    """First in, first out: a replay's order is the order of what happened."""
    dispatcher = SequentialDispatcher()
    seen: list[Any] = []
    refs = [dispatcher.start(Recorder(name, seen)) for name in "abc"]
    for ref in refs:
        ref.tell(1)
        ref.tell(2)
    dispatcher.run_until_idle()
    assert seen == [("a", 1), ("a", 2), ("b", 1), ("b", 2), ("c", 1), ("c", 2)]


def test_there_is_work_while_a_message_is_queued() -> None:
    """The replay asks before it runs anything."""
    dispatcher = SequentialDispatcher()
    ref = dispatcher.start(Recorder())
    dispatcher.run_until_idle()
    before = dispatcher.has_work
    ref.tell("queued")
    assert (before, dispatcher.has_work) == (False, True)


def run_with(seed: int) -> list[Any]:
    dispatcher = SequentialDispatcher(seed=seed)
    seen: list[Any] = []
    refs = [dispatcher.start(Recorder(name, seen)) for name in "abc"]
    for number, ref in itertools.product(range(4), refs):
        ref.tell(number)
    dispatcher.run_until_idle()
    return seen


def test_a_seed_decides_the_order_of_the_mailboxes() -> None:
    """The same seed gives the same history, another seed another one."""
    assert run_with(7) == run_with(7)
    assert len({tuple(run_with(seed)) for seed in range(10)}) > 5


def test_every_seed_keeps_each_mailbox_in_order() -> None:
    """Only who is next is drawn, never what they are told next."""
    for seed in range(10):
        for name in "abc":
            assert [n for who, n in run_with(seed) if who == name] == [0, 1, 2, 3]


def test_virtual_time_fires_timers_in_their_order_and_at_their_time() -> None:
    """What falls due on the way happens on the way."""
    dispatcher = SequentialDispatcher()
    seen: list[Any] = []

    class Watch(Recorder):
        def on_receive(self, message: Any) -> None:
            seen.append((message, dispatcher.clock.now_us()))

    ref = dispatcher.start(Watch())
    dispatcher.after(2.0, ref, "second")
    dispatcher.after(1.0, ref, "first")
    cancelled = dispatcher.after(1.5, ref, "never")
    cancelled.cancel()
    dispatcher.advance(3.0)
    assert seen == [("first", 1_000_000), ("second", 2_000_000)]
    assert dispatcher.clock.now_us() == 3_000_000


def test_a_timer_set_by_a_timer_fires_within_the_same_advance() -> None:
    """A retry every second happens three times in three seconds."""
    dispatcher = SequentialDispatcher()
    fired = []

    class Ticking(Recorder):
        def on_receive(self, message: Any) -> None:
            fired.append(dispatcher.clock.monotonic_us())
            dispatcher.after(1.0, self.actor_ref, message)

    dispatcher.start(Ticking()).tell("tick")
    dispatcher.run_until_idle()
    dispatcher.advance(3.0)
    assert fired == [0, 1_000_000, 2_000_000, 3_000_000]


def test_a_timer_for_somebody_who_has_ended_is_quiet() -> None:
    """Nobody is left to tell."""
    dispatcher = SequentialDispatcher()
    ref = dispatcher.start(Recorder())
    dispatcher.after(1.0, ref, "too late")
    stop_soon(ref)
    dispatcher.run_until_idle()
    dispatcher.advance(2.0)
    assert not dispatcher.has_work


def test_closing_forgets_what_is_queued_and_due() -> None:
    """A killed process does nothing more."""
    dispatcher = SequentialDispatcher()
    recorder = Recorder()
    ref = dispatcher.start(recorder)
    ref.tell("lost")
    dispatcher.after(1.0, ref, "lost, too")
    dispatcher.close()
    dispatcher.advance(2.0)
    assert recorder.seen == []


def test_a_virtual_clock_never_goes_back() -> None:
    """Prices may come with times out of order; the clock does not."""
    clock = VirtualClock(5)
    clock.advance_to(3)
    assert clock.now_us() == clock.monotonic_us() == 5
    clock.advance_to(8)
    assert clock.now_us() == 8


def test_the_machines_clock_counts_microseconds() -> None:
    """A monotonic reading never falls."""
    clock = SystemClock()
    first = clock.monotonic_us()
    assert clock.monotonic_us() >= first
    assert clock.now_us() > 1_600_000_000_000_000
