"""A level: a price, or a distance from the entry in percent."""

import re
from dataclasses import dataclass
from decimal import Decimal

from trading.money import PRICE_MAX, QUANTITY_MAX, ZERO, plain, price_scale, trimmed

PERCENTAGE_MAX = Decimal(1_000)
"""The furthest distance, in percent from the entry: what is larger is a price by mistake."""

_NUMBER = re.compile(
    r"(?:[0-9]{1,30}(?:\.[0-9]{1,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,2})?", re.ASCII
)
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:[,'_ ][0-9]{3})+(?:\.[0-9]+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Level:
    """A price, or a percentage of the entry price that is measured from the entry.

    A percentage is always positive. It is measured toward profit for a take-profit, for a rung's
    stop and for the start of a trail, and toward loss for a stop-loss.
    """

    value: Decimal
    is_percent: bool = False

    def __post_init__(self) -> None:
        """Refuse NaN and infinities; raises `ValueError`."""
        if not self.value.is_finite():
            raise ValueError(f"{self.value} is not a level: give a price or a percentage")

    def __str__(self) -> str:
        """The notation of every edge: `103.5`, or `3%`."""
        return plain(trimmed(self.value)) + ("%" if self.is_percent else "")


def percent(value: Decimal | int | str) -> Level:
    """A distance in percent."""
    return Level(Decimal(value), is_percent=True)


def level_from(text: str) -> Level:
    """Read a level: `103.5` is a price, `3%` a distance from the entry.

    Raises:
        ValueError: with the text and the remedy.
    """
    bare = text.strip()
    if not bare.endswith("%"):
        return Level(price_from(bare))
    distance = percentage_from(bare)
    if distance > PERCENTAGE_MAX:
        raise ValueError(
            f"{bare} is above {plain(PERCENTAGE_MAX)}%; to give a price, leave out the %"
        )
    return Level(distance, is_percent=True)


def price_from(text: str) -> Decimal:
    """Read a price.

    Raises:
        ValueError: with the text and the remedy.
    """
    price = number_from(text, "a price such as 62800 or a percentage such as 5%")
    if price > PRICE_MAX or price != price_scale(price):
        raise ValueError(
            f"{text} is not a price: give one up to {plain(PRICE_MAX)} with at most 18 decimals"
        )
    return trimmed(price)


def percentage_from(text: str, *, may_be_zero: bool = False) -> Decimal:
    """Read a percentage such as `3%`, without its sign.

    Raises:
        ValueError: with the text and the remedy.
    """
    bare = text.strip()
    if not bare.endswith("%"):
        raise ValueError(f"{bare[:60]!r} is not a percentage: write it with its sign, such as 3%")
    value = number_from(
        bare.removesuffix("%"), "a percentage such as 3%", whole=bare, may_be_zero=may_be_zero
    )
    if value > QUANTITY_MAX:
        raise ValueError(f"{bare} is too large: give a percentage such as 3%")
    if value != price_scale(value):
        raise ValueError(f"{bare} has more than 18 decimals: round it")
    return trimmed(value)


def number_from(
    text: str, wanted: str, *, whole: str | None = None, may_be_zero: bool = False
) -> Decimal:
    """Read a plain decimal above 0, or from 0; `wanted` says in an error what was expected.

    Raises:
        ValueError: with `whole` (the text itself where it is not given) and the remedy.
    """
    bare, shown = text.strip(), (text if whole is None else whole)[:60]
    if _THOUSANDS.fullmatch(bare):
        digits = re.sub(r"[,'_ ]", "", bare)
        raise ValueError(f"{shown!r} has thousands separators: write {digits}")
    if not _NUMBER.fullmatch(bare):
        raise ValueError(f"{shown!r} is not {wanted}")
    number = Decimal(bare)
    if number == ZERO and not may_be_zero:
        raise ValueError(f"{shown!r} is not above 0: give {wanted}")
    return number
