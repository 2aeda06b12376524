"""The parts of tables: column types, and constraints that both engines understand."""

from collections.abc import Iterable, Iterator
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from sqlalchemy import CheckConstraint, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column
from sqlalchemy.schema import SchemaItem

from persistence.columns import MONEY_UNITS_MAX, Money, Price, Timestamp, WholeNumber
from trading.money import AMOUNT_MAX

MoneyColumn = Annotated[Decimal, mapped_column(Money)]
PriceColumn = Annotated[Decimal, mapped_column(Price)]
TimeColumn = Annotated[int, mapped_column(Timestamp)]
CountColumn = Annotated[int, mapped_column(WholeNumber)]
TextColumn = Annotated[str, mapped_column(Text)]

STRICT = {"sqlite_strict": True}
"""Makes SQLite enforce every column's type; PostgreSQL always does."""


class Table(DeclarativeBase):
    """The base of all tables."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
        }
    )


FIXED = {"fixed": True}
"""Marks a column that never changes after its row's insert; see `fixed`."""


def fixed(*parts: SchemaItem) -> MappedColumn[Any]:
    """A column that is written once, by its row's insert."""
    return mapped_column(*parts, info=FIXED)


def check(name: str, condition: str) -> CheckConstraint:
    """A constraint on each row, the same for both engines."""
    return CheckConstraint(condition, name=name)


def within(*columns: str) -> Iterator[CheckConstraint]:
    """Keep money within the bound, either way."""
    for dialect, bound in (("postgresql", AMOUNT_MAX), ("sqlite", MONEY_UNITS_MAX)):
        condition = " AND ".join(f"{column} BETWEEN -{bound} AND {bound}" for column in columns)
        yield check("money_within_bound", condition).ddl_if(dialect=dialect)


def prices(
    *, positive: Iterable[str], not_negative: Iterable[str] = ()
) -> Iterator[CheckConstraint]:
    """Keep prices above zero, others at least zero, and both numbers: no NaN, no other text."""
    signs = [(column, ">") for column in positive] + [(column, ">=") for column in not_negative]
    numbers = " AND ".join(f"{column} {sign} 0 AND {column} < 'NaN'" for column, sign in signs)
    texts = " AND ".join(
        f"{column} {sign} '0' AND {column} NOT GLOB '*[^0-9.]*'" for column, sign in signs
    )
    yield check("prices_in_range", numbers).ddl_if(dialect="postgresql")
    yield check("prices_in_range", texts).ddl_if(dialect="sqlite")


def one_of(column: str, values: type[StrEnum]) -> CheckConstraint:
    """Keep a column to the values of an enumeration."""
    names = ", ".join(f"'{value}'" for value in values)
    return check(f"{column}_known", f"{column} IN ({names})")
