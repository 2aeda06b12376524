"""Decimals: the scales, the bounds and the one rounding rule.

Money has 8 decimals, prices and quantities up to 18, and both round half to even.
Arithmetic that could outgrow a thread's default decimal context goes through the contexts
of this module, so that no result depends on which thread computed it. Sums and differences
of money need no help: within `AMOUNT_MAX` they fit the default 28 digits exactly.
"""

from decimal import (
    ROUND_05UP,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    DivisionByZero,
    Inexact,
    InvalidOperation,
    Overflow,
)

DIGITS = 100
"""Digits of working precision: no product of a price, a quantity and a rate in bounds rounds."""

MONEY_QUANTUM = Decimal("1E-8")
PRICE_QUANTUM = Decimal("1E-18")
ZERO = Decimal(0)
HUNDRED = Decimal(100)

AMOUNT_MAX = Decimal(90_000_000_000)
"""The largest amount of money: as a multiple of 1E-8 it fits a signed 64-bit integer."""

PRICE_MAX = Decimal(1_000_000_000_000)
"""The largest price accepted at the edge."""

QUANTITY_MAX = Decimal(10**20) - 1
"""The largest quantity: with 18 decimals it fits NUMERIC(38, 18)."""

_ERRORS = [InvalidOperation, DivisionByZero, Overflow]
EXACT = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, traps=[*_ERRORS, Inexact])
"""The context in which nothing rounds: an inexact result raises `decimal.Inexact`."""

_ROUND = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN, traps=_ERRORS)
# Rounding a quotient twice is harmless when the first time is ROUND_05UP.
_DIVIDE = Context(prec=DIGITS, rounding=ROUND_05UP, traps=_ERRORS)


def money(value: Decimal) -> Decimal:
    """Round to 8 decimals, half to even: the one place where money is rounded.

    A result of -0 becomes 0.
    """
    return _ROUND.plus(value.quantize(MONEY_QUANTUM, context=_ROUND))


def price_scale(value: Decimal) -> Decimal:
    """Round a price or quantity to 18 decimals, half to even, without trailing zeros."""
    return trimmed(value.quantize(PRICE_QUANTUM, context=_ROUND))


def product(first: Decimal, *others: Decimal) -> Decimal:
    """Multiply exactly; raises `decimal.Inexact` rather than round."""
    result = first
    for other in others:
        result = EXACT.multiply(result, other)
    return result


def difference(minuend: Decimal, subtrahend: Decimal) -> Decimal:
    """Subtract exactly; raises `decimal.Inexact` rather than round."""
    return EXACT.subtract(minuend, subtrahend)


def total(first: Decimal, *others: Decimal) -> Decimal:
    """Add exactly; raises `decimal.Inexact` rather than round."""
    result = first
    for other in others:
        result = EXACT.add(result, other)
    return result


def quotient(dividend: Decimal, divisor: Decimal) -> Decimal:
    """Divide, rounded once to 18 decimals."""
    return price_scale(_DIVIDE.divide(dividend, divisor))


def trimmed(value: Decimal) -> Decimal:
    """The same number in plain notation without trailing zeros (`100`, never `1E+2`)."""
    shortest = value.normalize(_ROUND)
    exponent = shortest.as_tuple().exponent
    assert isinstance(exponent, int), f"{value} is not finite"
    return shortest.quantize(Decimal(1), context=_ROUND) if exponent > 0 else shortest


def plain(value: Decimal) -> str:
    """A finite decimal as text without an exponent (`0.00000001`, never `1E-8`)."""
    return format(value, "f")


def is_money(value: Decimal) -> bool:
    """Whether a value is finite, within `AMOUNT_MAX` either way, and has at most 8 decimals."""
    return value.is_finite() and value.copy_abs() <= AMOUNT_MAX and value == money(value)


def is_price(value: Decimal) -> bool:
    """Whether a value is finite, positive, at most `PRICE_MAX`, with at most 18 decimals."""
    return value.is_finite() and ZERO < value <= PRICE_MAX and fits_price_scale(value)


def is_quantity(value: Decimal) -> bool:
    """Whether a value is finite, positive, at most `QUANTITY_MAX`, with at most 18 decimals."""
    return value.is_finite() and ZERO < value <= QUANTITY_MAX and fits_price_scale(value)


def fits_price_scale(value: Decimal) -> bool:
    """Whether a finite value within `QUANTITY_MAX` has at most 18 decimals."""
    return value == value.quantize(PRICE_QUANTUM, context=_ROUND)
