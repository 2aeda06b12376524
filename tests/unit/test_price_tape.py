"""The price tape: bounded, in order, and no extreme is lost."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from actors.engine.clock import VirtualClock
from actors.published import MarketStatus
from backstay.web.stream.price_tape import LEVEL_POINTS, LEVELS_MAX, Point, PriceTape, PriceTapes
from trading.model import MarketPrice

samples = st.lists(
    st.tuples(
        st.integers(0, 2**53),
        st.decimals("0.000000000000000001", "9999999999999", allow_nan=False, places=18),
    ),
    max_size=300,
)


def taped(taken: list[tuple[int, Decimal]], **sizes: int) -> list[Point]:
    """The points that samples leave."""
    tape = PriceTape(**sizes)
    for time_us, price in taken:
        tape.add(time_us, price)
    return list(tape.points())


@given(samples, st.integers(2, 9))
def test_merging_loses_no_extreme(taken: list[tuple[int, Decimal]], level_points: int) -> None:
    """The lowest and the highest price are there, and the last point is the last sample."""
    points = taped(taken, level_points=level_points)

    prices = [price for _, price in taken]
    assert min((point.low for point in points), default=None) == min(prices, default=None)
    assert max((point.high for point in points), default=None) == max(prices, default=None)
    assert [point.last for point in points[-1:]] == prices[-1:]


@given(samples, st.integers(2, 5), st.integers(1, 4))
def test_points_are_few_and_in_order(
    taken: list[tuple[int, Decimal]], level_points: int, levels_max: int
) -> None:
    """However many samples, and wherever the clock is set meanwhile."""
    points = taped(taken, level_points=level_points, levels_max=levels_max)

    assert len(points) <= level_points * levels_max
    times = [point.time_us for point in points]
    assert times == sorted(times)
    assert all(point.low <= point.last <= point.high for point in points)


@given(samples, st.integers(2, 9))
def test_the_newest_samples_stand_for_themselves(
    taken: list[tuple[int, Decimal]], level_points: int
) -> None:
    """Only what is older is merged."""
    points = taped(taken, level_points=level_points)[-(level_points - 1) :]

    newest = [price for _, price in taken][-(level_points - 1) :]
    assert [point.last for point in points] == newest
    assert all(point.low == point.high for point in points)


def test_an_hour_is_told_in_hundreds_of_points_and_six_weeks_are_kept() -> None:
    """The newest minute second by second, an hour ago every half minute."""
    hour = taped([(second, Decimal(1)) for second in range(3600)])

    assert len(hour) < 360
    assert [point.time_us for point in hour[-59:]] == list(range(3541, 3600))
    assert max(later.time_us - earlier.time_us for earlier, later in pairwise(hour)) <= 32
    assert LEVEL_POINTS * (2**LEVELS_MAX - 1) > 42 * 86_400


def test_only_prices_received_since_the_start_are_taken_and_each_once() -> None:
    """None that was kept from an earlier life; a silent market has no new points."""
    tapes, clock = PriceTapes(), VirtualClock(1000)
    kept = MarketPrice(symbol="BTCUSDT", price=Decimal(100), time_us=1)
    status = MarketStatus(symbol="BTCUSDT", last=kept, received_us=None, price_age_us_max=0)
    come = replace(status, received_us=5)

    for seen in (status, come, come, replace(come, received_us=6)):
        tapes.sample({"BTCUSDT": seen}, clock)

    assert [point.time_us for point in tapes.points("BTCUSDT")] == [5, 6]
    assert tapes.points("ETHUSDT") == []
