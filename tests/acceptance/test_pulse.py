"""Liveness and readiness: what stands still, and what keeps commands away."""

import json
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from actors.engine.pooled import stop_soon
from actors.engine.supervised import ActorFailed
from actors.market.messages import HearPrices, PricesHeard, SetPause, TakePrices
from actors.messages import Reply
from actors.wallet.messages import OpenDone
from backstay.service.metrics import Metrics
from backstay.service.running.pulse import Pulse
from tests.acceptance.house import SYMBOL, House, an_open, running
from tests.acceptance.scrapes import value
from trading.model import DenialReason


class Surroundings:
    """What a pulse is told of by the dispatcher and the feeds."""

    def __init__(self) -> None:
        self.busy_us = {"pool-0": 0}
        self.feed_trouble: str | None = None


@pytest.fixture
def surroundings() -> Surroundings:
    return Surroundings()


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An account that was there before the pulse began, on a database that can fail."""
    with running(f"sqlite:///{tmp_path / 'backstay.db'}", faulty=True) as house:
        house.open_account(100)
        house.price(100)
        yield house


@pytest.fixture
def pulse(house: House, surroundings: Surroundings) -> Pulse:
    """A pulse that has begun to ping."""
    pulse = Pulse(
        house.system,
        house.dispatcher,
        busy_us=lambda: surroundings.busy_us,
        feed_trouble=lambda: surroundings.feed_trouble,
        audit_seconds=60,
    )
    pulse.start()
    return pulse


def test_a_process_whose_actors_answer_is_alive(house: House, pulse: Pulse) -> None:
    """For as long as they do."""
    house.advance(60)
    assert pulse.liveness().ok
    assert pulse.liveness().checks == {"desk": "ok", "committer": "ok", "workers": "ok"}


@pytest.mark.parametrize("name", ["desk", "committer"])
def test_an_actor_that_is_silent_for_ten_seconds_is_not_alive(
    house: House, pulse: Pulse, name: str
) -> None:
    """Not at once: it may be at something that takes long."""
    house.advance(3)
    stop_soon(getattr(house.system.directory, name))
    house.advance(8)
    assert pulse.liveness().ok
    house.advance(5)
    probe = pulse.liveness()
    assert not probe.ok
    assert [check for check, text in probe.checks.items() if text != "ok"] == [name]
    assert probe.checks[name].startswith("no answer for ")


def test_a_worker_that_stands_still_is_not_alive(pulse: Pulse, surroundings: Surroundings) -> None:
    """More than ten seconds at one slice of messages; a full audit may take longer."""
    surroundings.busy_us = {"pool-0": 10_000_000, "auditor-0": 60_000_000}
    assert pulse.liveness().ok
    surroundings.busy_us = {"pool-0": 1, "pool-1": 11_000_000}
    assert not pulse.liveness().ok


def test_a_stopped_pulse_pings_no_more(house: House, pulse: Pulse) -> None:
    """So that the actors come to rest for good."""
    pulse.stop()
    house.advance(20)
    assert not pulse.liveness().ok


def test_a_service_is_ready_after_its_first_health_check(house: House, pulse: Pulse) -> None:
    """An account that is opened later does not make it unready until its own first check."""
    assert not pulse.readiness().ok
    assert pulse.readiness().checks["health"] == "not checked yet: demo"
    house.check()
    house.open_account(100, account="later")
    assert pulse.readiness().ok
    assert pulse.readiness().checks == dict.fromkeys(
        ("owner", "database", "migrations", "health", "guards", "feed", "stops", "draining"), "ok"
    )


def test_a_deposed_owner_is_not_ready_and_owns_nothing(house: House, pulse: Pulse) -> None:
    """Its next commit finds another epoch: who waits is denied, and probes and figures say so."""
    metrics = Metrics()
    metrics.watch(house.system, house.dispatcher)
    house.check()
    assert (pulse.readiness().ok, value(metrics, "owner")) == (True, 1)
    house.sql("UPDATE owner SET epoch = epoch + 1")
    assert house.denied().reason is DenialReason.DEPOSED
    assert pulse.readiness().checks["owner"].startswith("deposed: another process")
    assert (pulse.readiness().ok, value(metrics, "owner")) == (False, 0)
    assert "was deposed" in str(house.system.fatal.get(0))


def test_what_is_set_aside_makes_it_not_ready_and_leaves_it_alive(
    house: House, pulse: Pulse
) -> None:
    """It names the account and the part; the figure counts it by its kind."""
    metrics = Metrics()
    metrics.watch(house.system, house.dispatcher)
    house.check()
    house.price(100)
    house.open(25)
    for _ in range(7):
        house.system.tell(ActorFailed(kind="position", key=1, error="as the test says"))
    house.settle()
    assert pulse.readiness().checks["guards"] == "set aside: account demo, position 1"
    assert not pulse.readiness().ok
    assert pulse.liveness().ok
    assert value(metrics, "set_aside", actor="position") == 1


def test_a_mismatch_makes_it_not_ready_and_leaves_it_alive(house: House, pulse: Pulse) -> None:
    """It goes on guarding; a restart would change nothing."""
    house.sql("UPDATE accounts SET total = total - 1")
    house.check()
    assert pulse.readiness().checks["health"] == "MISMATCH in demo"
    assert not pulse.readiness().ok
    assert pulse.liveness().ok
    house.sql("UPDATE accounts SET total = total + 1")
    house.check()
    assert pulse.readiness().ok


def test_books_that_are_not_checked_any_more_make_it_not_ready(house: House, pulse: Pulse) -> None:
    """A check that hangs, or fails each time, does not leave its last good word in force."""
    house.check()
    house.advance(150)
    assert pulse.readiness().ok
    house.advance(50)
    assert pulse.readiness().checks["health"] == "no check has come to an end for 200 s"
    house.check()
    assert pulse.readiness().ok


def test_an_outage_makes_it_not_ready_and_leaves_it_alive(house: House, pulse: Pulse) -> None:
    """Until the database is back."""
    house.check()
    house.faults.down = True
    waiting = house.tell(an_open)
    house.advance(60)
    assert pulse.readiness().checks["database"] == "away, the log says why"
    assert not pulse.readiness().ok
    assert pulse.liveness().ok
    house.faults.down = False
    house.advance(60)
    assert isinstance(waiting.get(0), OpenDone)
    assert pulse.readiness().ok


def unhonoured(symbol: str, why: str) -> str:
    return f"positions past their stop and open: 1 of {symbol} ({why})"


def ahead(house: House, price: int) -> None:
    """A price of a sender whose clock is 3 s more ahead than is allowed."""
    times_us = [house.dispatcher.clock.now_us() + 8_000_000]
    house.system.directory.to_market(SYMBOL, TakePrices(prices=[Decimal(price)], times_us=times_us))
    house.settle()


def paused(house: House, price: int) -> None:
    """A price that is on its way when the connection is lost."""
    house.system.directory.to_market(SYMBOL, SetPause(why="its venue's connection is down"))
    house.price(price)


def heard(house: House, price: int) -> None:
    """A price that somebody else than the feed knows of, while the connection is lost."""
    house.system.directory.to_market(SYMBOL, SetPause(why="its venue's connection is down"))
    reply = Reply()
    house.system.directory.to_market(SYMBOL, HearPrices(prices=[Decimal(price)], reply_to=reply))
    house.settle()
    assert reply.get(0) == PricesHeard()


def constant_times(house: House, price: int) -> None:
    """Prices of a sender whose times stand still."""
    times_us = [house.dispatcher.clock.now_us() - 1_000_000] * 2
    house.system.directory.to_market(
        SYMBOL, TakePrices(prices=[Decimal(price)] * 2, times_us=times_us)
    )
    house.settle()


@pytest.mark.parametrize(
    ("tell", "price", "why"),
    [
        (ahead, 90, "its prices are rejected"),
        (House.price, 40, "the price waits in quarantine"),
        (paused, 90, "its market is paused"),
        (heard, 90, "its market is paused"),
        (constant_times, 90, "its prices are ignored"),
    ],
)
def test_a_stop_beyond_what_is_traded_makes_it_not_ready_within_seconds(
    house: House, pulse: Pulse, tell: Callable[[House, int], object], price: int, why: str
) -> None:
    """Whatever keeps the price from acting, until it acts; the metric counts it at once."""
    metrics = Metrics()
    metrics.watch(house.system, house.dispatcher)
    house.check()
    house.price(100)
    house.open(25)
    tell(house, price)
    assert value(metrics, "positions_beyond_stop") == 1
    house.advance(4)
    assert pulse.readiness().checks["stops"] == unhonoured(SYMBOL, why)
    assert not pulse.readiness().ok
    house.system.directory.to_market(SYMBOL, SetPause(why=None))
    house.price(101)
    house.advance(2)
    assert value(metrics, "positions_beyond_stop") == 0
    assert pulse.readiness().ok


def test_a_stop_whose_close_cannot_be_written_makes_it_not_ready(
    house: House, pulse: Pulse
) -> None:
    """The position has no actor, or the database is away: each by its reason."""
    house.check()
    house.price(100)
    house.open(25)
    house.faults.down = True
    house.price(90)
    house.advance(5)
    assert pulse.readiness().checks["stops"] == unhonoured(SYMBOL, "the database is away")
    house.faults.down = False
    house.advance(20)
    assert pulse.readiness().ok
    house.price(100)
    house.open(25)
    house.system.directory.positions.clear()
    house.price(90)
    house.advance(4)
    assert pulse.readiness().checks["stops"] == unhonoured(SYMBOL, "its close is not written")


def stale_events(house: House) -> list[str]:
    """What was told of symbols without a price."""
    return [json.loads(event.data)["why"] for event in house.events("market_stale")]


def test_a_symbol_that_is_silent_while_others_trade_is_told_once(
    house: House, pulse: Pulse
) -> None:
    """Where positions are open on it; again only after a price has come in between."""
    house.open(25)
    for _ in range(8):
        house.advance(10)
        house.price(5, symbol="ETHUSDT")
    assert stale_events(house) == [
        "no price was accepted for 62 s, while prices of 1 other symbols come; "
        "no stop and no time stop acts without one"
    ]
    house.price(100)
    house.advance(70)
    house.settle()
    assert len(stale_events(house)) == 2


def test_a_silent_symbol_without_positions_is_nobody_s_trouble(house: House, pulse: Pulse) -> None:
    """An alert of the markets' states counts those that a feed brings."""
    house.advance(200)
    assert stale_events(house) == []


def test_a_feed_in_trouble_and_a_drain_make_it_not_ready(
    house: House, pulse: Pulse, surroundings: Surroundings
) -> None:
    """Each by its own check."""
    house.check()
    surroundings.feed_trouble = "the recording could not be read"
    assert pulse.readiness().checks["feed"] == "the recording could not be read"
    assert not pulse.readiness().ok
    surroundings.feed_trouble = None
    pulse.drain()
    assert pulse.readiness().checks["draining"] == "the service is stopping"
    assert not pulse.readiness().ok
    assert pulse.liveness().ok
