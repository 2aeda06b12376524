"""The rows of a file of a known layout, as columns.

The plain case is fast because a few calls cut up a whole block of lines. A block with anything
unusual (quotes, blank lines, errors) is read again line by line, with the lines' numbers.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from typing import Generic, NamedTuple, TypeVar

from backstay.feeds.errors import InputError
from backstay.feeds.formats.layout import CANDLE_PRICES, Layout
from backstay.feeds.formats.recognition import fields_of
from backstay.feeds.numbers import decimal_of, time_us, times_us

_CACHED_PRICES_MAX = 16_384

V = TypeVar("V")


class Candle(NamedTuple):
    """A candle as in its file; `close_us` is None where the file does not have it."""

    line: int
    close_us: int | None
    prices: tuple[Decimal, Decimal, Decimal, Decimal]


class Columns(NamedTuple, Generic[V]):
    """Some rows of a file and their line numbers; a row's value is its price, or its candle.

    `symbols` are as written, None where the file has none.
    """

    times_us: list[int]
    values: list[V]
    symbols: list[str] | None
    lines: Sequence[int]


class TradeReader:
    """Reads the rows of one file of trades."""

    def __init__(self, file: str, layout: Layout) -> None:
        """Read rows for a file, which is named in errors."""
        self._file = file
        self._layout = layout
        self._prices = _Prices()

    def read(self, block: str, first_line: int) -> Columns[Decimal]:
        """Read the lines of a block, which end with a newline each.

        Raises:
            InputError: naming the line of the first row that cannot be read.
        """
        return self._read_plain(block, first_line) or _read_by_line(
            block, first_line, self._layout, self._price, self._file
        )

    def _read_plain(self, block: str, first_line: int) -> Columns[Decimal] | None:
        """Read all lines at once; None if any line is unusual."""
        layout = self._layout
        if '"' in block:
            return None
        # Newlines become fields of their own, so that their places prove every row's width.
        stride, delimiter = layout.width + 1, layout.delimiter
        fields = block.replace("\n", f"{delimiter}\n{delimiter}").split(delimiter)
        newlines = fields[layout.width :: stride]
        if len(fields) != stride * len(newlines) + 1 or newlines.count("\n") != len(newlines):
            return None
        # The last field is what follows the last newline: nothing.
        time_texts = fields[layout.time : -1 : stride]
        price_texts = fields[layout.prices[0] : -1 : stride]
        if "_" in block and ("_" in "".join(time_texts) or "_" in "".join(price_texts)):
            return None
        try:
            return Columns(
                times_us=times_us(time_texts),
                values=list(map(self._prices.__getitem__, price_texts)),
                symbols=None if layout.symbol is None else fields[layout.symbol : -1 : stride],
                lines=range(first_line, first_line + len(newlines)),
            )
        except (ValueError, InvalidOperation):
            return None

    def _price(self, fields: Sequence[str], line: int) -> Decimal:
        return _number("price", fields[self._layout.prices[0]])


class CandleReader:
    """Reads the rows of one file of candles."""

    def __init__(self, file: str, layout: Layout) -> None:
        """Read candles for a file, which is named in errors."""
        self._file = file
        self._layout = layout

    def read(self, block: str, first_line: int) -> Columns[Candle]:
        """Read the lines of a block, which end with a newline each.

        Raises:
            InputError: naming the line of the first row that is not a candle.
        """
        return _read_by_line(block, first_line, self._layout, self._candle, self._file)

    def _candle(self, fields: Sequence[str], line: int) -> Candle:
        layout = self._layout
        opens, high, low, close = (
            _price_above_0(name, fields[index])
            for name, index in zip(CANDLE_PRICES, layout.prices, strict=True)
        )
        if not low <= opens <= high or not low <= close <= high:
            raise ValueError(
                f"open {opens}, high {high}, low {low}, close {close} are not a candle: open and "
                "close lie between low and high; correct or remove the row"
            )
        close_us = None if layout.close_time is None else time_us(fields[layout.close_time])
        return Candle(line, close_us, (opens, high, low, close))


class _Prices(dict[str, Decimal]):
    """A cache of prices by their text, because the same few repeat."""

    def __missing__(self, text: str) -> Decimal:
        if len(self) >= _CACHED_PRICES_MAX:
            self.clear()
        price = self[text] = Decimal(text)
        return price


def _read_by_line(
    block: str,
    first_line: int,
    layout: Layout,
    value_of: Callable[[Sequence[str], int], V],
    file: str,
) -> Columns[V]:
    times: list[int] = []
    values: list[V] = []
    symbols: list[str] = []
    lines: list[int] = []
    for number, line in enumerate(block.removesuffix("\n").split("\n"), start=first_line):
        if not line.strip():
            continue
        try:
            fields = _row_of(line, layout)
            times.append(time_us(fields[layout.time]))
            values.append(value_of(fields, number))
            if layout.symbol is not None:
                symbols.append(fields[layout.symbol])
            lines.append(number)
        except ValueError as error:
            raise InputError(str(error), file=file, line=number) from None
    return Columns(times, values, None if layout.symbol is None else symbols, lines)


def _row_of(line: str, layout: Layout) -> list[str]:
    """Cut a row into its fields, which must be as many as the first line's."""
    delimiter = layout.delimiter
    fields = fields_of(line, delimiter) if '"' in line else line.split(delimiter)
    if len(fields) != layout.width:
        raise ValueError(
            f"row has {len(fields)} fields where the first line has {layout.width}; "
            "correct or remove the row"
        )
    return fields


def _price_above_0(name: str, text: str) -> Decimal:
    price = _number(name, text)
    if not (price.is_finite() and price > 0):
        raise ValueError(f"{name} {text} is not a price above 0; correct or remove the row")
    return price


def _number(name: str, text: str) -> Decimal:
    try:
        return decimal_of(text)
    except ValueError as error:
        remedy = "write decimals with a point" if "," in text else "correct or remove the row"
        raise ValueError(f"{name} {error}; {remedy}") from None
