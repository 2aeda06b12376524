"""Backstay's database: tables, transactions, migrations; one store in front of them.

Only this package knows SQLAlchemy and the drivers. Values of `trading` go in and come out.
"""

from persistence.changes import Change
from persistence.errors import (
    Deposed,
    OutcomeUnknown,
    OwnedElsewhere,
    RefusalKind,
    Refused,
    SchemaTooNew,
    SchemaTooOld,
    StoreError,
    Unavailable,
)
from persistence.state import (
    AccountState,
    Books,
    KeyRecord,
    LedgerSums,
    PositionRecord,
    State,
    StoredEntry,
    StoredEvent,
    TransferRecord,
)
from persistence.store import Store

__all__ = [
    "AccountState",
    "Books",
    "Change",
    "Deposed",
    "KeyRecord",
    "LedgerSums",
    "OutcomeUnknown",
    "OwnedElsewhere",
    "PositionRecord",
    "RefusalKind",
    "Refused",
    "SchemaTooNew",
    "SchemaTooOld",
    "State",
    "Store",
    "StoreError",
    "StoredEntry",
    "StoredEvent",
    "TransferRecord",
    "Unavailable",
]
