"""Signals with the real actors and databases: closed, opened, remembered, and lost by nobody."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from actors.desk.messages import SetTrading
from actors.engine.dispatcher import SequentialDispatcher
from actors.messages import Reply
from actors.signals.actor import SignalActor
from actors.signals.messages import SignalsStored, SignalStored, TakeSignals
from actors.signals.run import SignalRun
from tests.acceptance.conftest import Log
from tests.acceptance.faults import FaultError, Inject
from tests.acceptance.house import SYMBOL, House
from trading.books import HealthStatus
from trading.model import DenialReason, Side
from trading.signals import Signal, SignalAction, SignalOrder, SignalStatus

BUY, SELL, CLOSE = SignalAction


@pytest.fixture
def house(house: House) -> House:
    """An account of 1000 and a market at 100."""
    return furnished(house)


def furnished(house: House) -> House:
    house.open_account(1000)
    house.price(100)
    return house


def tell(house: House, action: SignalAction = BUY, **fields: Any) -> Reply:
    """Send a signal; its answer comes later."""
    reply = Reply()
    given = {"account": "demo", "symbol": SYMBOL, "digest": "d", "notional": Decimal(25)}
    order = SignalOrder(action=action, **{**given, **fields})
    house.system.directory.to_signals(TakeSignals(orders=(order,), reply_to=reply))
    return reply


def take(house: House, action: SignalAction = BUY, **fields: Any) -> SignalStored:
    """Send a signal that must be stored, and let it be carried out."""
    reply = tell(house, action, **fields)
    house.settle()
    answer = reply.get(0)
    assert isinstance(answer, SignalsStored), answer
    return answer.signals[0]


def ended(house: House, client_id: str) -> tuple[SignalStatus, str | None]:
    """How a signal ended, as the database has it."""
    signal = house.store.signals_of("demo", [client_id])[-1]
    return signal.status, signal.outcome


def sides(house: House) -> list[Side]:
    """The sides of the open positions."""
    return [position.side for position in house.system.published.version.positions.values()]


def outcomes(house: House) -> list[Signal]:
    """All signals, as the database has them."""
    return list(house.store.recent_signals("demo", 0))


def test_alternating_signals_turn_the_position_around(house: House) -> None:
    """Each closes what the one before it has opened; the books balance."""
    for number, (action, side) in enumerate([(BUY, Side.LONG), (SELL, Side.SHORT)] * 2, start=1):
        assert take(house, action, client_id=f"s{number}").signal.signal_id == number
        assert sides(house) == [side]
        house.price(100 + number)
    assert ended(house, "s1") == (SignalStatus.DONE, "opened 1")
    assert ended(house, "s4") == (SignalStatus.DONE, "closed 3; opened 4")
    assert house.position(3).close_note == "TradingView signal 4"
    take(house, CLOSE, client_id="s5", notional=None)
    assert ended(house, "s5") == (SignalStatus.DONE, "closed 4")
    take(house, CLOSE, client_id="s6", notional=None)
    assert ended(house, "s6") == (SignalStatus.DONE, "nothing was open")
    assert sides(house) == []
    assert house.check().status is HealthStatus.HEALTHY
    kinds = [event.kind for event in house.events() if event.kind.startswith("signal")]
    assert kinds == ["signal_received", "signal_finished"] * 6


def test_an_id_is_taken_once_and_for_all(house: House, a_house: Callable[..., House]) -> None:
    """In its account, and across restarts."""
    first = take(house, client_id="a", digest="1")
    house.advance(1_000)
    assert take(house, client_id="a", digest="2").repeated
    house.stop()
    again = a_house()
    repeated = take(again, client_id="a", digest="3")
    assert repeated.repeated
    assert repeated.signal.signal_id == first.signal.signal_id
    assert repeated.signal.status is SignalStatus.DONE
    again.open_account(100, account="other")
    assert not take(again, client_id="a", account="other").repeated
    assert sides(again) == [Side.LONG]


def test_an_id_that_comes_again_with_another_order_is_carried_out(house: House) -> None:
    """A close whose id collides with its open's is not lost."""
    take(house, client_id="a", digest="1")
    assert sides(house) == [Side.LONG]
    closing = take(house, CLOSE, client_id="a", digest="2", notional=None)
    assert not closing.repeated
    assert ended(house, "a") == (SignalStatus.DONE, "closed 1")
    assert take(house, CLOSE, client_id="a", digest="3", notional=None).repeated
    assert sides(house) == []


def test_a_body_without_an_id_counts_once_in_ten_seconds(house: House) -> None:
    """After that it is a new signal."""
    assert not take(house).repeated
    house.advance(9)
    assert take(house).repeated
    assert not take(house, digest="another").repeated
    house.advance(2)
    assert not take(house).repeated
    assert len(outcomes(house)) == 3


def test_copies_at_the_same_moment_are_stored_once(house: House) -> None:
    """Whoever sends them hears of the same signal."""
    replies = [tell(house, client_id="a") for _ in range(5)]
    house.settle()
    answers = [reply.get(0).signals[0] for reply in replies]
    assert [answer.repeated for answer in answers] == [False, True, True, True, True]
    assert {answer.signal.signal_id for answer in answers} == {1}
    assert sides(house) == [Side.LONG]


@pytest.mark.parametrize("last_seconds", [0, 61])
def test_a_refused_signal_changes_nothing_but_its_outcome(house: House, last_seconds: int) -> None:
    """Where the price is stale, an opposite position stays, and nothing is opened over it."""
    take(house, SELL, client_id="first")
    if last_seconds:
        house.advance(last_seconds)
        take(house, BUY, client_id="second")
        expected = "position 1 not closed: "
    else:
        house.ask(
            lambda reply: SetTrading(account=None, paused=True, reason="holiday", reply_to=reply)
        )
        take(house, SELL, client_id="second")
        expected = "not opened: opens are refused: trading of all accounts is paused: holiday"
    status, outcome = ended(house, "second")
    assert status is SignalStatus.DENIED
    assert outcome is not None
    assert outcome.startswith(expected)
    assert sides(house) == [Side.SHORT]


def test_a_signal_for_an_account_that_is_not_there_is_denied(house: House) -> None:
    """And not stored."""
    reply = tell(house, account="nobody")
    house.settle()
    assert reply.get(0).denial.reason is DenialReason.ACCOUNT_UNKNOWN
    assert house.sql("SELECT * FROM signals") == []


def test_an_outage_loses_no_signal(a_house: Callable[..., House]) -> None:
    """Its answer waits; what comes back in time is carried out, the rest has expired."""
    house = furnished(a_house(faulty=True))
    house.faults.down = True
    early = tell(house, client_id="early")
    house.advance(50)
    late = tell(house, SELL, client_id="late")
    house.settle()
    assert not early.future.done()
    assert not late.future.done()
    house.advance(15)
    house.price(100)
    house.faults.down = False
    house.advance(10)
    assert isinstance(early.get(0), SignalsStored)
    assert isinstance(late.get(0), SignalsStored)
    status, _ = ended(house, "early")
    assert status is SignalStatus.EXPIRED
    assert ended(house, "late") == (SignalStatus.DONE, "opened 2")
    assert sides(house) == [Side.SHORT]


def test_a_signal_that_fails_once_is_tried_again(house: House, inject: Inject, log: Log) -> None:
    """From its beginning; nothing is opened twice, and the next signal is taken."""
    log.failures_expected = True
    inject(SignalRun, "answered", after=True)
    take(house, client_id="a")
    house.advance(1)
    assert ended(house, "a") == (SignalStatus.DONE, "opened 1; resumed after a failure")
    take(house, SELL, client_id="b")
    assert ended(house, "b") == (SignalStatus.DONE, "closed 1; opened 2")
    assert sides(house) == [Side.SHORT]


def test_a_signal_that_always_fails_is_given_up_and_the_others_go_on(
    house: House, a_house: Callable[..., House], monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    """It ends with its reason, told as an event; nothing is set aside, and no life repeats it."""
    log.failures_expected = True
    go_on = SignalRun.go_on

    def failing(run: SignalRun) -> Signal | None:
        if run.signal.client_id == "bad":
            raise FaultError("always")
        return go_on(run)

    monkeypatch.setattr(SignalRun, "go_on", failing)
    for number in range(8):
        tell(house, CLOSE, client_id="bad", digest=f"{number}", notional=Decimal(number + 1))
    tell(house, BUY, client_id="good")
    house.settle()
    house.advance(60)
    status, outcome = ended(house, "bad")
    assert status is SignalStatus.DENIED
    assert outcome is not None
    assert outcome.startswith("given up after 3 tries")
    assert outcome.endswith("FaultError: always")
    assert ended(house, "good") == (SignalStatus.DONE, "opened 1")
    assert not house.system.published.set_aside
    assert [event.kind for event in house.events()].count("signal_finished") == 9
    house.stop()
    assert all(signal.status is not SignalStatus.RECEIVED for signal in outcomes(a_house()))


def test_a_failure_while_storing_leaves_no_answer_and_no_second_signal(
    house: House, inject: Inject, log: Log
) -> None:
    """Whoever sends it again gets the one that was stored."""
    log.failures_expected = True
    inject(SignalActor, "_on_committed")
    reply = tell(house, client_id="a")
    house.advance(1)
    assert not reply.future.done()
    assert take(house, client_id="a").repeated
    assert sides(house) == [Side.LONG]


def is_stored(house: House) -> bool:
    return house.store.signals_of("demo", ["killed"]) != ()


def is_closed(house: House) -> bool:
    return sides(house) == []


def is_opened(house: House) -> bool:
    return sides(house) == [Side.LONG]


@pytest.mark.parametrize("reached", [is_stored, is_closed, is_opened])
def test_a_killed_signal_is_finished_by_the_next_life(
    house: House, a_house: Callable[..., House], reached: Callable[[House], bool]
) -> None:
    """When its market has a price again; what it had done is not done a second time."""
    take(house, SELL, client_id="first")
    tell(house, BUY, client_id="killed")
    while not reached(house):
        assert isinstance(house.dispatcher, SequentialDispatcher)
        assert house.dispatcher.run_one()
    again = a_house()
    again.advance(10)
    assert ended(again, "killed") == (SignalStatus.RECEIVED, None)
    again.price(100)
    again.advance(1)
    status, outcome = ended(again, "killed")
    assert status is SignalStatus.DONE
    assert outcome is not None
    assert "opened 2" in outcome
    assert sides(again) == [Side.LONG]
    assert again.position(1).close_note == "TradingView signal 2"
    assert again.check().status is HealthStatus.HEALTHY


def test_a_killed_signal_may_expire(house: House, a_house: Callable[..., House]) -> None:
    """Where no price comes in time, nothing is opened."""
    tell(house, BUY, client_id="killed")
    while not is_stored(house):
        assert isinstance(house.dispatcher, SequentialDispatcher)
        assert house.dispatcher.run_one()
    again = a_house()
    again.advance(61)
    assert ended(again, "killed")[0] is SignalStatus.EXPIRED
    again.price(100)
    again.advance(61)
    assert sides(again) == []
