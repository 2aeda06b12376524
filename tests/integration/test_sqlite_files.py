"""SQLite's files, deleted, replaced, emptied or mixed up, are recognised before anything is lost.

An owner refuses to go on with them; `restore` brings a backup back, and keeps what was there.
"""

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from persistence.backup import backup
from persistence.errors import Damaged, ForeignLog, OwnedElsewhere, SchemaTooNew, UnfitBackup
from persistence.restore import restore
from persistence.sqlite_files import beside, require_its_own_log
from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper, by_hand


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where a service has its database."""
    folder = tmp_path / "service"
    folder.mkdir()
    return folder / "backstay.db"


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """Where its backup goes."""
    return tmp_path / "saved.db"


@pytest.fixture
def books(database: Path) -> Iterator[Bookkeeper]:
    """An account in a database that a service owns."""
    with closing(Store.open(url_of(database))) as store:
        keeper = Bookkeeper.of(store)
        keeper.commit(keeper.opens_account())
        yield keeper


def url_of(database: Path) -> str:
    return f"sqlite:///{database}"


def killed_after(database: Path, *steps: Callable[[Bookkeeper], object]) -> Path:
    """The database as `kill -9` leaves it after these steps: its log was not played back."""
    left = database.parent.with_name("left")
    with closing(Store.open(url_of(database))) as store:
        keeper = Bookkeeper.of(store)
        for step in steps:
            step(keeper)
        shutil.copytree(database.parent, left)
    return left / database.name


def opened_account(keeper: Bookkeeper) -> None:
    keeper.commit(keeper.opens_account())


def delete_all(database: Path) -> None:
    for file in database.parent.iterdir():
        file.unlink()


def delete_log_and_index(database: Path) -> None:
    beside(database, "-wal").unlink()
    beside(database, "-shm").unlink()


def empty_log(database: Path) -> None:
    os.truncate(beside(database, "-wal"), 0)


def cut_log_short(database: Path) -> None:
    os.truncate(beside(database, "-wal"), 4_000)


def copy_backup_over(database: Path) -> None:
    copy = database.with_name("copy.db")
    backup(url_of(database), copy)
    shutil.copyfile(copy, database)


def move_other_database_there(database: Path) -> None:
    other = database.with_name("other.db")
    Store.open(url_of(other)).close()
    other.replace(database)


@pytest.mark.parametrize(
    "harm",
    [
        delete_all,
        delete_log_and_index,
        empty_log,
        cut_log_short,
        copy_backup_over,
        move_other_database_there,
    ],
)
def test_nothing_counts_as_committed_once_the_files_are_others(
    books: Bookkeeper, database: Path, harm: Callable[[Path], None]
) -> None:
    """SQLite itself says that such a commit was made."""
    harm(database)
    with pytest.raises(Damaged, match=r"under the service.*backstay restore FILE"):
        books.commit(books.transfers("1", "after"))
    with pytest.raises(Damaged):
        books.store.renew(books.epoch)


def test_who_reads_copies_writes_or_checkpoints_beside_it_is_no_damage(
    books: Bookkeeper, database: Path, saved: Path
) -> None:
    """A backup, an audit, a hand in the tables, and a shell that empties the log in order."""
    backup(url_of(database), saved)
    with closing(Store.reading(url_of(database))) as reading:
        assert reading.accounts() == ("demo",)
    with by_hand(url_of(database)) as cursor:
        cursor.execute("INSERT INTO deliveries VALUES ('somebody', 1)")
        for mode in ("PASSIVE", "FULL", "RESTART", "TRUNCATE"):
            books.commit(books.transfers("1", mode))
            cursor.execute(f"PRAGMA wal_checkpoint({mode})")
            cursor.fetchall()
    books.store.renew(books.epoch)
    books.commit(books.transfers("1", "last"))


def test_a_log_that_a_kill_left_is_played_back(database: Path) -> None:
    """It is the ordinary case: the next start has what was committed."""
    left = killed_after(database, opened_account)
    with closing(Store.open(url_of(left))) as store:
        assert store.accounts() == ("demo",)


def test_a_kill_while_a_life_begins_leaves_a_pair_that_fits(database: Path, tmp_path: Path) -> None:
    """The database may have the former life's number still, the log has both."""
    Store.open(url_of(database)).close()
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        for number in (0, 7):
            connection.execute(f"PRAGMA user_version = {number}")
            left = tmp_path / f"left-{number}"
            shutil.copytree(database.parent, left)
            assert beside(left / database.name, "-wal").stat().st_size > 0
            require_its_own_log(left / database.name)


@pytest.mark.parametrize("made_by", ["backstay backup", "cp after a stop"])
def test_a_backup_over_a_database_with_its_log_is_refused(
    database: Path, saved: Path, made_by: str
) -> None:
    """SQLite would play the log into the backup: then it is not what was saved, or damaged."""
    with closing(Store.open(url_of(database))) as store:
        store.acquire("a former life")
        if made_by == "backstay backup":
            backup(url_of(database), saved)
    if made_by == "cp after a stop":
        shutil.copyfile(database, saved)
    left = killed_after(database, opened_account)
    shutil.copyfile(saved, left)
    before = left.read_bytes(), beside(left, "-wal").read_bytes()
    with pytest.raises(ForeignLog, match="backstay restore FILE"):
        Store.open(url_of(left))
    assert (left.read_bytes(), beside(left, "-wal").read_bytes()) == before


def test_a_log_without_its_database_is_refused(database: Path) -> None:
    """SQLite would throw it away, and a new database would be empty."""
    left = killed_after(database, opened_account)
    left.unlink()
    with pytest.raises(ForeignLog, match="no database beside it"):
        Store.open(url_of(left))
    assert not left.exists()


def test_a_restored_database_is_the_backup_and_the_old_one_is_kept(
    database: Path, saved: Path
) -> None:
    """Also where a kill had left a log: it goes aside with its database, and both still open."""
    left = killed_after(
        database,
        opened_account,
        lambda _: backup(url_of(database), saved),
        lambda keeper: keeper.commit(keeper.transfers("5", "later")),
    )
    kept = restore(url_of(left), saved)
    assert {file.stat().st_mode & 0o777 for file in left.parent.iterdir()} == {0o600}
    with closing(Store.open(url_of(left))) as store:
        assert store.load_state().wallets[0].total == 1_000
    with closing(Store.open(url_of(kept[0]))) as store:
        assert store.load_state().wallets[0].total == 1_005


def test_a_restore_beside_a_living_service_is_refused(
    books: Bookkeeper, database: Path, saved: Path
) -> None:
    """Nothing is touched."""
    backup(url_of(database), saved)
    with pytest.raises(OwnedElsewhere):
        restore(url_of(database), saved)
    books.commit(books.transfers("1", "still there"))


@pytest.mark.parametrize(
    ("spoil", "refusal"),
    [
        ("DROP TABLE alembic_version", UnfitBackup),
        ("UPDATE alembic_version SET version_num = '9999'", SchemaTooNew),
    ],
)
def test_what_is_not_a_backup_of_a_known_version_is_not_restored(
    database: Path, saved: Path, tmp_path: Path, spoil: str, refusal: type[Exception]
) -> None:
    """Nor is a file that is not a database; the database stays as it is."""
    Store.open(url_of(database)).close()
    backup(url_of(database), saved)
    with closing(sqlite3.connect(saved)) as connection, connection:
        connection.execute(spoil)
    text = tmp_path / "text.db"
    text.write_text("no database at all, " * 100)
    before = database.read_bytes(), sorted(database.parent.iterdir())
    with pytest.raises(refusal):
        restore(url_of(database), saved)
    with pytest.raises(UnfitBackup):
        restore(url_of(database), text)
    assert (database.read_bytes(), sorted(database.parent.iterdir())) == before
