"""One spelling of a symbol, whoever writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.symbols import MarketName, market_name, normalised


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("BTCUSDT", "BTCUSDT"),
        ("btc-usdt", "BTCUSDT"),
        ("BTC/USD", "BTCUSD"),
        ("BTC:USD", "BTCUSD"),
        (" eth_usdc ", "ETHUSDC"),
        ("1000PEPE-USDT", "1000PEPEUSDT"),
        ("XBT/USD", "BTCUSD"),
        ("xbtusd", "BTCUSD"),
        ("ETH/XBT", "ETHBTC"),
        ("AXBTUSD", "AXBTUSD"),
        ("XDGUSD", "DOGEUSD"),
        ("xdg/xbt", "DOGEBTC"),
        ("AXDGUSD", "AXDGUSD"),
    ],
)
def test_a_symbol_is_upper_case_without_separators(text: str, symbol: str) -> None:
    """However a venue writes it."""
    assert normalised(text) == symbol
    assert market_name(text).note is None


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("BINANCE:BTCUSDT", "BTCUSDT"),
        ("kraken:xbtusd", "BTCUSD"),
        ("COINBASE_DLY:BTC/USDT", "BTCUSDT"),
        ("NASDAQ:AAPL", "AAPL"),
        ("BINANCE: BTCUSDT", "BTCUSDT"),
    ],
)
def test_an_exchange_in_front_is_left_out(text: str, symbol: str) -> None:
    """As TradingView writes it; a quote currency alone is a pair's second half."""
    assert normalised(text) == symbol


@pytest.mark.parametrize(
    "text",
    [
        "BTCUSDT.P",
        "BYBIT:BTCUSDT.P",
        "BTCUSDTPERP",
        "BTCUSDT_PERP",
        "btc-usdt-perp",
        "BTC/USDT:USDT",
        "BINANCE:BTC/USDT:USDT",
        "BTC-USDT-SWAP",
    ],
)
def test_a_perpetual_is_its_pair_and_is_told_so(text: str) -> None:
    """The sender reads which market's prices guard the position."""
    name = market_name(text)
    assert (name.symbol, name.base, name.quote) == ("BTCUSDT", "BTC", "USDT")
    assert name.note == f"{text} is a perpetual: the prices of BTCUSDT guard it"


@pytest.mark.parametrize(
    ("text", "symbol"),
    [("PERPUSDT", "PERPUSDT"), ("PERP/USDT", "PERPUSDT"), ("BTCPERP", "BTCPERP")],
)
def test_a_name_without_a_pair_before_perp_is_left_as_it_is(text: str, symbol: str) -> None:
    """PERP is a currency too, and BTCPERP does not name its quote currency."""
    assert (normalised(text), market_name(text).note) == (symbol, None)


@pytest.mark.parametrize(
    ("text", "base", "quote"),
    [
        ("SOL/USD:SOL", "SOL", "USD"),
        ("XDG-XBT", "DOGE", "BTC"),
        ("GMTUSD", "GMT", "USD"),
        ("FOO-BAR", "FOO", "BAR"),
        ("FOOBAR", None, None),
        ("BTC/", None, None),
    ],
)
def test_a_pair_tells_its_currencies(text: str, base: str | None, quote: str | None) -> None:
    """By its separator, or by a known quote currency at its end."""
    name = market_name(text)
    assert isinstance(name, MarketName)
    assert (name.base, name.quote) == (base, quote)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "-/_",
        "BTC$",
        "BTC,USD",
        "стс",
        "ßUSD",
        "BTCUSD\0",
        "BINANCE:",
        "$:BTCUSDT",
        "BTC/USDT:USDT-240329",
        "BINANCE:BTCUSDT/BINANCE:ETHUSDT",
    ],
)
def test_a_text_that_names_no_market_is_an_error_that_names_it(text: str) -> None:
    """The message repeats what was given: a dated future or a spread is not a market here."""
    with pytest.raises(ValueError, match="does not name a market") as caught:
        normalised(text)
    assert repr(text) in str(caught.value)


@given(st.text("XBTUSDGPERxbt-/_:. 1", min_size=1))
def test_a_normalised_symbol_stays_as_it_is(text: str) -> None:
    """Names that were stored are found again."""
    try:
        symbol = normalised(text)
    except ValueError:
        return
    assert normalised(symbol) == symbol
