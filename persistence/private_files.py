"""Make the files of the books readable only by their owner, whatever the umask is."""

import os
from contextlib import suppress
from pathlib import Path

PRIVATE = 0o600


def make_private(database: Path) -> None:
    """Let only its owner read a SQLite database; a missing one is created, empty.

    SQLite gives the files beside a database the database's mode. Existing files are neither opened
    nor closed, because that would end this process's locks on them.
    """
    with suppress(FileExistsError):
        os.close(os.open(database, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
    for suffix in ("", "-wal", "-shm", "-journal"):
        # A file whose mode cannot be changed, such as another user's, may still be usable.
        with suppress(OSError):
            database.with_name(f"{database.name}{suffix}").chmod(PRIVATE)
