"""Closing a position: once, whoever asks and however often."""

from decimal import Decimal

from actors.market.messages import SetPause
from actors.position.messages import CloseDone, ClosePosition
from tests.acceptance.house import SYMBOL, WITHIN, House, at_once
from tests.unit.accounts import a_ladder
from trading.model import CloseReason, DenialReason, PositionStatus, Side


def test_ten_threads_and_the_ladder_close_a_position_once(busy_house: House) -> None:
    """One close entry, one outcome for everybody."""
    busy_house.open_account(100)
    busy_house.price(100)
    position_id = busy_house.open(25).position_id

    def close() -> CloseDone:
        answer = busy_house.tell(
            lambda reply: ClosePosition(position_id=position_id, reply_to=reply)
        ).get(WITHIN)
        assert isinstance(answer, CloseDone)
        return answer

    def take_profit_and_close() -> CloseDone:
        busy_house.send_price(110)
        return close()

    outcomes = at_once(*[close] * 10, take_profit_and_close)
    busy_house.settle()
    recorded = busy_house.position(position_id)
    assert recorded.status is PositionStatus.CLOSED
    assert [done.position for done in outcomes] == [recorded] * 11
    by_hand = recorded.close_reason is CloseReason.MANUAL
    assert [done.already_closed for done in outcomes].count(False) == int(by_hand)
    kinds = [str(entry.entry_type) for entry in busy_house.entries()]
    assert kinds == ["opening", "position_open", "position_close"]
    assert busy_house.wallet().total == 100 + recorded.net_pnl
    assert busy_house.check().failed_checks == ()


def test_the_ladders_close_is_the_outcome_for_who_asks_later(house: House) -> None:
    """A repeated close gets the recorded outcome again, however often."""
    house.open_account(100)
    house.price(100)
    position_id = house.open(25).position_id
    house.price(110)
    outcomes = [house.close(position_id) for _ in range(3)]
    assert {done.position.net_pnl for done in outcomes} == {Decimal("2.32225")}
    assert all(done.already_closed for done in outcomes)
    assert len(house.entries()) == 3


def test_who_closes_by_hand_gets_the_outcome_as_their_own(house: House) -> None:
    """At the mark price, with the reason MANUAL and all costs."""
    house.open_account(100)
    house.price(100)
    position_id = house.open(25).position_id
    house.price(102)
    done = house.close(position_id)
    assert not done.already_closed
    assert done.position.close_reason is CloseReason.MANUAL
    assert done.position.exit_price == 102
    assert house.entries()[-1].description == (
        "Closed LONG BTCUSDT: closed by hand, Net PnL=$0.33 (Gross=$0.50, Costs=$0.17)"
    )
    assert house.position(position_id) == done.position


def test_a_settled_positions_actor_ends(memory_house: House) -> None:
    """Nothing of a closed position stays in memory."""
    memory_house.open_account(100)
    memory_house.price(100)
    position_id = memory_house.open(25).position_id
    ref = memory_house.system.directory.positions[position_id]
    memory_house.price(110)
    assert position_id not in memory_house.system.directory.positions
    assert not ref.is_alive()  # type: ignore[attr-defined]
    assert not memory_house.system.published.version.positions


def test_a_close_on_a_paused_market_is_denied_unless_forced(memory_house: House) -> None:
    """While the venue is down only a forced close acts on the last price, and says so."""
    memory_house.open_account(100)
    memory_house.price(100)
    position_id = memory_house.open(25).position_id
    memory_house.system.directory.to_market(SYMBOL, SetPause(why="its venue's connection is down"))
    answer = memory_house.ask(lambda reply: ClosePosition(position_id=position_id, reply_to=reply))
    assert answer.denial.reason is DenialReason.PAUSED_BY_NETWORK
    done = memory_house.close(position_id, force=True)
    note = "forced: BTCUSDT is paused: its venue's connection is down"
    assert done.position.close_note == note
    assert f"closed by hand: {note}" in memory_house.entries()[-1].description


def test_a_loss_beyond_the_wallet_is_covered(house: House) -> None:
    """A SHORT that doubles takes more than there is: a shortfall entry precedes the close."""
    house.open_account(25)
    house.price(100)
    wide = a_ladder(50, stop=60)
    position_id = house.open(25, Side.SHORT, ladder=wide).position_id
    house.price(149, 222)
    assert house.position(position_id).status is PositionStatus.CLOSED
    kinds = [str(entry.entry_type) for entry in house.entries()]
    assert kinds == ["opening", "position_open", "shortfall", "position_close"]
    assert house.wallet().available == 0
    assert min(entry.balance_after for entry in house.entries()) == 0
    assert house.check().failed_checks == ()


def test_a_dead_letter_is_counted(memory_house: House) -> None:
    """What is told to a position that has ended raises nowhere."""
    memory_house.open_account(100)
    memory_house.price(100)
    position_id = memory_house.open(25).position_id
    ref = memory_house.system.directory.positions[position_id]
    memory_house.price(110)
    before = memory_house.system.directory.dead_letters
    assert not memory_house.system.directory.send(ref, "anything")
    assert memory_house.system.directory.dead_letters == before + 1
