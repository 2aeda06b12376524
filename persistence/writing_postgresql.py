"""A commit's statements for PostgreSQL: one prepared statement, in one round trip.

Each table's rows travel as one JSON text. That costs Python a fifth of what multi-row VALUES
cost, and less than COPY, whatever the number of rows; the statement is always the same, so the
server parses and plans it once a connection.
"""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement

from persistence.batch import (
    ACCOUNT_BEFORE,
    ACCOUNT_CHANGING,
    POSITION_BEFORE,
    POSITION_CHANGING,
    Batch,
    Written,
)
from persistence.columns import Money, Price, Timestamp
from persistence.rows import Row
from persistence.tables import AccountRow, EntryRow, EventRow, MarketRow, PositionRow, Table

_PREPARED = "backstay_prepared"
_encode = msgspec.json.Encoder().encode


def _value(column: ColumnElement[Any], place: int) -> str:
    """A column's value out of the JSON array `r`, from the encoding of `persistence.rows`."""
    text = f"(r->>{place})"
    if isinstance(column.type, Money):
        return f"{text}::numeric * 0.00000001"
    if isinstance(column.type, Price):
        return f"{text}::numeric"
    if isinstance(column.type, Timestamp):
        return f"TIMESTAMPTZ 'epoch' + {text}::bigint * INTERVAL '1 microsecond'"
    return f"{text}::{column.type.compile()}"


def _insert(table: type[Table], parameter: str) -> str:
    columns = table.__table__.columns
    values = ", ".join(_value(column, place) for place, column in enumerate(columns))
    return (
        f"INSERT INTO {table.__tablename__} ({', '.join(columns.keys())})"
        f" SELECT {values} FROM fence, jsonb_array_elements({parameter}) AS r"
    )


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


# Everything hangs on `fence`: nothing is written before the owner's row is locked, and nothing
# at all where it has another epoch.
_PREPARE = f"""
PREPARE backstay_commit (bigint, bigint, bigint, bigint,
                         jsonb, jsonb, jsonb, jsonb, jsonb, jsonb, jsonb) AS
WITH fence AS (
  UPDATE owner SET renewed_at = clock_timestamp() WHERE id = 1 AND epoch = $1 RETURNING epoch
), committed AS (
  INSERT INTO commits (epoch, id, committed_at, changes)
  SELECT epoch, $2, TIMESTAMPTZ 'epoch' + $3 * INTERVAL '1 microsecond', $4 FROM fence
), new_accounts AS (
  {_insert(AccountRow, "$5")}
), accounts_changed AS (
  {_update(AccountRow, ACCOUNT_CHANGING, ACCOUNT_BEFORE, "$6")}
), new_positions AS (
  {_insert(PositionRow, "$7")}
), positions_changed AS (
  {_update(PositionRow, POSITION_CHANGING, POSITION_BEFORE, "$8")}
), new_entries AS (
  {_insert(EntryRow, "$9")}
), new_events AS (
  {_insert(EventRow, "$10")}
), new_markets AS (
  {_insert(MarketRow, "$11")}
  ON CONFLICT (symbol) DO UPDATE SET price = excluded.price, time = excluded.time
)
SELECT (SELECT count(*) FROM fence),
       (SELECT count(*) FROM accounts_changed),
       (SELECT count(*) FROM positions_changed)
"""
_EXECUTE = "EXECUTE backstay_commit (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"


def write(connection: Any, batch: Batch) -> Written:
    """Write a batch on a connection of the pool, unless its epoch is deposed."""
    with connection.cursor() as cursor:
        if _PREPARED not in connection.info:
            cursor.execute(_PREPARE)
            connection.info[_PREPARED] = True
        cursor.execute(
            _EXECUTE,
            (
                batch.epoch,
                batch.commit_id,
                batch.now_us,
                batch.changes,
                _json(batch.account_inserts),
                _json(batch.account_updates),
                _json(batch.position_inserts),
                _json(batch.position_updates),
                _json(batch.entries),
                _json(batch.events),
                _json(batch.markets),
            ),
        )
        fenced, accounts, positions = cursor.fetchone()
    return Written(fenced=fenced == 1, accounts=accounts, positions=positions)


def _json(rows: list[Row]) -> str:
    return _encode(rows).decode()
