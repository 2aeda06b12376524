"""An operator's pause: opens are refused, stops go on guarding, and a restart forgets nothing."""

from typing import Any

import pytest

from actors.desk.messages import SetTrading, TradingSet
from actors.engine.dispatcher import PooledDispatcher
from actors.messages import Denied
from actors.wallet.messages import OpenDone
from tests.acceptance.house import WITHIN, House, an_open, at_once
from trading.model import DenialReason, PositionStatus


@pytest.fixture
def house(house: House) -> House:
    """An account of 100 and a market at 100."""
    house.open_account(100)
    house.price(100)
    return house


def pause(house: House, account: str | None = None, reason: str = "maintenance") -> TradingSet:
    answer = house.ask(
        lambda reply: SetTrading(account=account, paused=True, reason=reason, reply_to=reply)
    )
    assert isinstance(answer, TradingSet), answer
    return answer


def resume(house: House, account: str | None = None) -> None:
    answer = house.ask(
        lambda reply: SetTrading(account=account, paused=False, reason="over", reply_to=reply)
    )
    assert isinstance(answer, TradingSet), answer


def test_a_pause_refuses_opens_and_nothing_else(house: House) -> None:
    """The stop of what is open still closes it."""
    position = house.open(25)
    pause(house)
    denial = house.denied(25)
    assert denial.reason is DenialReason.TRADING_PAUSED
    assert denial.text == "opens are refused: trading of all accounts is paused: maintenance"
    house.price(94)
    assert house.position(position.position_id).status is PositionStatus.CLOSED
    house.transfer(10, "deposit-1")
    resume(house)
    house.open(25)


def test_a_pause_of_one_account_leaves_the_others_alone(house: House) -> None:
    """Whoever is not named trades on."""
    house.open_account(100, account="other")
    pause(house, "other")
    house.open(25)
    assert house.denied(25, account="other").reason is DenialReason.TRADING_PAUSED


def test_the_two_scopes_end_separately(house: House) -> None:
    """Ending the pause of all does not end an account's own."""
    pause(house)
    pause(house, "demo", "losing streak")
    resume(house)
    assert house.denied(25).text == (
        "opens are refused: trading of account demo is paused: losing streak"
    )
    resume(house, "demo")
    house.open(25)


@pytest.mark.parametrize("ending", ["stop", "kill"])
def test_a_pause_survives_the_end_of_the_process(a_house: Any, ending: str) -> None:
    """However it ends; so does its reason, and so does its end."""
    house = a_house()
    house.open_account(100)
    pause(house, reason="exchange maintenance")
    getattr(house, ending)()
    paused = a_house()
    paused.price(100)
    assert paused.denied(25).text.endswith("paused: exchange maintenance")
    resume(paused)
    getattr(paused, ending)()
    resumed = a_house()
    resumed.price(100)
    resumed.open(25)


def test_pausing_again_renews_the_reason(house: House) -> None:
    """And both are kept as events, with their reasons."""
    pause(house, reason="one")
    pause(house, reason="two")
    assert house.denied(25).text.endswith("two")
    assert len(house.events("trading_paused")) == 2


def test_a_known_key_is_answered_during_a_pause(house: House) -> None:
    """A client that repeats its request learns what became of it."""
    first = house.open(25, key="a")
    pause(house)
    again = house.ask(lambda reply: an_open(reply, 25, key="a"))
    assert isinstance(again, OpenDone)
    assert (again.position.position_id, again.repeated) == (first.position_id, True)


def test_nothing_opens_after_a_pause_is_answered(a_house: Any) -> None:
    """Opens race with the pause on real threads; none is committed behind it."""
    house: House = a_house(dispatcher=PooledDispatcher())
    house.open_account(1_000)
    house.price(100)

    def opens() -> list[Any]:
        return [house.tell(lambda reply: an_open(reply, 1)) for _ in range(200)]

    def stop_it() -> int:
        reply = house.tell(
            lambda reply: SetTrading(account=None, paused=True, reason="now", reply_to=reply)
        )
        assert isinstance(reply.get(WITHIN), TradingSet)
        return len(house.system.published.version.positions)

    replies, open_then = at_once(opens, stop_it)
    assert isinstance(replies, list)
    answers = [reply.get(WITHIN) for reply in replies]
    made = sum(isinstance(answer, OpenDone) for answer in answers)
    assert all(isinstance(answer, OpenDone | Denied) for answer in answers)
    assert made == open_then == len(house.system.published.version.positions)
    assert house.check().failed_checks == ()
