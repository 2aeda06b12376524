"""Prices in transit: runs of one symbol's prices, merged by time."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from heapq import heapify, heappop, heapreplace
from itertools import accumulate
from typing import NamedTuple


class PriceBatch(NamedTuple):
    """A run of one symbol's prices, in the order in which they are to be judged; never empty.

    `times_us[i]` is the exchange's time of `prices[i]`, in microseconds since 1970, UTC.
    """

    symbol: str
    times_us: list[int]
    prices: list[Decimal]


def merged(streams: Sequence[Iterable[PriceBatch]]) -> Iterator[PriceBatch]:
    """Merge streams by the time of each one's next price; at equal times the earlier stream leads.

    Nothing is sorted: a price earlier than the one before it in its stream comes out as soon as it
    is next there. A stream's prices stay together as long as it leads.
    """
    cursors = [_Cursor(stream) for stream in streams]
    heads = [(cursor.head_us, index) for index, cursor in enumerate(cursors) if not cursor.ended]
    heapify(heads)
    while len(heads) > 1:
        index = heads[0][1]
        rival_us, rival = min(heads[1:3])
        cursor = cursors[index]
        yield from cursor.taken(rival_us if index < rival else rival_us - 1)
        if cursor.ended:
            heappop(heads)
        else:
            heapreplace(heads, (cursor.head_us, index))
    for _, index in heads:
        yield from cursors[index].rest()


class _Cursor:
    """A place in a stream; `head_us` is the time of the price that is next, unless it ended."""

    __slots__ = ("_at", "_batch", "_reach", "_stream", "ended", "head_us")

    def __init__(self, stream: Iterable[PriceBatch]) -> None:
        self._stream = iter(stream)
        self._batch = PriceBatch("", [], [])
        self._at = 0
        self.ended = False
        self._next_batch()

    def taken(self, last_us: int) -> Iterator[PriceBatch]:
        """Take prices up to the first one later than `last_us`."""
        while not self.ended and self.head_us <= last_us:
            yield self._cut(bisect_right(self._reach, last_us, self._at))

    def rest(self) -> Iterator[PriceBatch]:
        """Take all prices that are left."""
        yield self._cut(len(self._batch.times_us))
        if not self.ended:
            yield self._batch
        yield from self._stream

    def _cut(self, end: int) -> PriceBatch:
        batch, start = self._batch, self._at
        if end == len(batch.times_us):
            self._next_batch()
            if start == 0:
                return batch
        else:
            self._at = end
            self.head_us = batch.times_us[end]
        return PriceBatch(batch.symbol, batch.times_us[start:end], batch.prices[start:end])

    def _next_batch(self) -> None:
        batch = next(self._stream, None)
        if batch is None:
            self.ended = True
            return
        times_us = batch.times_us
        self._batch = batch
        self._at = 0
        self.head_us = times_us[0]
        # The latest time up to each price: rising, so that it can be searched, and first beyond
        # a bound where the times themselves are.
        self._reach = times_us if times_us == sorted(times_us) else list(accumulate(times_us, max))
