"""Changes of living positions on a real database: through outages, restarts and an upgrade."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from actors.messages import Denied, Reply
from actors.position.messages import (
    ChangeDone,
    ChangePosition,
    CloseDone,
    ClosePosition,
    RequestKey,
)
from actors.signals.actor import SignalActor
from actors.signals.messages import TakeSignals
from tests.acceptance.conftest import Log
from tests.acceptance.house import SYMBOL, House
from tests.unit.accounts import a_ladder
from trading.exits.exits import Said
from trading.exits.ladder import AskedRung
from trading.exits.level import Level
from trading.exits.notation import asked_rungs_from, trailing_from
from trading.model import CloseReason, DenialReason, Position, PositionStatus
from trading.positions.changing import Changes, PartToClose
from trading.signals import SignalAction, SignalOrder, SignalStatus
from trading.times import SECOND_US

HALF = PartToClose(share=Decimal("0.5"))
KEY = "k"
FAR = a_ladder(50, stop=20)


@pytest.fixture
def house(a_house: Callable[..., House]) -> House:
    """A faulty house with one open position that prices near 100 do not reach."""
    house = a_house(faulty=True)
    house.open_account(100)
    house.price(100)
    house.open(20, ladder=FAR)
    return house


def close_part(reply: Reply, *, key: str | None = KEY, part: PartToClose = HALF) -> ClosePosition:
    """Half of position 1."""
    request_key = None if key is None else RequestKey(account="demo", key=key)
    return ClosePosition(position_id=1, part=part, key=request_key, reply_to=reply)


def a_change(reply: Reply, *, key: str = KEY, **changes: Any) -> ChangePosition:
    """A change of position 1."""
    return ChangePosition(
        position_id=1,
        changes=Changes(**changes),
        key=RequestKey(account="demo", key=key),
        reply_to=reply,
    )


def changed(house: House, **changes: Any) -> Position:
    """Change position 1, which must not be denied."""
    answer = house.ask(lambda reply: a_change(reply, **changes))
    assert isinstance(answer, ChangeDone), answer
    return answer.position


def rungs(text: str) -> tuple[AskedRung, ...]:
    """Take-profits of the one-line notation."""
    return asked_rungs_from(text)


def parts(house: House) -> int:
    """How often a part was closed by hand."""
    return len(house.events("position_reduced"))


def commit_ids(house: House) -> list[set[object]]:
    """The commits of what the change under the key has written, table by table."""
    queries = (
        "SELECT commit_id FROM change_keys",
        "SELECT commit_id FROM events WHERE kind = 'position_reduced'",
        "SELECT commit_id FROM wallet_transactions WHERE transaction_type = 'position_reduce'",
    )
    return [{row[0] for row in house.sql(query)} for query in queries]


def test_a_change_with_its_key_its_event_and_its_money_is_one_commit(house: House) -> None:
    """None of them is there without the others."""
    done = house.ask(close_part)
    assert isinstance(done, CloseDone)
    key, event, entry = commit_ids(house)
    assert len(key) == 1
    assert key == event == entry
    assert house.position(1) == done.position
    assert house.position(1).version == 2


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_change_whose_commit_is_of_unknown_outcome_is_made_once(
    house: House, *, carried_out: bool
) -> None:
    """It is looked up; whoever asks again meanwhile gets the same outcome."""
    house.faults.lose_answers = 1
    house.faults.carried_out = carried_out
    first, second = house.tell(close_part), house.tell(close_part)
    house.advance(10)
    assert [answer.get(0).repeated for answer in (first, second)] == [False, True]
    assert house.ask(close_part).repeated
    assert parts(house) == 1
    assert house.check().failed_checks == ()


def test_a_change_waits_for_a_database_that_is_away_and_is_made_once(house: House) -> None:
    """No caller hears anything before it is durable."""
    house.faults.down = True
    first, second = house.tell(close_part), house.tell(close_part)
    house.advance(60)
    assert not any(reply.future.done() for reply in (first, second))
    house.faults.down = False
    house.advance(10)
    assert [answer.get(0).repeated for answer in (first, second)] == [False, True]
    assert parts(house) == 1
    assert house.check().failed_checks == ()


def test_a_known_key_is_read_once_the_database_is_back(house: House) -> None:
    """An outage denies nothing that was done."""
    house.ask(close_part)
    house.faults.down = True
    again = house.tell(close_part)
    house.advance(60)
    assert not again.future.done()
    house.faults.down = False
    house.advance(10)
    assert again.get(0).repeated


def test_a_key_is_known_after_a_restart(house: House) -> None:
    """The same request gets its outcome, another one a conflict, an open too."""
    done = house.ask(close_part).position
    house.stop()
    house = house.again()
    house.price(100)
    again = house.ask(close_part)
    assert (again.position, again.repeated) == (done, True)
    conflicts = (
        house.ask(lambda reply: close_part(reply, part=PartToClose(share=Decimal("0.25")))),
        house.ask(lambda reply: a_change(reply, stop_loss=Level(Decimal(95)))),
    )
    for conflict in conflicts:
        assert isinstance(conflict, Denied)
        assert conflict.denial.reason is DenialReason.KEY_CONFLICT
    assert house.denied(10, key=KEY).reason is DenialReason.KEY_CONFLICT
    assert parts(house) == 1
    house.stop()


@pytest.mark.parametrize("carried_out", [True, False])
def test_a_crash_before_the_answer_leaves_the_change_done_or_not_at_all(
    house: House, *, carried_out: bool
) -> None:
    """Asked again under its key, it is made once."""
    house.faults.lose_answers = 1
    house.faults.carried_out = carried_out
    lost = house.tell(close_part)
    house.settle()
    assert not lost.future.done()
    house.kill()
    house = house.again()
    house.price(100)
    assert house.ask(close_part).repeated is carried_out
    assert parts(house) == 1
    assert house.check().failed_checks == ()
    house.stop()


def test_a_refused_key_leaves_nothing_of_its_change(house: House, log: Log) -> None:
    """A row that another program wrote under it: no part is closed, and the position goes on."""
    log.failures_expected = True
    house.sql("INSERT INTO change_keys VALUES ('demo', 'k', 1, 'other', 2, 1)")
    answer = house.ask(close_part)
    assert isinstance(answer, Denied)
    assert answer.denial.reason is DenialReason.WRITE_REFUSED
    assert (parts(house), house.position(1).version) == (0, 1)
    assert house.check().failed_checks == ()
    assert isinstance(house.ask(lambda reply: close_part(reply, key="other")), CloseDone)
    assert parts(house) == 1


def after_a_restart(house: House, *, crash: bool) -> House:
    """The same database in its next life, at the price of before."""
    (house.kill if crash else house.stop)()
    return house.again()


@pytest.mark.parametrize("crash", [False, True], ids=["stop", "crash"])
def test_a_trail_goes_on_after_a_restart(house: House, *, crash: bool) -> None:
    """From the best price that it had followed, by its own step, and it never loosens."""
    changed(house, trailing=trailing_from("2%/1%"))
    house.price(110)
    assert house.position(1).stop_price == Decimal("107.8")
    house = after_a_restart(house, crash=crash)
    house.price(108, 111)
    assert house.position(1).best_price == 110
    assert house.position(1).stop_price == Decimal("107.8")
    house.price(112)
    assert house.position(1).stop_price == Decimal("109.76")
    house.price("109.7")
    closed = house.position(1)
    assert (closed.close_reason, closed.exit_price) == (CloseReason.STOP_LOSS, Decimal("109.7"))
    assert house.check().failed_checks == ()
    house.stop()


@pytest.mark.parametrize("crash", [False, True], ids=["stop", "crash"])
def test_a_time_stop_goes_on_after_a_restart(house: House, *, crash: bool) -> None:
    """It counts from the entry: the first price at or past it closes, and only once."""
    changed(house, close_after_us=3600 * SECOND_US)
    due_us = house.position(1).entry_time_us + 3600 * SECOND_US
    house = after_a_restart(house, crash=crash)
    house.price(101)
    house.advance((due_us - house.dispatcher.clock.now_us()) / SECOND_US - 1)
    house.price(101)
    assert house.position(1).status is PositionStatus.OPEN
    house.advance(2)
    house.price(101, 102)
    closed = house.position(1)
    assert [closed.close_reason, closed.exit_price] == [CloseReason.TIME, 101]
    assert len(house.events("position_closed")) == 1
    assert house.check().failed_checks == ()
    house.stop()


@pytest.mark.parametrize("crash", [False, True], ids=["stop", "crash"])
def test_replaced_rungs_go_on_after_a_restart(house: House, *, crash: bool) -> None:
    """The new ones act, each with its share and its stop; the old one is nothing any more."""
    changed(house, take_profits=rungs("105@50%>breakeven;110@25%>keep;120"))
    house.price(106)
    house = after_a_restart(house, crash=crash)
    assert house.position(1).rungs_hit == 1
    assert house.position(1).stop_price == 100
    house.price(111)
    assert [house.position(1).rungs_hit, house.position(1).stop_price] == [2, 100]
    house.price(150)
    closed = house.position(1)
    assert (closed.close_reason, closed.rungs_hit) == (CloseReason.TAKE_PROFIT, 3)
    assert len(house.events("rung_hit")) == 3
    assert house.check().failed_checks == ()
    house.stop()


def test_a_dropped_trail_and_a_dropped_time_stop_stay_dropped(house: House) -> None:
    """A restart does not bring them back; the stop stays where the trail had brought it."""

    changed(house, key="a", trailing=trailing_from("2%/1%"), close_after_us=60 * SECOND_US)
    house.price(110)
    changed(house, key="b", trailing=Said.NONE, close_after_us=Said.NONE)
    house = after_a_restart(house, crash=True)
    house.price(111)
    house.advance(120)
    house.price(120)
    position = house.position(1)
    assert (position.status, position.stop_price) == (PositionStatus.OPEN, Decimal("107.8"))
    assert (position.ladder.trailing, position.ladder.close_after_us) == (None, None)
    house.stop()


def test_a_signals_share_is_closed_once_across_a_crash(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The part was durable and the signal's end was not: the next life closes no second part."""
    order = SignalOrder(
        account="demo", symbol=SYMBOL, action=SignalAction.CLOSE, digest="d", share=HALF.share
    )
    with monkeypatch.context() as patch:
        patch.setattr(SignalActor, "_finish", lambda _self, _finished: None)
        house.system.directory.to_signals(TakeSignals(orders=(order,), reply_to=Reply()))
        house.settle()
    assert parts(house) == 1
    house.kill()
    house = house.again()
    house.price(100)
    house.advance(1)
    (signal,) = house.store.recent_signals("demo", 0)
    assert signal.status is SignalStatus.DONE
    assert signal.outcome == "closed 50% of 1; resumed after a restart"
    assert parts(house) == 1
    assert house.position(1).open_quantity == house.position(1).quantity / 2
    assert house.check().failed_checks == ()
    house.stop()
