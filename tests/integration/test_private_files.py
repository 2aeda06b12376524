"""Nobody but their owner reads the books, whatever the umask and however old the files are."""

import os
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from persistence.backup import backup
from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper


@pytest.fixture(autouse=True)
def open_handed() -> Iterator[None]:
    """A umask that lets everybody read and write new files."""
    before = os.umask(0)
    yield
    os.umask(before)


def modes(folder: Path) -> dict[str, str]:
    """The permissions of each file of a folder."""
    return {path.name: oct(stat.S_IMODE(path.stat().st_mode)) for path in folder.iterdir()}


def test_a_new_database_and_all_beside_it_are_its_owners_alone(tmp_path: Path) -> None:
    """The write-ahead log holds the books as well; whoever opens the lock can take it."""
    with closing(Store.open(f"sqlite:///{tmp_path / 'backstay.db'}")) as store:
        books = Bookkeeper.of(store)
        books.commit(books.opens_account())
        names = ("backstay.db", "backstay.db-wal", "backstay.db-shm", "backstay.db.lock")
        assert modes(tmp_path) == dict.fromkeys(names, "0o600")


def test_the_next_start_closes_files_that_an_earlier_version_left_open(tmp_path: Path) -> None:
    """Whether or not it also has something to migrate."""
    url = f"sqlite:///{tmp_path / 'backstay.db'}"
    Store.open(url).close()
    for path in tmp_path.iterdir():
        path.chmod(0o644)
    Store.open(url).close()
    assert set(modes(tmp_path).values()) == {"0o600"}


def test_a_backup_is_its_owners_alone(tmp_path: Path) -> None:
    """Also while it is being written, and also of a database that everybody may read."""
    database, copy = tmp_path / "backstay.db", tmp_path / "copy.db"
    Store.open(f"sqlite:///{database}").close()
    database.chmod(0o644)
    backup(f"sqlite:///{database}", copy)
    assert modes(tmp_path)["copy.db"] == "0o600"
