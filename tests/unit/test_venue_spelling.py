"""From what a user writes to a venue's name of a market."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds.venues.registry import VENUES
from backstay.feeds.venues.spelling import Listing, listing

CURRENCIES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("venue", "spelled"),
    [
        ("binance", "BTCUSD"),
        ("kraken", "BTC/USD"),
        ("coinbase", "BTC-USD"),
        ("bybit", "BTCUSD"),
        ("okx", "BTC-USD"),
    ],
)
@pytest.mark.parametrize("text", ["BTCUSD", "btc-usd", "BTC/USD", "XBT/USD", "xbtusd", " btc_usd "])
def test_every_way_to_write_a_market_finds_the_venues_own(
    text: str, venue: str, spelled: str
) -> None:
    """Separators, case and XBT make no difference; the venue is asked in its own spelling."""
    assert listing(text, VENUES[venue]) == Listing(symbol="BTCUSD", venue_symbol=spelled)


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("BTCUSDT", "BTC/USDT"),
        ("BTCFDUSD", "BTC/FDUSD"),
        ("GMTUSD", "GMT/USD"),
        ("ARBUSD", "ARB/USD"),
        ("ETHXBT", "ETH/BTC"),
        ("USDTUSD", "USDT/USD"),
        ("1INCHEUR", "1INCH/EUR"),
        ("FOO-BAR", "FOO/BAR"),
        ("wif.usdc", "WIF/USDC"),
    ],
)
def test_the_longest_known_quote_currency_splits_what_has_no_separator(
    text: str, spelled: str
) -> None:
    """A separator decides alone, also where the quote currency is not known."""
    assert listing(text, VENUES["kraken"]).venue_symbol == spelled


@pytest.mark.parametrize("text", ["BTCXYZ", "USDT", "BTC", "BTC-USDT-FOO", "BTC/", "/USD"])
def test_what_does_not_tell_base_from_quote_is_refused_with_the_remedy(text: str) -> None:
    """The message names the text, and what to write."""
    with pytest.raises(ValueError, match="write it with a separator, as BTC/USD") as caught:
        listing(text, VENUES["kraken"])
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["BTCUSDT.P", "BTC-USDT-PERP", "BTC/USDT:USDT"])
def test_a_perpetual_is_refused_because_a_feed_brings_spot_prices(text: str) -> None:
    """An operator who wants the spot market's prices to guard writes its name."""
    with pytest.raises(ValueError, match="write BTCUSDT to have those guard it"):
        listing(text, VENUES["kraken"])


@pytest.mark.parametrize(
    ("text", "spelled"),
    [("XDGUSD", "DOGE/USD"), ("XDG/XBT", "DOGE/BTC"), ("KRAKEN:XBTUSD", "BTC/USD")],
)
def test_krakens_old_codes_are_asked_for_as_it_lists_them(text: str, spelled: str) -> None:
    """Kraken's streams know BTC and DOGE only."""
    assert listing(text, VENUES["kraken"]).venue_symbol == spelled


def test_what_is_no_name_is_refused() -> None:
    """The rule for symbols is the same as everywhere."""
    with pytest.raises(ValueError, match="symbol 'BTC€' does not name a market"):
        listing("BTC€", VENUES["okx"])


@given(base=CURRENCIES, quote=CURRENCIES, venue=st.sampled_from(sorted(VENUES)))
def test_a_separated_pair_keeps_its_currencies(base: str, quote: str, venue: str) -> None:
    """Only XBT is renamed."""
    renamed = ["BTC" if currency == "XBT" else currency for currency in (base, quote)]
    found = listing(f"{base}/{quote}".lower(), VENUES[venue])
    assert found.venue_symbol == VENUES[venue].spell(*renamed)
