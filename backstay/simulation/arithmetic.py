"""The model's own arithmetic: exact fractions, rounded half to even where the rules say so."""

import math
from decimal import Decimal
from fractions import Fraction

Number = Decimal | Fraction | int

MONEY_DECIMALS = 8
PRICE_DECIMALS = 18


def money(value: Number) -> Decimal:
    """An amount of money: 8 decimals."""
    return _rounded(value, MONEY_DECIMALS)


def price(value: Number) -> Decimal:
    """A price or a quantity: 18 decimals."""
    return _rounded(value, PRICE_DECIMALS)


def price_above(value: Number) -> Decimal:
    """A price, rounded up where it has more than 18 decimals."""
    return Decimal(f"{math.ceil(Fraction(value) * 10**PRICE_DECIMALS)}E-{PRICE_DECIMALS}")


def price_below(value: Number) -> Decimal:
    """A price, rounded down where it has more than 18 decimals."""
    return Decimal(f"{math.floor(Fraction(value) * 10**PRICE_DECIMALS)}E-{PRICE_DECIMALS}")


def exact(value: Number) -> Fraction:
    """The same number as a fraction."""
    return Fraction(value)


def _rounded(value: Number, decimals: int) -> Decimal:
    units = round(Fraction(value) * 10**decimals)  # Python rounds a fraction half to even
    return Decimal(f"{units}E-{decimals}")
