"""What people read of a part that was closed."""

from decimal import Decimal

import pytest

from trading.model import Side
from trading.positions.closing import rung_name


@pytest.mark.parametrize(
    ("side", "rung", "distance", "name"),
    [
        (Side.LONG, 3, "10", "TP3 (+10%)"),
        (Side.SHORT, 3, "10.0", "TP3 (-10%)"),
        (Side.LONG, 1, "2.50", "TP1 (+2.5%)"),
        (Side.LONG, 1, "1E+1", "TP1 (+10%)"),
    ],
)
def test_rungs_are_called_what_people_call_them(
    side: Side, rung: int, distance: str, name: str
) -> None:
    """A rung's name counts from 1 and shows the move that the price made."""
    assert rung_name(side, rung, Decimal(distance), Decimal(1)) == name


def test_a_rung_by_price_is_called_by_it() -> None:
    """A distance is told where one was asked for."""
    assert rung_name(Side.LONG, 3, None, Decimal("68000.0")) == "TP3 (68000)"
    assert rung_name(Side.LONG, 3, None, None) == "TP3"
