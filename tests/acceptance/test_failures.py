"""An exception in a position or a wallet: it begins again from what is durable."""

from decimal import Decimal

import pykka
import pytest

import actors.position.actor
import actors.wallet.actor
from actors.engine.dispatcher import SequentialDispatcher
from actors.position.actor import PositionActor
from actors.position.messages import CloseDone, ClosePosition
from actors.wallet.actor import WalletActor
from actors.wallet.messages import OpenDone
from tests.acceptance.conftest import Log
from tests.acceptance.faults import Inject
from tests.acceptance.house import House, an_open
from trading.model import PositionStatus


@pytest.fixture
def house(house: House, log: Log) -> House:
    """An account of 100 and a market at 100; failures are to be expected."""
    log.failures_expected = True
    house.open_account(100)
    house.price(100)
    return house


@pytest.fixture
def memory_house(memory_house: House, log: Log) -> House:
    """The same in memory."""
    log.failures_expected = True
    memory_house.open_account(100)
    memory_house.price(100)
    return memory_house


def rungs(house: House, position_id: int) -> list[str]:
    return [
        event.kind
        for event in house.events()
        if event.position_id == position_id and event.kind != "position_opened"
    ]


def test_a_positions_failure_acts_on_no_price_twice(house: House, inject: Inject) -> None:
    """It begins again from its row, behind the price it was sent; the next one decides."""
    position_id = house.open(25).position_id
    inject(actors.position.actor, "advanced")
    house.price(103)
    assert house.position(position_id).rungs_hit == 0
    house.price(104)
    assert house.position(position_id).rungs_hit == 1
    house.price(106)
    assert house.position(position_id).rungs_hit == 2
    assert rungs(house, position_id) == ["rung_hit", "rung_hit"]
    house.price(110)
    assert house.wallet().total == Decimal("102.32225")


def test_a_positions_failure_leaves_the_others_alone(memory_house: House, inject: Inject) -> None:
    """The next position takes the same price as if nothing had happened."""
    first, second = memory_house.open(25).position_id, memory_house.open(25).position_id
    inject(actors.position.actor, "advanced")
    memory_house.price(110)
    assert memory_house.position(first).status is PositionStatus.OPEN
    assert memory_house.position(second).status is PositionStatus.CLOSED
    memory_house.price(111)
    assert memory_house.position(first).exit_price == 111
    assert memory_house.check().failed_checks == ()


def test_what_a_position_had_handed_over_is_kept(house: House, inject: Inject) -> None:
    """A rung that was on its way to the database when the position failed is in its next life."""
    position_id = house.open(25).position_id
    inject(PositionActor, "_on_price", after=True)
    house.price(103)
    assert house.position(position_id).rungs_hit == 1
    house.price(110)
    assert rungs(house, position_id) == ["rung_hit", "rung_hit", "rung_hit", "position_closed"]
    assert house.wallet().total == Decimal("102.32225")


def test_a_position_that_fails_with_its_close_handed_over_stays_closed(
    house: House, inject: Inject
) -> None:
    """Its next life finds the row closed, and does not begin."""
    position_id = house.open(25).position_id
    inject(PositionActor, "_on_price", after=True)
    house.price(110)
    assert house.position(position_id).status is PositionStatus.CLOSED
    assert position_id not in house.system.directory.positions
    assert house.close(position_id).already_closed
    assert house.check().failed_checks == ()


def test_who_closes_a_failed_position_waits_for_its_next_life(house: House, inject: Inject) -> None:
    """The close is kept until the position is back, and done."""
    position_id = house.open(25).position_id
    inject(actors.position.actor, "advanced", times=2)
    house.price(103)
    house.price(103)
    assert position_id in house.system.directory.positions
    reply = house.tell(lambda reply: ClosePosition(position_id=position_id, reply_to=reply))
    house.settle()
    assert not reply.future.done()
    house.advance(1)
    assert isinstance(reply.get(0), CloseDone)


def test_a_failed_start_of_a_position_is_a_failure_like_any_other(
    memory_house: House, inject: Inject
) -> None:
    """It is started again, and guards."""
    inject(PositionActor, "on_start")
    position_id = memory_house.open(25).position_id
    memory_house.price(110)
    assert memory_house.position(position_id).status is PositionStatus.CLOSED


def test_a_wallet_that_fails_before_its_commit_has_done_nothing(
    house: House, inject: Inject
) -> None:
    """Memory and database are as before; the closing position tells the next wallet again."""
    position_id = house.open(25).position_id
    before = house.rows()
    inject(WalletActor, "_flush")
    house.send_price(110)
    dispatcher, wallet = house.dispatcher, house.system.directory.wallets["demo"]
    assert isinstance(dispatcher, SequentialDispatcher)
    assert isinstance(wallet, pykka.ActorRef)
    while wallet.is_alive():
        assert dispatcher.run_one()
    assert house.rows() == before
    house.settle()
    assert house.position(position_id).exit_price == 110
    assert house.wallet().total == Decimal("102.32225")
    assert len(house.entries()) == 3
    assert house.check().failed_checks == ()


def test_a_wallet_that_fails_after_its_commit_settles_the_close_once(
    house: House, inject: Inject
) -> None:
    """The close is durable, nobody has told the position: it hears it from the next wallet."""
    position_id = house.open(25).position_id
    inject(WalletActor, "_on_committed")
    replies = [
        house.tell(lambda reply: ClosePosition(position_id=position_id, reply_to=reply))
        for _ in range(2)
    ]
    house.settle()
    assert [reply.get(0).already_closed for reply in replies] == [False, True]
    assert position_id not in house.system.directory.positions
    assert len(house.entries()) == 3
    assert house.check().failed_checks == ()


def test_a_position_and_its_wallet_that_fail_together_both_come_back(
    house: House, inject: Inject
) -> None:
    """The position's row was to be read through the wallet: it is read nevertheless."""
    position_id = house.open(25).position_id
    inject(PositionActor, "_on_price", after=True)
    inject(WalletActor, "_on_committed")
    house.price(110)
    assert house.position(position_id).status is PositionStatus.CLOSED
    assert house.close(position_id).already_closed
    assert position_id not in house.system.directory.positions
    assert house.check().failed_checks == ()


def test_an_open_in_a_failing_wallet_is_made_once_or_not_at_all(
    house: House, inject: Inject
) -> None:
    """The client that heard nothing repeats its key, and finds what is true."""
    inject(WalletActor, "_on_committed")
    lost = house.tell(lambda reply: an_open(reply, 25, key="k"))
    house.settle()
    assert not lost.future.done()
    again = house.ask(lambda reply: an_open(reply, 25, key="k"))
    assert isinstance(again, OpenDone)
    assert again.repeated
    assert house.wallet().locked == 25
    house.price(110)
    assert house.wallet().total == Decimal("102.32225")


def test_commands_wait_for_a_wallets_next_life(memory_house: House, inject: Inject) -> None:
    """While the next life is read, commands of its account are kept in order."""
    inject(WalletActor, "_flush", times=2)
    memory_house.tell(lambda reply: an_open(reply, 25))
    memory_house.settle()
    memory_house.tell(lambda reply: an_open(reply, 25))
    memory_house.settle()
    waiting = memory_house.tell(lambda reply: an_open(reply, 10))
    memory_house.settle()
    assert not waiting.future.done()
    memory_house.advance(1)
    assert isinstance(waiting.get(0), OpenDone)
    assert memory_house.wallet().locked == 10
