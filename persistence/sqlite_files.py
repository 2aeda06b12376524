"""The files of a SQLite database, and checks that they are still the same files.

SQLite itself does not notice that its files were deleted, replaced or emptied: it goes on with the
files that it has open, and loses its commits with them. Nor does it check that the log beside a
database belongs to it: it replays any log.

`make_mark` writes a number into the database's header, one for each owner's life. The log holds
that page too, so that a log which has never had a database's number was not written for it.
"""

import os
import secrets
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from persistence.errors import Damaged, ForeignLog

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_LOG_MAGICS = (0x377F0682, 0x377F0683)
_LOG_HEADER_BYTES = 32
_FRAME_HEADER_BYTES = 24
_MARK_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Header:
    """The first page of a database: whether a log belongs to it, and its mark."""

    has_log: bool
    mark: int


def header_of(page: bytes) -> Header | None:
    """The header at the beginning of a database's first page; None if it is not one."""
    if len(page) < _HEADER_BYTES or not page.startswith(_MAGIC):
        return None
    (mark,) = struct.unpack_from(">I", page, 60)
    return Header(has_log=page[18:20] == b"\2\2", mark=mark)


def beside(database: Path, suffix: str) -> Path:
    """The path of the file that SQLite keeps beside a database with this suffix."""
    return database.with_name(f"{database.name}{suffix}")


def make_mark(driver: Any) -> None:
    """Give the database a number for this life, in the log and then in the file.

    The former number goes into the log as well, so that a crash in between leaves a matching pair.
    """
    former = driver.execute("PRAGMA user_version").fetchone()[0]
    driver.execute(f"PRAGMA user_version = {former}")
    mark = 1 + secrets.randbelow(_MARK_MAX)
    driver.execute(f"PRAGMA user_version = {mark}")
    # A reader at this moment keeps the log at its length; its numbers still match.
    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    # So that the log has the number from its beginning; later, whenever the database grows.
    driver.execute(f"PRAGMA user_version = {mark}")


def require_its_own_log(database: Path) -> None:
    """Check that the log beside a database, if there is one, was written for it.

    Call it before this process opens the database.

    Raises:
        ForeignLog: if it was not.
    """
    log = beside(database, "-wal")
    if not log.exists() or log.stat().st_size <= _LOG_HEADER_BYTES:
        return
    if not database.exists() or database.stat().st_size == 0:
        raise ForeignLog(database, "it has no database beside it")
    with database.open("rb") as file:
        header = header_of(file.read(_HEADER_BYTES))
    if header is None:
        return  # SQLite will say that it is not a database
    if not header.has_log:
        raise ForeignLog(database, "the database is a copy, to which no log belongs")
    marks = {page.mark for page in _first_pages(log) if page is not None}
    if marks and header.mark not in marks:
        raise ForeignLog(database, "the log was written for another state of the database")


def _first_pages(log: Path) -> Iterator[Header | None]:
    """The versions of the first page in a log, up to its last valid frame."""
    with log.open("rb") as file:
        beginning = file.read(_LOG_HEADER_BYTES)
        if not _is_log(beginning):
            return
        (page_bytes,) = struct.unpack_from(">I", beginning, 8)
        salts = beginning[16:24]
        while len(frame := file.read(_FRAME_HEADER_BYTES)) == _FRAME_HEADER_BYTES:
            if frame[8:16] != salts:
                return
            (number,) = struct.unpack_from(">I", frame)
            if number == 1:
                yield header_of(file.read(_HEADER_BYTES))
                file.seek(page_bytes - _HEADER_BYTES, os.SEEK_CUR)
            else:
                file.seek(page_bytes, os.SEEK_CUR)


class DatabaseFiles:
    """The files of a database that this process owns, as they were when its life began.

    A file that SQLite has open must not be opened and closed by this process: that would end
    SQLite's locks on it. So their descriptors are kept until `close`.
    """

    def __init__(self, database: Path) -> None:
        """Remember the files, which all exist; call it after `make_mark`."""
        self._paths = [beside(database, suffix) for suffix in ("", "-wal", "-shm")]
        self._descriptors: list[int] = []
        try:
            for path in self._paths:
                self._descriptors.append(os.open(path, os.O_RDONLY | os.O_CLOEXEC))
        except FileNotFoundError as error:
            self.close()
            raise Damaged(f"{error.filename} was deleted under the service") from None
        self._identities = [_identity(os.fstat(one)) for one in self._descriptors]
        self._header = header_of(os.pread(self._descriptors[0], _HEADER_BYTES, 0))
        self._log_bytes = 0

    def close(self) -> None:
        """Close the descriptors; call it after every connection is closed."""
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()

    def look(self) -> None:
        """Check that the files are those that were opened, and have lost nothing since.

        Raises:
            Damaged: if a file was deleted, replaced, or cut short.
        """
        for path, identity in zip(self._paths, self._identities, strict=True):
            try:
                found = _identity(os.stat(path))  # noqa: PTH116 - a third of what Path.stat costs
            except FileNotFoundError:
                raise Damaged(f"{path} was deleted under the service") from None
            if found != identity:
                raise Damaged(f"{path} was replaced under the service")
        database, log = self._descriptors[:2]
        if header_of(os.pread(database, _HEADER_BYTES, 0)) != self._header:
            raise Damaged(f"{self._paths[0]} was overwritten under the service")
        # A checkpoint of another program may leave an empty log. A log that was emptied
        # otherwise has no header once more is written.
        log_bytes = os.fstat(log).st_size
        if log_bytes < self._log_bytes and log_bytes != 0:
            raise Damaged(f"{self._paths[1]} was cut short under the service")
        self._log_bytes = log_bytes
        if log_bytes and not _is_log(os.pread(log, _LOG_HEADER_BYTES, 0)):
            raise Damaged(f"{self._paths[1]} was emptied under the service")


def _is_log(beginning: bytes) -> bool:
    if len(beginning) < _LOG_HEADER_BYTES:
        return False
    (magic,) = struct.unpack_from(">I", beginning)
    return magic in _LOG_MAGICS


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino
