"""A venue's own name of a market, from a user's spelling."""

from dataclasses import dataclass

from backstay.feeds.venues.venue import Venue
from trading.symbols import market_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A market at a venue: our normalised symbol, and the venue's spelling of it."""

    symbol: str
    venue_symbol: str


def listing(text: str, venue: Venue) -> Listing:
    """Find how a venue spells what a user writes: `btc-usd`, `BTCUSD` or `XBT/USD`.

    A separator divides base from quote; without one, the longest known quote currency does.

    Raises:
        ValueError: naming the text, if it does not name a market, names a perpetual, or does not
            tell base from quote.
    """
    name = market_name(text)
    if name.perpetual is not None:
        raise ValueError(
            f"symbol {text!r} is a perpetual, and the venues' feeds bring spot prices: "
            f"write {name.symbol} to have those guard it"
        )
    if name.base is None or name.quote is None:
        raise ValueError(
            f"symbol {text!r} does not separate its base from its quote currency:"
            " write it with a separator, as BTC/USD"
        )
    return Listing(symbol=name.symbol, venue_symbol=venue.spell(name.base, name.quote))
