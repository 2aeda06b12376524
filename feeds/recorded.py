"""Recorded trades and candles: files of several formats as one stream of prices by time."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Self

from feeds.batches import PriceBatch, merged
from feeds.candles import CandleReader, Candles, candle_layout_of
from feeds.errors import InputError
from feeds.files import InputFile
from feeds.formats import Columns, RowReader, binance_symbol, fields_of, layout_of
from trading.symbols import market_name, normalised

_BLOCK_BYTES = 65_536
_BYTE_ORDER_MARK = "\ufeff"


class PriceFile:
    """One file of trades or candles; iterating it once yields its prices in the file's order.

    A spec is a path, or `SYMBOL=PATH` to give the file's symbol or another one than it has.
    """

    def __init__(self, spec: str) -> None:
        """Open a file and tell its format and its symbol.

        Raises:
            InputError: if that cannot be done, with the remedy.
        """
        self._given, self.name = _parted(spec)
        self._file = InputFile(self.name)
        self._carried = b""
        self._next_line = 1
        self._symbols: dict[str, str] = {}
        self._perpetuals: dict[str, bool] = {}
        try:
            self._head = self._first_block()
            first_line = self._head.split("\n", 1)[0]
            self._rows = self._reader(first_line)
            layout = self._rows.layout
            if layout.has_header:
                self._head = self._head[len(first_line) + 1 :]
                self._next_line += 1
            self._symbol = "" if layout.symbol is not None else self._symbol_of_file()
        except BaseException:
            self._file.close()
            raise

    @property
    def size(self) -> int:
        """The file's size on disk in bytes."""
        return self._file.size

    @property
    def position(self) -> int:
        """How many bytes on disk were read, to show progress."""
        return self._file.position

    @property
    def candles(self) -> Candles | None:
        """The candles that were read so far; None for a file of trades."""
        return self._rows.candles if isinstance(self._rows, CandleReader) else None

    def close(self) -> None:
        """Let go of the file; may be repeated."""
        self._file.close()

    def __iter__(self) -> Iterator[PriceBatch]:
        """Yield the prices that are left.

        Raises:
            InputError: naming the line of a row that cannot be read, or that there is none.
        """
        block, self._head = self._head, ""
        empty = True
        while block or (block := self._next_block()):
            columns = self._rows.read(block, self._next_line)
            self._next_line += block.count("\n")
            block = ""
            if columns.prices:
                empty = False
                yield from self._batches(columns)
        if empty:
            raise self._error("holds no prices; leave the file out")

    def _reader(self, first_line: str) -> RowReader | CandleReader:
        try:
            candle_layout = candle_layout_of(fields_of(first_line))
            if candle_layout is not None:
                return CandleReader(self.name, candle_layout)
            return RowReader(self.name, layout_of(first_line))
        except ValueError as error:
            raise self._error(str(error), self._next_line) from None

    def _first_block(self) -> str:
        """The first block from its first line with content on."""
        block = self._next_block().removeprefix(_BYTE_ORDER_MARK)
        while block:
            content = block.lstrip()
            if content:
                start = block.rfind("\n", 0, len(block) - len(content)) + 1
                self._next_line += block.count("\n", 0, start)
                return block[start:]
            self._next_line += block.count("\n")
            block = self._next_block()
        raise self._error("is empty; leave the file out")

    def _next_block(self) -> str:
        """The next whole lines, each with its newline; nothing at the end."""
        data = self._file.read(_BLOCK_BYTES)
        end = data.rfind(b"\n") + 1
        if data and not end:
            return self._block_of_long_line(data)
        lines, self._carried = self._carried + data[:end], data[end:]
        if len(data) < _BLOCK_BYTES:
            # The file's end. A last line that lacks its newline belongs to this block: a short
            # file of candles is one block, which tells their interval.
            lines += self._carried
            self._carried = b""
            if lines and not lines.endswith(b"\n"):
                lines += b"\n"
        try:
            text = lines.decode()
        except UnicodeDecodeError as error:
            raise self._error(
                "is no text in UTF-8; plain text, .gz and .zip are read",
                self._next_line + lines.count(b"\n", 0, error.start),
            ) from None
        return text.replace("\r\n", "\n") if "\r" in text else text

    def _block_of_long_line(self, data: bytes) -> str:
        """Go on with a line that a read did not end, as long as it may still be a row."""
        self._carried += data
        if len(self._carried) > _BLOCK_BYTES:
            raise self._error(
                f"line is longer than {_BLOCK_BYTES} bytes: this is no CSV of trades or candles",
                self._next_line,
            )
        return self._next_block()

    def _batches(self, columns: Columns) -> Iterator[PriceBatch]:
        times_us, prices, texts = columns.times_us, columns.prices, columns.symbols
        if texts is None:
            yield PriceBatch(self._symbol, times_us, prices)
        elif texts.count(texts[0]) == len(texts):
            yield PriceBatch(self._symbol_of_row(texts[0], columns.lines[0]), times_us, prices)
        else:
            start = 0
            for text, run in groupby(texts):
                end = start + len(list(run))
                symbol = self._symbol_of_row(text, columns.lines[start])
                yield PriceBatch(symbol, times_us[start:end], prices[start:end])
                start = end

    def _symbol_of_row(self, text: str, line: int) -> str:
        known = self._symbols.get(text)
        if known is not None:
            return known
        try:
            market = market_name(text)
        except ValueError as error:
            raise self._error(str(error), line) from None
        symbol = market.symbol
        is_perpetual = market.perpetual is not None
        if self._perpetuals.setdefault(symbol, is_perpetual) != is_perpetual:
            raise self._error(
                f"holds the prices of {symbol} and of its perpetual, and a pair has one market; "
                "play each from a file of its own",
                line,
            )
        if self._given is not None:
            if not self._symbol:
                self._symbol = symbol
            if symbol != self._symbol:
                raise self._error(
                    f"{self._given}= was given, but the file holds {self._symbol} and {symbol}; "
                    f"name the file without {self._given}=",
                    line,
                )
            symbol = self._given
        self._symbols[text] = symbol
        return symbol

    def _symbol_of_file(self) -> str:
        names = (Path(self.name).name, Path(self._file.data_name).name)
        symbol = self._given or binance_symbol(names[0]) or binance_symbol(names[1])
        if symbol is None:
            raise self._error(f"names no symbol; give it as SYMBOL={self.name}")
        return symbol

    def _error(self, reason: str, line: int | None = None) -> InputError:
        return InputError(reason, file=self.name, line=line)


class RecordedPrices:
    """Several files' prices as one stream; iterate it once, and close it.

    `size` and `position` count the bytes on disk of all files, to show progress.
    """

    def __init__(self, specs: Sequence[str]) -> None:
        """Open all files and tell their formats.

        Raises:
            InputError: for the first that cannot be opened, with the remedy.
        """
        self.files: list[PriceFile] = []
        try:
            for spec in specs:
                self.files.append(PriceFile(spec))
        except BaseException:
            self.close()
            raise
        self.size = sum(file.size for file in self.files)

    @property
    def position(self) -> int:
        """How many bytes on disk were read."""
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

    def close(self) -> None:
        """Let go of the files; may be repeated."""
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
