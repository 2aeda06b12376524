"""What Prometheus reads says what is so: books, ladders, prices and the engine."""

from collections.abc import Callable
from decimal import Decimal
from functools import partial

import pytest

from actors.desk.messages import SetTrading
from actors.engine.dispatcher import PooledDispatcher
from actors.market.actor import MarketActor
from actors.market.messages import SetPause
from actors.position.messages import ChangePosition
from backstay.service.metrics.metrics import Metrics
from tests.acceptance.conftest import Log
from tests.acceptance.faults import Inject
from tests.acceptance.house import SYMBOL, House
from tests.acceptance.scrapes import StubFeed, feeds
from tests.acceptance.scrapes import value as value_of
from tests.unit.accounts import a_ladder
from trading.exits.level import Level
from trading.model import DenialReason, Side
from trading.positions.changing import Changes

Houses = Callable[..., House]
Value = Callable[..., float | None]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def value(metrics: Metrics) -> Value:
    return partial(value_of, metrics)


@pytest.fixture
def house(a_house: Houses, metrics: Metrics) -> House:
    """A house that is measured, with an account of 100 and a price of 100."""
    return measured(a_house, metrics)


def measured(a_house: Houses, metrics: Metrics, **how: object) -> House:
    house = a_house(listeners={"metrics": metrics.count}, **how)
    metrics.watch(house.system, house.dispatcher)
    metrics.watch_feeds(house.system, feeds(StubFeed("kraken", SYMBOL)))
    house.open_account(100)
    house.price(100)
    return house


def test_a_feed_shows_how_it_stands(house: House, value: Value) -> None:
    """Whether it is connected, when it last spoke, and what its markets cost it."""
    names = {
        "feed_connected": 1,
        "feed_last_message_timestamp_seconds": 1_800_000_000,
        "feed_reconnects_total": 2,
        "feed_blocked_seconds_total": 1.5,
        "feed_unknown_frames_total": 7,
    }
    assert {name: value(name, venue="kraken") for name in names} == names


def test_a_changed_balance_shows_as_drift(house: House, value: Value) -> None:
    """By the next health check, in the check that fails; and it goes with the repair."""
    assert value("wallet_healthy", account="demo") is None
    assert value("health_check_last_success_timestamp_seconds", account="demo") == 0
    house.advance(5)
    house.check()
    checked_at = house.dispatcher.clock.now_us() / 1_000_000
    assert value("wallet_healthy", account="demo") == 1
    assert value("wallet_drift", account="demo", check="total") == 0
    unit = 10**8 if house.url.startswith("sqlite") else 1
    house.sql(f"UPDATE accounts SET total = total - 0.18 * {unit}")
    house.advance(5)
    house.check()
    assert value("wallet_healthy", account="demo") == 0
    assert value("wallet_drift", account="demo", check="total") == -0.18
    assert value("wallet_drift", account="demo", check="locked") == 0
    assert value("wallet_first_divergent_entry", account="demo") == 1
    assert value("trading_paused", by="health") == 1
    assert value("health_checks_total", result="mismatch") == 1
    last_success = value("health_check_last_success_timestamp_seconds", account="demo")
    assert last_success == pytest.approx(checked_at)
    house.sql(f"UPDATE accounts SET total = total + 0.18 * {unit}")
    house.check()
    assert value("wallet_healthy", account="demo") == 1
    assert value("wallet_drift", account="demo", check="total") == 0
    assert value("wallet_first_divergent_entry", account="demo") == 0
    assert value("health_checks_total", result="healthy") == 2


def test_rungs_and_open_positions_are_counted(house: House, value: Value) -> None:
    """By rung and side, as they are committed; a gap counts every rung that it passes."""
    house.open(25)
    house.open(25)
    house.open(25, Side.SHORT)
    assert value("positions_open", side="LONG") == 2
    assert value("positions_open", side="SHORT") == 1
    house.price(103)
    assert value("take_profit_hits_total", rung="1", side="LONG") == 2
    assert value("take_profit_hits_total", rung="2", side="LONG") == 0
    assert value("stop_loss_moves_total", to="breakeven") == 2
    house.price(110)
    assert value("take_profit_hits_total", rung="3", side="LONG") == 2
    assert value("take_profit_hits_total", rung="1", side="SHORT") == 0
    assert value("stop_loss_moves_total", to="rung") == 2  # the last rung closes
    assert value("positions_open", side="LONG") == 0
    assert value("positions_open", side="SHORT") == 0
    assert value("positions_closed_total", reason="TAKE_PROFIT", side="LONG") == 2
    assert value("positions_closed_total", reason="STOP_LOSS", side="SHORT") == 1
    assert value("positions_opened_total", side="LONG") == 2
    assert value("ledger_entries_total", type="position_close") == 3
    assert value("position_close_seconds_count") == 3


def test_money_is_counted_to_the_last_digit(house: House, value: Value) -> None:
    """Gains, losses and costs are those of the ledger's entries, and add up to the balance."""
    house.open(25, ladder=a_ladder(3, 6, 10, closes=("0.5", 0, "0.5")))
    house.open(25, Side.SHORT)
    house.price(103, 106, 111)
    nets = [one.total_change for one in house.entries() if one.operation != "opening"]
    gains, losses = (value(name) for name in ("gains_total", "losses_total"))
    assert gains == float(sum(net for net in nets if net > 0))
    assert losses == float(-sum(net for net in nets if net < 0))
    wallet = house.wallet()
    assert value("wallet_balance", account="demo", kind="total") == float(wallet.total)
    assert value("wallet_balance", account="demo", kind="locked") == float(wallet.locked)
    assert value("wallet_balance", account="demo", kind="available") == float(wallet.available)
    kinds = ("entry_fee", "exit_fee", "spread", "slippage")
    booked = [house.position(number).costs for number in (1, 2)]
    for kind in kinds:
        assert value("costs_total", kind=kind) == float(sum(getattr(c, kind) for c in booked))


def test_a_loss_beyond_the_wallet_is_a_shortfall(house: House, value: Value) -> None:
    """And that part's whole loss is among the losses."""
    wide = a_ladder(50, stop=60)
    position_id = house.open(95, Side.SHORT, ladder=wide).position_id
    house.price(149, 222)
    assert value("shortfalls_total") == value("ledger_entries_total", type="shortfall") == 1
    assert value("losses_total") == float(-house.position(position_id).net_pnl)
    assert value("gains_total") == 0


def test_a_close_by_hand_has_waited_for_no_price(house: House, value: Value) -> None:
    """It is no part of how long closes take."""
    house.close(house.open(25).position_id)
    assert value("positions_closed_total", reason="MANUAL", side="LONG") == 1
    assert value("position_close_seconds_count") == 0


def test_moves_and_denials_are_counted_by_what_they_were(house: House, value: Value) -> None:
    """A person's move of a stop, and each refused open by its reason."""
    position = house.open(25)
    stop = Decimal(99)
    house.ask(
        lambda reply: ChangePosition(
            position_id=position.position_id, changes=Changes(stop_loss=Level(stop)), reply_to=reply
        )
    )
    house.denied(500)
    house.ask(lambda reply: SetTrading(account=None, paused=True, reason="a test", reply_to=reply))
    house.denied(25)
    assert value("stop_loss_moves_total", to="manual") == 1
    assert value("opens_denied_total", reason=str(DenialReason.INSUFFICIENT_BALANCE)) == 1
    assert value("opens_denied_total", reason=str(DenialReason.TRADING_PAUSED)) == 1
    assert value("trading_paused", by="operator") == 1


def test_after_a_restart_counters_begin_again_and_gauges_are_restored(
    house: House, a_house: Houses
) -> None:
    """The standard for counters; open positions are those of the database."""
    house.open(25)
    house.open(10, Side.SHORT)
    house.price(103)
    metrics = Metrics()
    house = a_house(listeners={"metrics": metrics.count})
    metrics.watch(house.system, house.dispatcher)
    value = partial(value_of, metrics)
    assert value("take_profit_hits_total", rung="1", side="LONG") == 0
    assert value("positions_open", side="LONG") == 1
    assert value("positions_open", side="SHORT") == 1
    house.price(106)
    assert value("take_profit_hits_total", rung="2", side="LONG") == 1
    assert value("positions_open", side="LONG") == 1
    assert value("positions_open", side="SHORT") == 0


def test_prices_are_counted_by_verdict_also_over_a_markets_lives(
    house: House, value: Value, inject: Inject, log: Log
) -> None:
    """A market that failed counts from 0 again; the counter of its feed does not."""
    house.price(101, -1)
    house.price(1, symbol="ETHUSDT")
    assert value("prices_total", venue="kraken", result="accepted") == 2
    assert value("prices_total", venue="kraken", result="rejected") == 1
    assert value("prices_total", venue="api", result="accepted") == 1
    log.failures_expected = True
    inject(MarketActor, "_take_all")
    house.price(102)
    house.advance(1)
    house.price(103)
    assert value("actor_restarts_total", actor="market") == 1
    assert value("prices_total", venue="kraken", result="accepted") == 3
    assert value("prices_total", venue="kraken", result="rejected") == 1


def test_markets_are_counted_by_state(house: House, value: Value) -> None:
    """Of which a lost connection pauses some."""
    house.price(1, symbol="ETHUSDT")
    house.system.directory.to_market(SYMBOL, SetPause(why="its venue's connection is down"))
    house.settle()
    assert value("markets", state="LIVE") == 1
    assert value("markets", state="PAUSED") == 1
    assert value("trading_paused", by="network") == 1


def test_a_stop_that_is_not_honoured_shows(house: House, value: Value) -> None:
    """A price beyond it was accepted, and the position is open: here, its close is not written."""
    house.open(25)
    house.open(25)
    assert value("positions_beyond_stop") == 0
    house.system.directory.positions.clear()
    house.price(95)
    assert value("positions_beyond_stop") == 2


def test_commits_are_measured(a_house: Houses, metrics: Metrics, value: Value) -> None:
    """How many changes and how long; and those that failed, by why."""
    house = measured(a_house, metrics, faulty=True)
    transactions = value("commit_seconds_count")
    house.faults.down = True
    house.tell(lambda reply: SetTrading(account=None, paused=True, reason="a test", reply_to=reply))
    house.settle()
    assert value("database_up") == 0
    assert value("commit_failures_total", kind="unavailable") == 1
    assert value("mailbox_depth", actor="committer") == 1
    house.faults.down = False
    house.advance(10)
    assert value("database_up") == 1
    assert value("mailbox_depth", actor="committer") == 0
    assert transactions is not None
    assert value("commit_seconds_count") == value("commit_changes_count") == transactions + 1


def test_failed_commits_are_counted_by_how_they_failed(
    a_house: Houses, metrics: Metrics, value: Value, log: Log
) -> None:
    """One whose answer is lost, and one that the database refuses."""
    house = measured(a_house, metrics, faulty=True)
    house.faults.lose_answers = 1
    house.tell(lambda reply: SetTrading(account=None, paused=True, reason="a test", reply_to=reply))
    house.settle()
    house.advance(10)
    kinds = ("unavailable", "unknown", "refused")
    assert [value("commit_failures_total", kind=kind) for kind in kinds] == [0, 1, 0]
    house.ask(lambda reply: SetTrading(account=None, paused=False, reason="a test", reply_to=reply))
    log.failures_expected = True
    house.sql("UPDATE accounts SET version = version + 1")
    house.denied(25)
    assert [value("commit_failures_total", kind=kind) for kind in kinds] == [0, 1, 1]


def test_what_actors_do_is_timed(a_house: Houses, metrics: Metrics, value: Value) -> None:
    """By kind: how many messages, and how long they took."""
    dispatcher = PooledDispatcher()
    house = a_house(dispatcher=dispatcher, listeners={"metrics": metrics.count})
    metrics.watch(house.system, dispatcher, dispatcher.worked)
    house.open_account(100)
    house.price(100)
    house.open(25)
    house.price(110)
    house.settle()
    # A position is told of the price, of its booking, and to stop.
    assert value("message_seconds_count", actor="position") == 3
    assert (value("message_seconds_count", actor="market") or 0) > 2
    assert (value("message_seconds_sum", actor="committer") or 0) > 0
    assert (value("position_close_seconds_sum") or 0) > 0
