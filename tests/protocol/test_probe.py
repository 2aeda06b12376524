"""The probe itself: what users test their own actors with."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

import pytest

from actors.engine.dispatcher import PooledDispatcher, SequentialDispatcher
from actors.engine.pooled import PooledActor, Recipient
from actors.probe import TestProbe

Probes = Callable[[str], TestProbe]


@dataclass(frozen=True)
class Ping:
    reply_to: Recipient
    number: int = 1


@dataclass(frozen=True)
class Pong:
    number: int


class Echo(PooledActor):
    """Answers a ping at once, or after so many seconds."""

    def __init__(self, dispatcher: SequentialDispatcher | None = None, seconds: float = 0) -> None:
        super().__init__()
        self._dispatcher = dispatcher
        self._seconds = seconds

    def on_receive(self, message: Any) -> None:
        answer = Pong(message.number)
        if self._dispatcher is None:
            message.reply_to.tell(answer)
        else:
            self._dispatcher.after(self._seconds, message.reply_to, answer)


def test_the_fixtures_come_with_the_installed_distribution() -> None:
    """Users get them through a pytest entry point, as this project's own tests do."""
    plugins = {point.name: point.value for point in entry_points(group="pytest11")}
    assert plugins["backstay"] == "backstay.pytest_plugin"


def test_expect_runs_the_actors_first(
    backstay_dispatcher: SequentialDispatcher, backstay_probe: Probes
) -> None:
    """On the test's own thread nobody has run yet when the test asks."""
    probe = backstay_probe("client")
    backstay_dispatcher.start(Echo()).tell(Ping(probe))
    assert probe.expect(Pong) == Pong(1)


def test_expect_finds_the_first_of_a_type_that_fits(backstay_probe: Probes) -> None:
    """What does not fit stays unread, in its order."""
    probe = backstay_probe("client")
    for message in ("hello", Pong(1), Pong(2), Pong(3)):
        probe.tell(message)
    assert probe.expect(Pong, where=lambda pong: pong.number > 1) == Pong(2)
    assert probe.unread() == ("hello", Pong(1), Pong(3))


def test_expect_waits_in_virtual_time(
    backstay_dispatcher: SequentialDispatcher, backstay_probe: Probes
) -> None:
    """A message that is due within the wait arrives, and no real time passes."""
    probe = backstay_probe("client")
    backstay_dispatcher.start(Echo(backstay_dispatcher, 3600)).tell(Ping(probe))
    assert probe.expect(Pong, within=3601) == Pong(1)
    assert backstay_dispatcher.clock.monotonic_us() >= 3_600_000_000


def test_expect_says_what_it_got_instead(backstay_probe: Probes) -> None:
    """A failure names the probe, what it wanted and what it has."""
    probe = backstay_probe("client")
    probe.tell("hello")
    with pytest.raises(AssertionError, match=r"client expected Pong within 2 s.*\['hello'\]"):
        probe.expect(Pong, within=2)


def test_expect_nothing_holds_for_its_whole_time(
    backstay_dispatcher: SequentialDispatcher, backstay_probe: Probes
) -> None:
    """A message that is due later than the wait is no offence, one within it is."""
    probe = backstay_probe("client")
    backstay_dispatcher.start(Echo(backstay_dispatcher, 5)).tell(Ping(probe))
    probe.expect_nothing(for_=4)
    with pytest.raises(AssertionError, match="client expected nothing"):
        probe.expect_nothing(for_=2)


def test_expect_nothing_objects_to_what_is_unread(backstay_probe: Probes) -> None:
    """A message that came before was not expected either."""
    probe = backstay_probe("client")
    probe.tell("early")
    with pytest.raises(AssertionError, match="early"):
        probe.expect_nothing(for_=0)


def test_reply_answers_what_was_expected_last(
    backstay_dispatcher: SequentialDispatcher, backstay_probe: Probes
) -> None:
    """A probe plays the other side of a question."""
    server, client = backstay_probe("server"), backstay_probe("client")
    server.tell(Ping(client))
    with pytest.raises(AssertionError, match="nothing that it could reply to"):
        server.reply(Pong(0))
    server.expect(Ping)
    server.reply(Pong(7))
    assert client.expect(Pong) == Pong(7)


def test_a_probe_without_a_dispatcher_waits_for_other_threads() -> None:
    """In real time, and no longer than until the message is there."""
    dispatcher = PooledDispatcher()
    try:
        probe = TestProbe(name="client")
        ref = dispatcher.start(Echo())
        threading.Thread(target=ref.tell, args=(Ping(probe, 3),)).start()
        assert probe.expect(Pong, within=10) == Pong(3)
        probe.expect_nothing(for_=0.01)
    finally:
        dispatcher.close()


def test_a_probe_without_a_dispatcher_gives_up_in_time() -> None:
    """Nothing comes: the failure comes instead."""
    probe = TestProbe(name="client")
    with pytest.raises(AssertionError, match="nothing"):
        probe.expect(Pong, within=0.01)
