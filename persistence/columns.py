"""Column types that keep values exactly, on both engines.

| value | PostgreSQL | SQLite | as it is handed to a bulk write |
| --- | --- | --- | --- |
| money | NUMERIC(20, 8) | INTEGER | integer, in units of 1E-8 |
| price, quantity, rate | NUMERIC(38, 18) | TEXT | plain notation without trailing zeros |
| time | TIMESTAMPTZ | INTEGER | integer, microseconds since the epoch |

Loaded money has 8 decimals and loaded prices have no trailing zeros, as `trading.money` makes
them, so that both engines give values that compare and print alike.
"""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Dialect, Integer, Numeric, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator, TypeEngine

from trading.money import AMOUNT_MAX, EXACT, MONEY_QUANTUM, trimmed
from trading.times import microseconds, moment

MONEY_UNITS_MAX = int(AMOUNT_MAX / MONEY_QUANTUM)
"""The largest amount in units of 1E-8."""

_PRICE_INTEGER_DIGITS = 20
_PRICE_DECIMALS = 18
_FIRST_US = microseconds(datetime.min.replace(tzinfo=UTC))
_LAST_US = microseconds(datetime.max.replace(tzinfo=UTC))
LOW_PART = 1 << 32
"""Splits a 64-bit integer into a high and a low part, whose sums do not overflow."""

# SQLite's strict tables have neither BIGINT nor BOOLEAN.
WholeNumber = BigInteger().with_variant(Integer(), "sqlite")
"""The type of a 64-bit count, number or id."""
Flag = Boolean().with_variant(Integer(), "sqlite")
"""The type of a boolean."""


def money_units(amount: Decimal) -> int:
    """An amount in units of 1E-8.

    Raises:
        ValueError: if the amount is not finite, is beyond the bound or has over 8 decimals.
    """
    if not amount:
        return 0
    if not amount.is_finite() or not -AMOUNT_MAX <= amount <= AMOUNT_MAX:
        raise ValueError(f"amount {amount} is not within {AMOUNT_MAX} either way")
    scaled = amount.scaleb(8, EXACT)
    units = int(scaled)
    if units != scaled:
        raise ValueError(f"amount {amount} has more than 8 decimals")
    return units


def money_from_units(units: int) -> Decimal:
    """The amount of a number of units of 1E-8."""
    return Decimal(units).scaleb(-8, EXACT)


def price_text(price: Decimal) -> str:
    """A price, quantity or rate in plain notation without trailing zeros.

    Raises:
        ValueError: if it is not finite, or has more than 18 decimals or 20 digits before them.
    """
    text = format(price, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    whole, _point, decimals = text.partition(".")
    if len(decimals) > _PRICE_DECIMALS or len(whole) > _PRICE_INTEGER_DIGITS:
        raise ValueError(f"{price} has more than 18 decimals or 20 digits before them")
    if not price.is_finite():
        raise ValueError(f"{price} is not finite")
    return text


class Money(TypeDecorator[Decimal]):
    """Money, in the account's currency."""

    impl = Numeric(20, 8)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Scaled integers where there is no exact decimal."""
        return dialect.type_descriptor(Integer() if _is_sqlite(dialect) else Numeric(20, 8))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | int | None:
        """Raises ValueError for a value that is not an amount of money."""
        if value is None:
            return None
        units = money_units(value)
        return units if _is_sqlite(dialect) else money_from_units(units)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """With 8 decimals; raises ValueError for NaN, which a NUMERIC may hold."""
        if value is None:
            return None
        return money_from_units(value) if _is_sqlite(dialect) else finite(value)


class DoubtfulMoney(Money):
    """Money as stored in a row that is in doubt, NaN included."""

    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Raises nothing."""
        return money_from_units(value) if value is not None and _is_sqlite(dialect) else value


class Price(TypeDecorator[Decimal]):
    """A price, a quantity or a rate."""

    impl = Numeric(38, 18)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Text where there is no exact decimal."""
        return dialect.type_descriptor(Text() if _is_sqlite(dialect) else Numeric(38, 18))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Decimal | str | None:
        """Raises ValueError for a value that does not fit."""
        if value is None:
            return None
        text = price_text(value)
        return text if _is_sqlite(dialect) else Decimal(text)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        """Without trailing zeros; raises ValueError for a value that is not a finite number."""
        if value is None:
            return None
        if _is_sqlite(dialect):
            return finite(Decimal(value))
        return trimmed(finite(value))


class Timestamp(TypeDecorator[int]):
    """A moment in microseconds since the epoch, UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """Integers where there is no time with a zone."""
        return dialect.type_descriptor(
            Integer() if _is_sqlite(dialect) else DateTime(timezone=True)
        )

    def process_bind_param(self, value: int | None, dialect: Dialect) -> datetime | int | None:
        """Exact to the microsecond."""
        if value is None or _is_sqlite(dialect):
            return value
        return moment(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """Exact to the microsecond; raises ValueError for a number that is not a time."""
        if value is None or not _is_sqlite(dialect):
            return None if value is None else microseconds(value)
        if not _FIRST_US <= value <= _LAST_US:
            raise ValueError(
                f"{value} microseconds since 1970 are not a time of the years 1 to 9999"
            )
        return value  # type: ignore[no-any-return]


class database_clock(FunctionElement[int]):  # noqa: N801 (reads as an SQL function)
    """The database's clock, at the moment when the statement runs."""

    type = Timestamp()
    inherit_cache = True


class _MoneySum(Money):
    """Money that may exceed the bound: a sum, as SQLite's two parts or a NUMERIC."""

    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if not _is_sqlite(dialect):
            return value  # type: ignore[no-any-return]
        high, low = value.split(" ")
        return money_from_units(int(high) * LOW_PART + int(low))

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(Text() if _is_sqlite(dialect) else Numeric())


class exact_sum(FunctionElement[Decimal]):  # noqa: N801 (reads as an SQL function)
    """The sum of a money column, exact over any number of rows; 0 over none."""

    type = _MoneySum()
    inherit_cache = True


@compiles(database_clock, "postgresql")
def _clock_postgresql(_element: database_clock, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "clock_timestamp()"


@compiles(database_clock, "sqlite")
def _clock_sqlite(_element: database_clock, _compiler: SQLCompiler, **_kw: Any) -> str:
    return "CAST(strftime('%s', 'now') AS INTEGER) * 1000000"


@compiles(exact_sum, "postgresql")
def _sum_postgresql(element: exact_sum, compiler: SQLCompiler, **kw: Any) -> str:
    return f"COALESCE(SUM({compiler.process(element.clauses, **kw)}), 0)"


@compiles(exact_sum, "sqlite")
def _sum_sqlite(element: exact_sum, compiler: SQLCompiler, **kw: Any) -> str:
    # A sum of 64-bit integers may overflow; those of their high and low 32 bits do not.
    column = compiler.process(element.clauses, **kw)
    return (
        f"COALESCE(SUM({column} / {LOW_PART}), 0) || ' ' || COALESCE(SUM({column} % {LOW_PART}), 0)"
    )


def finite(value: Decimal) -> Decimal:
    """The same number; raises ValueError for NaN and infinity, which do not compare."""
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return value


def _is_sqlite(dialect: Dialect) -> bool:
    return dialect.name == "sqlite"
