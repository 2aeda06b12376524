"""Who only reads, or copies, works beside the owner and changes nothing."""

from contextlib import closing
from pathlib import Path

import pytest

from persistence import OwnedElsewhere, SchemaTooNew, SchemaTooOld, Store, Unavailable
from persistence.backup import backup
from tests.integration.bookkeeper import Bookkeeper, all_rows, by_hand


def test_a_reading_store_sees_what_the_owner_commits(database_url: str) -> None:
    with closing(Store.open(database_url)) as store:
        books = Bookkeeper.of(store)
        books.commit(books.opens_account())
        with closing(Store.reading(database_url)) as reading:
            assert reading.accounts() == ("demo",)
            books.commit(books.opens_account("other"))
            assert reading.accounts() == ("demo", "other")
            assert reading.load_state() == store.load_state()


def test_a_reading_store_leaves_ownership_alone(database_url: str) -> None:
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
    url = f"sqlite:///{tmp_path / 'backstay.db'}"
    with (
        closing(Store.open(url)),
        closing(Store.reading(url)),
        pytest.raises(OwnedElsewhere, match="lock file"),
    ):
        Store.open(url)


def test_a_reading_store_reads_while_nobody_owns_the_database(database_url: str) -> None:
    with closing(Store.open(database_url)) as store:
        books = Bookkeeper.of(store)
        books.commit(books.opens_account())
    with closing(Store.reading(database_url)) as reading:
        assert reading.accounts() == ("demo",)


def test_a_reading_store_writes_nothing(database_url: str) -> None:
    Store.open(database_url).close()
    before = all_rows(database_url)
    with closing(Store.reading(database_url)) as reading, pytest.raises(Unavailable):
        reading.acquire("somebody")
    assert all_rows(database_url) == before


def test_reading_migrates_nothing(database_url: str) -> None:
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
    with pytest.raises(Unavailable, match="unable to open"):
        Store.reading(f"sqlite:///{tmp_path / 'missing.db'}")
    assert list(tmp_path.iterdir()) == []


def test_a_database_in_memory_is_not_read_from_elsewhere() -> None:
    with pytest.raises(ValueError, match="in memory"):
        Store.reading("sqlite://")


def test_a_backup_is_a_whole_database(tmp_path: Path) -> None:
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
    url, copy = f"sqlite:///{tmp_path / 'backstay.db'}", tmp_path / "copy.db"
    Store.open(url).close()
    copy.write_text("precious")
    with pytest.raises(FileExistsError, match="there is a file already"):
        backup(url, copy)
    assert copy.read_text() == "precious"


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path) -> None:
    broken, copy = tmp_path / "broken.db", tmp_path / "copy.db"
    broken.write_text("no database at all, " * 100)
    with pytest.raises(Unavailable, match=r"cannot copy .*broken\.db"):
        backup(f"sqlite:///{broken}", copy)
    with pytest.raises(Unavailable, match="unable to open"):
        backup(f"sqlite:///{tmp_path / 'missing.db'}", copy)
    assert list(tmp_path.iterdir()) == [broken]


@pytest.mark.parametrize("url", ["postgresql://user:secret@host/db", "sqlite://"])
def test_only_a_file_is_copied(url: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="only SQLite files") as refused:
        backup(url, tmp_path / "copy.db")
    assert "secret" not in str(refused.value)
