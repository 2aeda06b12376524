"""The recordings of `../shared/data/history`, where they are, give the figures of their README."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest

from backstay.feeds.batches import PriceBatch
from backstay.feeds.candles import Candles
from backstay.feeds.errors import InputError
from backstay.feeds.recorded import open_prices

HISTORY = Path(__file__).parents[3] / "shared" / "data" / "history"

pytestmark = pytest.mark.skipif(
    not HISTORY.is_dir(), reason=f"no recorded market data in {HISTORY}"
)

POLUSDT = "binance_trades_2025-10-10_POLUSDT.csv.gz"
WIFUSD_PERP = "binance-delivery_trades_2025-10-10_WIFUSD_PERP.csv.gz"
POL_USD = "coinbase_trades_2025-10-10_POL-USD.csv.gz"
WIF_USD = "coinbase_trades_2025-10-10_WIF-USD.csv.gz"
BTCUSD = "gemini_trades_2025-10-10_BTCUSD.csv.gz"
BTCUSDC = "BTCUSDC-aggTrades-2025-10-04.zip"
FREQTRADE = "freqtrade_XRP_ETH-trades.json.gz"
MINUTES = "nautilus_btc-perp-20211231-20220201_1m.csv.gz"

# symbol, rows, first, last, lowest, highest
FIGURES = {
    POLUSDT: ("POLUSDT", 300_351, ".2361", ".1834", ".1152", ".2402"),
    WIFUSD_PERP: ("WIFUSD", 199_605, ".7064", ".4566", ".1252", ".7433"),
    POL_USD: ("POLUSD", 13_854, ".2363", ".1839", ".15", ".2402"),
    WIF_USD: ("WIFUSD", 19_137, ".707", ".473", ".32", ".743"),
    BTCUSD: ("BTCUSD", 24_706, "121758.75", "113063.2", "107000", "122590.34"),
    BTCUSDC: ("BTCUSDC", 140_489, "122335.79", "122480.58", None, None),
}


@dataclass
class Summary:
    """What a symbol's prices come to; `times_us` are the first and the last."""

    prices: list[Decimal] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)

    def add(self, batch: PriceBatch) -> None:
        self.prices += batch.prices
        self.times_us += batch.times_us


def summaries(*names: str) -> dict[str, Summary]:
    found: dict[str, Summary] = {}
    with open_prices([str(HISTORY / name) for name in names]) as prices:
        for batch in prices:
            found.setdefault(batch.symbol, Summary()).add(batch)
    return found


@pytest.mark.parametrize("name", FIGURES)
def test_a_recording_gives_the_figures_of_its_readme(name: str) -> None:
    """Symbol, count, first and last price are those that its makers counted."""
    symbol, count, first, last, lowest, highest = FIGURES[name]
    found = summaries(name)
    assert list(found) == [symbol]
    prices = found[symbol].prices
    assert len(prices) == count
    assert (prices[0], prices[-1]) == (Decimal(first), Decimal(last))
    if lowest is not None and highest is not None:
        assert (min(prices), max(prices)) == (Decimal(lowest), Decimal(highest))


def test_times_are_exact_microseconds() -> None:
    """Nothing is rounded on the way from the file."""
    assert summaries(POLUSDT)["POLUSDT"].times_us[0] == 1_760_054_400_816_129
    assert summaries(BTCUSDC)["BTCUSDC"].times_us[0] == 1_759_536_000_061_015


def test_all_recordings_of_a_day_merge_into_one_stream_in_time_order() -> None:
    """Every row is in it, once."""
    names = [POLUSDT, WIFUSD_PERP, POL_USD, WIF_USD, BTCUSD]
    specs = [f"{'WIFPERP=' * (name is WIFUSD_PERP)}{HISTORY / name}" for name in names]
    merged_times_us: list[int] = []
    with open_prices(specs) as prices:
        for batch in prices:
            merged_times_us += batch.times_us
    assert len(merged_times_us) == sum(FIGURES[name][1] for name in names)
    assert merged_times_us == sorted(merged_times_us)


def test_a_month_of_minutes_is_four_prices_each_in_time_order() -> None:
    """Every candle of the recording passes, and its figures are those of its README."""
    found = Summary()
    with open_prices([f"BTCUSD={HISTORY / MINUTES}"]) as recorded:
        for batch in recorded:
            found.add(batch)
        assert recorded.candles == Candles(count=45_031, interval_us=60_000_000)
    assert len(found.prices) == 4 * 45_031
    assert (found.prices[3], found.prices[-1]) == (Decimal(46377), Decimal(38544))
    assert (min(found.prices), max(found.prices)) == (Decimal(32837), Decimal(48080))
    assert all(before < after for before, after in pairwise(found.times_us))


def test_freqtrade_s_trades_are_read_from_their_json() -> None:
    """Every array is a row, and each price has the digits that the file has."""
    found = Summary()
    with open_prices([f"XRPETH={HISTORY / FREQTRADE}"]) as recorded:
        for batch in recorded:
            found.add(batch)
    assert len(found.prices) == 12_477
    assert (found.prices[0], found.prices[-1]) == (Decimal("0.00141342"), Decimal("0.00152787"))
    assert found.times_us == sorted(found.times_us)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (FREQTRADE, "names no symbol; give it as SYMBOL="),
        (MINUTES, "names no symbol; give it as SYMBOL="),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(name: str, reason: str) -> None:
    """A person sees which file and what to do."""
    with pytest.raises(InputError) as caught:
        open_prices([str(HISTORY / name)])
    assert name in str(caught.value)
    assert reason in str(caught.value)
