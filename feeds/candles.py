"""Candles (open, high, low, close) as prices: one possible path through each.

A candle does not say which of its extremes came first. The path taken here visits the extreme
nearer to the open first, the low where both are equally near, so that it is the shorter one.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise

from feeds.errors import InputError
from feeds.formats import Columns, row_of
from feeds.numbers import decimal_of, time_us
from trading.times import iso_time

ORDER = "open, nearer extreme, other extreme, close"
"""In which order a candle's prices are played."""

_PRICE_NAMES = ("open", "high", "low", "close")
_TIME_NAMES = ("open_time", "timestamp", "time", "datetime", "date")
_CLOSE_TIME = "close_time"
_BINANCE_WIDTH = 12
_SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CandleLayout:
    """How a row is laid out: its width, and the indexes of the columns that matter.

    `prices` are those of open, high, low and close; `time` is when a candle begins.
    """

    width: int
    time: int
    prices: tuple[int, int, int, int]
    close_time: int | None = None
    symbol: int | None = None
    has_header: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candles:
    """How many candles were read, and the longest interval of those that one file holds."""

    count: int
    interval_us: int


# Binance Vision's klines: https://github.com/binance/binance-public-data
_BINANCE_LAYOUT = CandleLayout(width=_BINANCE_WIDTH, time=0, prices=(1, 2, 3, 4), close_time=6)


def candle_layout_of(fields: Sequence[str]) -> CandleLayout | None:
    """Tell a file of candles by the fields of its first line; None if it is something else.

    Raises:
        ValueError: for a header of candles that lacks a column or names one twice.
    """
    names = [field.strip().lower().replace(" ", "_") for field in fields]
    if len(names) == _BINANCE_WIDTH and names[0].isdigit() and names[6].isdigit():
        return _BINANCE_LAYOUT
    prices = [name for name in _PRICE_NAMES if name in names]
    if len(prices) < 2 or "price" in names:
        return None
    times = [name for name in _TIME_NAMES if name in names]
    missing = [name for name in _PRICE_NAMES if name not in names] + ["timestamp"] * (not times)
    if missing:
        raise ValueError(
            f"header has {' and '.join(prices)}, but no {', '.join(missing)}: candles need "
            "timestamp, open, high, low and close; add or rename columns"
        )
    optional = [name for name in (_CLOSE_TIME, "symbol") if name in names]
    if repeated := [n for n in (times[0], *prices, *optional) if names.count(n) > 1]:
        raise ValueError(f"header names {repeated[0]!r} twice; rename one")
    opens, highs, lows, closes = (names.index(name) for name in _PRICE_NAMES)
    return CandleLayout(
        width=len(names),
        time=names.index(times[0]),
        prices=(opens, highs, lows, closes),
        close_time=names.index(_CLOSE_TIME) if _CLOSE_TIME in names else None,
        symbol=names.index("symbol") if "symbol" in names else None,
        has_header=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candle:
    line: int
    start_us: int
    close_us: int | None
    symbol: str
    prices: tuple[Decimal, Decimal, Decimal, Decimal]


class CandleReader:
    """Reads the rows of one file of candles, four prices each."""

    def __init__(self, file: str, layout: CandleLayout) -> None:
        """Read candles for a file, which is named in errors."""
        self._file = file
        self.layout = layout
        self._count = 0
        self._step_us: int | None = None
        self._last: _Candle | None = None
        self._last_end_us = 0

    @property
    def candles(self) -> Candles:
        """What was read so far."""
        return Candles(count=self._count, interval_us=self._step_us or 0)

    def read(self, block: str, first_line: int) -> Columns:
        """Read the lines of a block, which end with a newline each.

        The first block tells the interval: the smallest step between its candles.

        Raises:
            InputError: naming the line of the first row that cannot be read as a candle.
        """
        times_us: list[int] = []
        prices: list[Decimal] = []
        symbols: list[str] = []
        lines: list[int] = []
        candles = list(self._candles(block, first_line))
        if self._step_us is None and candles:
            self._step_us = self._step(candles)
        for candle in candles:
            end_us = self._end(candle)
            times_us += times_within(candle.start_us, end_us)
            prices += path_of(*candle.prices)
            symbols += [candle.symbol] * 4
            lines += [candle.line] * 4
            self._last, self._last_end_us = candle, end_us
        self._count += len(candles)
        return Columns(
            times_us=times_us,
            prices=prices,
            symbols=None if self.layout.symbol is None else symbols,
            lines=lines,
        )

    def _candles(self, block: str, first_line: int) -> Iterator[_Candle]:
        before = self._last
        for number, line in enumerate(block.removesuffix("\n").split("\n"), start=first_line):
            if not line.strip():
                continue
            try:
                candle = self._candle(line, number)
                if before is not None:
                    _check_order(before, candle)
            except ValueError as error:
                raise self._error(str(error), number) from None
            yield candle
            before = candle

    def _candle(self, line: str, number: int) -> _Candle:
        layout = self.layout
        fields = row_of(line, layout.width)
        opens, high, low, close = (
            _price(name, fields[index])
            for name, index in zip(_PRICE_NAMES, layout.prices, strict=True)
        )
        if not low <= opens <= high or not low <= close <= high:
            raise ValueError(
                f"open {opens}, high {high}, low {low}, close {close} are no candle: open and "
                "close lie between low and high; correct or remove the row"
            )
        return _Candle(
            line=number,
            start_us=time_us(fields[layout.time]),
            close_us=None if layout.close_time is None else time_us(fields[layout.close_time]),
            symbol="" if layout.symbol is None else fields[layout.symbol],
            prices=(opens, high, low, close),
        )

    def _step(self, candles: Sequence[_Candle]) -> int:
        first = candles[0]
        if first.close_us is not None:
            return self._end(first) - first.start_us
        if len(candles) == 1:
            raise self._error(
                "holds one candle, which does not say how long it is; "
                "add the next one, or a column close_time"
            )
        return min(after.start_us - before.start_us for before, after in pairwise(candles))

    def _end(self, candle: _Candle) -> int:
        """When the next candle may begin.

        Raises:
            InputError: if the candle begins before the last one's end, or ends as it begins.
        """
        start_us, last = candle.start_us, self._last
        if last is not None and start_us < self._last_end_us:
            raise self._error(
                f"candle begins at {iso_time(start_us)}, before the one in line {last.line} ends "
                f"at {iso_time(self._last_end_us)}; give each interval a file of its own",
                candle.line,
            )
        if candle.close_us is None:
            assert self._step_us is not None
            return start_us + self._step_us
        # Sources write the last moment in the candle, to the millisecond or microsecond, or the
        # first one after it; candles last whole seconds.
        seconds = -(-(candle.close_us - start_us) // _SECOND_US)
        if seconds < 1:
            raise self._error(
                f"candle closes at {iso_time(candle.close_us)}, not after it begins at "
                f"{iso_time(start_us)}; correct or remove the row",
                candle.line,
            )
        return start_us + seconds * _SECOND_US

    def _error(self, reason: str, line: int | None = None) -> InputError:
        return InputError(reason, file=self._file, line=line)


def path_of(opens: Decimal, high: Decimal, low: Decimal, close: Decimal) -> tuple[Decimal, ...]:
    """A candle's four prices in the order in which they are played."""
    if high - opens < opens - low:
        return opens, high, low, close
    return opens, low, high, close


def times_within(start_us: int, end_us: int) -> tuple[int, int, int, int]:
    """When a candle's four prices are played: at its start, its thirds, and just before its end."""
    third_us = (end_us - start_us) // 3
    return start_us, start_us + third_us, start_us + 2 * third_us, end_us - 1


def _check_order(before: _Candle, candle: _Candle) -> None:
    if candle.start_us - before.start_us < _SECOND_US:
        raise ValueError(
            f"candle begins at {iso_time(candle.start_us)}, not a second or more after the one in "
            f"line {before.line}, {iso_time(before.start_us)}; sort the rows by time, oldest first"
        )
    if candle.symbol != before.symbol:
        raise ValueError(
            f"candle is of {candle.symbol!r}, the ones before of {before.symbol!r}; "
            "give each symbol a file of its own"
        )


def _price(name: str, text: str) -> Decimal:
    try:
        price = decimal_of(text)
    except ValueError as error:
        raise ValueError(f"{name} {error}; correct or remove the row") from None
    if not (price.is_finite() and price > 0):
        raise ValueError(f"{name} {text} is no price above 0; correct or remove the row")
    return price
