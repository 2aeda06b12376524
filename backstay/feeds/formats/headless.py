"""Formats without a header: each is a list of columns, recognised by their contents."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from backstay.feeds.formats.layout import CANDLE_PRICES, Layout

_KRAKEN_NAME = re.compile(r"([A-Z0-9]{5,})(?:_\d+)?\.csv(?:\.gz|\.zip)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headless:
    """A format that begins with a row of data.

    `columns` names them in their order: `time`, `price`, the four of a candle and `close_time` are
    read; `id` (a whole number), `number`, `flag` (true or false), `side` (buy or sell) and
    `text` (anything) only have to be there.
    """

    title: str
    columns: str
    named: re.Pattern[str] | None = None


FORMATS = (
    # https://github.com/binance/binance-public-data
    Headless(title="Binance spot aggTrades", columns="id price number id id time flag flag"),
    Headless(title="Binance spot trades", columns="id price number number time flag flag"),
    Headless(title="Binance futures aggTrades", columns="id price number id id time flag"),
    Headless(title="Binance futures trades", columns="id price number number time flag"),
    Headless(
        title="Binance klines",
        columns="time open high low close number close_time number id number number number",
    ),
    # Kraken's downloads of its history; bitcoincharts' files are laid out like the first.
    Headless(
        title="Kraken time and sales, bitcoincharts",
        columns="time price number",
        named=_KRAKEN_NAME,
    ),
    Headless(
        title="Kraken OHLCVT",
        columns="time open high low close number id",
        named=_KRAKEN_NAME,
    ),
    # freqtrade's JSON comes as rows of its arrays.
    Headless(title="freqtrade trades", columns="time text text side price number text"),
    Headless(title="freqtrade candles", columns="time open high low close number"),
)


def headless_layout(cells: Sequence[str]) -> Layout | None:
    """The layout of a first line that is a row; None if its format is not known."""
    for known in FORMATS:
        columns = known.columns.split()
        if len(columns) == len(cells) and _fits(columns, cells):
            is_candle = "open" in columns
            return Layout(
                width=len(columns),
                time=columns.index("time"),
                prices=tuple(map(columns.index, CANDLE_PRICES if is_candle else ("price",))),
                close_time=columns.index("close_time") if "close_time" in columns else None,
                named=known.named,
            )
    return None


def _fits(columns: Sequence[str], cells: Sequence[str]) -> bool:
    if not all(_KINDS[column](cell.strip()) for column, cell in zip(columns, cells, strict=True)):
        return False
    if "open" not in columns:
        return True
    opens, high, low, close = (Decimal(cells[columns.index(name)]) for name in CANDLE_PRICES)
    return low <= opens <= high and low <= close <= high


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_epoch(text: str) -> bool:
    # From March 1973 on, in any unit: smaller numbers are more likely something else.
    return _is_number(text) and Decimal(text) >= 100_000_000


_NUMBER = re.compile(r"\d+(?:\.\d*)?(?:[eE][+-]?\d+)?", re.ASCII)
_KINDS: Mapping[str, Callable[[str], bool]] = {
    "time": _is_epoch,
    "close_time": _is_epoch,
    "id": lambda text: text.isascii() and text.isdigit(),
    "number": _is_number,
    "price": _is_number,
    **dict.fromkeys(CANDLE_PRICES, _is_number),
    "flag": lambda text: text.lower() in {"true", "false"},
    "side": lambda text: text.lower() in {"buy", "sell"},
    "text": lambda _: True,
}
