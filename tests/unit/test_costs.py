"""What a trade earns and what it costs."""

from decimal import Decimal

from hypothesis import given

from tests.unit.strategies import entry_prices, quantities, sides
from trading.costs import closing_costs, gross_pnl
from trading.model import CostRates, Costs, Side
from trading.money import ZERO, is_money

RATES = CostRates(fee=Decimal("0.01"), spread=Decimal("0.002"), slippage=Decimal("0.0003"))


def test_each_rate_applies_to_its_own_notional() -> None:
    """The fee is taken of the entry and of the exit notional, spread and slippage of the exit's."""
    costs = closing_costs(
        RATES, entry_price=Decimal(100), exit_price=Decimal(200), quantity=Decimal(3)
    )
    assert costs == Costs(
        entry_fee=Decimal(3), exit_fee=Decimal(6), spread=Decimal("1.2"), slippage=Decimal("0.18")
    )
    assert costs.total == Decimal("10.38")


def test_costs_add_kind_by_kind() -> None:
    """The costs of parts add up within each kind."""
    one = Costs(entry_fee=Decimal(1), exit_fee=Decimal(2), spread=Decimal(4), slippage=Decimal(8))
    ten = Costs(
        entry_fee=Decimal(10), exit_fee=Decimal(20), spread=Decimal(40), slippage=Decimal(80)
    )
    assert one + ten == Costs(
        entry_fee=Decimal(11), exit_fee=Decimal(22), spread=Decimal(44), slippage=Decimal(88)
    )


def test_each_figure_is_rounded_on_its_own() -> None:
    """Gross and each cost are rounded once, half to even, before they are added."""
    costs = closing_costs(
        CostRates(fee=Decimal("0.5"), spread=Decimal("0.5"), slippage=Decimal("0.5")),
        entry_price=Decimal("0.00000001"),
        exit_price=Decimal("0.00000003"),
        quantity=Decimal(1),
    )
    assert costs.entry_fee == ZERO
    assert costs.exit_fee == costs.spread == costs.slippage == Decimal("0.00000002")
    assert costs.total == Decimal("0.00000006")
    assert gross_pnl(
        Side.SHORT,
        entry_price=Decimal("0.00000003"),
        exit_price=Decimal("0.00000006"),
        quantity=Decimal("0.5"),
    ) == Decimal("-0.00000002")


@given(sides, entry_prices(), entry_prices(), quantities())
def test_gains_and_costs_are_money(
    side: Side, entry_price: Decimal, exit_price: Decimal, quantity: Decimal
) -> None:
    """Every figure has at most 8 decimals, and no cost is negative."""
    gross = gross_pnl(side, entry_price=entry_price, exit_price=exit_price, quantity=quantity)
    costs = closing_costs(RATES, entry_price=entry_price, exit_price=exit_price, quantity=quantity)
    kinds = (costs.entry_fee, costs.exit_fee, costs.spread, costs.slippage)
    assert all(is_money(figure) for figure in (gross, *kinds))
    assert min(kinds) >= ZERO


@given(entry_prices(), entry_prices(), quantities())
def test_what_one_side_gains_the_other_loses(
    entry_price: Decimal, exit_price: Decimal, quantity: Decimal
) -> None:
    """Gross PnL of LONG and SHORT sum to nothing, and LONG gains when the price rises."""
    long, short = (
        gross_pnl(side, entry_price=entry_price, exit_price=exit_price, quantity=quantity)
        for side in (Side.LONG, Side.SHORT)
    )
    assert long == -short
    assert long >= ZERO if exit_price >= entry_price else long <= ZERO
