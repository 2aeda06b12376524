"""What one key does to itself stays with it: everybody else goes on, and no process ends."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from actors.market.messages import ReleaseCandidate
from actors.messages import Reply
from actors.position.messages import ChangePosition, ClosePosition
from actors.wallet.messages import TransferFunds
from tests.acceptance.conftest import Log
from tests.acceptance.house import SYMBOL, House, an_open
from tests.unit.accounts import a_ladder
from trading.books import HealthStatus
from trading.exits.level import Level
from trading.model import CloseReason, DenialReason, PositionStatus
from trading.positions.changing import Changes

FAR = a_ladder(50)


@pytest.fixture
def house(house: House, log: Log) -> House:
    """An account whose position is about to earn more than any wallet can hold, and another."""
    log.failures_expected = True
    house.open_account(40_000_000_000)
    house.open_account(100, account="other")
    house.price(100)
    house.price(100, symbol="ETHUSDT")
    house.open(20_000_000_000)
    house.open(25, account="other", symbol="ETHUSDT")
    return house


def gain_too_much(house: House) -> None:
    """A price that jumps is released by a person, and comes again and again."""
    house.price(500)
    release = ReleaseCandidate(price=Decimal(500), reply_to=Reply())
    house.system.directory.to_market(SYMBOL, release)
    house.settle()
    for _ in range(8):
        house.advance(1)
        house.price(500)


def test_a_close_that_no_wallet_can_hold_sets_its_position_aside(house: House) -> None:
    """Within seconds; it says why, durably, and the books still balance."""
    gain_too_much(house)
    (aside,) = house.system.published.standing_still()
    assert aside.text.startswith("position 1 is not guarded: ")
    assert "is not within 90000000000" in aside.text
    (event,) = house.events("part_set_aside")
    assert (event.account, event.position_id, event.symbol) == ("demo", 1, SYMBOL)
    assert house.check().status is HealthStatus.HEALTHY
    assert not house.system.fatal.future.done()


@pytest.mark.parametrize(
    "command",
    [
        lambda reply: ClosePosition(position_id=1, reply_to=reply),
        lambda reply: ChangePosition(
            position_id=1, changes=Changes(stop_loss=Level(Decimal(99))), reply_to=reply
        ),
    ],
    ids=["close", "stop"],
)
def test_its_commands_are_denied(house: House, command: Callable[[Reply], Any]) -> None:
    """With what is wrong and what to do."""
    gain_too_much(house)
    denial = house.ask(command).denial
    assert denial.reason is DenialReason.SET_ASIDE
    assert "restart the service" in denial.text


def test_everybody_else_goes_on(house: House) -> None:
    """Its own account's other commands, and other accounts' positions."""
    gain_too_much(house)
    house.price(110, symbol="ETHUSDT")
    assert house.position(2).close_reason is CloseReason.TAKE_PROFIT
    house.transfer(-1_000, "out")
    assert house.open(25, account="other", symbol="ETHUSDT").status is PositionStatus.OPEN


def test_the_next_start_brings_it_back(house: House) -> None:
    """From its durable row: the next price that it can book closes it."""
    gain_too_much(house)
    house.stop()
    house = house.again()
    assert house.system.published.set_aside == {}
    house.price(300)
    position = house.position(1)
    assert (position.status, position.exit_price) == (PositionStatus.CLOSED, Decimal(300))


def test_a_key_whose_position_is_gone_halts_its_account_alone(house: House) -> None:
    """As after a failover to a replica that lacks it: a denial and a check, and no process ends."""
    key: dict[str, Any] = {"account": "other", "symbol": "ETHUSDT", "key": "k"}
    opened = house.open(25, **key)
    lose_position(house, opened.position_id)
    denial = house.denied(25, **key)
    assert denial.reason is DenialReason.BOOKS_MISMATCH
    assert f"opened position {opened.position_id}, which the database lacks" in denial.text
    reply = house.tell(
        lambda reply: TransferFunds(
            account="other", amount=Decimal(1), reference="t", reply_to=reply
        )
    )
    house.settle()
    assert reply.get(0).denial.reason is DenialReason.BOOKS_MISMATCH
    house.transfer(1, "t")
    assert not house.system.fatal.future.done()


def lose_position(house: House, position_id: int) -> None:
    """Delete a position's row, past everything that the schema forbids."""
    if house.url.startswith("sqlite"):
        house.sql("PRAGMA foreign_keys = OFF", f"DELETE FROM positions WHERE id = {position_id}")
    else:
        house.sql(
            "SET session_replication_role = replica",
            f"DELETE FROM positions WHERE id = {position_id}",
        )


def test_a_row_that_cannot_be_read_is_that_accounts_trouble(house: House) -> None:
    """Its close is answered with what is wrong; its books are in doubt, others' are not."""
    house.price(110, symbol="ETHUSDT")
    house.sql(
        "DROP TRIGGER positions_closed_is_terminal"
        if house.url.startswith("sqlite")
        else "ALTER TABLE positions DISABLE TRIGGER USER"
    )
    house.sql("UPDATE positions SET ladder = 'junk' WHERE id = 2")
    denial = house.ask(lambda reply: ClosePosition(position_id=2, reply_to=reply)).denial
    assert denial.reason is DenialReason.BOOKS_MISMATCH
    assert "row cannot be read" in denial.text
    assert house.ask(lambda reply: an_open(reply, 25)).position.status is PositionStatus.OPEN


def test_a_position_whose_target_no_account_can_hold_is_refused_at_its_open(house: House) -> None:
    """What can be foreseen is told before anything is held, with the figures."""
    denial = house.denied(15_000_000_000, symbol="ETHUSDT", ladder=FAR)
    assert denial.reason is DenialReason.AMOUNT_INVALID
    assert "would come from 40000000000 to" in denial.text
    deposit = house.tell(
        lambda reply: TransferFunds(
            account="demo", amount=Decimal(30_000_000_000), reference="d", reply_to=reply
        )
    )
    house.settle()
    assert "an account holds at most 90000000000 USDT" in deposit.get(0).denial.text


def test_a_restart_foresees_the_same(house: House) -> None:
    """What the open positions could gain is known from their rows."""
    before = house.denied(15_000_000_000, symbol="ETHUSDT", ladder=FAR)
    house.stop()
    house = house.again()
    house.price(100, symbol="ETHUSDT")
    assert house.denied(15_000_000_000, symbol="ETHUSDT", ladder=FAR) == before
