"""Translate a failure of the driver into an error of the store."""

import sqlite3

import psycopg2
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from persistence.errors import (
    Damaged,
    Locked,
    OutcomeUnknown,
    RefusalKind,
    Refused,
    StoreError,
    Unavailable,
)

DRIVER_ERRORS = (sqlite3.Error, psycopg2.Error)

_SQLITE_UNAVAILABLE = {
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_INTERRUPT,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL,
}
# A frame that was written, but not synchronised or not indexed, may still appear after a crash.
_SQLITE_UNCERTAIN = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}
_SQLITE_CONSTRAINTS = {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG}
_SQLITE_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_POSTGRES_READ_ONLY = "25006"
_POSTGRES_LOCKED = "55P03"  # lock not available
_POSTGRES_UNAVAILABLE = (
    "08",  # connection exception
    _POSTGRES_READ_ONLY,  # a standby, or set read-only by an operator
    "25P",  # idle in transaction for too long
    "40",  # deadlock, serialization failure
    "53",  # insufficient resources: disk full, out of memory, too many connections
    "57",  # operator intervention: shutdown, cancelled, cannot connect now
    "58",  # system error outside PostgreSQL: input and output
)
# A session may end just after its COMMIT, and report its end instead of the commit.
_POSTGRES_UNCERTAIN = ("08", "40003", "57P")
# Data exception, integrity constraint violation, a value too large for an index or for JSON.
_POSTGRES_CONSTRAINTS = ("22", "23", "54000")


def is_read_only(error: BaseException) -> bool:
    """Whether a session of PostgreSQL may not write; a new session may.

    A session keeps the default of its start for as long as it lives.
    """
    return getattr(driver_error(error), "pgcode", None) == _POSTGRES_READ_ONLY


def driver_error(error: BaseException) -> BaseException:
    """The driver's own error, if SQLAlchemy has wrapped it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error


def meaning(error: BaseException, *, committing: bool, connection_lost: bool) -> StoreError | None:
    """The store's error for a failure; None for a bug, or if the failure is a store's error.

    `committing` says that COMMIT was running, `connection_lost` that its answer cannot come.
    """
    known = _known_meaning(error, committing=committing, connection_lost=connection_lost)
    if isinstance(error, StoreError):
        return None
    if known is None and committing and isinstance(error, Exception):
        return OutcomeUnknown(repr(error))
    return known


def is_undecodable(error: Exception) -> bool:
    """Whether a read failed because of a row's contents, and not because of the database."""
    found = driver_error(error)
    if isinstance(found, sqlite3.Error):
        # The module's own message for text that is not UTF-8: SQLite itself reports no error.
        return isinstance(found, sqlite3.OperationalError) and not hasattr(
            found, "sqlite_errorcode"
        )
    return not isinstance(found, (psycopg2.Error, SQLAlchemyError, StoreError, MemoryError))


def outage_of_statement(error: BaseException) -> Unavailable | None:
    """The outage behind a failure without a `meaning`, for a statement that never changes.

    If the server refuses such a statement, it refuses it for every value: tables were changed, or
    rights were revoked. If the driver fails without asking the server, the values are the reason.
    """
    found = driver_error(error)
    server_said = getattr(found, "pgcode", None) or getattr(found, "sqlite_errorcode", None)
    text = " ".join(str(found).split())
    return Unavailable(f"the database takes no commit: {text}") if server_said else None


def _known_meaning(
    error: BaseException, *, committing: bool, connection_lost: bool
) -> StoreError | None:
    found = driver_error(error)
    text = " ".join(str(found).split())
    if isinstance(found, PoolTimeout):
        return Unavailable(text)
    if isinstance(found, OverflowError):
        # The driver's error for a number beyond 64 bits.
        return Refused(None, RefusalKind.CONSTRAINT, text)
    if isinstance(found, sqlite3.Error):
        return _sqlite_meaning(found, text, committing=committing)
    if isinstance(found, psycopg2.Error):
        return _postgresql_meaning(
            found, text, committing=committing, connection_lost=connection_lost
        )
    return None


def _sqlite_meaning(error: sqlite3.Error, text: str, *, committing: bool) -> StoreError | None:
    # Errors of the module itself, without a code from SQLite, are bugs.
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if committing and code in _SQLITE_UNCERTAIN:
        return OutcomeUnknown(text)
    if code in _SQLITE_UNAVAILABLE:
        return Unavailable(text)
    if code in _SQLITE_DAMAGED:
        return Damaged(text)
    if code in _SQLITE_CONSTRAINTS:
        return Refused(None, RefusalKind.CONSTRAINT, text)
    return None


def _postgresql_meaning(
    error: psycopg2.Error, text: str, *, committing: bool, connection_lost: bool
) -> StoreError | None:
    if connection_lost:
        return OutcomeUnknown(text) if committing else Unavailable(text)
    code = error.pgcode
    if code is None:
        # Without a code, libpq could not connect or lost the connection.
        return Unavailable(text) if isinstance(error, psycopg2.OperationalError) else None
    if committing and code.startswith(_POSTGRES_UNCERTAIN):
        return OutcomeUnknown(text)
    if code == _POSTGRES_LOCKED:
        return Locked(text)
    if code.startswith(_POSTGRES_UNAVAILABLE):
        return Unavailable(text)
    if code.startswith(_POSTGRES_CONSTRAINTS):
        return Refused(None, RefusalKind.CONSTRAINT, text)
    return None
