"""A consistent copy of a SQLite database, also while the service runs."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from persistence.addresses import masked
from persistence.engines import in_memory, parsed, read_only
from persistence.errors import NotThere, Unavailable
from persistence.private_files import make_private


def backup(url: str, path: Path) -> None:
    """Copy the SQLite database at `url` to a new file, as it is at one moment.

    The owner goes on writing meanwhile. The copy is one file, which is durable when this returns,
    and does not exist when it raises.

    Raises:
        ValueError: if the URL does not name a SQLite file.
        FileExistsError: if the path is taken.
        NotThere: if there is no database, or no folder for the copy.
        Unavailable: if the database cannot be read, or the copy cannot be written.
    """
    address = parsed(url)
    if address.get_backend_name() != "sqlite" or in_memory(address):
        raise ValueError(
            f"backup of {masked(url)} refused: only SQLite files are copied; "
            "back up PostgreSQL with pg_dump"
        )
    assert address.database is not None
    if path.exists():
        raise FileExistsError(f"backup to {path} refused: the file already exists")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise NotThere(f"backup to {path} refused: there is no folder {folder}")
    unfinished = path.with_name(f"{path.name}.unfinished-{os.getpid()}")
    try:
        with closing(read_only(address)) as source:
            copy_of(source, unfinished)
        synchronise(unfinished)
        unfinished.rename(path)
        synchronise(path.parent)
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(f"cannot copy {address.database} to {path}: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)


def copy_of(source: sqlite3.Connection, path: Path) -> None:
    """Write a copy of one moment to a file that only its owner can read."""
    make_private(path)
    with closing(sqlite3.connect(path)) as copy:
        # All pages in one step, so that they are of one moment.
        source.backup(copy)
        # A copy in WAL mode would have files beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def synchronise(path: Path) -> None:
    """Write a file, or a folder's list of files, through to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
