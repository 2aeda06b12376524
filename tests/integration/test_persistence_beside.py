"""Who only reads, or copies, works beside the owner and changes nothing."""

from contextlib import closing
from pathlib import Path

import pytest

from persistence.backup import backup
from persistence.errors import NotThere, OwnedElsewhere, SchemaTooNew, SchemaTooOld, Unavailable
from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper, all_rows, by_hand


def test_a_reading_store_sees_what_the_owner_commits(database_url: str) -> None:
    """Its snapshots are as new as the last commit."""
    with closing(Store.open(database_url)) as store:
        books = Bookkeeper.of(store)
        books.commit(books.opens_account())
        with closing(Store.reading(database_url)) as reading:
            assert reading.accounts() == ("demo",)
            books.commit(books.opens_account("other"))
            assert reading.accounts() == ("demo", "other")
            assert reading.load_state() == store.load_state()


def test_a_reading_store_leaves_ownership_alone(database_url: str) -> None:
    """Neither the epoch nor the lease changes, and the owner commits on."""
    with closing(Store.open(database_url)) as store:
        books = Bookkeeper.of(store)
        with closing(Store.reading(database_url)):
            books.commit(books.opens_account())
        books.commit()
    with closing(Store.reading(database_url)), closing(Store.open(database_url)) as store:
        books = Bookkeeper.of(store)
        books.last_commit_id = 2
        books.commit()


def test_a_file_that_is_read_is_still_owned(tmp_path: Path) -> None:
    """Reading takes no lock, and does not hide the one that is held."""
    url = f"sqlite:///{tmp_path / 'backstay.db'}"
    with (
        closing(Store.open(url)),
        closing(Store.reading(url)),
        pytest.raises(OwnedElsewhere, match="lock file"),
    ):
        Store.open(url)


def test_a_reading_store_reads_while_nobody_owns_the_database(database_url: str) -> None:
    """A stopped service's books can be looked at."""
    with closing(Store.open(database_url)) as store:
        books = Bookkeeper.of(store)
        books.commit(books.opens_account())
    with closing(Store.reading(database_url)) as reading:
        assert reading.accounts() == ("demo",)


def test_a_reading_store_writes_nothing(database_url: str) -> None:
    """What would write fails, and every row stays."""
    Store.open(database_url).close()
    before = all_rows(database_url)
    with closing(Store.reading(database_url)) as reading, pytest.raises(Unavailable):
        reading.acquire("somebody")
    assert all_rows(database_url) == before


def test_reading_migrates_nothing(database_url: str) -> None:
    """A schema of another version is refused as it is, the older and the newer one."""
    Store.open(database_url).close()
    for revision, error in (("0001", SchemaTooOld), ("9999", SchemaTooNew)):
        with by_hand(database_url) as cursor:
            cursor.execute(f"UPDATE alembic_version SET version_num = '{revision}'")
        with pytest.raises(error, match=f"at schema revision {revision}"):
            Store.reading(database_url)
    with by_hand(database_url) as cursor:
        cursor.execute("DROP TABLE alembic_version")
    with pytest.raises(SchemaTooOld, match="has no schema of Backstay"):
        Store.reading(database_url)


def test_reading_creates_no_file(tmp_path: Path) -> None:
    """A mistyped address makes no empty database."""
    with pytest.raises(NotThere, match=r"there is no database .*missing\.db"):
        Store.reading(f"sqlite:///{tmp_path / 'missing.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_memory_is_not_read_from_elsewhere() -> None:
    """Each connection would have a database of its own."""
    with pytest.raises(ValueError, match="in memory"):
        Store.reading("sqlite://")


def test_a_backup_is_a_whole_database(tmp_path: Path) -> None:
    """It has what is still beside the file, and opens as any database does."""
    url, copy = f"sqlite:///{tmp_path / 'backstay.db'}", tmp_path / "copies" / "one.db"
    copy.parent.mkdir()
    with closing(Store.open(url)) as store:
        books = Bookkeeper.of(store)
        books.commit(books.opens_account(), books.opens_position(1))
        # What is read elsewhere keeps the newest pages out of the file itself.
        with closing(Store.reading(url)) as reading:
            reading.accounts()
            backup(url, copy)
        before = store.load_state()
        books.commit(books.reaches(1, "110"))
    assert list(copy.parent.iterdir()) == [copy]
    with closing(Store.open(f"sqlite:///{copy}")) as store:
        assert store.load_state() == before


def test_a_backup_replaces_nothing(tmp_path: Path) -> None:
    """A file that is there stays, whatever it holds."""
    url, copy = f"sqlite:///{tmp_path / 'backstay.db'}", tmp_path / "copy.db"
    Store.open(url).close()
    copy.write_text("precious")
    with pytest.raises(FileExistsError, match="the file already exists"):
        backup(url, copy)
    assert copy.read_text() == "precious"


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    """No half of a copy is taken for a whole one."""
    broken, copy = tmp_path / "broken.db", tmp_path / "copy.db"
    broken.write_text("no database at all, " * 100)
    with pytest.raises(Unavailable, match=r"cannot copy .*broken\.db"):
        backup(f"sqlite:///{broken}", copy)
    with pytest.raises(NotThere, match=r"there is no database .*missing\.db"):
        backup(f"sqlite:///{tmp_path / 'missing.db'}", copy)
    with pytest.raises(NotThere, match=r"there is no folder .*nowhere"):
        backup(f"sqlite:///{broken}", tmp_path / "nowhere" / "copy.db")
    assert list(tmp_path.iterdir()) == [broken]


@pytest.mark.parametrize("url", ["postgresql://user:secret@host/db", "sqlite://"])
def test_only_a_file_is_copied(url: str, tmp_path: Path) -> None:
    """Another kind of database is refused, without its password."""
    with pytest.raises(ValueError, match="only SQLite files") as refused:
        backup(url, tmp_path / "copy.db")
    assert "secret" not in str(refused.value)
