"""What the usual life brings makes no alert: typing errors, restarts, feeds that are over."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Any

import pytest

from actors.commit.messages import Announced
from actors.engine.pooled import stop_soon
from actors.market.messages import SetPause, TakePrices
from actors.published import MarketStatus
from backstay.service.metrics import Metrics
from persistence.changes import Change
from tests.acceptance.house import SYMBOL, House
from tests.acceptance.scrapes import StubFeed, feeds
from tests.acceptance.scrapes import value as value_of
from trading.events.positions import OpenDenied
from trading.exits.notation import exits_from
from trading.model import Side

Houses = Callable[..., House]
Value = Callable[..., float | None]
OTHER = "ETHUSDT"


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def value(metrics: Metrics) -> Value:
    return partial(value_of, metrics)


@pytest.fixture
def feed() -> StubFeed:
    return StubFeed("kraken", SYMBOL)


@pytest.fixture
def house(a_house: Houses, metrics: Metrics, feed: StubFeed) -> House:
    """A measured house with an account of 100; a feed brings one symbol, nobody another."""
    house = a_house(listeners={"metrics": metrics.count})
    metrics.watch(house.system, house.dispatcher)
    metrics.watch_feeds(house.system, feeds(feed))
    house.open_account(100)
    house.price(100)
    house.price(100, symbol=OTHER)
    return house


def test_a_market_that_nobody_needs_is_not_stale(house: House, value: Value) -> None:
    """One that was priced once, or was dropped from a feed, counts while a position needs it."""
    assert value("markets", state="LIVE") == 2
    position = house.open(25, symbol=OTHER)
    house.advance(61)
    assert value("markets", state="STALE") == 2
    house.price(100, symbol=OTHER)
    house.close(position.position_id)
    house.advance(61)
    assert value("markets", state="STALE") == 1
    house.price(1000, symbol=OTHER)
    assert value("markets", state="QUARANTINED") == 0


def test_a_feed_that_is_over_leaves_no_stale_market(
    house: House, feed: StubFeed, value: Value
) -> None:
    """It is not down, and what it brought is missed only by open positions."""
    feed.ended = True
    assert value("feed_ended", venue="kraken") == 1
    house.advance(61)
    assert value("markets", state="STALE") == 0
    house.price(100)
    house.open(25)
    house.advance(61)
    assert value("markets", state="STALE") == 1


def test_a_passed_stop_counts_also_while_its_market_is_paused(house: House, value: Value) -> None:
    """Whatever keeps it from acting, it is past what is traded."""
    house.open(25)
    house.open(25, symbol=OTHER)
    house.system.directory.positions.clear()
    house.price(95)
    house.price(95, symbol=OTHER)
    assert value("positions_beyond_stop") == 2
    house.system.directory.to_market(OTHER, SetPause(why="its venue's connection is down"))
    house.settle()
    assert value("positions_beyond_stop") == 2


def test_an_open_of_an_unknown_symbol_is_no_dead_letter(house: House, value: Value) -> None:
    """It is denied: somebody's typing error is no fault of ours."""
    house.denied(25, symbol="TYPO")
    assert value("dead_letters_total") == 0


def test_a_feed_s_retries_are_no_dead_letters(house: House, value: Value) -> None:
    """It keeps what a market did not take, and tells it to the next life, many times a second."""
    stop_soon(house.system.directory.markets[SYMBOL])
    house.settle()
    directory, message = house.system.directory, TakePrices(prices=[], times_us=[])
    assert not any(directory.offer_to_market(SYMBOL, message) for _ in range(20))
    assert value("dead_letters_total") == 0


def test_a_commit_between_two_looks_is_counted(house: House, metrics: Metrics) -> None:
    """One that is announced while metrics begin to watch is in what they begin with."""

    class Busy:
        """A lock that is got only after somebody has opened a position."""

        def __enter__(self) -> None:
            house.open(25)

        def __exit__(
            self,
            exception_type: type[BaseException] | None,
            exception: BaseException | None,
            traceback: TracebackType | None,
        ) -> None: ...

    late = Metrics()
    late._commits._lock = Busy()  # type: ignore[assignment]
    late.watch(house.system, house.dispatcher)
    late._commits._lock = metrics._commits._lock
    assert value_of(late, "positions_open", side="LONG") == 1


ODD = 'öl "x"\\\n{y="1"}'


def test_a_scrape_never_fails_for_what_it_did_not_expect(house: House, metrics: Metrics) -> None:
    """Names, reasons and actors that no list knows are shown, and the rest is as it was."""
    house.check()
    published, stats = house.system.published, house.system.directory.stats
    published.health[ODD] = replace(published.health["demo"], account=ODD)
    published.markets[ODD] = MarketStatus(
        symbol=ODD, last=None, received_us=None, price_age_us_max=1
    )
    stats.restarted("poltergeist")
    denied: dict[str, Any] = {"symbol": ODD, "side": Side.LONG, "text": ODD, "time_us": 1}
    event = OpenDenied(account=ODD, reason="whim", **denied)
    change = Change(account=ODD, events=(event,))
    metrics.count(Announced(commit_id=0, first_event_id=1, changes=(change,)))
    metrics.watch_feeds(house.system, feeds(StubFeed(ODD), StubFeed("api", OTHER)))
    value = partial(value_of, metrics)
    assert value("wallet_healthy", account=ODD) == value("wallet_healthy", account="demo") == 1
    assert value("opens_denied_total", reason="whim") == 1
    assert value("actor_restarts_total", actor="poltergeist") == 1
    assert value("feed_connected", venue=ODD) == 1


def test_a_silent_market_leaves_a_time_stop_overdue_until_its_next_price(
    house: House, value: Value
) -> None:
    """Nothing closes without a price; the alert stands on this count."""
    house.open(25, ladder=exits_from({"close_after": "1h"}).over())
    house.advance(3_599)
    assert value("positions_past_time_stop") == 0
    house.advance(2)
    assert value("positions_past_time_stop") == 1
    house.price(100)
    assert value("positions_past_time_stop") == 0


def test_a_trail_s_moves_are_counted_as_such(house: House, value: Value) -> None:
    """A step that does not tighten the stop moves nothing."""
    trail = {"stop_loss": "1%", "take_profits": "none", "trailing": "2%"}
    house.open(25, ladder=exits_from(trail).over())
    house.price("100.5")
    assert value("stop_loss_moves_total", to="trail") == 0
    house.price(102, 103)
    assert value("stop_loss_moves_total", to="trail") == 2


def test_a_rung_s_move_to_breakeven_counts_before_costs_and_after(
    house: House, value: Value
) -> None:
    """Both are breakeven; a level of the rung's own is another place, and `keep` moves nothing."""
    rungs = {"take_profits": "1%>breakeven;2%>breakeven_net;3%>keep;4%>101.5;9%"}
    house.open(25, ladder=exits_from(rungs).over())
    house.price(101, 102, 103, 104)
    assert value("stop_loss_moves_total", to="breakeven") == 2
    assert value("stop_loss_moves_total", to="rung") == 1
