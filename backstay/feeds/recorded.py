"""Recorded trades and candles: files of several formats as one stream of prices by time."""

from collections.abc import Generator, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from backstay.feeds.batches import PriceBatch, merged
from backstay.feeds.candles import CandlePlayer, Candles
from backstay.feeds.errors import InputError
from backstay.feeds.formats import HEAD_LINES, layout_of, symbol_in_name
from backstay.feeds.ordering import OrderedRows, Reordered, Rows, rows_ahead
from backstay.feeds.rows import CandleReader, Columns, TradeReader
from backstay.feeds.text import TextFile
from trading.symbols import market_name, normalised

V = TypeVar("V")


class _Reader(Protocol[V]):
    def read(self, block: str, first_line: int) -> Columns[V]: ...


class PriceFile:
    """One file of trades or candles; iterating it once yields its prices by time.

    A spec is a path, or `SYMBOL=PATH`, which gives the file's symbol or replaces it.
    """

    def __init__(self, spec: str, *, ahead: int, perpetuals: dict[str, bool]) -> None:
        """Open a file, to be read `ahead` rows ahead, and find its format and its symbol.

        `perpetuals` notes whether a symbol's prices are a perpetual's, for all files together.

        Raises:
            InputError: if that cannot be done, with the remedy.
        """
        self._given, self.name = _parted(spec)
        self._text = TextFile(self.name)
        self._ahead = ahead
        self._symbols: dict[str, str] = {}
        # Under a symbol that was given, a file's prices are apart from those of the others.
        self._perpetuals = perpetuals if self._given is None else {}
        try:
            self._head = self._text.first_block()
            self._head_line = self._text.line - self._head.count("\n")
            try:
                self._layout = layout_of(self._head.split("\n", HEAD_LINES)[:HEAD_LINES])
            except ValueError as error:
                raise self._text.error(str(error), self._head_line) from None
            self._symbol = "" if self._layout.symbol is not None else self._symbol_of_file()
        except BaseException:
            self._text.close()
            raise
        self._player = CandlePlayer(self.name)
        self._ordered: OrderedRows[Any] | None = None
        self._prices = self._played()

    @property
    def size(self) -> int:
        """The file's size on disk in bytes."""
        return self._text.file.size

    @property
    def position(self) -> int:
        """The number of bytes on disk that were read, to show progress."""
        return self._text.file.position

    @property
    def candles(self) -> Candles | None:
        """The candles that were played so far; None for a file of trades."""
        return self._player.candles if self._layout.has_candles else None

    @property
    def reordered(self) -> Reordered | None:
        """The rows put in order so far; None where the rows ascend."""
        return None if self._ordered is None else self._ordered.reordered

    def close(self) -> None:
        """Close the file; may be repeated."""
        self._prices.close()
        self._text.close()

    def __iter__(self) -> Iterator[PriceBatch]:
        """Yield the remaining prices.

        Raises:
            InputError: naming the line of a row that cannot be read, or for a file without rows.
        """
        return self._prices

    def _played(self) -> Generator[PriceBatch]:
        if self._layout.has_candles:
            candles = self._in_order(CandleReader(self.name, self._layout))
            yield from self._player.played(candles)
        else:
            for rows in self._in_order(TradeReader(self.name, self._layout)):
                yield PriceBatch(rows.symbol, rows.times_us, rows.values)

    def _in_order(self, reader: _Reader[V]) -> OrderedRows[V]:
        ordered = OrderedRows(self._rows(reader), self.name, ahead=self._ahead)
        self._ordered = ordered
        return ordered

    def _rows(self, reader: _Reader[V]) -> Iterator[Rows[V]]:
        """The rows in the file's order."""
        *_, block = self._head.split("\n", self._layout.skipped)
        line, self._head = self._head_line + self._layout.skipped, ""
        is_empty = True
        while block or (block := self._text.block()):
            columns = reader.read(block, line)
            line, block = self._text.line, ""
            if columns.values:
                is_empty = False
                yield from self._by_symbol(columns)
        if is_empty:
            raise self._text.error("holds no prices; leave the file out")

    def _by_symbol(self, columns: Columns[V]) -> Iterator[Rows[V]]:
        times_us, values, texts, lines = columns
        if texts is None:
            yield Rows(self._symbol, times_us, values, lines)
        elif texts.count(texts[0]) == len(texts):
            yield Rows(self._symbol_of_row(texts[0], lines[0]), times_us, values, lines)
        else:
            start = 0
            for text, run in groupby(texts):
                end = start + len(list(run))
                symbol = self._symbol_of_row(text, lines[start])
                yield Rows(symbol, times_us[start:end], values[start:end], lines[start:end])
                start = end

    def _symbol_of_row(self, text: str, line: int) -> str:
        known = self._symbols.get(text)
        if known is not None:
            return known
        try:
            market = market_name(text)
        except ValueError as error:
            raise self._text.error(str(error), line) from None
        symbol = market.symbol
        is_perpetual = market.perpetual is not None
        if self._perpetuals.setdefault(symbol, is_perpetual) != is_perpetual:
            raise self._text.error(
                f"{text!r} is {symbol}, of which there are prices of another market already: a "
                "perpetual and its pair have one symbol; play one of them, or give a file of its "
                f"own another symbol, as in OTHER={self.name}",
                line,
            )
        if self._given is not None:
            if not self._symbol:
                self._symbol = symbol
            if symbol != self._symbol:
                raise self._text.error(
                    f"{self._given}= was given, but the file holds {self._symbol} and {symbol}; "
                    f"name the file without {self._given}=",
                    line,
                )
            symbol = self._given
        self._symbols[text] = symbol
        return symbol

    def _symbol_of_file(self) -> str:
        if self._given is not None:
            return self._given
        if self._layout.whole_file is not None:
            try:
                return normalised(self._layout.whole_file)
            except ValueError as error:
                raise self._text.error(str(error), self._head_line) from None
        for name in (self.name, self._text.file.data_name):
            symbol = symbol_in_name(Path(name).name, self._layout)
            if symbol is not None:
                return symbol
        raise self._text.error(f"names no symbol; give it as SYMBOL={self.name}")


class RecordedPrices:
    """Several files' prices as one stream; iterate it once, and close it.

    `size` and `position` count the bytes on disk of all files, to show progress.
    """

    def __init__(self, specs: Sequence[str]) -> None:
        """Open all files and find their formats.

        Raises:
            InputError: for the first that cannot be opened, with the remedy.
        """
        self.files: list[PriceFile] = []
        ahead, perpetuals = rows_ahead(len(specs)), dict[str, bool]()
        try:
            for spec in specs:
                self.files.append(PriceFile(spec, ahead=ahead, perpetuals=perpetuals))
        except BaseException:
            self.close()
            raise
        self.size = sum(file.size for file in self.files)

    @property
    def position(self) -> int:
        """The number of bytes on disk that were read."""
        return sum(file.position for file in self.files)

    @property
    def candles(self) -> Candles | None:
        """The candles that were read so far from all files; None where none holds any."""
        found = [file.candles for file in self.files if file.candles is not None]
        if not found:
            return None
        return Candles(
            count=sum(candles.count for candles in found),
            interval_us=max(candles.interval_us for candles in found),
        )

    @property
    def reordered(self) -> tuple[Reordered, ...]:
        """The rows put in order so far, by file."""
        return tuple(file.reordered for file in self.files if file.reordered is not None)

    def close(self) -> None:
        """Close the files; may be repeated."""
        for file in self.files:
            file.close()

    def __iter__(self) -> Iterator[PriceBatch]:
        """Yield the prices in time order; see `merged`.

        Raises:
            InputError: naming file and line of a row that cannot be read.
        """
        return merged(self.files)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_prices(specs: Sequence[str]) -> RecordedPrices:
    """Open files of trades or candles (`PATH` or `SYMBOL=PATH`), to be iterated in time order.

    Raises:
        InputError: for the first that cannot be opened, with the remedy.
    """
    return RecordedPrices(specs)


def _parted(spec: str) -> tuple[str | None, str]:
    """A spec's symbol, if it gives one, and its path; a file of the whole name comes first."""
    symbol, equals, path = spec.partition("=")
    if equals and not Path(spec).exists():
        try:
            return normalised(symbol), path
        except ValueError as error:
            raise InputError(f"{error}; write SYMBOL=FILE", file=spec) from None
    return None, spec
