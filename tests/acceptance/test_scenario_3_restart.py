"""The specification's Scenario 3: a restart with open positions, in order and by a crash."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from actors.wallet.messages import OpenDone
from tests.acceptance.house import House, amounts, an_open, balances
from trading.model import CloseReason, PositionStatus, Side

Houses = Callable[..., House]


def with_three_positions(house: House) -> list[int]:
    house.open_account(100)
    house.price(100)
    return [house.open(25).position_id for _ in range(3)]


@pytest.mark.parametrize("end", [House.stop, House.kill], ids=["stop", "kill"])
def test_scenario_3_server_restart_with_open_positions(
    a_house: Houses, end: Callable[[House], None]
) -> None:
    """Three of 25, a restart: locked and used 75, available total - 75, and the books agree."""
    former = a_house()
    with_three_positions(former)
    end(former)
    house = a_house()
    wallet = house.wallet()
    assert balances(wallet) == amounts(100, 75, 25)
    report = house.check()
    assert report.failed_checks == ()
    used = next(check for check in report.checks if check.name == "used")
    assert used.expected == used.actual == 75


def test_monitoring_resumes_after_a_restart(a_house: Houses) -> None:
    """Take-profits, moved stops and stops act on the prices that come next."""
    former = a_house()
    long_id = with_three_positions(former)[0]
    short_id = former.open(10, Side.SHORT).position_id
    former.price(103)
    former.stop()
    house = a_house()
    assert house.position(long_id).stop_price == 100
    house.price(106)
    assert house.position(long_id).rungs_hit == 2
    assert house.position(short_id).close_reason is CloseReason.STOP_LOSS
    house.price(103)
    long = house.position(long_id)
    assert long.status is PositionStatus.CLOSED
    assert long.exit_price == 103
    assert house.check().failed_checks == ()


def test_a_restart_writes_no_entry_and_no_balance(a_house: Houses) -> None:
    """The ledger, the positions and the wallet are the same, byte for byte, after two restarts."""
    former = a_house()
    with_three_positions(former)
    former.price(103)
    former.stop()
    second = a_house()
    before = second.rows()
    second.kill()
    third = a_house()
    assert third.rows() == before


def test_an_orderly_stop_keeps_the_last_prices_and_nothing_else(a_house: Houses) -> None:
    """The former stop kept them; that of an idle system has nothing to add, and adds nothing."""
    former = a_house()
    with_three_positions(former)
    former.stop()
    second = a_house()
    before = second.rows()
    assert len(before["markets"]) == 1
    second.stop()
    assert a_house().rows() == before


def test_each_life_has_an_epoch_of_its_own(a_house: Houses) -> None:
    """The owner's row counts the lives."""
    assert [a_house().epoch for _ in range(3)] == [1, 2, 3]


def test_a_stop_keeps_the_price_guards_reference(a_house: Houses) -> None:
    """After a restart a jump is judged against the last price before it."""
    former = a_house()
    former.open_account(100)
    former.price(100)
    position_id = former.open(25).position_id
    former.price(101)
    former.stop()
    house = a_house()
    house.price(40)
    assert house.position(position_id).status is PositionStatus.OPEN
    house.price(102)
    assert house.open(25).entry_price == 102


def test_idempotency_keys_survive_a_restart(a_house: Houses) -> None:
    """A client that repeats its request to the next life gets the first life's position."""
    former = a_house()
    former.open_account(100)
    former.price(100)
    position = former.open(25, key="signal-1")
    former.kill()
    house = a_house()
    answer = house.ask(lambda reply: an_open(reply, 25, key="signal-1"))
    assert isinstance(answer, OpenDone)
    assert (answer.position, answer.repeated) == (position, True)
    assert house.wallet().locked == 25


def test_transfers_are_known_after_a_restart(a_house: Houses) -> None:
    """A repeated reference books nothing."""
    former = a_house()
    former.open_account(100)
    former.transfer(50, "payday")
    former.kill()
    house = a_house()
    assert house.transfer(50, "payday").repeated
    assert house.wallet().total == 150


def test_ids_and_entries_go_on_where_they_ended(a_house: Houses) -> None:
    """No number of a former life is given again."""
    former = a_house()
    former_ids = with_three_positions(former)
    former.kill()
    house = a_house()
    house.price(100)
    assert house.open(10).position_id > max(former_ids)
    assert [entry.number for entry in house.entries()] == [1, 2, 3, 4, 5]
    event_ids = [event.id for event in house.events()]
    assert event_ids == list(range(1, len(event_ids) + 1))


def test_a_closed_position_stays_closed_after_a_restart(a_house: Houses) -> None:
    """Closing it again gets the recorded outcome and books nothing."""
    former = a_house()
    former.open_account(100)
    former.price(100)
    position_id = former.open(25).position_id
    former.price(110)
    former.kill()
    house = a_house()
    done = house.close(position_id)
    assert done.already_closed
    assert done.position.net_pnl == Decimal("2.32225")
    assert house.wallet().total == Decimal("102.32225")
    assert len(house.entries()) == 3
