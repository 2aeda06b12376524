"""The prices that levels come to, once the entry is known."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal

from trading.exits.ladder import Rung, StopTarget, Trailing
from trading.exits.level import Level
from trading.model import CostRates, Side
from trading.money import (
    DIGITS,
    HUNDRED,
    PRICE_QUANTUM,
    difference,
    price_scale,
    product,
    total,
    trimmed,
)

_UP = Context(prec=DIGITS, rounding=ROUND_CEILING)
_DOWN = Context(prec=DIGITS, rounding=ROUND_FLOOR)
_TO_PROFIT = {Side.LONG: _UP, Side.SHORT: _DOWN}
_TO_LOSS = {Side.LONG: _DOWN, Side.SHORT: _UP}
_HUNDREDTH = Decimal("0.01")


def at_or_beyond(side: Side, price: Decimal, level: Decimal) -> bool:
    """Whether a price is at a level, or further toward profit."""
    return price >= level if side is Side.LONG else price <= level


def level_price(side: Side, entry_price: Decimal, level: Level) -> Decimal:
    """The price of a level toward profit; 0 or less where a percentage leads there."""
    if not level.is_percent:
        return trimmed(level.value)
    return _at_distance(entry_price, product(side.sign, level.value))


def stop_loss_price(side: Side, entry_price: Decimal, level: Level) -> Decimal:
    """The price of a stop-loss, whose percentage is a distance toward loss."""
    if not level.is_percent:
        return trimmed(level.value)
    return _at_distance(entry_price, product(side.sign, level.value).copy_negate())


def breakeven_net_price(side: Side, entry_price: Decimal, rates: CostRates) -> Decimal:
    """The price at which closing costs nothing, rounded toward profit to 18 decimals.

    With fee f, spread s and slippage l: entry x (1+f) / (1-f-s-l) for a LONG, and
    entry x (1-f) / (1+f+s+l) for a SHORT.
    """
    exit_rate = total(rates.fee, rates.spread, rates.slippage)
    paid = total(Decimal(1), product(side.sign, rates.fee))
    kept = difference(Decimal(1), product(side.sign, exit_rate))
    context = _TO_PROFIT[side]
    return _quantized(context.divide(product(entry_price, paid), kept), context)


def rung_stop_price(
    side: Side,
    entry_price: Decimal,
    rates: CostRates,
    rung: Rung,
    previous_price: Decimal | None,
) -> Decimal | None:
    """The price to which a rung sends the stop-loss; None where it leaves it."""
    match rung.stop:
        case StopTarget.KEEP:
            return None
        case StopTarget.BREAKEVEN:
            return entry_price
        case StopTarget.BREAKEVEN_NET:
            return breakeven_net_price(side, entry_price, rates)
        case StopTarget.PREVIOUS:
            return entry_price if previous_price is None else previous_price
        case Level():
            return level_price(side, entry_price, rung.stop)


def trailed_stop_price(side: Side, trailing: Trailing, best_price: Decimal) -> Decimal:
    """The stop at the trail's distance behind the best price, rounded toward loss.

    It is 0 or less where the distance is longer than the price of a LONG.
    """
    distance, context = trailing.distance, _TO_LOSS[side]
    if distance.is_percent:
        behind = product(best_price, distance.value, _HUNDREDTH)
    else:
        behind = distance.value
    return _quantized(difference(best_price, product(side.sign, behind)), context)


def next_step_price(side: Side, trailing: Trailing, best_price: Decimal) -> Decimal:
    """The first price at which a trail follows again, rounded toward profit."""
    factor = total(HUNDRED, product(side.sign, trailing.step_percent))
    return _quantized(product(best_price, factor, _HUNDREDTH), _TO_PROFIT[side])


def _at_distance(entry_price: Decimal, distance: Decimal) -> Decimal:
    return price_scale(product(entry_price, total(HUNDRED, distance), _HUNDREDTH))


def _quantized(value: Decimal, context: Context) -> Decimal:
    return trimmed(value.quantize(PRICE_QUANTUM, context=context))
