"""Restore a backup in place of a SQLite database that no service has open."""

import os
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from persistence.addresses import masked
from persistence.backup import copy_of, synchronise
from persistence.engines import in_memory, parsed, read_only
from persistence.errors import NotThere, SchemaTooNew, Unavailable, UnfitBackup
from persistence.lock_file import LockFile
from persistence.schema import REVISION
from persistence.sqlite_files import beside

_SUFFIXES = ("", "-wal", "-shm", "-journal")


def restore(url: str, backup: Path) -> list[Path]:
    """Put a copy of a backup in the place of the SQLite database at `url`, durably.

    The old files are moved aside, never deleted; returns their new paths. A failure leaves the
    database as it was. A crash in between leaves a database that a start refuses.

    Raises:
        ValueError: if the URL does not name a SQLite file, or the backup is that file.
        NotThere: if there is no backup, or no folder for the database.
        UnfitBackup: if the backup is not a sound database of Backstay.
        SchemaTooNew: if a later version made it.
        OwnedElsewhere: if a service has the database open.
        Unavailable: if the files cannot be read or written.
    """
    address = parsed(url)
    if address.get_backend_name() != "sqlite" or in_memory(address):
        raise ValueError(
            f"restore to {masked(url)} refused: only SQLite files are restored; restore PostgreSQL "
            "into an empty database with pg_restore"
        )
    assert address.database is not None
    database = Path(address.database)
    if not backup.is_file():
        raise NotThere(f"there is no backup {backup}: name a file that `backstay backup` has made")
    if database.exists() and database.samefile(backup):
        raise ValueError(f"restore of {backup} refused: it is the database itself")
    lock_file = LockFile(database)
    unfinished = beside(database, f".unfinished-{os.getpid()}")
    try:
        with closing(read_only(parsed(f"sqlite:///{backup}"))) as source:
            _require_fit(source, backup)
            copy_of(source, unfinished)
        synchronise(unfinished)
        return _swapped(database, unfinished)
    except sqlite3.DatabaseError as error:
        raise UnfitBackup(backup, str(error)) from error
    except OSError as error:
        raise Unavailable(f"cannot restore {backup} to {database}: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
        lock_file.release()


def _require_fit(source: sqlite3.Connection, backup: Path) -> None:
    tables = "SELECT count(*) FROM sqlite_master WHERE name = 'alembic_version'"
    if not source.execute(tables).fetchone()[0]:
        raise UnfitBackup(backup, "it has no schema of Backstay")
    (revision,) = source.execute("SELECT version_num FROM alembic_version").fetchone()
    if revision > REVISION:
        raise SchemaTooNew(revision, REVISION)
    (found,) = source.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise UnfitBackup(backup, found)


def _swapped(database: Path, unfinished: Path) -> list[Path]:
    """Give the new file the old one's name in one step; the old one keeps another name.

    Until the old log is moved, no start accepts the new file, because the log is not its own.
    """
    aside = f".before-restore-{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    old = [file for suffix in _SUFFIXES if (file := beside(database, suffix)).exists()]
    kept = [beside(database, aside + file.name.removeprefix(database.name)) for file in old]
    for file, name in zip(old, kept, strict=True):
        name.hardlink_to(file)
    unfinished.replace(database)
    synchronise(database.absolute().parent)
    for file in old:
        if file != database:
            file.unlink()
    synchronise(database.absolute().parent)
    return kept
