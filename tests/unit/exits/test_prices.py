"""The prices that levels come to, to the last decimal."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.strategies import entry_prices, sides
from trading.costs import DEFAULT_RATES, closing_costs, gross_pnl
from trading.exits.ladder import Trailing
from trading.exits.level import Level, percent
from trading.exits.prices import (
    breakeven_net_price,
    level_price,
    next_step_price,
    stop_loss_price,
    trailed_stop_price,
)
from trading.model import CostRates, Side

TINY = Decimal("33E-18")


@pytest.mark.parametrize(
    ("side", "stop", "step"),
    [(Side.LONG, "32E-18", "34E-18"), (Side.SHORT, "34E-18", "32E-18")],
)
def test_a_trail_rounds_its_stop_toward_loss_and_its_step_toward_profit(
    side: Side, stop: str, step: str
) -> None:
    """So that the stop is no nearer than was asked for, and no step shorter."""
    trailing = Trailing(distance=percent(2))
    assert trailed_stop_price(side, trailing, TINY) == Decimal(stop)
    assert next_step_price(side, trailing, TINY) == Decimal(step)


@pytest.mark.parametrize(("side", "stop"), [(Side.LONG, "64400"), (Side.SHORT, "65600")])
def test_a_trail_by_an_amount_lies_that_far_behind(side: Side, stop: str) -> None:
    """Whatever the best price is."""
    trailing = Trailing(distance=Level(Decimal(600)))
    assert trailed_stop_price(side, trailing, Decimal(65000)) == Decimal(stop)


@pytest.mark.parametrize(
    ("side", "price"),
    [(Side.LONG, "100.67275830906717542"), (Side.SHORT, "99.332735783288517079")],
)
def test_the_net_breakeven_is_rounded_toward_profit(side: Side, price: str) -> None:
    """Its 18 decimals never cost the last of them."""
    assert breakeven_net_price(side, Decimal(100), DEFAULT_RATES) == Decimal(price)


@given(sides, entry_prices(), st.integers(0, 10**4), st.integers(0, 10**4))
def test_closing_at_the_net_breakeven_costs_nothing(
    side: Side, entry_price: Decimal, fee: int, rest: int
) -> None:
    """Gross PnL pays for the costs, but for what rounding each of them to money takes."""
    rates = CostRates(
        fee=Decimal(fee).scaleb(-5), spread=Decimal(rest).scaleb(-5), slippage=Decimal("0.0005")
    )
    exit_price = breakeven_net_price(side, entry_price, rates)
    quantity = 1 / entry_price.quantize(Decimal("1E-12"))
    quantity = quantity.quantize(Decimal("1E-18"))
    gross = gross_pnl(side, entry_price=entry_price, exit_price=exit_price, quantity=quantity)
    costs = closing_costs(rates, entry_price=entry_price, exit_price=exit_price, quantity=quantity)
    assert abs(gross - costs.total) <= Decimal("3E-8")


@pytest.mark.parametrize(
    ("side", "toward_profit", "toward_loss"), [(Side.LONG, 103, 97), (Side.SHORT, 97, 103)]
)
def test_a_percentage_lies_on_the_side_of_its_use(
    side: Side, toward_profit: int, toward_loss: int
) -> None:
    """Toward loss as a stop-loss, toward profit elsewhere; a price stays where it is."""
    entry, price = Decimal(100), Level(Decimal("98.50"))
    assert level_price(side, entry, percent(3)) == toward_profit
    assert stop_loss_price(side, entry, percent(3)) == toward_loss
    assert (
        str(level_price(side, entry, price)) == str(stop_loss_price(side, entry, price)) == "98.5"
    )
