"""Levels as they are written: a price, or a distance in percent."""

import re
from decimal import Decimal

import pytest

from trading.exits.level import Level, level_from, percent


@pytest.mark.parametrize(
    ("text", "level", "written"),
    [
        ("62800", Level(Decimal(62800)), "62800"),
        (" 0.0008000 ", Level(Decimal("0.0008")), "0.0008"),
        (".5", Level(Decimal("0.5")), "0.5"),
        ("6.28E+4", Level(Decimal(62800)), "62800"),
        ("1e-8", Level(Decimal("1E-8")), "0.00000001"),
        ("5%", percent(5), "5%"),
        ("2.50 %", percent("2.5"), "2.5%"),
        ("1000%", percent(1000), "1000%"),
    ],
)
def test_a_level_is_a_price_or_a_percentage(text: str, level: Level, written: str) -> None:
    """It is written without zeros at its end, and never with an exponent."""
    assert level_from(text) == level
    assert str(level) == written


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "'' is not a price such as 62800 or a percentage such as 5%"),
        ("none", "'none' is not a price such as 62800"),
        ("-3%", "'-3%' is not a percentage such as 3%"),
        ("-62800", "'-62800' is not a price such as 62800"),
        ("0", "'0' is not above 0: give a price such as 62800"),
        ("0%", "'0%' is not above 0: give a percentage such as 3%"),
        ("NaN", "'NaN' is not a price"),
        ("inf%", "'inf%' is not a percentage"),
        ("1_000", "'1_000' has thousands separators: write 1000"),
        ("62,800", "'62,800' has thousands separators: write 62800"),
        ("1'062,800.5", "has thousands separators: write 1062800.5"),
        ("٣", "'٣' is not a price"),
        ("1e99", "1e99 is not a price: give one up to 1000000000000 with at most 18 decimals"),
        ("1e-19", "1e-19 is not a price: give one up to"),
        ("1e-19%", "1e-19% has more than 18 decimals: round it"),
        ("65000%", "65000% is above 1000%; to give a price, leave out the %"),
        ("1e99%", "1e99% is too large: give a percentage such as 3%"),
        ("9" * 100_000, f"'{'9' * 60}' is not a price"),
    ],
)
def test_what_is_not_a_level_is_refused(text: str, why: str) -> None:
    """With the text as it was written, and the remedy."""
    with pytest.raises(ValueError, match=re.escape(why)):
        level_from(text)


@pytest.mark.parametrize("value", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_a_level_is_a_finite_number(value: str) -> None:
    """Whatever an embedding program builds it of."""
    for is_percent in (False, True):
        with pytest.raises(ValueError, match=f"{value} is not a level: give a price"):
            Level(Decimal(value), is_percent=is_percent)
