"""Each symbol's prices as a bounded number of buckets, enough to draw."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import compress
from typing import NamedTuple

from backstay.feeds.batches import PriceBatch
from trading.money import EXACT, PRICE_MAX, ZERO
from trading.price_guard import GuardSettings, PriceGuard, Verdict

BUCKETS_MAX = 2_000
"""As many as a wide screen has pixels."""

_CHUNK = 1_024
_NARROW = 1 + GuardSettings().jump_max


class Bucket(NamedTuple):
    """A run of prices: the last one's time in microseconds, the extremes, and the last one."""

    time_us: int
    low: Decimal
    high: Decimal
    last: Decimal


class PriceBuckets:
    """Each symbol's accepted prices, bucket by bucket.

    All buckets of a symbol hold the same number of prices. When it has the most buckets allowed,
    neighbours merge, and later ones hold twice as many. Prices that the guard does not accept are
    left out. The batches of the prices make no difference.
    """

    def __init__(self, *, buckets_max: int = BUCKETS_MAX) -> None:
        """Keep at most this many buckets a symbol; an even number, so that all merge in pairs."""
        self._buckets_max = buckets_max
        self._symbols: dict[str, _SymbolBuckets] = {}

    def take(self, batch: PriceBatch) -> None:
        """Take a run of one symbol's prices."""
        one = self._symbols.get(batch.symbol)
        if one is None:
            one = self._symbols[batch.symbol] = _SymbolBuckets(self._buckets_max)
        one.take(batch.prices, batch.times_us)

    @property
    def symbols(self) -> tuple[str, ...]:
        """The symbols that had prices, in alphabetical order."""
        return tuple(sorted(self._symbols))

    def buckets(self, symbol: str) -> tuple[Bucket, ...]:
        """A symbol's buckets by time; the last one may hold fewer prices."""
        return self._symbols[symbol].buckets()


class _SymbolBuckets:
    """One symbol's buckets, and the prices that are not judged yet."""

    def __init__(self, buckets_max: int) -> None:
        self._buckets_max = buckets_max
        self._prices: list[Decimal] = []
        self._times_us: list[int] = []
        self._guard = PriceGuard(GuardSettings())
        self._buckets: list[Bucket] = []
        self._size = 1
        self._in_last = 1

    def take(self, prices: Sequence[Decimal], times_us: Sequence[int]) -> None:
        self._prices.extend(prices)
        self._times_us.extend(times_us)
        if len(self._prices) >= _CHUNK:
            self._flush()

    def buckets(self) -> tuple[Bucket, ...]:
        self._flush()
        return tuple(self._buckets)

    def _flush(self) -> None:
        prices, times_us = self._prices, self._times_us
        if not prices:
            return
        self._prices, self._times_us = [], []
        before = self._buckets.copy(), self._size, self._in_last
        if self._fill_calmly(prices, times_us):
            self._guard = PriceGuard(
                GuardSettings(), last_price=prices[-1], last_time_us=times_us[-1]
            )
            return
        self._buckets, self._size, self._in_last = before
        verdicts = map(self._guard.judge, prices, times_us, times_us)
        accepted = [verdict is Verdict.ACCEPTED for verdict in verdicts]
        self._fill(list(compress(prices, accepted)), list(compress(times_us, accepted)))

    def _fill_calmly(self, prices: list[Decimal], times_us: list[int]) -> bool:
        """Fill buckets without asking the guard; returns whether it would accept every price."""
        guard = self._guard
        if guard.candidate is not None or times_us[0] < guard.last_time_us:
            return False
        try:
            low, high = self._fill(prices, times_us)
            if guard.last_price is not None:
                low, high = min(low, guard.last_price), max(high, guard.last_price)
            # Within a span this narrow no step from one price to another is a jump.
            narrow = low > ZERO and high <= PRICE_MAX and high <= EXACT.multiply(low, _NARROW)
        except InvalidOperation:  # not a number
            return False
        return narrow and times_us == sorted(times_us)

    def _fill(self, prices: list[Decimal], times_us: list[int]) -> tuple[Decimal, Decimal]:
        """Fill buckets with prices; returns the lowest and the highest of them."""
        buckets, start, count = self._buckets, 0, len(prices)
        lowest, highest = PRICE_MAX, ZERO
        while start < count:
            if self._in_last == self._size:
                if len(buckets) == self._buckets_max:
                    buckets[:] = map(_merged, buckets[::2], buckets[1::2])
                    self._size *= 2
                self._in_last = 0
            end = min(count, start + self._size - self._in_last)
            run = prices[start:end]
            bucket = Bucket(times_us[end - 1], min(run), max(run), run[-1])
            lowest, highest = min(lowest, bucket.low), max(highest, bucket.high)
            if self._in_last:
                buckets[-1] = _merged(buckets[-1], bucket)
            else:
                buckets.append(bucket)
            self._in_last += end - start
            start = end
        return lowest, highest


def _merged(first: Bucket, second: Bucket) -> Bucket:
    return Bucket(
        second.time_us, min(first.low, second.low), max(first.high, second.high), second.last
    )
