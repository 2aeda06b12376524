"""A commit's statements for PostgreSQL: one prepared statement, in one round trip.

Each table's rows are sent as one JSON text. That costs Python a fifth of multi-row VALUES, and less
than COPY, whatever the number of rows. The statement is always the same, so the server parses and
plans it once a connection. Rare kinds of rows have a second, longer statement.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import ColumnElement

from persistence.batch import Batch, Written, or_replaced
from persistence.columns import Money, Price, Timestamp
from persistence.rows.account import ACCOUNT_BEFORE, ACCOUNT_CHANGING
from persistence.rows.position import POSITION_BEFORE, POSITION_CHANGING
from persistence.rows.row import Row
from persistence.tables import (
    AccountRow,
    DeliveryRow,
    EntryRow,
    EventRow,
    KeyRow,
    MarketRow,
    PauseRow,
    PositionRow,
    SignalRow,
    Table,
)

_encode = msgspec.json.Encoder().encode


def _value(column: ColumnElement[Any], place: int) -> str:
    """A column's value out of the JSON array `r`, from the encoding of `persistence.rows`."""
    text = f"(r->>{place})"
    if isinstance(column.type, Money):
        return f"{text}::numeric * 0.00000001"
    if isinstance(column.type, Price):
        return f"{text}::numeric"
    if isinstance(column.type, Timestamp):
        return _moment(f"{text}::bigint")
    return f"{text}::{column.type.compile()}"


def _moment(microseconds: str) -> str:
    return f"TIMESTAMPTZ 'epoch' + {microseconds} * INTERVAL '1 microsecond'"


def _insert(table: type[Table], parameter: str) -> str:
    columns = table.__table__.columns
    values = ", ".join(_value(column, place) for place, column in enumerate(columns))
    return (
        f"INSERT INTO {table.__tablename__} ({', '.join(columns.keys())})"
        f" SELECT {values} FROM fence, jsonb_array_elements({parameter}) AS r"
    )


def _insert_or_replace(table: type[Table], parameter: str) -> str:
    return f"{_insert(table, parameter)} {or_replaced(table)}"


def _update(
    table: type[Table], changing: Sequence[str], before: Sequence[str], parameter: str
) -> str:
    columns = table.__table__.columns
    values = [
        f"{column} = {_value(columns[column], place)}" for place, column in enumerate(changing)
    ]
    found_by = [
        f"t.{column} = {_value(columns[column], place)}"
        for place, column in enumerate(before, start=len(changing))
    ]
    return (
        f"UPDATE {table.__tablename__} AS t SET {', '.join(values)}"
        f" FROM fence, jsonb_array_elements({parameter}) AS r"
        f" WHERE {' AND '.join(found_by)} RETURNING 1"
    )


# Every part depends on `fence`: nothing is written before the owner's row is locked, and nothing
# at all if it has another epoch, or if the commit before this one is gone.
_STEPS = (
    f"new_accounts AS ({_insert(AccountRow, '$7')})",
    f"accounts_changed AS ({_update(AccountRow, ACCOUNT_CHANGING, ACCOUNT_BEFORE, '$8')})",
    f"new_positions AS ({_insert(PositionRow, '$9')})",
    f"positions_changed AS ({_update(PositionRow, POSITION_CHANGING, POSITION_BEFORE, '$10')})",
    f"new_entries AS ({_insert(EntryRow, '$11')})",
    f"new_events AS ({_insert(EventRow, '$12')})",
    f"new_markets AS ({_insert_or_replace(MarketRow, '$13')})",
)
_RARE_STEPS = (
    f"new_pauses AS ({_insert_or_replace(PauseRow, '$14')})",
    "resumed AS (DELETE FROM pauses AS t USING fence, jsonb_array_elements($15) AS r"
    " WHERE t.scope = r->>0)",
    f"new_signals AS ({_insert_or_replace(SignalRow, '$16')})",
    f"new_deliveries AS ({_insert_or_replace(DeliveryRow, '$17')})",
    "forgotten AS (DELETE FROM deliveries AS t USING fence, jsonb_array_elements($18) AS r"
    " WHERE t.target = r->>0)",
    "retired AS (DELETE FROM markets AS t USING fence, jsonb_array_elements($19) AS r"
    " WHERE t.symbol = r->>0)",
    f"new_keys AS ({_insert(KeyRow, '$20')})",
)


@dataclass(frozen=True, slots=True)
class _Statement:
    """A prepared statement: its name, and the commands that prepare and execute it."""

    name: str
    prepare: str
    execute: str


def _statement(name: str, steps: tuple[str, ...]) -> _Statement:
    types = ["bigint"] * 6 + ["jsonb"] * len(steps)
    prepare = f"""
PREPARE {name} ({", ".join(types)}) AS
WITH fence AS (
  UPDATE owner SET renewed_at = clock_timestamp() WHERE id = 1 AND epoch = $1 AND ($5 IS NULL OR
    EXISTS (SELECT FROM commits WHERE epoch = $1 AND id = $5 AND committed_at = {_moment("$6")}))
  RETURNING epoch
), committed AS (
  INSERT INTO commits (epoch, id, committed_at, changes)
  SELECT epoch, $2, {_moment("$3")}, $4 FROM fence
), {", ".join(steps)}
SELECT (SELECT count(*) FROM fence),
       (SELECT count(*) FROM accounts_changed),
       (SELECT count(*) FROM positions_changed)
"""
    return _Statement(name, prepare, f"EXECUTE {name} ({', '.join(['%s'] * len(types))})")


_USUAL = _statement("backstay_commit", _STEPS)
# Pauses, signals, deliveries and keys of changes are rare; every part costs time, even empty.
_WHOLE = _statement("backstay_commit_whole", _STEPS + _RARE_STEPS)


def write(connection: Any, batch: Batch) -> Written:
    """Write a batch on a connection of the pool, unless its epoch is deposed."""
    rows = [
        batch.account_inserts,
        batch.account_updates,
        batch.position_inserts,
        batch.position_updates,
        batch.entries,
        batch.events,
        batch.markets,
    ]
    statement = _USUAL
    rare = [
        *(batch.pauses, batch.resumed, batch.signals),
        *(batch.deliveries, batch.forgotten, batch.retired, batch.keys),
    ]
    if any(rare):
        statement = _WHOLE
        rows += rare
    with connection.cursor() as cursor:
        if statement.name not in connection.info:
            cursor.execute(statement.prepare)
            connection.info[statement.name] = True
        numbers = (batch.epoch, batch.commit_id, batch.now_us, batch.changes)
        known = batch.known
        before = (None, None) if known is None else (known.commit_id, known.committed_us)
        cursor.execute(statement.execute, (*numbers, *before, *map(_json, rows)))
        fenced, accounts, positions = cursor.fetchone()
    return Written(fenced=fenced == 1, accounts=accounts, positions=positions)


def _json(rows: list[Row]) -> str:
    return _encode(rows).decode()
