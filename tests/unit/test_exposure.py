"""Many positions of one symbol, valued as one."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategies import positions, positions_underway, walks
from trading.exposure import NOTHING
from trading.model import Position, PositionStatus
from trading.money import ZERO
from trading.positions.judging import advanced, unrealized_pnl

HALF_QUANTUM = Decimal("5E-9")


@given(open_ones=st.lists(positions_underway(), max_size=6), mark=st.decimals(1, 10**6, places=4))
def test_an_exposure_is_worth_what_its_positions_are(
    open_ones: list[Position], mark: Decimal
) -> None:
    """To the rounding of each position's own amount; the holds are exact."""
    exposure = NOTHING
    for position in open_ones:
        exposure = exposure.after(None, position)
    one_by_one = sum((unrealized_pnl(position, mark) for position in open_ones), ZERO)
    difference = abs(exposure.unrealized_pnl(mark) - one_by_one)
    assert difference <= HALF_QUANTUM * (len(open_ones) + 1)
    assert exposure.hold == sum((position.hold for position in open_ones), ZERO)


@given(data=st.data())
def test_a_positions_life_leaves_nothing_behind(data: st.DataObject) -> None:
    """Opened, reduced, closed: at each step the exposure is that of the state alone."""
    position = data.draw(positions(closing=True))
    exposure = NOTHING.after(None, position)
    for price in data.draw(walks(position.entry_price)):
        if position.status is PositionStatus.CLOSED:
            break
        before, position = position, advanced(position, price, 1).position
        exposure = exposure.after(before, position)
        assert exposure == NOTHING.after(None, position)
    if position.status is PositionStatus.CLOSED:
        assert exposure == NOTHING
