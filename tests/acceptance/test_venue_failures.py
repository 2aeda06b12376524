"""A market that fails on what its exchange tells it: its next life knows."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from actors.engine.dispatcher import PooledDispatcher
from actors.market.events import MarketEvents
from actors.published import MarketStatus
from backstay.feeds.live.venue_feed import VenueFeed
from backstay.feeds.venues.spelling import Listing
from harness.http_api import until
from harness.venues.listening import HURRIED, hurried
from harness.venues.server import VenueServer
from tests.acceptance.conftest import Log
from tests.acceptance.faults import Inject
from tests.acceptance.house import SYMBOL, House, running

SPELLED = "BTC/USDT"


@pytest.fixture
def house(log: Log) -> Iterator[House]:
    """On its own threads; failures are to be expected."""
    log.failures_expected = True
    with running("sqlite://", dispatcher=PooledDispatcher()) as house:
        yield house


@pytest.fixture
def venue(house: House) -> Iterator[VenueServer]:
    """The exchange, where the house's market is subscribed and has a price of 100."""
    listings = [Listing(symbol=SYMBOL, venue_symbol=SPELLED)]
    with VenueServer("kraken") as venue:
        feed = VenueFeed(
            hurried("kraken"),
            listings,
            house.system.directory,
            house.system.published,
            house.dispatcher.clock,
            url=venue.url,
            timing=HURRIED,
        )
        feed.start()
        venue.wait_subscribed(SPELLED)
        venue.trade(SPELLED, "100")
        until(lambda: price(house) == 100)
        yield venue
        feed.stop(5.0)


def market(house: House) -> MarketStatus:
    """What the market has published."""
    return house.system.published.markets[SYMBOL]


def price(house: House) -> Decimal | None:
    """The market's last accepted price."""
    last = market(house).last
    return None if last is None else last.price


def test_a_market_that_fails_at_its_pause_begins_again_paused(
    house: House, venue: VenueServer, inject: Inject
) -> None:
    """While the connection is down it is not to be acted on, whatever its former life has heard."""
    inject(MarketEvents, "paused")
    venue.refuse_connections()
    venue.drop()
    until(lambda: market(house).pause is not None)
    venue.accept_connections()
    venue.wait_subscribed(SPELLED)
    venue.trade(SPELLED, "101")
    until(lambda: price(house) == 101)
    assert market(house).pause is None
