"""The private names of pykka under `actors/engine/pooled.py`: a new pykka must not move them."""

import inspect
import logging
import re
from typing import Any

import pykka
import pytest
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from actors.engine.pooled import Mailbox, PooledActor, SliceEndedError


class Listener(PooledActor):
    """Notes what it is told, and in which way it ends."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Any] = []

    def on_receive(self, message: Any) -> None:
        if message == "fail":
            raise ValueError("as it was told")
        self.seen.append(message)

    def on_stop(self) -> None:
        self.seen.append("stopped")

    def on_failure(self, *_error: Any) -> None:
        self.seen.append("failed")


def put(actor: Listener, *messages: Any) -> None:
    for message in messages:
        actor.actor_inbox.put(Envelope(message))


def test_a_pooled_actor_has_every_attribute_that_pykka_gives_its_own() -> None:
    """`PooledActor.__init__` replaces pykka's, so it must set exactly what that one sets."""

    class Plain(pykka.ThreadingActor):
        pass

    assert set(vars(Plain())) == set(vars(PooledActor()))


def test_pykka_asks_of_the_stopped_event_only_what_a_flag_has() -> None:
    """A `Flag` stands in for `threading.Event`: pykka uses `is_set` and `set`, nothing else."""
    sources = inspect.getsource(pykka.Actor) + inspect.getsource(pykka.ActorRef)
    assert set(re.findall(r"actor_stopped\.(\w+)\(", sources)) == {"is_set", "set"}


def test_an_envelope_is_a_message_and_whom_to_answer() -> None:
    """`stop_soon` and `tell` depend on these two fields and on no third."""
    assert Envelope.__slots__ == ["message", "reply_to"]
    envelope = Envelope("hello")
    assert (envelope.message, envelope.reply_to) == ("hello", None)


def test_tell_puts_one_envelope_into_the_inbox() -> None:
    """A ref reaches the actor through `actor_inbox.put`, from any thread, without a lock."""
    actor = Listener()
    actor.actor_ref.tell("hello")
    inbox = actor.actor_inbox
    inbox.budget = 1
    assert isinstance(inbox, Mailbox)
    assert inbox.get().message == "hello"


def test_the_loop_runs_until_the_mailbox_ends_the_slice() -> None:
    """An exception from `get` leaves `_actor_loop_running` as it is, and the actor lives on."""
    actor = Listener()
    put(actor, "one", "two", "three")
    actor.actor_inbox.budget = 2
    with pytest.raises(SliceEndedError):
        actor._actor_loop_running()
    assert actor.seen == ["one", "two"]
    assert actor.actor_ref.is_alive()


def test_a_stop_message_ends_the_loop_and_calls_on_stop() -> None:
    """`_ActorStop` is handled by `_handle_receive`, in its turn."""
    actor = Listener()
    put(actor, "one", _ActorStop(), "late")
    actor.actor_inbox.budget = 3
    actor._actor_loop_running()
    assert actor.seen == ["one", "stopped"]
    assert not actor.actor_ref.is_alive()


def test_an_exception_ends_the_loop_and_calls_on_failure(caplog: pytest.LogCaptureFixture) -> None:
    """A failure of a told message is logged, ends the actor, and is reported once."""
    actor = Listener()
    put(actor, "fail", "late")
    actor.actor_inbox.budget = 2
    with caplog.at_level(logging.ERROR, logger="pykka"):
        actor._actor_loop_running()
    assert actor.seen == ["failed"]
    assert not actor.actor_ref.is_alive()
    assert "Unhandled exception in Listener" in caplog.text


def test_the_teardown_takes_what_is_left_until_the_inbox_is_empty() -> None:
    """`_actor_loop_teardown` drains by `empty` and `get`, so dead letters can be counted."""
    actor = Listener()
    put(actor, "late", "later")
    actor.actor_inbox.budget = 2
    actor._actor_loop_teardown()
    assert actor.actor_inbox.empty()
    assert actor.seen == []


def test_a_failure_is_handled_without_the_registry(caplog: pytest.LogCaptureFixture) -> None:
    """Pooled actors are never registered: ending one must not need it, nor search for it."""
    actor = Listener()
    before = pykka.ActorRegistry.get_all()
    with caplog.at_level(logging.ERROR, logger="pykka"):
        actor._handle_failure(ValueError, ValueError("x"), None)
    assert pykka.ActorRegistry.get_all() == before
    assert actor.actor_stopped.is_set()


def test_a_plain_message_goes_to_on_receive() -> None:
    """`_handle_receive` hands over everything that is not pykka's own."""
    actor = Listener()
    actor._handle_receive(("a", "tuple"))
    assert actor.seen == [("a", "tuple")]
