"""An exchange as a feed, where markets fail: what the session tells on its way to them."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pykka
import pytest
from structlog.testing import capture_logs

from actors.engine.clock import SystemClock
from actors.engine.directory import Directory
from actors.market.messages import SetPause, TakePrices
from actors.published import Published, Version
from backstay.feeds.live.venue_feed import VenueFeed
from backstay.feeds.venues.registry import VENUES
from backstay.feeds.venues.spelling import Listing

SECONDS = 60.0
LISTINGS = [
    Listing(symbol="BTCUSD", venue_symbol="BTC/USD"),
    Listing(symbol="ETHUSD", venue_symbol="ETH/USD"),
]


class Floor:
    """Markets of which some are `away`: they have failed, and have no next life yet."""

    def __init__(self) -> None:
        self.directory = Directory()
        self.published = Published(Version())
        for listing in LISTINGS:
            self.directory.markets[listing.symbol] = Market(listing.symbol, self)
        self.told: list[tuple[str, Any]] = []
        self.away: set[str] = set()
        self.asked = threading.Semaphore(0)


@dataclass
class Market:
    """Takes messages, unless it is away."""

    symbol: str
    floor: Floor

    def tell(self, message: Any) -> None:
        """Remember the message."""
        self.floor.asked.release()
        if self.symbol in self.floor.away:
            raise pykka.ActorDeadError
        self.floor.told.append((self.symbol, message))


@pytest.fixture
def floor() -> Floor:
    """Two markets, both there."""
    return Floor()


@pytest.fixture
def feed(floor: Floor) -> Iterator[VenueFeed]:
    """Not started: the test is its session."""
    feed = VenueFeed(VENUES["kraken"], LISTINGS, floor.directory, floor.published, SystemClock())
    yield feed
    feed.ask_to_stop()


def telling(what: Any, *arguments: Any) -> threading.Thread:
    """The session's thread, which tells one thing."""
    thread = threading.Thread(target=what, args=arguments, daemon=True)
    thread.start()
    return thread


def test_a_loss_reaches_every_market_also_one_that_begins_again(
    feed: VenueFeed, floor: Floor
) -> None:
    """Those that are there are paused at once; the next life of another one begins paused."""
    floor.away = {"BTCUSD"}
    session = telling(feed.lost, "reset")
    assert all(floor.asked.acquire(timeout=SECONDS) for _ in range(4))
    why = "the connection to kraken is lost: reset"
    assert floor.told == [("ETHUSD", SetPause(why=why))]
    assert floor.published.feed_pauses == {"BTCUSD": why, "ETHUSD": why}
    floor.away = set()
    session.join(SECONDS)
    assert floor.told[1:] == [("BTCUSD", SetPause(why=why))]


def test_prices_wait_for_a_market_that_begins_again(feed: VenueFeed, floor: Floor) -> None:
    """They cost no connection, keep their order, and the metric shows the wait."""
    floor.away = {"BTCUSD"}
    prices = [Decimal(1)], [1]
    session = telling(feed.prices, "BTC/USD", *prices)
    assert all(floor.asked.acquire(timeout=SECONDS) for _ in range(3))
    assert feed.status().blocked_us > 0
    floor.away = set()
    session.join(SECONDS)
    feed.served("BTC/USD")
    taken = TakePrices(prices=prices[0], times_us=prices[1])
    assert floor.told == [("BTCUSD", taken), ("BTCUSD", SetPause(why=None))]
    assert floor.published.feed_pauses == {"BTCUSD": None}


def test_a_stop_waits_for_no_market(feed: VenueFeed, floor: Floor) -> None:
    """One that never comes back does not keep the session's thread."""
    floor.away = {"BTCUSD"}
    session = telling(feed.refused, "BTC/USD", "no such pair")
    assert floor.asked.acquire(timeout=SECONDS)
    feed.ask_to_stop()
    session.join(SECONDS)
    assert not session.is_alive()
    assert floor.told == []


def test_what_a_venue_says_is_kept_short_and_printable(feed: VenueFeed, floor: Floor) -> None:
    """It goes into events, which the database must take, and to people's phones."""
    feed.refused("BTC/USD", "no\x00such\npair " + "x" * 100_000)
    ((_, pause),) = floor.told
    assert "no such pair xxx" in pause.why
    assert len(pause.why) < 300


def test_clocks_that_disagree_are_told_in_log_metric_and_readiness(
    feed: VenueFeed, floor: Floor
) -> None:
    """Once when it begins and once when it is over, whatever was rejected meanwhile."""
    feed._trouble, feed._waiting = None, set()
    clock, now_us = feed._session.state.clock, SystemClock().now_us()
    assert feed.trouble() is None
    clock.note(now_us + 7_000_000, now_us, 0)
    with capture_logs() as said:
        for price in ("0", "100", "101"):
            feed.prices("BTC/USD", [Decimal(price)], [now_us + 7_000_000])
    assert feed.trouble() == (
        "kraken: its trades are stamped 7.0 s ahead of this machine's clock and rejected beyond "
        "5 s: set the clock"
    )
    assert feed.status().clock_ahead_seconds == 7
    for at in (11, 22):
        clock.note(now_us - 50_000, now_us, at)
    assert [one["event"].partition(":")[0] for one in said] == ["clocks disagree"]
    with capture_logs() as said:
        feed.prices("BTC/USD", [Decimal(102)], [now_us])
    assert feed.trouble() is None
    assert [one["event"] for one in said] == ["clocks agree again"]
