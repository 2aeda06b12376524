"""The database is away, or its answer is lost: nothing is lost, doubled or done too late."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from actors.messages import Denied
from actors.position.messages import ClosePosition
from actors.system import UncommittedError
from actors.wallet.messages import OpenDone
from tests.acceptance.conftest import Log
from tests.acceptance.house import WITHIN, House, an_open
from trading.model import CloseReason, DenialReason, PositionStatus

Houses = Callable[..., House]


@pytest.fixture
def house(a_house: Houses) -> House:
    """An account of 100 and a market at 100, over a database that can be made to fail."""
    house = a_house(faulty=True)
    house.open_account(100)
    house.price(100)
    return house


def test_a_rung_and_the_close_in_one_transaction_leave_the_row_closed(house: House) -> None:
    """Two states of one position that wait together fold into one row: the last one."""
    position_id = house.open(25).position_id
    house.faults.down = True
    in_flight = house.tell(lambda reply: an_open(reply, 1))
    house.settle()
    house.price(103, 106, 110)
    house.faults.down = False
    house.advance(10)
    assert isinstance(in_flight.get(0), OpenDone)
    position = house.position(position_id)
    assert (position.status, position.rungs_hit) == (PositionStatus.CLOSED, 3)
    commits = house.sql(
        "SELECT DISTINCT commit_id FROM events"
        f" WHERE position_id = {position_id} AND kind <> 'position_opened'"
    )
    assert len(commits) == 1
    assert house.check().failed_checks == ()


def test_a_close_survives_an_outage_and_settles_at_the_price_that_reached_it(
    house: House,
) -> None:
    """The exit is fixed when the price comes; what the market does until the commit is nothing."""
    position_id = house.open(25).position_id
    house.faults.down = True
    house.price(110, 90, 60, 100)
    assert house.position(position_id).status is PositionStatus.OPEN
    assert house.wallet().locked == 25
    house.faults.down = False
    house.advance(10)
    position = house.position(position_id)
    assert position.close_reason is CloseReason.TAKE_PROFIT
    assert position.exit_price == 110
    assert house.wallet().total == Decimal("102.32225")
    assert house.check().failed_checks == ()


def test_an_outage_is_retried_without_end(house: House, log: Log) -> None:
    """An hour, with waits that grow to five seconds; the log says so, and when it is over."""
    house.open(25)
    house.faults.down = True
    house.price(110)
    house.faults.tries = 0
    house.advance(3600)
    assert 700 <= house.faults.tries <= 730
    house.faults.down = False
    house.advance(10)
    assert house.wallet().locked == 0
    assert "database unavailable" in log.lines
    assert log.lines.count("database is back") == 1


def test_an_open_whose_deadline_passes_during_an_outage_is_refused(house: House) -> None:
    """It hears so while the database is still away, and it is certainly not made later."""
    house.faults.down = True
    deadline_us = house.dispatcher.clock.monotonic_us() + 2_000_000
    reply = house.tell(lambda reply: an_open(reply, 25, key="once", deadline_us=deadline_us))
    house.advance(10)
    answer = reply.get(0)
    assert isinstance(answer, Denied)
    assert answer.denial.reason is DenialReason.DEADLINE_PASSED
    house.faults.down = False
    house.advance(10)
    assert house.store.read_positions("demo") == ()
    assert house.wallet().locked == 0
    house.price(100)
    assert house.open(25, key="once").hold == 25


def test_an_expired_open_takes_nothing_else_with_it(house: House) -> None:
    """What waited in the same change is decided anew and made."""
    position_id = house.open(25).position_id
    house.faults.down = True
    deadline_us = house.dispatcher.clock.monotonic_us() + 1_000_000
    late = house.tell(lambda reply: an_open(reply, 25, deadline_us=deadline_us))
    patient = house.tell(lambda reply: an_open(reply, 25))
    house.price(110)
    house.advance(10)
    house.faults.down = False
    house.advance(10)
    assert isinstance(late.get(0), Denied)
    assert isinstance(patient.get(0), OpenDone)
    assert house.position(position_id).status is PositionStatus.CLOSED
    assert house.wallet().locked == 25
    assert house.check().failed_checks == ()


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_commit_whose_answer_is_lost_is_looked_up(house: House, *, carried_out: bool) -> None:
    """Carried out or not, the open is made once, and its client hears of it."""
    house.faults.lose_answers = 1
    house.faults.carried_out = carried_out
    reply = house.tell(lambda reply: an_open(reply, 25))
    house.advance(10)
    assert isinstance(reply.get(0), OpenDone)
    assert len(house.store.read_positions("demo")) == 1
    assert [str(entry.entry_type) for entry in house.entries()] == ["opening", "position_open"]
    event_ids = [event.id for event in house.events()]
    assert event_ids == list(range(1, len(event_ids) + 1))
    assert house.check().failed_checks == ()


@pytest.mark.parametrize("carried_out", [True, False])
def test_while_an_outcome_is_unknown_nothing_else_is_written(
    house: House, *, carried_out: bool
) -> None:
    """The answer is lost and then the database is away: the look-up comes first, whenever."""
    position_id = house.open(25).position_id
    house.faults.lose_answers = 1
    house.faults.carried_out = carried_out
    house.send_price(103)
    house.settle()
    house.faults.down = True
    house.advance(5)
    house.price(110)
    house.faults.down = False
    house.advance(10)
    position = house.position(position_id)
    assert (position.status, position.rungs_hit) == (PositionStatus.CLOSED, 3)
    kinds = [event.kind for event in house.events()]
    assert kinds.count("rung_hit") == 3
    assert kinds.count("position_closed") == 1
    assert house.check().failed_checks == ()


def test_a_known_key_is_answered_once_the_database_is_back(house: House) -> None:
    """The repeat waits for the row; it opens nothing."""
    first = house.open(25, key="k")
    house.faults.down = True
    again = house.tell(lambda reply: an_open(reply, 25, key="k"))
    house.settle()
    assert not again.future.done()
    house.faults.down = False
    house.advance(10)
    done = again.get(0)
    assert isinstance(done, OpenDone)
    assert (done.position, done.repeated) == (first, True)


def test_waiting_closers_get_the_outcome_after_the_outage(house: House) -> None:
    """Nobody who asked during the outage is forgotten."""
    position_id = house.open(25).position_id
    house.faults.down = True
    replies = [
        house.tell(lambda reply: ClosePosition(position_id=position_id, reply_to=reply))
        for _ in range(3)
    ]
    house.advance(30)
    assert not any(reply.future.done() for reply in replies)
    house.faults.down = False
    house.advance(10)
    outcomes = [reply.get(0) for reply in replies]
    assert [done.already_closed for done in outcomes] == [False, True, True]
    assert {done.position.exit_price for done in outcomes} == {Decimal(100)}


def test_a_stop_with_unwritten_changes_lists_them(house: House) -> None:
    """They are lost, and whoever stops the system is told."""
    house.faults.down = True
    house.tell(lambda reply: an_open(reply, 25))
    house.settle()
    with pytest.raises(UncommittedError) as stopped:
        house.system.stop(WITHIN)
    assert stopped.value.lost == (
        "account demo, open of position 1: LONG BTCUSDT",
        "the markets' last prices",
    )
