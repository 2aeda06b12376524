"""What is in a file of recorded trades: which column means what, and its rows as columns.

The plain case is fast because a block of lines is cut up by a few calls on the whole block; what
is unusual (quotes, blank lines, errors) is read again line by line, with the line's number.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from feeds.errors import InputError
from feeds.numbers import decimal_of, time_us, times_us
from trading.symbols import normalised

_CACHED_PRICES_MAX = 16_384
_SHOWN_LENGTH_MAX = 60

# What Binance Vision calls the time in the headers of its futures files comes after the usual name.
_TIME_NAMES = ("timestamp", "transact_time", "time")

_BINANCE_NAME = re.compile(
    r"(?:.*[/\\])?([A-Z0-9_]+)-(?:aggTrades|trades|\d+(?:s|m|h|d|w|mo))-\d{4}-\d{2}\b.*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a row is laid out: its width, and the indexes of the columns that matter."""

    width: int
    time: int
    price: int
    symbol: int | None = None
    has_header: bool = False


# Binance Vision's files without a header, by the number of columns and of booleans at the end:
# https://github.com/binance/binance-public-data
_BINANCE_LAYOUTS = {
    (8, 2): Layout(width=8, time=5, price=1),  # spot aggTrades
    (7, 2): Layout(width=7, time=4, price=1),  # spot trades
    (7, 1): Layout(width=7, time=5, price=1),  # futures aggTrades
    (6, 1): Layout(width=6, time=4, price=1),  # futures trades
}


def binance_symbol(file_name: str) -> str | None:
    """The symbol in a Binance Vision file's name (`BTCUSDC-aggTrades-2025-10-04.zip`)."""
    match = _BINANCE_NAME.fullmatch(file_name)
    return normalised(match[1]) if match else None


def fields_of(line: str) -> list[str]:
    """Cut one line of CSV into its fields.

    Raises:
        ValueError: if a quoted field does not end on the line, or the like.
    """
    try:
        return next(csv.reader([line], strict=True), [])
    except csv.Error as error:
        raise ValueError(f"row is no CSV: {error}; a field must end on its line") from None


def row_of(line: str, width: int) -> list[str]:
    """Cut a row into its fields, which are to be as many as the first line's.

    Raises:
        ValueError: if they are not, or the row is no CSV.
    """
    fields = fields_of(line) if '"' in line else line.split(",")
    if len(fields) != width:
        raise ValueError(
            f"row has {len(fields)} fields where the first line has {width}; "
            "correct or remove the row"
        )
    return fields


def layout_of(first_line: str) -> Layout:
    """Tell the format of a file of trades by its first line.

    Raises:
        ValueError: if it is neither a header with a timestamp and a price nor a row of Binance
            Vision's.
    """
    fields = fields_of(first_line)
    names = [field.strip().lower() for field in fields]
    times = [name for name in _TIME_NAMES if name in names]
    if times and "price" in names:
        needed = [times[0], "price", "symbol"]
        if repeated := [name for name in needed if names.count(name) > 1]:
            raise ValueError(f"header names {repeated[0]!r} twice; rename one")
        return Layout(
            width=len(names),
            time=names.index(times[0]),
            price=names.index("price"),
            symbol=names.index("symbol") if "symbol" in names else None,
            has_header=True,
        )
    layout = _BINANCE_LAYOUTS.get((len(names), _booleans_at_end(names)))
    if layout is not None and names[0].isdigit():
        return layout
    shown = first_line[:_SHOWN_LENGTH_MAX] + "..." * (len(first_line) > _SHOWN_LENGTH_MAX)
    raise ValueError(
        f"{shown!r} is neither a header with the columns timestamp and price (and symbol) or "
        "timestamp, open, high, low and close, separated by commas, "
        "nor a row of Binance Vision trades or klines; add such a header"
    )


def _booleans_at_end(names: Sequence[str]) -> int:
    count = 0
    while count < len(names) and names[-1 - count] in {"true", "false"}:
        count += 1
    return count


class _Prices(dict[str, Decimal]):
    """Prices by their text: the same few occur again and again."""

    def __missing__(self, text: str) -> Decimal:
        if len(self) >= _CACHED_PRICES_MAX:
            self.clear()
        price = self[text] = Decimal(text)
        return price


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Some rows of a file and their line numbers.

    `symbols` are as written, None where the file has none.
    """

    times_us: list[int]
    prices: list[Decimal]
    symbols: list[str] | None
    lines: Sequence[int]


class RowReader:
    """Reads the rows of one file of a known layout."""

    def __init__(self, file: str, layout: Layout) -> None:
        """Read rows for a file, which is named in errors."""
        self._file = file
        self.layout = layout
        self._prices = _Prices()

    def read(self, block: str, first_line: int) -> Columns:
        """Read the lines of a block, which end with a newline each.

        Raises:
            InputError: naming the line of the first row that cannot be read.
        """
        return self._read_plain(block, first_line) or self._read_by_line(block, first_line)

    def _read_plain(self, block: str, first_line: int) -> Columns | None:
        """Read all lines at once; None where any is not of the plainest kind."""
        layout = self.layout
        if '"' in block:
            return None
        # Newlines become fields of their own, so that their places prove every row's width.
        stride = layout.width + 1
        fields = block.replace("\n", ",\n,").split(",")
        newlines = fields[layout.width :: stride]
        if len(fields) != stride * len(newlines) + 1 or newlines.count("\n") != len(newlines):
            return None
        # The last field is what follows the last newline: nothing.
        time_texts = fields[layout.time : -1 : stride]
        price_texts = fields[layout.price : -1 : stride]
        if "_" in block and ("_" in "".join(time_texts) or "_" in "".join(price_texts)):
            return None
        try:
            return Columns(
                times_us=times_us(time_texts),
                prices=list(map(self._prices.__getitem__, price_texts)),
                symbols=None if layout.symbol is None else fields[layout.symbol : -1 : stride],
                lines=range(first_line, first_line + len(newlines)),
            )
        except (ValueError, InvalidOperation):
            return None

    def _read_by_line(self, block: str, first_line: int) -> Columns:
        layout = self.layout
        times: list[int] = []
        prices: list[Decimal] = []
        symbols: list[str] = []
        lines: list[int] = []
        for number, line in enumerate(block.removesuffix("\n").split("\n"), start=first_line):
            if not line.strip():
                continue
            try:
                fields = row_of(line, layout.width)
                times.append(time_us(fields[layout.time]))
                prices.append(_price(fields[layout.price]))
                if layout.symbol is not None:
                    symbols.append(fields[layout.symbol])
                lines.append(number)
            except ValueError as error:
                raise InputError(str(error), file=self._file, line=number) from None
        return Columns(
            times_us=times,
            prices=prices,
            symbols=None if layout.symbol is None else symbols,
            lines=lines,
        )


def _price(text: str) -> Decimal:
    try:
        return decimal_of(text)
    except ValueError as error:
        raise ValueError(f"price {error}; correct or remove the row") from None
