"""The one place where transactions begin and end."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from persistence.engines import Engines, engines, in_memory, limit_waiting, reading_engines
from persistence.errors import ForeignLog, Unavailable
from persistence.failures import DRIVER_ERRORS, is_read_only, meaning
from persistence.lock_file import LockFile
from persistence.patience import Patience
from persistence.pooled_sessions import require_own_session
from persistence.private_files import make_private
from persistence.sqlite_files import DatabaseFiles, make_mark, require_its_own_log

WRITE_SECONDS_MAX = 3.0
"""How long one attempt to write may take; a caller waits a little longer for its commit."""

READ_SECONDS_MAX = 5.0


class Transactions:
    """Atomic transactions on one database, from any thread.

    A session never leaves its transaction. On a SQLite file, an instance holds the lock file
    unless it only reads.
    """

    def __init__(self, url: URL, *, read_only: bool = False) -> None:
        """Prepare to connect; with `read_only` there is no lock file, and writes fail.

        Raises:
            OwnedElsewhere: if another process has the SQLite file open.
        """
        self._file = None if read_only else _file_of(url)
        self._files: DatabaseFiles | None = None
        self._lock_file = None if self._file is None else _locked(self._file)
        self._engines: Engines = reading_engines(url) if read_only else engines(url)
        self._writing = sessionmaker(self._engines.writer, expire_on_commit=False)
        self._reading = sessionmaker(self._engines.reader, expire_on_commit=False)
        self._turn: AbstractContextManager[object] = (
            Lock() if self._engines.share_a_connection else nullcontext()
        )
        self._patience = Patience()
        self._closed = False

    @property
    def dialect(self) -> str:
        """`postgresql` or `sqlite`."""
        return self._engines.writer.dialect.name

    @contextmanager
    def transaction(self, seconds_max: float | None = WRITE_SECONDS_MAX) -> Iterator[Session]:
        """Commit all writes of the block, or none and raise.

        A server that has not answered after `seconds_max` is given up; None waits without end.

        Raises:
            Refused: if a constraint of the database forbids it.
            Unavailable: if the database cannot be used now; nothing was committed.
            OutcomeUnknown: if the connection broke while COMMIT was under way.
        """
        with self._turn, self._session(self._writing, seconds_max, commits=True) as session:
            yield session

    @contextmanager
    def snapshot(self, seconds_max: float | None = READ_SECONDS_MAX) -> Iterator[Session]:
        """Read everything in the block at one moment; nothing is written.

        A server that has not answered after `seconds_max` is given up; None waits without end.

        Raises:
            Unavailable: if the database cannot be used now.
        """
        with self._turn, self._session(self._reading, seconds_max, commits=False) as session:
            yield session

    def require_own_session(self) -> None:
        """Check that the writer has a session of its own, before changing it; see `Store.open`."""
        if self.dialect != "postgresql":
            return
        try:
            require_own_session(self._engines.reader, self._patience)
        except SQLAlchemyError as error:
            what = meaning(error, committing=False, connection_lost=False)
            if what is None:
                raise
            raise what from error

    def watch_files(self) -> None:
        """From now on raise on a commit if a SQLite database's files were replaced."""
        if self._file is None:
            return
        self._unwatch_files()
        with self._turn, self._session(self._writing, None, commits=False) as session:
            driver: Any = session.connection().connection.dbapi_connection
            driver.rollback()
            make_mark(driver)
            self._files = DatabaseFiles(self._file)

    def _unwatch_files(self) -> None:
        if self._files is not None:
            self._files.close()
            self._files = None

    def limit_waiting(self, lease_seconds: int) -> None:
        """See `persistence.engines.limit_waiting`."""
        limit_waiting(self._engines, lease_seconds)

    def close(self) -> None:
        """Close every connection and give up the lock file; without effect if closed."""
        if self._closed:
            return
        self._closed = True
        self._patience.close()
        self._engines.dispose()
        self._unwatch_files()
        if self._lock_file is not None:
            self._lock_file.release()

    @contextmanager
    def _session(
        self, sessions: sessionmaker[Session], seconds_max: float | None, *, commits: bool
    ) -> Iterator[Session]:
        if self._closed:
            raise Unavailable("the store is closed")
        session = sessions()
        driver_connection: DBAPIConnection | None = None
        committing = False
        try:
            driver_connection = session.connection().connection.dbapi_connection
            with self._patience.limit(driver_connection, seconds_max):
                if commits and self._files is not None:
                    self._files.look()
                yield session
                if commits:
                    committing = True
                    session.commit()
                    # SQLite's commits to deleted files are lost with them.
                    if self._files is not None:
                        self._files.look()
        except BaseException as error:
            lost = bool(getattr(driver_connection, "closed", False))
            if lost:
                session.invalidate()
                self._engines.dispose()
            elif is_read_only(error):
                session.invalidate()
            elif committing and driver_connection is not None:
                # After a failed COMMIT, SQLAlchemy considers the transaction over; SQLite's is
                # still open.
                with suppress(*DRIVER_ERRORS):
                    driver_connection.rollback()
            what = meaning(error, committing=committing, connection_lost=lost)
            if what is None:
                raise
            raise what from error
        finally:
            # Roll back what was not committed. On a broken connection that may fail too, which
            # adds nothing to the first failure.
            with suppress(SQLAlchemyError):
                session.close()


def _file_of(url: URL) -> Path | None:
    if url.get_backend_name() != "sqlite" or in_memory(url):
        return None
    assert url.database is not None
    return Path(url.database)


def _locked(database: Path) -> LockFile:
    lock_file = LockFile(database)
    try:
        require_its_own_log(database)
        make_private(database)
    except ForeignLog:
        lock_file.release()
        raise
    except OSError as error:
        lock_file.release()
        raise Unavailable(f"cannot open {database}: {error}") from error
    return lock_file
