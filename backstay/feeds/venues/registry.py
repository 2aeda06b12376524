"""The venues, by name."""

from collections.abc import Mapping
from types import MappingProxyType

from backstay.feeds.venues.binance import BINANCE
from backstay.feeds.venues.bybit import BYBIT
from backstay.feeds.venues.coinbase import COINBASE
from backstay.feeds.venues.kraken import KRAKEN
from backstay.feeds.venues.okx import OKX
from backstay.feeds.venues.venue import Venue

VENUES: Mapping[str, Venue] = MappingProxyType(
    {venue.name: venue for venue in (BINANCE, KRAKEN, COINBASE, BYBIT, OKX)}
)
