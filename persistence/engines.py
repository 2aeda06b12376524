"""Engines for each kind of database: one to write with, one to read with.

Differences between what the two databases promise are settled here.
"""

import sqlite3
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    QueuePool,
    StaticPool,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError

from persistence.addresses import masked
from persistence.errors import NotThere, NotUtf8

_SQLITE_BUSY = "busy_timeout = 2000"
POOL_SECONDS_MAX = 4
"""How long to wait for the one connection that writes: longer than one of its attempts takes."""

LOCK_MS_MAX = 2_000
"""An attempt to write that waits for a lock gives up well before its time limit."""

_POSTGRES_CONNECT = {
    "application_name": "backstay",
    "connect_timeout": "3",
    # A server that vanished is noticed within about five seconds: well before the actor that
    # waits for it counts as dead.
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "3",
    "tcp_user_timeout": "5000",
}
# Overrides a role, the environment and the URL: otherwise some text could not be sent.
_POSTGRES_TEXT = {"client_encoding": "utf8"}
_POSTGRES_WRITER = (
    # The statement of a commit is planned once, perhaps while the tables are empty. Without these
    # settings its plan could still read whole tables when they are full.
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off;"
    "SET plan_cache_mode = force_generic_plan; SET jit = off; SET synchronous_commit = on"
)


@dataclass(frozen=True, slots=True)
class Engines:
    """The engines of one database.

    In memory both are the same, over one connection. In a store that only reads, both are the
    reader.
    """

    writer: Engine
    reader: Engine

    @property
    def share_a_connection(self) -> bool:
        """Whether only one transaction at a time is possible."""
        return isinstance(self.writer.pool, StaticPool)

    def dispose(self) -> None:
        """Close every connection that is not in use; the next use connects again."""
        self.writer.dispose()
        self.reader.dispose()


def parsed(url: str) -> URL:
    """A database URL with its driver.

    Raises:
        ValueError: if it is neither SQLite's nor PostgreSQL's.
    """
    refused = (
        f"database URL {masked(url)} refused: give sqlite:///FILE, sqlite:// (in memory) or "
        "postgresql://USER:PASSWORD@HOST/DATABASE, and write @ : / ? in a password as "
        "%40 %3A %2F %3F"
    )
    try:
        given = make_url(url)
    except (ArgumentError, ValueError):
        # SQLAlchemy's message repeats what it cannot read, which may be part of the password.
        raise ValueError(refused) from None
    match given.drivername:
        case "sqlite" | "sqlite+pysqlite":
            return given.set(drivername="sqlite+pysqlite")
        case "postgresql" | "postgresql+psycopg2":
            # If a password contains one of these, its rest would be read as the host, and shown.
            if "@" not in (given.host or "") and "?" not in (given.username or ""):
                return given.set(drivername="postgresql+psycopg2")
    raise ValueError(refused)


def in_memory(url: URL) -> bool:
    """Whether a SQLite URL names no file."""
    return url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")


def engines(url: URL) -> Engines:
    """The engines of a parsed URL; nothing is connected yet."""
    if in_memory(url):
        only = create_engine(url, poolclass=StaticPool, connect_args={"check_same_thread": False})
        _sqlite_hooks(only, begin="BEGIN IMMEDIATE", pragmas=[])
        return Engines(only, only)
    if url.get_backend_name() == "sqlite":
        pragmas = [_SQLITE_BUSY, "journal_mode = WAL", "synchronous = FULL"]
        writer = create_engine(url, pool_size=1, max_overflow=0, pool_timeout=POOL_SECONDS_MAX)
        _sqlite_hooks(writer, begin="BEGIN IMMEDIATE", pragmas=pragmas)
        reader = create_engine(url)
        _sqlite_hooks(reader, begin="BEGIN", pragmas=[*pragmas, "query_only = ON"])
        return Engines(writer, reader)
    writer = create_engine(
        url,
        connect_args=_postgres_connect(url),
        isolation_level="READ COMMITTED",
        pool_size=1,
        max_overflow=0,
        pool_timeout=POOL_SECONDS_MAX,
    )
    event.listen(writer, "connect", _require_utf8)
    on_connect(writer, _POSTGRES_WRITER)
    return Engines(writer, _postgres_reader(url))


def reading_engines(url: URL) -> Engines:
    """The engines of a parsed URL for a reader, beside the owner of the database.

    Raises:
        ValueError: if the database is in memory, because each connection would have its own.
    """
    if in_memory(url):
        raise ValueError("a database in memory cannot be read from elsewhere: give its file")
    if url.get_backend_name() == "sqlite":
        reader = create_engine(
            "sqlite+pysqlite://", creator=partial(read_only, url), poolclass=QueuePool
        )
        _sqlite_hooks(reader, begin="BEGIN", pragmas=[_SQLITE_BUSY])
    else:
        reader = _postgres_reader(url)
    return Engines(reader, reader)


def read_only(url: URL) -> sqlite3.Connection:
    """A driver's connection that can only read a SQLite file, and does not create one.

    Raises:
        NotThere: if there is no file.
    """
    assert url.database is not None
    file = Path(url.database).absolute()
    if not file.exists():
        raise NotThere(f"there is no database {file}: name one that a service has made")
    address = f"{file.as_uri()}?mode=ro"
    return sqlite3.connect(address, uri=True, check_same_thread=False)


def _postgres_connect(url: URL) -> dict[str, str]:
    defaults = {key: value for key, value in _POSTGRES_CONNECT.items() if key not in url.query}
    return defaults | _POSTGRES_TEXT


def _postgres_reader(url: URL) -> Engine:
    # A session's own settings would stay for the pool's next client, if a pool shares it.
    reader = create_engine(
        url,
        connect_args=_postgres_connect(url),
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
    event.listen(reader, "connect", _require_utf8)
    return reader


def _require_utf8(connection: Any, _record: Any) -> None:
    """Check that a database of PostgreSQL can store every text.

    Raises:
        NotUtf8: if its encoding is not UTF8.
    """
    encoding = connection.get_parameter_status("server_encoding")
    if encoding != "UTF8":
        raise NotUtf8(connection.info.dbname, encoding)


def limit_waiting(engines: Engines, lease_seconds: int) -> None:
    """Limit how long the writer may idle in a transaction or wait for a lock, within its lease.

    It has no effect on SQLite, which has no leases.
    """
    if engines.writer.dialect.name != "postgresql":
        return
    idle_ms = lease_seconds * 800
    on_connect(
        engines.writer,
        f"SET idle_in_transaction_session_timeout = {idle_ms};"
        f"SET lock_timeout = {min(idle_ms, LOCK_MS_MAX)}",
    )
    engines.writer.dispose()


def on_connect(engine: Engine, statement: str) -> None:
    """Run a statement on each new connection, outside of any transaction."""

    def run(connection: Any, _record: Any) -> None:
        before = connection.autocommit
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
        connection.autocommit = before

    event.listen(engine, "connect", run)


def _sqlite_hooks(engine: Engine, *, begin: str, pragmas: list[str]) -> None:
    """Send BEGIN instead of the driver, as SQLAlchemy's manual says for Python before 3.12."""

    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        for pragma in ("foreign_keys = ON", *pragmas):
            connection.execute(f"PRAGMA {pragma}")

    def begun(connection: Connection) -> None:
        driver: Any = connection.connection.dbapi_connection
        driver.execute(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)
