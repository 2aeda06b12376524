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
# A frame that was written, but not synchronised or not indexed, may still turn up after a crash.
_SQLITE_UNCERTAIN = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM}
_SQLITE_CONSTRAINTS = {sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH, sqlite3.SQLITE_TOOBIG}
_SQLITE_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}

_POSTGRES_READ_ONLY = "25006"
_POSTGRES_LOCKED = "55P03"  # lock not available
_POSTGRES_UNAVAILABLE = (
    "08",  # connection exception
    _POSTGRES_READ_ONLY,  # a standby, or set so by an operator
    "25P",  # idle in transaction for too long
    "40",  # deadlock, serialization failure
    "53",  # insufficient resources: disk full, out of memory, too many connections
    "57",  # operator intervention: shutdown, cancelled, cannot connect now
    "58",  # system error outside PostgreSQL: input and output
)
# A session that ends itself may do so just after its COMMIT, and say that instead.
_POSTGRES_UNCERTAIN = ("08", "40003", "57P")
# Data exception, integrity constraint violation, a value too large for an index or for JSON.
_POSTGRES_CONSTRAINTS = ("22", "23", "54000")


def is_read_only(error: BaseException) -> bool:
    """Whether a session of PostgreSQL may not write; another one may, by now or elsewhere.

    A default for new sessions is a session's own for as long as it lives.
    """
    return getattr(driver_error(error), "pgcode", None) == _POSTGRES_READ_ONLY


def driver_error(error: BaseException) -> BaseException:
    """The driver's own error, where SQLAlchemy has wrapped it."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return error.orig
    return error


def meaning(error: BaseException, *, committing: bool, connection_lost: bool) -> StoreError | None:
    """What a failure means, or None where it is to be seen as it is: a bug, or told already.

    `committing` says that COMMIT was under way, `connection_lost` that its answer cannot come.
    """
    known = _known_meaning(error, committing=committing, connection_lost=connection_lost)
    if isinstance(error, StoreError):
        return None
    if known is None and committing and isinstance(error, Exception):
        return OutcomeUnknown(repr(error))
    return known


def is_undecodable(error: Exception) -> bool:
    """Whether what a row holds made a read of it fail, and not the database."""
    found = driver_error(error)
    if isinstance(found, sqlite3.Error):
        # The module's own word for text that is not UTF-8: SQLite itself has no error then.
        return isinstance(found, sqlite3.OperationalError) and not hasattr(
            found, "sqlite_errorcode"
        )
    return not isinstance(found, (psycopg2.Error, SQLAlchemyError, StoreError, MemoryError))


def outage_of_statement(error: BaseException) -> Unavailable | None:
    """The outage that a failure without a `meaning` is, of a statement that never changes.

    What the server says against such a statement holds for every value: tables were changed, or
    rights were taken away. What the driver says without asking the server concerns the values.
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
        # The driver's word for a number beyond 64 bits.
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
        # Without a code it is libpq that could not connect, or could not go on.
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
