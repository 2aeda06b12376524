"""Every venue by its name."""

from collections.abc import Mapping
from types import MappingProxyType

from feeds.venues.binance import BINANCE
from feeds.venues.bybit import BYBIT
from feeds.venues.coinbase import COINBASE
from feeds.venues.kraken import KRAKEN
from feeds.venues.okx import OKX
from feeds.venues.venue import Venue

VENUES: Mapping[str, Venue] = MappingProxyType(
    {venue.name: venue for venue in (BINANCE, KRAKEN, COINBASE, BYBIT, OKX)}
)
