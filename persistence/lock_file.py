"""One process a SQLite file: a lock that lives as long as its process."""

import fcntl
import os
from contextlib import suppress
from pathlib import Path

from persistence.errors import NotThere, OwnedElsewhere, Unavailable
from persistence.private_files import PRIVATE


class LockFile:
    """An exclusive lock beside a database file; the file holds the owner's process id.

    The lock belongs to the open file, so a crash releases it; the file itself stays.
    """

    def __init__(self, database: Path) -> None:
        """Take the lock.

        Raises:
            OwnedElsewhere: if another process, or another store of this one, holds it.
            NotThere: if its folder does not exist.
            Unavailable: if the file cannot be opened.
        """
        path = database.with_name(f"{database.name}.lock")
        try:
            self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE)
        except FileNotFoundError:
            raise NotThere(
                f"there is no folder {database.absolute().parent} for the database "
                f"{database.name}: make it, or name another database"
            ) from None
        except OSError as error:
            raise Unavailable(f"cannot open lock file: {error}") from error
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(self._descriptor, 32).decode(errors="replace").strip()
            os.close(self._descriptor)
            raise OwnedElsewhere(f"process {owner or 'unknown'} (lock file {path})") from None
        # A user who may open the file may lock it, and so keep the service from starting.
        with suppress(OSError):
            os.fchmod(self._descriptor, PRIVATE)
        self._name(f"{os.getpid()}\n")

    def release(self) -> None:
        """Release the lock."""
        self._name("")
        os.close(self._descriptor)

    def _name(self, owner: str) -> None:
        """Write the holder's process id for people; on a full disk the lock holds without it."""
        with suppress(OSError):
            os.ftruncate(self._descriptor, 0)
            os.write(self._descriptor, owner.encode())
