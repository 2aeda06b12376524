"""One spelling of a symbol, whoever writes it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.symbols import normalised


@pytest.mark.parametrize(
    ("text", "symbol"),
    [
        ("BTCUSDT", "BTCUSDT"),
        ("btc-usdt", "BTCUSDT"),
        ("BTC/USD", "BTCUSD"),
        (" eth_usdc ", "ETHUSDC"),
        ("BTC/USDT:USDT", "BTCUSDTUSDT"),
        ("1000PEPE-USDT", "1000PEPEUSDT"),
        ("XBT/USD", "BTCUSD"),
        ("xbtusd", "BTCUSD"),
        ("ETH/XBT", "ETHBTC"),
        ("AXBTUSD", "AXBTUSD"),
    ],
)
def test_a_symbol_is_upper_case_without_separators(text: str, symbol: str) -> None:
    """However a venue writes it."""
    assert normalised(text) == symbol


def test_a_perpetual_is_not_its_spot_market() -> None:
    """Two markets with two prices have two names."""
    assert normalised("WIFUSD_PERP") == "WIFUSDPERP" != normalised("WIF-USD")


@pytest.mark.parametrize("text", ["", " ", "-/_", "BTC$", "BTC,USD", "стс", "ßUSD", "BTCUSD\0"])
def test_a_text_that_names_no_market_is_an_error_that_names_it(text: str) -> None:
    """The message repeats what was given."""
    with pytest.raises(ValueError, match="is no market's name") as caught:
        normalised(text)
    assert repr(text) in str(caught.value)


@given(st.text("XBTUSDxbt-/_ 1", min_size=1))
def test_a_normalised_symbol_stays_as_it_is(text: str) -> None:
    """Names that were stored are found again."""
    try:
        symbol = normalised(text)
    except ValueError:
        return
    assert normalised(symbol) == symbol
