"""A stop ends in its time, whatever hangs: a commit, a connection, a check of long books."""

import time
from collections.abc import Generator, Iterator
from threading import Event
from typing import Any, cast

import pytest
from pykka import ActorRef

from actors.auditor.messages import CheckHealth
from actors.engine.dispatcher import PooledDispatcher
from actors.messages import Denied, Reply
from actors.system import UncommittedError
from persistence.state import Books
from tests.acceptance.house import WITHIN, House, an_open, running
from trading.model import DenialReason

STOP_SECONDS = 0.4
SLACK_SECONDS = 20.0
"""What a busy machine may add; what hangs here hangs longer."""


@pytest.fixture
def house() -> Iterator[House]:
    """A system on its own threads, over a database that can be made to fail or hang."""
    with running("sqlite://", dispatcher=PooledDispatcher(), faulty=True) as house:
        house.open_account(100)
        house.price(100)
        yield house


@pytest.fixture
def gate(house: House) -> Iterator[Event]:
    """From now on a commit hangs, until the end of the test."""
    house.faults.open_gate = Event()
    yield house.faults.open_gate
    house.faults.open_gate.set()
    house.settle()


def stopped_in_time(house: House) -> None:
    """Stop, and fail if it takes longer than it may; what it raises is passed on."""
    began = time.monotonic()
    try:
        house.system.stop(STOP_SECONDS)
    finally:
        assert time.monotonic() - began < STOP_SECONDS + SLACK_SECONDS


def test_no_actor_runs_after_a_stop() -> None:
    """Whoever stopped the system may close its database and its threads."""
    with running("sqlite://") as house:
        house.open_account(100)
        house.price(100)
        house.open(25)
        directory = house.system.directory
        actors = [
            directory.desk,
            directory.committer,
            *directory.wallets.values(),
            *directory.markets.values(),
            *directory.positions.values(),
        ]
        house.system.stop()
        assert len(actors) == 5
        assert not any(cast(ActorRef[Any], actor).is_alive() for actor in actors)


@pytest.mark.usefixtures("gate")
def test_a_commit_that_hangs_does_not_hold_the_stop_up(house: House) -> None:
    """What was told and not committed is listed, by the account that waits for it."""
    house.tell(lambda reply: an_open(reply, 25))
    assert house.faults.at_gate.wait(WITHIN)
    with pytest.raises(UncommittedError) as stopped:
        stopped_in_time(house)
    assert "account demo, open of position 1: LONG BTCUSDT" in stopped.value.lost


@pytest.mark.usefixtures("gate")
def test_a_hanging_commit_that_no_account_waits_for_is_told_of(house: House) -> None:
    """The last prices are in it: nobody may read a clean stop from the silence."""
    with pytest.raises(UncommittedError, match="the commit writes that does not end"):
        stopped_in_time(house)


def test_a_check_of_long_books_does_not_hold_the_stop_up(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It ends undone at its next page, and whoever asked for it hears why."""
    reading = Event()

    def endless(account: str, **after: Any) -> Generator[Books]:
        (page,) = house.store.book_pages(account, **after)
        while True:
            reading.set()
            yield page

    monkeypatch.setattr(house.faults, "book_pages", endless)
    reply = Reply()
    house.system.tell(CheckHealth(account="demo", reply_to=reply))
    assert reading.wait(WITHIN)
    stopped_in_time(house)
    answer = reply.get(0)
    assert isinstance(answer, Denied)
    assert answer.denial.reason is DenialReason.SHUTTING_DOWN
    assert "demo" not in house.system.published.health
