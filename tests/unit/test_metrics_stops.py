"""Which stops a price has reached: the heaps say what a look at every position would."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from service.metrics.stops import Stops
from trading.costs import DEFAULT_RATES
from trading.ladder import opened
from trading.ladder_shape import ladder_from_percentages
from trading.model import CloseReason, Position, Side

SYMBOLS = ("BTCUSDT", "ETHUSDT")

Step = tuple[int, str, Side, int, bool]
steps = st.lists(
    st.tuples(
        st.integers(1, 6),
        st.sampled_from(SYMBOLS),
        st.sampled_from(Side),
        st.integers(90, 110),
        st.booleans(),
    ),
    max_size=40,
)


def a_position(position_id: int, symbol: str, side: Side) -> Position:
    return opened(
        position_id=position_id,
        account="demo",
        symbol=symbol,
        side=side,
        quantity=Decimal(1),
        entry_price=Decimal(100),
        entry_time_us=1,
        ladder=ladder_from_percentages(),
        rates=DEFAULT_RATES,
        idempotency_key=None,
        request=None,
    ).position


def reached_by(positions: dict[int, Position], prices: dict[str, Decimal]) -> int:
    """The same by a look at each."""
    return sum(
        (one.stop_price - prices[one.symbol]) * one.side.sign >= 0
        for one in positions.values()
        if one.symbol in prices
    )


@given(steps, st.integers(88, 112), st.booleans())
def test_it_is_what_a_look_at_every_position_says(
    history: list[Step], price: int, both: bool
) -> None:
    """After opens, moves of stops and closes; a symbol without a price has reached nothing."""
    stops, positions = Stops(()), dict[int, Position]()
    prices = dict.fromkeys(SYMBOLS if both else SYMBOLS[:1], Decimal(price))
    for position_id, symbol, side, stop, closes in history:
        position = positions.get(position_id) or a_position(position_id, symbol, side)
        position = replace(position, stop_price=Decimal(stop))
        positions[position_id] = position
        if closes:
            position = replace(position, close_reason=CloseReason.MANUAL)
            del positions[position_id]
        stops.take(position)
        assert stops.reached(prices) == reached_by(positions, prices)


def test_what_is_closed_takes_no_memory() -> None:
    """Also where nobody ever asks."""
    stops = Stops(())
    for number in range(1, 5_000):
        position = a_position(number, "BTCUSDT", Side.LONG)
        stops.take(position)
        stops.take(replace(position, close_reason=CloseReason.MANUAL))
    assert sum(map(len, stops._heaps.values())) == 0


def test_a_market_that_falls_is_not_counted_to_the_end() -> None:
    """Commits wait for the count: it says enough where it stops."""
    first = a_position(1, "BTCUSDT", Side.LONG)
    stops = Stops(replace(first, position_id=number) for number in range(1, 1_200))
    assert stops.reached({"BTCUSDT": Decimal(1)}) == 1_000
