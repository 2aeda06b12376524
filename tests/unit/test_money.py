"""Decimals: one rounding rule, exactness, bounds, and no influence of the thread."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import ROUND_UP, Context, Decimal, Inexact, setcontext
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.unit.accounts import Account, a_ladder, a_position
from trading.money import (
    AMOUNT_MAX,
    DIGITS,
    MONEY_QUANTUM,
    PRICE_MAX,
    QUANTITY_MAX,
    difference,
    is_money,
    is_price,
    is_quantity,
    money,
    plain,
    price_scale,
    product,
    quotient,
    total,
    trimmed,
)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [
        ("0.000000005", "0.00000000"),
        ("0.0000000050000000000000000001", "0.00000001"),
        ("0.000000015", "0.00000002"),
        ("0.000000025", "0.00000002"),
        ("-0.000000015", "-0.00000002"),
        ("-0.000000025", "-0.00000002"),
        ("-0", "0.00000000"),
        ("-0.000000005", "0.00000000"),
        ("89999999999.999999995", "90000000000.00000000"),
    ],
)
def test_money_rounds_half_to_even(value: str, rounded: str) -> None:
    """Money has 8 decimals, and a half goes to the even neighbour."""
    assert plain(money(Decimal(value))) == rounded


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("5E-19", "0"), ("15E-19", "0.000000000000000002"), ("25E-19", "0.000000000000000002")],
)
def test_prices_round_half_to_even(value: str, rounded: str) -> None:
    """Prices and quantities have 18 decimals, and a half goes to the even neighbour."""
    assert plain(price_scale(Decimal(value))) == rounded


@given(st.decimals(-AMOUNT_MAX, AMOUNT_MAX, places=20))
def test_money_is_the_nearest_amount(value: Decimal) -> None:
    """No amount of money is nearer to a value than the one that it rounds to."""
    error = Fraction(money(value)) - Fraction(value)
    assert abs(error) <= Fraction(MONEY_QUANTUM) / 2
    assert is_money(money(value))


@given(st.decimals("1E-18", AMOUNT_MAX, places=18), st.decimals("1E-18", PRICE_MAX, places=18))
def test_a_quotient_is_rounded_once(dividend: Decimal, divisor: Decimal) -> None:
    """A quotient is the exact ratio rounded half to even to 18 decimals."""
    exact = Fraction(dividend) / Fraction(divisor)
    assert Fraction(quotient(dividend, divisor)) == Fraction(round(exact * 10**18), 10**18)


def test_a_quotient_beyond_a_tie_by_its_last_digits_rounds_up() -> None:
    """Digits behind the working precision still decide between the two neighbours."""
    just_above_a_tie = Decimal("1.0000000000000000005" + "0" * DIGITS + "1")
    assert plain(quotient(just_above_a_tie, Decimal(1))) == "1.000000000000000001"


LONG_NUMBER = Decimal("1." + "1" * (DIGITS - 1))


@pytest.mark.parametrize(
    "calculate",
    [
        lambda: product(LONG_NUMBER, LONG_NUMBER),
        lambda: difference(LONG_NUMBER, Decimal(10) ** -DIGITS),
        lambda: total(LONG_NUMBER, Decimal(10) ** -DIGITS),
    ],
    ids=["product", "difference", "total"],
)
def test_what_cannot_be_exact_raises(calculate: Callable[[], Decimal]) -> None:
    """Exact arithmetic raises Inexact rather than lose a digit."""
    with pytest.raises(Inexact):
        calculate()


@given(st.lists(st.decimals("1E-18", 10**12, places=18), min_size=1, max_size=4))
def test_sums_and_differences_of_prices_are_exact(values: list[Decimal]) -> None:
    """Sums and differences of prices lose no digit."""
    first, *others = values
    assert Fraction(total(first, *others)) == sum(map(Fraction, values))
    assert Fraction(difference(first, values[-1])) == Fraction(first) - Fraction(values[-1])


@given(
    st.decimals("1E-18", PRICE_MAX, places=18),
    st.decimals("1E-18", QUANTITY_MAX, places=18),
    st.decimals("1E-18", 1, places=18),
)
@example(
    Decimal("9" * 12 + "." + "9" * 18), Decimal("9" * 20 + "." + "9" * 18), Decimal("0." + "9" * 18)
)
def test_products_within_the_bounds_are_exact(
    price: Decimal, quantity: Decimal, rate: Decimal
) -> None:
    """The product of any price, quantity and rate within the bounds loses no digit."""
    exact = Fraction(price) * Fraction(quantity) * Fraction(rate)
    assert Fraction(product(price, quantity, rate)) == exact


@pytest.mark.parametrize(
    ("value", "text"),
    [("1E+2", "100"), ("100.000", "100"), ("1E-8", "0.00000001"), ("0E-8", "0"), ("-1.50", "-1.5")],
)
def test_numbers_are_shown_without_exponent_and_trailing_zeros(value: str, text: str) -> None:
    """A trimmed number reads as people write it."""
    assert plain(trimmed(Decimal(value))) == text


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("0", True),
        ("0.00000001", True),
        ("-90000000000", True),
        ("90000000000.00000000", True),
        ("90000000000.00000001", False),
        ("-90000000000.00000001", False),
        ("0.000000001", False),
        ("1.000000000", True),
        ("1E+80", False),
        ("NaN", False),
        ("sNaN", False),
        ("Infinity", False),
        ("-Infinity", False),
    ],
)
def test_an_amount_of_money_is_bounded(value: str, is_one: bool) -> None:
    """Money is finite, at most 90,000,000,000 either way, and has at most 8 decimals."""
    assert is_money(Decimal(value)) is is_one


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("1E-18", True),
        ("1000000000000", True),
        ("1000000000000.000000000000000001", False),
        ("1E-19", False),
        ("0", False),
        ("-1", False),
        ("1E+80", False),
        ("NaN", False),
        ("sNaN", False),
        ("Infinity", False),
    ],
)
def test_a_price_is_bounded(value: str, is_one: bool) -> None:
    """A price is finite, positive, at most a million million, and has at most 18 decimals."""
    assert is_price(Decimal(value)) is is_one


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("1E-18", True),
        ("99999999999999999999", True),
        ("99999999999999999999.000000000000000001", False),
        ("1E-19", False),
        ("0", False),
        ("-1", False),
        ("1E+80", False),
        ("NaN", False),
        ("sNaN", False),
        ("Infinity", False),
    ],
)
def test_a_quantity_is_bounded(value: str, is_one: bool) -> None:
    """A quantity is finite, positive, fits 20 digits before the point and 18 behind it."""
    assert is_quantity(Decimal(value)) is is_one


def in_a_thread_with(context: Context, calculate: Callable[[], object]) -> object:
    with ThreadPoolExecutor(1, initializer=setcontext, initargs=(context,)) as pool:
        return pool.submit(calculate).result()


def every_helper() -> list[object]:
    price, quantity = Decimal("64123.456789012345678901"), Decimal("1234.567890123456789012")
    return [
        money(price),
        price_scale(quantity),
        product(price, quantity),
        difference(price, quantity),
        total(price, quantity),
        quotient(quantity, price),
        trimmed(price),
        plain(price),
        is_money(Decimal("90000000000.00000001")),
        is_price(price),
        is_quantity(quantity),
    ]


def test_helpers_ignore_the_threads_context() -> None:
    """No helper's result depends on the decimal context of the thread that calls it."""
    coarse = Context(prec=5, rounding=ROUND_UP)
    assert in_a_thread_with(coarse, every_helper) == every_helper()


def a_rich_life() -> list[object]:
    account = Account("89000000000.12345678")
    account.open(
        a_position(
            entry_price="123456.789012345678901234",
            quantity="654321.123456789012345678",
            ladder=a_ladder(3, 6, 10, closes=("0.123456789", "0.3", "0.576543211")),
        )
    )
    for price in ("128000.111222333444555666", "131000.777888999000111222", "140000"):
        account.price(price)
    return [account.wallet, account.entries, account.events, account.positions, account.health()]


def test_a_whole_life_fits_the_default_context() -> None:
    """Large sums come out the same in a thread's default 28 digits as in all that we use."""
    assert in_a_thread_with(Context(prec=DIGITS), a_rich_life) == a_rich_life()
