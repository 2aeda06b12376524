"""A commit's statements for SQLite: prepared once by the driver, run for many rows."""

from collections.abc import Sequence
from typing import Any

from persistence.batch import Batch, Written, or_replaced
from persistence.rows.account import ACCOUNT_BEFORE, ACCOUNT_CHANGING
from persistence.rows.position import POSITION_BEFORE, POSITION_CHANGING
from persistence.rows.row import Row
from persistence.tables import (
    AccountRow,
    CommitRow,
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

_FENCE = (
    "UPDATE owner SET renewed_at = CAST(strftime('%s', 'now') AS INTEGER) * 1000000"
    " WHERE id = 1 AND epoch = ?"
)
_STANDS_ON = " AND EXISTS (SELECT 1 FROM commits WHERE epoch = ? AND id = ? AND committed_at = ?)"


def _insert(table: type[Table]) -> str:
    columns = table.__table__.columns.keys()
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO {table.__tablename__} ({', '.join(columns)}) VALUES ({places})"


def _update(table: type[Table], changing: Sequence[str], before: Sequence[str]) -> str:
    values = ", ".join(f"{column} = ?" for column in changing)
    found_by = " AND ".join(f"{column} = ?" for column in before)
    return f"UPDATE {table.__tablename__} SET {values} WHERE {found_by}"


def _insert_or_replace(table: type[Table]) -> str:
    return f"{_insert(table)} {or_replaced(table)}"


_COMMIT_INSERT = _insert(CommitRow)
_ACCOUNT_INSERT = _insert(AccountRow)
_ACCOUNT_UPDATE = _update(AccountRow, ACCOUNT_CHANGING, ACCOUNT_BEFORE)
_POSITION_INSERT = _insert(PositionRow)
_POSITION_UPDATE = _update(PositionRow, POSITION_CHANGING, POSITION_BEFORE)
_ENTRY_INSERT = _insert(EntryRow)
_EVENT_INSERT = _insert(EventRow)
_KEY_INSERT = _insert(KeyRow)
_MARKET = _insert_or_replace(MarketRow)
_RETIRE = f"DELETE FROM {MarketRow.__tablename__} WHERE symbol = ?"
_RESUME = f"DELETE FROM {PauseRow.__tablename__} WHERE scope = ?"
_PAUSE = _insert_or_replace(PauseRow)
_SIGNAL = _insert_or_replace(SignalRow)
_DELIVERY = _insert_or_replace(DeliveryRow)
_FORGET = f"DELETE FROM {DeliveryRow.__tablename__} WHERE target = ?"


def write(connection: Any, batch: Batch) -> Written:
    """Write a batch on the driver's connection, unless its epoch is deposed."""
    cursor = connection.cursor()
    fence, values = _FENCE, [batch.epoch]
    if (known := batch.known) is not None:
        fence += _STANDS_ON
        values += [known.epoch, known.commit_id, known.committed_us]
    if cursor.execute(fence, values).rowcount == 0:
        return Written(fenced=False, accounts=0, positions=0)

    def run(statement: str, rows: list[Row]) -> int:
        return cursor.executemany(statement, rows).rowcount if rows else 0

    cursor.execute(_COMMIT_INSERT, (batch.epoch, batch.commit_id, batch.now_us, batch.changes))
    # Rows that other rows refer to come first.
    run(_ACCOUNT_INSERT, batch.account_inserts)
    accounts = run(_ACCOUNT_UPDATE, batch.account_updates)
    run(_POSITION_INSERT, batch.position_inserts)
    positions = run(_POSITION_UPDATE, batch.position_updates)
    run(_ENTRY_INSERT, batch.entries)
    run(_EVENT_INSERT, batch.events)
    run(_KEY_INSERT, batch.keys)
    run(_MARKET, batch.markets)
    run(_RETIRE, batch.retired)
    run(_RESUME, batch.resumed)
    run(_PAUSE, batch.pauses)
    run(_SIGNAL, batch.signals)
    run(_DELIVERY, batch.deliveries)
    run(_FORGET, batch.forgotten)
    return Written(fenced=True, accounts=accounts, positions=positions)
