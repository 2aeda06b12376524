"""Candles (open, high, low, close) as prices: one possible path through each.

A candle does not say which of its extremes came first. The path taken here visits the extreme
nearer to the open first, the low where both are equally near, so that it is the shorter one.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain, pairwise
from typing import NamedTuple

from backstay.feeds.batches import PriceBatch
from backstay.feeds.errors import InputError
from backstay.feeds.ordering import Rows
from backstay.feeds.rows import Candle
from trading.times import SECOND_US, iso_time

ORDER = "open, nearer extreme, other extreme, close"
"""The order in which a candle's prices are played."""

_STEP_SAMPLE = 100
"""The least number of candles that are read to find how long they last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candles:
    """The number of candles read, and the longest interval among those of one file."""

    count: int
    interval_us: int


class CandlePlayer:
    """Plays the candles of one file, four prices each."""

    def __init__(self, file: str) -> None:
        """Play candles of a file, which is named in errors."""
        self._file = file
        self._count = 0
        self._step_us = 0
        self._last: _Placed | None = None

    @property
    def candles(self) -> Candles:
        """The candles played so far."""
        return Candles(count=self._count, interval_us=self._step_us)

    def played(self, rows: Iterable[Rows[Candle]]) -> Iterator[PriceBatch]:
        """Yield the prices of candles that come in the order of their times.

        Raises:
            InputError: naming the line of a candle that does not fit the one before it.
        """
        waiting = iter(rows)
        head: list[Rows[Candle]] = []
        while sum(len(run.values) for run in head) < _STEP_SAMPLE and (run := next(waiting, None)):
            head.append(run)
        if head:
            self._step_us = self._step([one for run in head for one in _placed(run)])
        for run in chain(head, waiting):
            if prices := list(self._prices(_placed(run))):
                yield _batch(run.symbol, prices)
        if self._last is not None:
            yield _batch(self._last.symbol, list(self._play(self._last, None)))

    def _prices(self, candles: Iterable["_Placed"]) -> Iterator[tuple[int, Decimal]]:
        """The prices of all candles but the last, which waits for the beginning of the next one."""
        for candle in candles:
            if self._last is not None:
                yield from self._play(self._last, candle)
            self._last = candle

    def _play(self, candle: "_Placed", after: "_Placed | None") -> Iterator[tuple[int, Decimal]]:
        end_us = self._end_of(candle)
        if after is not None:
            self._check(candle, after, end_us)
            end_us = min(end_us, after.start_us)
        self._count += 1
        times_us = times_within(candle.start_us, end_us)
        return zip(times_us, path_of(*candle.prices), strict=True)

    def _check(self, candle: "_Placed", after: "_Placed", end_us: int) -> None:
        """Refuse a candle that does not fit the one before it."""
        if after.symbol != candle.symbol:
            raise self._error(
                f"candle is of {after.symbol}, the ones before of {candle.symbol}; "
                "give each symbol a file of its own",
                after,
            )
        if after.start_us - candle.start_us < SECOND_US:
            raise self._error(
                f"candle begins at {iso_time(after.start_us)}, not a second or more after the one "
                f"in line {candle.line}, {iso_time(candle.start_us)}; remove one of them",
                after,
            )
        # Venues have begun a candle late, or written its end a second late: these overlap a little.
        length_us = min(self._step_us, self._end_of(after) - after.start_us)
        if end_us - after.start_us >= length_us:
            raise self._error(
                f"candle begins at {iso_time(after.start_us)}, before the one in line "
                f"{candle.line} ends at {iso_time(end_us)}, and lies within it; "
                "give each interval a file of its own",
                after,
            )

    def _step(self, candles: Sequence["_Placed"]) -> int:
        """The duration of a file's candles, from its first ones."""
        if candles[0].close_us is not None:
            lengths = Counter(self._end_of(candle) - candle.start_us for candle in candles)
            return max(lengths, key=lambda length_us: (lengths[length_us], length_us))
        if len(candles) == 1:
            raise self._error(
                "holds one candle, which does not say how long it is; "
                "add the next one, or a column close_time"
            )
        steps = Counter(
            max(after.start_us - before.start_us, SECOND_US) for before, after in pairwise(candles)
        )
        # A file may begin within an interval, so a step that occurs once is not proof.
        return min([step for step, count in steps.items() if count > 1] or steps)

    def _end_of(self, candle: "_Placed") -> int:
        """When a candle ends, by its own row.

        Raises:
            InputError: if it ends as it begins.
        """
        if candle.close_us is None:
            return candle.start_us + self._step_us
        if candle.close_us <= candle.start_us:
            raise self._error(
                f"candle closes at {iso_time(candle.close_us)}, not after it begins at "
                f"{iso_time(candle.start_us)}; correct or remove the row",
                candle,
            )
        # Sources write the last moment in the candle, to the millisecond or microsecond, or the
        # first one after it; candles end with a whole second.
        return -(-candle.close_us // SECOND_US) * SECOND_US

    def _error(self, reason: str, candle: "_Placed | None" = None) -> InputError:
        return InputError(reason, file=self._file, line=None if candle is None else candle.line)


class _Placed(NamedTuple):
    """A candle with its symbol and when it begins."""

    symbol: str
    start_us: int
    line: int
    close_us: int | None
    prices: tuple[Decimal, Decimal, Decimal, Decimal]


def _placed(run: Rows[Candle]) -> Iterator[_Placed]:
    for start_us, candle in zip(run.times_us, run.values, strict=True):
        yield _Placed(run.symbol, start_us, *candle)


def _batch(symbol: str, prices: Sequence[tuple[int, Decimal]]) -> PriceBatch:
    return PriceBatch(symbol, [time_us for time_us, _ in prices], [price for _, price in prices])


def path_of(opens: Decimal, high: Decimal, low: Decimal, close: Decimal) -> tuple[Decimal, ...]:
    """A candle's four prices in the order in which they are played."""
    if high - opens < opens - low:
        return opens, high, low, close
    return opens, low, high, close


def times_within(start_us: int, end_us: int) -> tuple[int, int, int, int]:
    """The times of a candle's four prices: its start, its thirds, and just before its end."""
    third_us = (end_us - start_us) // 3
    return start_us, start_us + third_us, start_us + 2 * third_us, end_us - 1
