"""Files that hold the books are their owner's alone, whatever the umask says."""

import os
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600


def make_private(database: Path) -> None:
    """Let only its owner read a SQLite database; a missing one is created, empty.

    SQLite gives the files beside a database the database's own mode. Files are neither opened nor
    closed that are there: that would end the locks which this process has on them.
    """
    with suppress(FileExistsError):
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
    for suffix in ("", "-wal", "-shm", "-journal"):
        # What cannot be changed, such as another user's file, may still be one that can be used.
        with suppress(OSError):
            database.with_name(f"{database.name}{suffix}").chmod(PRIVATE)
