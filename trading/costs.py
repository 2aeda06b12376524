"""The PnL and the costs of a trade.

The rates come from the specification's worked close: a fee of 0.26 % of the entry and of the
exit notional, spread 0.1 % and slippage 0.05 % of the exit notional, all booked at the close; a
part of a position books its share. Gross and each cost are rounded once; net is derived.
"""

from decimal import Decimal

from trading.model import CostRates, Costs, Side
from trading.money import difference, money, product

DEFAULT_RATES = CostRates(
    fee=Decimal("0.0026"), spread=Decimal("0.001"), slippage=Decimal("0.0005")
)


def gross_pnl(
    side: Side, *, entry_price: Decimal, exit_price: Decimal, quantity: Decimal
) -> Decimal:
    """What the move from entry to exit earns on a quantity, before costs; in money."""
    return money(product(side.sign, difference(exit_price, entry_price), quantity))


def closing_costs(
    rates: CostRates, *, entry_price: Decimal, exit_price: Decimal, quantity: Decimal
) -> Costs:
    """What closing a quantity costs, its share of the entry fee included; in money."""
    return Costs(
        entry_fee=money(product(rates.fee, entry_price, quantity)),
        exit_fee=money(product(rates.fee, exit_price, quantity)),
        spread=money(product(rates.spread, exit_price, quantity)),
        slippage=money(product(rates.slippage, exit_price, quantity)),
    )
