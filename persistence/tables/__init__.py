"""The tables, and the constraints that the database itself enforces.

These classes are for schema and queries and are used only in this package: its callers get values
of `trading` and of `persistence.state`. The triggers are in `persistence.triggers`.
"""

from persistence.table_parts import Table
from persistence.tables.accounts import AccountRow, EntryRow, PauseRow
from persistence.tables.commits import CommitRow, DeliveryRow, EventRow, OwnerRow
from persistence.tables.markets import MarketRow
from persistence.tables.positions import KeyRow, PositionRow
from persistence.tables.signals import SignalRow

__all__ = [
    "AccountRow",
    "CommitRow",
    "DeliveryRow",
    "EntryRow",
    "EventRow",
    "KeyRow",
    "MarketRow",
    "OwnerRow",
    "PauseRow",
    "PositionRow",
    "SignalRow",
    "Table",
]
