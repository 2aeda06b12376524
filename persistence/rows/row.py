"""Helpers of all rows: their values, and the order and kinds of a table's columns."""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from operator import itemgetter
from typing import Any

from persistence.columns import money_units, price_text
from persistence.table_parts import FIXED, Table

Value = int | str | None
Row = tuple[Value, ...]


def names(table: type[Table]) -> tuple[str, ...]:
    """The columns of a table, in their order."""
    return tuple(table.__table__.columns.keys())


def in_order(table: type[Table]) -> Callable[[Mapping[str, Value]], Row]:
    """Makes a row of values by column; a column that is missing is a KeyError."""
    return itemgetter(*names(table))


def by_name(table: type[Table]) -> Callable[[Iterable[Any]], Any]:
    """Names the columns of a row that has all of them, in their order.

    A named tuple, because thousands are read at a start: it costs a quarter of a dict, and the
    look-ups by name in a query's row cost more.
    """
    record: Any = namedtuple("record", names(table))  # type: ignore[misc]
    return record._make


def changing(table: type[Table]) -> tuple[str, ...]:
    """The columns that may change after a row's insert: all but the key and the fixed ones."""
    return tuple(
        name
        for name, column in table.__table__.columns.items()
        if not column.primary_key and column.info != FIXED
    )


def picked(table: type[Table], columns: tuple[str, ...]) -> Callable[[Row], Row]:
    """Picks columns out of a whole row."""
    return itemgetter(*map(names(table).index, columns))


def money_units_or_none(amount: Decimal | None) -> int | None:
    """See `money_units`."""
    return None if amount is None else money_units(amount)


def price_text_or_none(price: Decimal | None) -> str | None:
    """See `price_text`."""
    return None if price is None else price_text(price)
