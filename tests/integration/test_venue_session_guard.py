"""What a venue's wild minutes do to an armed position: socket, session, guard and trigger book."""

import time
from collections.abc import Iterator, Sequence
from decimal import Decimal

import pytest

from actors.engine.directory import Directory
from actors.engine.dispatcher import PooledDispatcher
from actors.market.actor import MarketActor
from actors.market.messages import Arm, TakePrices
from actors.position.messages import PriceReached
from actors.probe import TestProbe
from actors.published import Published, Version
from harness.venues.listening import RecordingSink, hurried, listening
from harness.venues.server import VenueServer, trades_of
from trading.positions.judging import Triggers

SYMBOL = "BTC/USD"


class Market(RecordingSink):
    """A market with one long position, stopped at 95 and taking profit at 130."""

    def __init__(self, dispatcher: PooledDispatcher) -> None:
        super().__init__()
        self.position = TestProbe(name="position")
        directory = Directory()
        directory.positions[1] = self.position
        self._dispatcher = dispatcher
        self._published = Published(Version())
        actor = MarketActor(directory, dispatcher.clock, "BTCUSD", published=self._published)
        self._ref = dispatcher.start(actor)
        triggers = Triggers(low=Decimal(95), high=Decimal(130))
        self._ref.tell(Arm(position_id=1, triggers=triggers, after=None))

    def prices(self, symbol: str, prices: list[Decimal], times_us: list[int]) -> None:
        """Pass them on, as the service does."""
        self._ref.tell(TakePrices(prices=prices, times_us=times_us))
        super().prices(symbol, prices, times_us)

    def reached(self) -> Decimal:
        """The first price that acted."""
        return self.position.expect(PriceReached, within=5.0).price

    def counts(self) -> tuple[int, int, int]:
        """How many prices were accepted, quarantined and ignored of those that came."""
        assert self._dispatcher.wait_until_idle(5.0)
        status = self._published.markets["BTCUSD"]
        return status.accepted, status.quarantined, status.ignored


@pytest.fixture
def market() -> Iterator[Market]:
    """The market on a thread of its own."""
    dispatcher = PooledDispatcher({"pool": 1})
    yield Market(dispatcher)
    dispatcher.close()


def reached(market: Market, prices: Sequence[str], *, apart_us: int = 1_000) -> Decimal:
    """The first price that acts when a venue sends these, so far apart in its own time."""
    with VenueServer("kraken") as server, listening(hurried("kraken"), server.url, sink=market):
        server.wait_subscribed(SYMBOL)
        server.send(trades_of(SYMBOL, prices, apart_us=apart_us))
        market.wait_for(f"price {SYMBOL}", prices[-1])
        return market.reached()


def test_a_fall_of_74_percent_in_small_ticks_stops_the_position_at_its_stop(
    market: Market,
) -> None:
    """A crash that was recorded is a crash: each tick is judged against the one before."""
    prices = [f"{100 - 0.074 * step:.3f}" for step in range(1_001)]
    assert reached(market, prices) == Decimal("94.968")
    assert market.counts() == (1_001, 0, 0)


def test_an_absurd_spike_and_its_return_act_on_nobody(market: Market) -> None:
    """A slip of the decimal point takes no profit and loses none."""
    prices = ["100", "100.1", "1001", "100.2", "10", "99.9", "94.9"]
    assert reached(market, prices) == Decimal("94.9")
    assert market.counts() == (5, 2, 0)


def test_a_fall_of_60_percent_that_stays_acts_once_it_is_confirmed(market: Market) -> None:
    """Three prices near it, over more than a second: then it is the market."""
    prices = ["100", "40", "40.1", "39.9", "40.2", "40.05"]
    assert reached(market, prices, apart_us=600_000) == Decimal("40.2")
    assert market.counts() == (3, 3, 0)


def test_trades_out_of_order_never_move_a_market_backwards(market: Market) -> None:
    """An old price, late, is seen and ignored."""
    now_us = time.time_ns() // 1000
    with VenueServer("kraken") as server, listening(hurried("kraken"), server.url, sink=market):
        server.wait_subscribed(SYMBOL)
        for age_us, price in ((2_000, "100"), (3_000, "90"), (1_000, "101"), (4_000, "131")):
            server.trade(SYMBOL, price, time_us=now_us - age_us)
        server.trade(SYMBOL, "94", time_us=now_us)
        assert market.reached() == Decimal(94)
    assert market.counts() == (3, 0, 2)
