"""An exception in an actor's handler: it begins again from what is durable."""

from collections.abc import Callable
from decimal import Decimal
from functools import wraps
from typing import Any

import pykka
import pytest

import actors.position
import actors.wallet
from actors.auditor import AuditorActor
from actors.base import PooledActor
from actors.committer import CommitterActor
from actors.desk import DeskActor, FatalError
from actors.dispatcher import PooledDispatcher, SequentialDispatcher
from actors.market import MarketActor
from actors.messages import CheckHealth, CloseDone, ClosePosition, OpenDone
from actors.position import PositionActor
from actors.wallet import WalletActor
from tests.acceptance.conftest import Log
from tests.acceptance.house import House, an_open
from trading.model import CloseReason, PositionStatus


class FaultError(Exception):
    """Raised by a test inside an actor."""


class Fails:
    """Stands in for a function and raises the first times that it is called."""

    def __init__(self, really: Callable[..., Any], times: int = 1, *, after: bool = False) -> None:
        self._really = really
        self._after = after
        self.left = times

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.left == 0:
            return self._really(*args, **kwargs)
        self.left -= 1
        if self._after:
            self._really(*args, **kwargs)
        raise FaultError("injected")


@pytest.fixture
def inject(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Fails]:
    """Makes a function of a module, or a method of an actor, fail."""

    def inject(owner: Any, name: str, times: int = 1, *, after: bool = False) -> Fails:
        really = getattr(owner, name)
        fault = Fails(really, times, after=after)

        @wraps(really)  # a function, so that it binds where it stands for a method
        def stand_in(*args: Any, **kwargs: Any) -> Any:
            return fault(*args, **kwargs)

        monkeypatch.setattr(owner, name, stand_in)
        return fault

    return inject


Inject = Callable[..., Fails]


@pytest.fixture
def house(house: House, log: Log) -> House:
    """An account of 100 and a market at 100; failures are to be expected."""
    log.failures_expected = True
    house.open_account(100)
    house.price(100)
    return house


def rungs(house: House, position_id: int) -> list[str]:
    return [
        event.kind
        for event in house.events()
        if event.position_id == position_id and event.kind != "position_opened"
    ]


def test_a_positions_failure_acts_on_no_price_twice(house: House, inject: Inject) -> None:
    """It begins again from its row, behind the price it was sent; the next one decides."""
    position_id = house.open(25).position_id
    inject(actors.position, "advanced")
    house.price(103)
    assert house.position(position_id).rungs_hit == 0
    house.price(104)
    assert house.position(position_id).rungs_hit == 1
    house.price(106)
    assert house.position(position_id).rungs_hit == 2
    assert rungs(house, position_id) == ["rung_hit", "rung_hit"]
    house.price(110)
    assert house.wallet().total == Decimal("102.32225")


def test_a_positions_failure_leaves_the_others_alone(house: House, inject: Inject) -> None:
    """The next position takes the same price as if nothing had happened."""
    first, second = house.open(25).position_id, house.open(25).position_id
    inject(actors.position, "advanced")
    house.price(110)
    assert house.position(first).status is PositionStatus.OPEN
    assert house.position(second).status is PositionStatus.CLOSED
    house.price(111)
    assert house.position(first).exit_price == 111
    assert house.check().failed_checks == ()


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
    inject(actors.position, "advanced", times=2)
    house.price(103)
    house.price(103)
    assert position_id in house.system.directory.positions
    reply = house.tell(lambda reply: ClosePosition(position_id=position_id, reply_to=reply))
    house.settle()
    assert not reply.future.done()
    house.advance(1)
    assert isinstance(reply.get(0), CloseDone)


def test_a_failed_start_of_a_position_is_a_failure_like_any_other(
    house: House, inject: Inject
) -> None:
    """It is started again, and guards."""
    inject(PositionActor, "on_start")
    position_id = house.open(25).position_id
    house.price(110)
    assert house.position(position_id).status is PositionStatus.CLOSED


def test_a_wallet_that_fails_before_its_commit_has_done_nothing(
    house: House, inject: Inject
) -> None:
    """Memory and database are as before; the closing position tells the next wallet again."""
    position_id = house.open(25).position_id
    before = house.rows()
    inject(actors.wallet, "plan")
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


def test_commands_wait_for_a_wallets_next_life(house: House, inject: Inject) -> None:
    """While the next life is read, commands of its account are kept in order."""
    inject(actors.wallet, "plan", times=2)
    house.tell(lambda reply: an_open(reply, 25))
    house.settle()
    house.tell(lambda reply: an_open(reply, 25))
    house.settle()
    waiting = house.tell(lambda reply: an_open(reply, 10))
    house.settle()
    assert not waiting.future.done()
    house.advance(1)
    assert isinstance(waiting.get(0), OpenDone)
    assert house.wallet().locked == 10


def test_a_failed_market_is_armed_again(house: House, inject: Inject) -> None:
    """The positions of its symbol find the next one, and the next price acts."""
    position_id = house.open(25).position_id
    inject(MarketActor, "take")
    house.price(110)
    assert house.position(position_id).status is PositionStatus.OPEN
    house.price(111)
    position = house.position(position_id)
    assert position.close_reason is CloseReason.TAKE_PROFIT
    assert position.exit_price == 111


def test_a_failed_market_leaves_other_markets_alone(house: House, inject: Inject) -> None:
    """Each symbol has an actor of its own."""
    house.price(100, symbol="ETHUSDT")
    house.open(25)
    other = house.open(25, symbol="ETHUSDT").position_id
    inject(MarketActor, "take")
    house.price(110)
    house.price(110, symbol="ETHUSDT")
    assert house.position(other).status is PositionStatus.CLOSED


def test_a_failed_auditor_is_started_again(house: House, inject: Inject, log: Log) -> None:
    """The next check is made."""
    inject(AuditorActor, "_begin")
    lost = house.tell(lambda reply: CheckHealth(account="demo", reply_to=reply))
    house.settle()
    assert not lost.future.done()
    assert "actor failed" in log.lines
    assert house.check().failed_checks == ()


@pytest.mark.parametrize("owner", [PositionActor, WalletActor, AuditorActor])
def test_what_cannot_start_is_fatal_in_the_end(
    house: House, inject: Inject, owner: type[PooledActor]
) -> None:
    """More than ten failures within a minute: restarts do not cure it, `fatal` is answered."""
    house.open(25)
    ref = {
        PositionActor: house.system.directory.positions.get(1),
        WalletActor: house.system.directory.wallets["demo"],
        AuditorActor: house.system.directory.auditor,
    }[owner]
    assert ref is not None
    inject(owner, "on_start", times=1_000)
    ref.tell("a message that nobody knows")
    house.settle()
    assert not house.system.fatal.future.done()
    house.advance(60)
    error = house.system.fatal.get(0)
    assert isinstance(error, FatalError)
    assert "failed more than 10 times in 60 s" in str(error)


@pytest.mark.parametrize("owner", [CommitterActor, DeskActor])
def test_a_failure_that_no_restart_cures_is_fatal_at_once(
    house: House, inject: Inject, owner: type[PooledActor]
) -> None:
    """Without the only writer, or the one who restarts, the process must end."""
    inject(owner, "on_receive")
    house.tell(lambda reply: an_open(reply, 25))
    house.settle()
    assert isinstance(house.system.fatal.get(0), FatalError)


def test_another_owner_is_fatal(house: House) -> None:
    """A deposed process writes nothing any more and says so."""
    house.sql("UPDATE owner SET epoch = epoch + 1")
    reply = house.tell(lambda reply: an_open(reply, 25))
    house.settle()
    assert "was deposed" in str(house.system.fatal.get(0))
    assert not reply.future.done()
    assert house.sql("SELECT id FROM positions") == []


def test_failures_on_many_threads_lose_nothing(
    a_house: Callable[..., House], inject: Inject, log: Log
) -> None:
    """The pooled dispatcher goes on through failures of positions and wallets."""
    log.failures_expected = True
    house = a_house(dispatcher=PooledDispatcher())
    house.open_account(1000)
    house.price(100)
    ids = [house.open(10).position_id for _ in range(20)]
    inject(actors.position, "advanced", times=3)
    inject(actors.wallet, "plan", times=1)
    while any(house.position(i).status is PositionStatus.OPEN for i in ids):
        house.price(110)
    assert len([e for e in house.entries() if str(e.entry_type) == "position_close"]) == 20
    assert house.check().failed_checks == ()
