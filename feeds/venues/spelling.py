"""From what a user writes to a venue's own name of a market."""

import re
from dataclasses import dataclass

from feeds.venues.venue import Venue
from trading.symbols import normalised

_SEPARATORS = re.compile(r"[-_/:.\s]+")

# Quote currencies that are found at the end of an unseparated symbol. TUSD and BUSD are missing on
# purpose: GMTUSD is GMT in USD, and ARBUSD is ARB in USD.
_QUOTES = (
    "FDUSD",
    "USDT",
    "USDC",
    "USD",
    "EUR",
    "GBP",
    "CHF",
    "JPY",
    "AUD",
    "CAD",
    "TRY",
    "BRL",
    "DAI",
    "BTC",
    "ETH",
    "BNB",
)  # the longest first


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A market at a venue: our normalised symbol, and the venue's spelling of it."""

    symbol: str
    venue_symbol: str


def listing(text: str, venue: Venue) -> Listing:
    """Find how a venue spells what a user writes: `btc-usd`, `BTCUSD` or `XBT/USD`.

    A separator tells base from quote; without one, the longest known quote currency does.

    Raises:
        ValueError: naming the text, if it is no market's name or does not tell base from quote.
    """
    symbol = normalised(text)
    parts = [part.upper() for part in _SEPARATORS.split(text.strip())]
    if len(parts) == 1:
        quote = next((quote for quote in _QUOTES if symbol.endswith(quote)), "")
        parts = [symbol.removesuffix(quote), quote]
    if len(parts) != 2 or not all(parts):
        raise ValueError(
            f"symbol {text!r} does not tell its base from its quote currency:"
            " write it with a separator, as BTC/USD"
        )
    base, quote = ("BTC" if part == "XBT" else part for part in parts)
    return Listing(symbol=symbol, venue_symbol=venue.spell(base, quote))
