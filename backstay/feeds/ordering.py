"""Rows in the order of their times, whatever order their file has, within bounded memory.

A file is read some rows ahead of the row that is played. If these rows ascend, the file is played
as it is read; a later row that is out of order by at most that many rows is put in its place. If
they do not ascend, the whole file is sorted first, in parts on disk. Rows of one time keep the
file's order, or the reverse of it in a file whose newest rows come first.
"""

import pickle
import tempfile
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from heapq import merge
from itertools import chain, groupby, islice, pairwise
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Generic, NamedTuple, TypeVar

from backstay.feeds.errors import InputError
from trading.times import iso_time

_ROWS_AHEAD = 10_000
_ROWS_AHEAD_OF_ALL = 100_000

PART_ROWS = 100_000
PARTS_MAX = 1_000
"""A file that does not ascend is sorted in parts of this many rows: 100 million rows at most."""

_BATCH_ROWS = 500

V = TypeVar("V")
_Row = tuple[int, str, V]
_time_of = itemgetter(0)


def rows_ahead(files: int) -> int:
    """The rows read ahead in each of `files` files, and the most rows that one may come late.

    With many files they are fewer, so that all of them fit into memory.
    """
    return min(_ROWS_AHEAD, max(1, _ROWS_AHEAD_OF_ALL // files))


class Rows(NamedTuple, Generic[V]):
    """A run of one symbol's rows and their lines; a row's value is its price, or its candle."""

    symbol: str
    times_us: list[int]
    values: list[V]
    lines: Sequence[int]


class Disorder(StrEnum):
    """How a file's rows deviated from the order of their times."""

    NEWEST_FIRST = "newest first"
    MIXED = "out of order"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reordered:
    """A file with its rows sorted by time; `late` counts the rows that were out of order."""

    file: str
    disorder: Disorder
    late: int


class OrderedRows(Generic[V]):
    """A file's rows by rising time; iterate it once."""

    def __init__(
        self,
        source: Iterable[Rows[V]],
        file: str,
        *,
        ahead: int,
        part: int = PART_ROWS,
    ) -> None:
        """Order the rows of a file, which is named in errors."""
        self._source = iter(source)
        self._file = file
        self._ahead = ahead
        self._part = part
        self._latest_us = 0
        self._error: InputError | None = None
        self._disorder = Disorder.MIXED
        self._late = 0

    @property
    def reordered(self) -> Reordered | None:
        """The rows put in order so far; None where the rows ascend."""
        if not self._late:
            return None
        return Reordered(file=Path(self._file).name, disorder=self._disorder, late=self._late)

    def __iter__(self) -> Iterator[Rows[V]]:
        """Yield the rows.

        Raises:
            InputError: for a row that comes too late to be put in its place, naming its line; and,
                after all rows before it, for one that cannot be read.
        """
        held: deque[Rows[V]] = deque()
        count = 0
        while count < self._ahead and (rows := self._next()):
            held.append(rows)
            count += len(rows.times_us)
        if not self._late:
            yield from self._put_in_place(held, count)
        else:
            self._disorder = _disorder_of(held)
            yield from self._sorted(held, is_whole=count < self._ahead)
        if self._error is not None:
            raise self._error

    def _next(self) -> Rows[V] | None:
        """The next rows of the file; an error waits until the rows before it are played."""
        try:
            rows = next(self._source, None)
        except InputError as error:
            self._error = error
            return None
        if rows is not None:
            self._look_at(rows.times_us)
        return rows

    def _look_at(self, times_us: list[int]) -> None:
        if times_us[0] >= self._latest_us and times_us == sorted(times_us):
            self._latest_us = times_us[-1]
            return
        for time_us in times_us:
            if time_us < self._latest_us:
                self._late += 1
            else:
                self._latest_us = time_us

    def _put_in_place(self, held: deque[Rows[V]], count: int) -> Iterator[Rows[V]]:
        """Play an ascending file as it is read, holding `ahead` rows back."""
        played_us = 0
        while rows := self._next():
            count += len(rows.times_us)
            if rows.times_us[0] >= held[-1].times_us[-1] and rows.times_us == sorted(rows.times_us):
                held.append(rows)
            else:
                self._insert(held, rows, played_us)
            while count - len(held[0].times_us) >= self._ahead:
                first = held.popleft()
                count -= len(first.times_us)
                played_us = first.times_us[-1]
                yield first
        yield from held

    def _insert(self, held: deque[Rows[V]], rows: Rows[V], played_us: int) -> None:
        """Put rows in their places among those held back."""
        earliest_us = min(rows.times_us)
        if earliest_us < played_us:
            index = next(i for i, time_us in enumerate(rows.times_us) if time_us < played_us)
            raise self._too_late(rows, index, played_us)
        moved = deque([rows])
        while held and held[-1].times_us[-1] > earliest_us:
            moved.appendleft(held.pop())
        held.extend(_runs(sorted(_rows(moved), key=_time_of)))

    def _too_late(self, rows: Rows[V], index: int, played_us: int) -> InputError:
        return InputError(
            f"row of {iso_time(rows.times_us[index])} comes more than {self._ahead} rows after "
            f"later ones, up to {iso_time(played_us)}, in a file that began in order; sort its "
            "rows by time, or give each part that is in order a file of its own",
            file=self._file,
            line=rows.lines[index],
        )

    def _sorted(self, held: Iterable[Rows[V]], *, is_whole: bool) -> Iterator[Rows[V]]:
        """Sort the whole file; unless all of it is held, in parts that wait on disk."""
        rows = chain(_rows(held), _rows(iter(self._next, None)))
        if is_whole:
            yield from _runs(self._part_of(rows, None))
            return
        with ExitStack() as stack:
            try:
                disk = stack.enter_context(tempfile.TemporaryFile())
                parts = deque[_Part]()
                while part := self._part_of(rows, self._part):
                    if len(parts) == PARTS_MAX:
                        raise InputError(
                            f"holds more than {PARTS_MAX * self._part} rows that are not in the "
                            "order of their times; sort them by time",
                            file=self._file,
                        )
                    parts.append(_Part(disk, part))
                if self._disorder is Disorder.NEWEST_FIRST:
                    parts.reverse()
                yield from _runs(merge(*parts, key=_time_of))
            except OSError as error:
                raise InputError(
                    f"cannot be sorted in {tempfile.gettempdir()}: {error.strerror}; set TMPDIR "
                    "to a folder with room, or sort its rows by time",
                    file=self._file,
                ) from None

    def _part_of(self, rows: Iterator[_Row[V]], count: int | None) -> list[_Row[V]]:
        """The next `count` rows of the file, or all, sorted."""
        part = list(islice(rows, count))
        if self._disorder is Disorder.NEWEST_FIRST:
            part.reverse()
        part.sort(key=_time_of)
        return part


def _disorder_of(held: Iterable[Rows[Any]]) -> Disorder:
    """The disorder of a file's first rows, of which some come late."""
    steps = [after - before for before, after in pairwise(t for run in held for t in run.times_us)]
    falls, rises = sum(step < 0 for step in steps), sum(step > 0 for step in steps)
    return Disorder.NEWEST_FIRST if falls > 10 * rises else Disorder.MIXED


class _Part:
    """Sorted rows on disk, read back in small batches; iterate it once."""

    def __init__(self, disk: IO[bytes], rows: Sequence[_Row[Any]]) -> None:
        self._disk = disk
        disk.seek(0, 2)
        self._start = disk.tell()
        for index in range(0, len(rows), _BATCH_ROWS):
            pickle.dump(rows[index : index + _BATCH_ROWS], disk, pickle.HIGHEST_PROTOCOL)
        self._end = disk.tell()

    def __iter__(self) -> Iterator[_Row[Any]]:
        at = self._start
        while at < self._end:
            self._disk.seek(at)
            batch = pickle.load(self._disk)
            at = self._disk.tell()
            yield from batch


def _rows(runs: Iterable[Rows[V]]) -> Iterator[_Row[V]]:
    for run in runs:
        for time_us, value in zip(run.times_us, run.values, strict=True):
            yield time_us, run.symbol, value


def _runs(rows: Iterable[_Row[V]]) -> Iterator[Rows[V]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH_ROWS)):
        for symbol, run in groupby(batch, key=itemgetter(1)):
            times_us, _, values = zip(*run, strict=True)
            yield Rows(symbol, list(times_us), list(values), ())
