"""Failures of the others, on many threads, and those that no restart cures."""

from collections.abc import Callable

import pytest

import actors.position.actor
import actors.wallet.actor
from actors.auditor.actor import AuditorActor
from actors.auditor.messages import CheckHealth
from actors.commit.actor import CommitterActor
from actors.desk.actor import DeskActor, FatalError
from actors.engine.dispatcher import PooledDispatcher
from actors.engine.supervised import SupervisedActor
from actors.market.actor import MarketActor
from actors.position.actor import PositionActor
from actors.wallet.actor import WalletActor
from tests.acceptance.conftest import Log
from tests.acceptance.faults import Inject
from tests.acceptance.house import House, an_open, running
from trading.model import CloseReason, DenialReason, PositionStatus


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


def test_a_failed_market_leaves_other_markets_alone(memory_house: House, inject: Inject) -> None:
    """Each symbol has an actor of its own."""
    memory_house.price(100, symbol="ETHUSDT")
    memory_house.open(25)
    other = memory_house.open(25, symbol="ETHUSDT").position_id
    inject(MarketActor, "take")
    memory_house.price(110)
    memory_house.price(110, symbol="ETHUSDT")
    assert memory_house.position(other).status is PositionStatus.CLOSED


def test_a_failed_auditor_is_started_again(memory_house: House, inject: Inject, log: Log) -> None:
    """The next check is made."""
    inject(AuditorActor, "_begin")
    lost = memory_house.tell(lambda reply: CheckHealth(account="demo", reply_to=reply))
    memory_house.settle()
    assert not lost.future.done()
    assert "actor failed" in log.lines
    assert memory_house.check().failed_checks == ()


@pytest.mark.parametrize("owner", [PositionActor, WalletActor, AuditorActor])
def test_what_cannot_start_is_set_aside_in_the_end(
    memory_house: House, inject: Inject, owner: type[SupervisedActor]
) -> None:
    """Restarts do not cure it: it stands still alone, within seconds, and the process lives."""
    memory_house.open(25)
    ref = {
        PositionActor: memory_house.system.directory.positions.get(1),
        WalletActor: memory_house.system.directory.wallets["demo"],
        AuditorActor: memory_house.system.directory.auditor,
    }[owner]
    assert ref is not None
    inject(owner, "on_start", times=1_000)
    ref.tell("a message that nobody knows")
    memory_house.settle()
    memory_house.advance(5)
    (aside,) = memory_house.system.published.standing_still()
    assert aside.kind == owner.kind
    assert "injected" in aside.text
    assert not memory_house.system.fatal.future.done()


@pytest.mark.parametrize("owner", [CommitterActor, DeskActor])
def test_a_failure_that_no_restart_cures_is_fatal_at_once(
    memory_house: House, inject: Inject, owner: type[SupervisedActor]
) -> None:
    """Without the only writer, or the one who restarts, the process must end."""
    inject(owner, "on_receive")
    memory_house.tell(lambda reply: an_open(reply, 25))
    memory_house.settle()
    assert isinstance(memory_house.system.fatal.get(0), FatalError)


def test_a_committer_that_cannot_start_is_fatal(inject: Inject, log: Log) -> None:
    """Nothing could ever be written."""
    log.failures_expected = True
    inject(CommitterActor, "on_start")
    with running("sqlite://") as house:
        assert "the Committer failed" in str(house.system.fatal.get(0))


def test_another_owner_is_fatal(house: House) -> None:
    """A deposed process writes nothing any more, and says so to whoever asks."""
    house.sql("UPDATE owner SET epoch = epoch + 1")
    reply = house.tell(lambda reply: an_open(reply, 25))
    house.settle()
    assert "was deposed" in str(house.system.fatal.get(0))
    assert reply.get(0).denial.reason is DenialReason.DEPOSED
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
    inject(actors.position.actor, "advanced", times=3)
    inject(WalletActor, "_flush", times=1)
    while any(house.position(i).status is PositionStatus.OPEN for i in ids):
        house.price(110)
    assert len([e for e in house.entries() if str(e.entry_type) == "position_close"]) == 20
    assert house.check().failed_checks == ()
