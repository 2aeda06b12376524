"""A ledger entry as a row of `wallet_transactions`."""

from typing import Any

from sqlalchemy import Row as ReadRow

from persistence.columns import money_units
from persistence.rows.row import Row, in_order
from persistence.state import StoredEntry
from persistence.tables import EntryRow
from trading.model import EntryType, LedgerEntry

_in_order = in_order(EntryRow)


def entry_row(entry: LedgerEntry, account_type: str, commit_id: int, now_us: int) -> Row:
    """A ledger entry as a row."""
    return _in_order(
        {
            "account": entry.account,
            "number": entry.number,
            "account_type": account_type,
            "transaction_type": entry.entry_type.value,
            "operation": entry.operation,
            "amount": money_units(entry.amount),
            "balance_before": money_units(entry.balance_before),
            "balance_after": money_units(entry.balance_after),
            "total_change": money_units(entry.total_change),
            "locked_change": money_units(entry.locked_change),
            "position_id": entry.position_id,
            "description": entry.description,
            "time": entry.time_us,
            "created_at": now_us,
            "commit_id": commit_id,
        }
    )


def entry_from(row: EntryRow | ReadRow[Any]) -> LedgerEntry:
    """The ledger entry of a row."""
    return LedgerEntry(
        account=row.account,
        number=row.number,
        entry_type=EntryType(row.transaction_type),
        operation=row.operation,
        amount=row.amount,
        balance_before=row.balance_before,
        balance_after=row.balance_after,
        total_change=row.total_change,
        locked_change=row.locked_change,
        position_id=row.position_id,
        description=row.description,
        time_us=row.time,
    )


def stored_entry_from(row: EntryRow | ReadRow[Any]) -> StoredEntry:
    """The stored ledger entry of a row."""
    return StoredEntry(
        entry=entry_from(row), account_type=row.account_type, created_at_us=row.created_at
    )
