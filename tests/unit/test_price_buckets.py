"""A replay's prices in buckets: little to keep, and nothing that the guard refused."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds.batches import PriceBatch
from backstay.replay.report.price_buckets import BUCKETS_MAX, Bucket, PriceBuckets
from trading.price_guard import GuardSettings, PriceGuard, Verdict

Priced = tuple[int, Decimal]

START_US = 1_700_000_000_000_000
SECOND_US = 1_000_000

_prices = st.sampled_from(["100", "101", "99.5", "130", "70"]) | st.sampled_from(
    ["1000", "0.01", "0", "-1", "NaN", "Infinity"]
)
_steps_us = st.sampled_from([0, 1, SECOND_US, SECOND_US, -2 * SECOND_US])


@st.composite
def runs(draw: st.DrawFn) -> list[Priced]:
    """Prices with jumps, nonsense, and some that come late."""
    time_us, run = START_US, []
    for price, step_us in draw(st.lists(st.tuples(_prices, _steps_us), min_size=1, max_size=60)):
        time_us += step_us
        run.append((time_us, Decimal(price)))
    return run


def filled(runs: Sequence[Sequence[Priced]], *, buckets_max: int, look: bool) -> tuple[Bucket, ...]:
    prices = PriceBuckets(buckets_max=buckets_max)
    for run in runs:
        prices.take(PriceBatch("BTCUSDT", [time for time, _ in run], [price for _, price in run]))
        if look:
            prices.buckets("BTCUSDT")
    return prices.buckets("BTCUSDT")


def accepted(run: Sequence[Priced]) -> list[Priced]:
    """What the guard itself lets through."""
    guard = PriceGuard(GuardSettings())
    return [
        (time_us, price)
        for time_us, price in run
        if guard.judge(price, time_us, time_us) is Verdict.ACCEPTED
    ]


@given(run=runs(), cuts=st.lists(st.integers(0, 60)), look=st.booleans())
def test_buckets_hold_what_was_accepted_however_it_was_cut(
    run: list[Priced], cuts: list[int], look: bool
) -> None:
    """Equally many accepted prices a bucket, from whichever batches they came."""
    edges = sorted({0, len(run), *(cut for cut in cuts if cut < len(run))})
    parts = [run[start:end] for start, end in pairwise(edges)]
    kept = accepted(run)
    size = 1
    while len(kept) > 4 * size:
        size *= 2
    expected = tuple(
        Bucket(
            group[-1][0],
            min(price for _, price in group),
            max(price for _, price in group),
            group[-1][1],
        )
        for start in range(0, len(kept), size)
        for group in [kept[start : start + size]]
    )
    assert filled(parts, buckets_max=4, look=look) == expected


def test_buckets_stay_few_and_keep_the_extremes() -> None:
    """A day of trades takes no more than a screen can show, and no spike is lost."""
    run = [(START_US + index, Decimal(10_000 + index % 97)) for index in range(9_000)]
    run[4_321] = (START_US + 4_321, Decimal(14_000))
    run[6_543] = (START_US + 6_543, Decimal(8_000))
    buckets = filled([run[:5_000], run[5_000:]], buckets_max=BUCKETS_MAX, look=False)
    assert BUCKETS_MAX // 2 < len(buckets) <= BUCKETS_MAX
    assert max(bucket.high for bucket in buckets) == 14_000
    assert min(bucket.low for bucket in buckets) == 8_000
    assert (buckets[-1].time_us, buckets[-1].last) == run[-1]


def test_each_symbol_has_its_own_buckets() -> None:
    """Symbols are told in alphabetical order."""
    prices = PriceBuckets()
    prices.take(PriceBatch("ETHUSDT", [START_US], [Decimal(3)]))
    prices.take(PriceBatch("BTCUSDT", [START_US], [Decimal(5)]))
    assert prices.symbols == ("BTCUSDT", "ETHUSDT")
    assert prices.buckets("ETHUSDT") == (Bucket(START_US, Decimal(3), Decimal(3), Decimal(3)),)
