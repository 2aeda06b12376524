"""Formats with a header: columns are found by their names, in any order and case."""

from collections.abc import Sequence

from backstay.feeds.formats.layout import CANDLE_PRICES, Layout

# The first name that a header has is taken: Binance's futures files have `transact_time`, OKX's
# trades `created_time`, CryptoDataDownload's candles `unix` beside `date`.
_TRADE_TIMES = ("timestamp", "transact_time", "created_time", "time", "datetime", "date", "unix")
_CANDLE_TIMES = (
    "open_time",
    "timestamp",
    "time",
    "datetime",
    "date",
    "unix",
    "unix_timestamp",
)
_SYMBOLS = ("symbol", "instrument_name", "instrument_id", "ticker")
_CLOSE_TIME = "close_time"


def column_name(cell: str) -> str:
    """A header's cell as a name: `Open Time` is `open_time`, and OKX's `price/价格` is `price`."""
    return cell.partition("/")[0].strip().lower().replace(" ", "_")


def headed_layout(names: Sequence[str]) -> Layout | None:
    """The layout by a header's names; None if they are not those of trades or candles.

    Raises:
        ValueError: for a header of candles that lacks a column, or one that names a column twice.
    """
    if "price" in names:
        return _layout(names, _TRADE_TIMES, ("price",))
    prices = [name for name in CANDLE_PRICES if name in names]
    if len(prices) < 2:
        return None
    missing = [name for name in CANDLE_PRICES if name not in names]
    if not any(name in names for name in _CANDLE_TIMES):
        missing.append("timestamp")
    if missing:
        raise ValueError(
            f"header has {' and '.join(prices)}, but not {', '.join(missing)}: candles need "
            "timestamp, open, high, low and close; add or rename columns"
        )
    return _layout(names, _CANDLE_TIMES, CANDLE_PRICES)


def _layout(
    names: Sequence[str], time_names: Sequence[str], prices: Sequence[str]
) -> Layout | None:
    time = next((name for name in time_names if name in names), None)
    if time is None:
        return None
    symbol = next((name for name in _SYMBOLS if name in names), None)
    close_time = _CLOSE_TIME if len(prices) > 1 and _CLOSE_TIME in names else None
    used = [name for name in (time, *prices, symbol, close_time) if name is not None]
    if repeated := [name for name in used if names.count(name) > 1]:
        raise ValueError(f"header names {repeated[0]!r} twice; rename one")
    return Layout(
        width=len(names),
        time=names.index(time),
        prices=tuple(map(names.index, prices)),
        close_time=None if close_time is None else names.index(close_time),
        symbol=None if symbol is None else names.index(symbol),
        skipped=1,
    )
