"""The PnL and the costs of a trade.

The rates come from the specification's worked close: a fee of 0.26 % of the entry and of the
exit notional, spread 0.1 % and slippage 0.05 % of the exit notional, all booked at the close; a
part of a position books its share. Gross and each cost are rounded once; net is derived.
"""

from decimal import Decimal

from trading.exits.level import percent, percentage_from
from trading.model import CostRates, Costs, Side
from trading.money import HUNDRED, ZERO, difference, money, price_scale, product

DEFAULT_RATES = CostRates(
    fee=Decimal("0.0026"), spread=Decimal("0.001"), slippage=Decimal("0.0005")
)


RATE_MAX = Decimal("0.1")
"""The largest cost rate: 10 % of a notional. A larger one is a percentage by mistake."""


def checked_rates(rates: CostRates) -> CostRates:
    """Return the rates if each is between 0 and 10 % of a notional.

    Raises:
        ValueError: naming the rate and the remedy.
    """
    for name in ("fee", "spread", "slippage"):
        rate = getattr(rates, name)
        if not (rate.is_finite() and ZERO <= rate <= RATE_MAX and rate == price_scale(rate)):
            raise ValueError(
                f"{name} of {rate_text(rate)} of a notional is not between 0% and "
                f"{rate_text(RATE_MAX)} with at most 16 decimals: give one such as 0.26%"
            )
    return rates


def rate_from(text: str) -> Decimal:
    """Read a cost rate such as `0.26%` as a fraction of a notional.

    Raises:
        ValueError: with the text and the remedy.
    """
    return product(percentage_from(text, may_be_zero=True), Decimal("0.01"))


def rate_text(rate: Decimal) -> str:
    """A cost rate as `0.26%`."""
    return f"{percent(product(rate, HUNDRED))}" if rate.is_finite() else str(rate)


def gross_pnl(
    side: Side, *, entry_price: Decimal, exit_price: Decimal, quantity: Decimal
) -> Decimal:
    """The PnL of a quantity between entry and exit, before costs; in money."""
    return money(product(side.sign, difference(exit_price, entry_price), quantity))


def closing_costs(
    rates: CostRates, *, entry_price: Decimal, exit_price: Decimal, quantity: Decimal
) -> Costs:
    """The costs of closing a quantity, its share of the entry fee included; in money."""
    return Costs(
        entry_fee=money(product(rates.fee, entry_price, quantity)),
        exit_fee=money(product(rates.fee, exit_price, quantity)),
        spread=money(product(rates.spread, exit_price, quantity)),
        slippage=money(product(rates.slippage, exit_price, quantity)),
    )
