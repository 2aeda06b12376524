"""Pools that share PostgreSQL's sessions between transactions, such as pgbouncer's in that mode.

An owner needs a session of its own: the server limits its waits (`limit_waiting`), and prepares the
statement of its commits once. A pool gives each transaction another session, with the settings
that another client left in it, and gives ours to other clients.
"""

from typing import Any

from sqlalchemy import Connection, Engine, text

from persistence.errors import SharedSessions
from persistence.patience import Patience

LOOKS = 3
SECONDS_MAX = 5.0

_SESSION = text("SELECT pg_backend_pid()")


def require_own_session(engine: Engine, patience: Patience) -> None:
    """Check that a connection keeps its session between transactions; leaves nothing behind.

    Raises:
        SharedSessions: if a pool gives the session to other clients in between.
    """
    with engine.connect() as ours:
        driver: Any = ours.connection.dbapi_connection
        session = _session_of(ours, patience)
        # PostgreSQL reports the session's number at the start; a pool reports one of its own.
        if session == driver.get_backend_pid():
            return
        for _ in range(LOOKS):
            with engine.connect() as other:
                _look(other, session, patience, same=False)
                _look(ours, session, patience, same=True)


def _session_of(connection: Connection, patience: Patience) -> int:
    with patience.limit(connection.connection.dbapi_connection, SECONDS_MAX):
        session: int = connection.execute(_SESSION).scalar_one()
        connection.rollback()
    return session


def _look(connection: Connection, session: int, patience: Patience, *, same: bool) -> None:
    if (_session_of(connection, patience) == session) is not same:
        raise SharedSessions
