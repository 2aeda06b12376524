"""One owner: epochs, leases by the database's clock, and the lock file."""

import errno
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg2
import pytest

from harness.servers import fresh_database
from persistence import owner
from persistence.errors import Deposed, NotThere, OutcomeUnknown, OwnedElsewhere, Unavailable
from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper, by_hand, rows


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store.open(database_url)) as opened:
        yield opened


@pytest.fixture
def rivals(postgres_database: str) -> Iterator[tuple[Store, Store]]:
    """Two stores on one PostgreSQL database."""
    with (
        closing(Store.open(postgres_database)) as first,
        closing(Store.open(postgres_database)) as second,
    ):
        yield first, second


def age_lease(database_url: str, seconds: int) -> None:
    """Let the lease have been renewed so long ago, by the database's clock."""
    with by_hand(database_url) as cursor:
        cursor.execute(
            f"UPDATE owner SET renewed_at = clock_timestamp() - interval '{seconds} seconds'"
        )


def test_epochs_count_the_owners(store: Store) -> None:
    """Each time somebody takes over, the number grows."""
    assert [store.acquire("me"), store.acquire("me"), store.acquire("me")] == [1, 2, 3]


def test_a_deposed_epoch_cannot_renew_release_or_ask(store: Store) -> None:
    """It learns at the next call that it has lost the database."""
    old = store.acquire("me")
    store.acquire("me")
    for call in (store.renew, store.release, lambda epoch: store.was_committed(epoch, 1)):
        with pytest.raises(Deposed, match=f"epoch {old} was deposed"):
            call(old)


def test_a_running_lease_of_another_is_refused(rivals: tuple[Store, Store]) -> None:
    """The refusal says who holds it, and for how long."""
    first, second = rivals
    first.acquire("first", lease_seconds=600)
    with pytest.raises(OwnedElsewhere, match="owned by first") as refused:
        second.acquire("second")
    assert refused.value.holder == "first"
    lease = refused.value.lease
    assert lease is not None
    assert lease.epoch == 1
    assert 590 < lease.seconds_left <= 600


def test_a_lease_that_ran_out_by_the_databases_clock_is_taken_over(
    rivals: tuple[Store, Store], postgres_database: str
) -> None:
    """No two machines' clocks are compared."""
    first, second = rivals
    old = first.acquire("first", lease_seconds=600)
    age_lease(postgres_database, 601)
    assert second.acquire("second") == old + 1
    with pytest.raises(Deposed):
        first.renew(old)


def test_a_commit_renews_the_lease(rivals: tuple[Store, Store], postgres_database: str) -> None:
    """Who works keeps the database."""
    first, second = rivals
    books = Bookkeeper.of(first, "first", lease_seconds=600)
    age_lease(postgres_database, 601)
    books.commit(books.opens_account())
    with pytest.raises(OwnedElsewhere):
        second.acquire("second")


def test_renewing_renews_the_lease(rivals: tuple[Store, Store], postgres_database: str) -> None:
    """Who has nothing to commit keeps it too."""
    first, second = rivals
    epoch = first.acquire("first", lease_seconds=600)
    age_lease(postgres_database, 601)
    first.renew(epoch)
    with pytest.raises(OwnedElsewhere):
        second.acquire("second")


def test_a_released_lease_is_taken_over_at_once(rivals: tuple[Store, Store]) -> None:
    """An orderly stop makes nobody wait."""
    first, second = rivals
    first.release(first.acquire("first", lease_seconds=600))
    assert second.acquire("second") == 2


def test_the_same_holder_may_begin_anew_at_once(rivals: tuple[Store, Store]) -> None:
    """A restart does not wait for its own former life."""
    first, second = rivals
    first.acquire("host:1", lease_seconds=600)
    assert second.acquire("host:1") == 2


def test_a_refused_rival_leaves_the_owner_alone(rivals: tuple[Store, Store]) -> None:
    """Asking costs the owner nothing."""
    first, second = rivals
    epoch = first.acquire("first", lease_seconds=600)
    with pytest.raises(OwnedElsewhere):
        second.acquire("second")
    first.renew(epoch)


def test_a_frozen_owner_cannot_block_a_takeover(rivals: tuple[Store, Store]) -> None:
    """The server ends its open transaction, and with it its lock."""
    first, second = rivals
    old = first.acquire("first", lease_seconds=1)

    def freeze() -> None:
        with first._transactions.transaction() as session:
            owner.fence(session, old)
            while True:  # each attempt waits for the row until the server ends the frozen session
                with suppress(OwnedElsewhere):
                    second.acquire("second")
                    return

    with pytest.raises(OutcomeUnknown):
        freeze()
    with pytest.raises(Deposed):
        first.renew(old)


def test_a_commit_does_not_wait_for_a_lock_as_long_as_its_lease(
    rivals: tuple[Store, Store], postgres_database: str
) -> None:
    """It gives up before anybody could take over."""
    books = Bookkeeper.of(rivals[0], lease_seconds=1)
    with closing(psycopg2.connect(postgres_database)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT epoch FROM owner FOR UPDATE")
        with pytest.raises(Unavailable, match="lock timeout"):
            books.commit(books.opens_account())
    books.commit(books.opens_account())


def test_the_writers_timeouts_are_shorter_than_the_lease(rivals: tuple[Store, Store]) -> None:
    """The server ends what hangs before the lease does; commits are on the disk."""
    rivals[0].acquire("first", lease_seconds=5)
    with rivals[0]._transactions.transaction() as session:
        connection = session.connection()
        for name, bound in (("idle_in_transaction_session_timeout", "4s"), ("lock_timeout", "2s")):
            assert connection.exec_driver_sql(f"SHOW {name}").scalar() == bound
        assert connection.exec_driver_sql("SHOW synchronous_commit").scalar() == "on"


def test_commits_are_on_the_disk_whatever_the_database_is_set_to(postgres_url: str) -> None:
    """An operator who made other programs faster has not made the books forgetful."""
    with fresh_database(postgres_url) as url, by_hand(url) as cursor:
        name = url.rpartition("/")[2]
        cursor.execute(f"ALTER DATABASE {name} SET synchronous_commit = off")
        with (
            closing(Store.open(url)) as store,
            store._transactions.transaction() as session,
        ):
            shown = session.connection().exec_driver_sql("SHOW synchronous_commit").scalar()
    assert shown == "on"


def test_two_processes_may_migrate_a_new_database_at_once(postgres_database: str) -> None:
    """One of them does it, and the others find it done."""
    program = f"from persistence.store import Store; Store.open({postgres_database!r}).close()"
    processes = [subprocess.Popen([sys.executable, "-c", program]) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]


@pytest.fixture
def lite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'backstay.db'}"


def test_a_second_process_is_told_who_has_the_file(lite_url: str) -> None:
    """The lock file names the process to stop."""
    program = (
        "from persistence.errors import OwnedElsewhere\n"
        "from persistence.store import Store\n"
        f"try: Store.open({lite_url!r})\n"
        "except OwnedElsewhere as error: print(error.holder)"
    )
    with closing(Store.open(lite_url)):
        command = [sys.executable, "-c", program]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert told.startswith(f"process {os.getpid()} (lock file ")
    assert told.strip().endswith("backstay.db.lock)")


def test_a_second_store_of_one_process_is_refused(lite_url: str) -> None:
    """The lock is of the store, not of the process."""
    with closing(Store.open(lite_url)), pytest.raises(OwnedElsewhere):
        Store.open(lite_url)


def test_the_lock_holds_without_its_owner_s_name(
    lite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the name cannot be written, nor be taken away on one that is read-only."""

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", no_room)
    monkeypatch.setattr(os, "ftruncate", no_room)
    with closing(Store.open(lite_url)), pytest.raises(OwnedElsewhere, match="process unknown"):
        Store.open(lite_url)
    Store.open(lite_url).close()


def test_closing_gives_the_file_up(lite_url: str) -> None:
    """The next one opens it at once."""
    Store.open(lite_url).close()
    Store.open(lite_url).close()


def test_a_store_that_could_not_open_gives_the_file_up(
    lite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failed start blocks no second attempt."""
    monkeypatch.setattr("persistence.schema.migrate", lambda _: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        Store.open(lite_url)
    monkeypatch.undo()
    Store.open(lite_url).close()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Waiting does not make it: it is no outage."""
    with pytest.raises(NotThere, match=r"no folder .*nowhere for the database backstay\.db"):
        Store.open(f"sqlite:///{tmp_path / 'nowhere' / 'backstay.db'}")


def test_a_crash_gives_the_file_up_and_its_lease(lite_url: str) -> None:
    """The system frees the lock, and the same file needs no lease to run out."""
    program = (
        "import os; from persistence.store import Store;"
        f"Store.open({lite_url!r}).acquire('crashing', 600); os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", program], check=False)
    with closing(Store.open(lite_url)) as store:
        assert store.acquire("next") == 2


def test_a_sqlite_file_is_as_durable_as_it_gets(lite_url: str) -> None:
    """Journal, synchronisation and keys are set on every connection."""
    with closing(Store.open(lite_url)) as store:
        for session in (store._transactions.transaction, store._transactions.snapshot):
            with session() as opened:
                connection = opened.connection()
                settings = {
                    name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                    for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
                }
            assert settings == {
                "journal_mode": "wal",
                "synchronous": 2,
                "foreign_keys": 1,
                "busy_timeout": 2000,
            }


def test_a_write_takes_its_lock_when_it_begins(lite_url: str, tmp_path: Path) -> None:
    """No two writers find out at the end that one was in vain."""
    with (
        closing(Store.open(lite_url)) as store,
        closing(sqlite3.connect(tmp_path / "backstay.db", timeout=0)) as other,
        store._transactions.transaction(),
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


def test_readers_cannot_write(store: Store) -> None:
    """The database itself refuses, not only our code."""
    with (
        pytest.raises(Exception, match=r"(?i)read-?\s?only"),
        store._transactions.snapshot() as session,
    ):
        session.connection().exec_driver_sql("UPDATE owner SET epoch = 9")


def test_the_owners_row_is_there_from_the_first(database_url: str, store: Store) -> None:
    """Nobody's row is found and locked like any other."""
    assert rows(database_url, "SELECT id, epoch, holder FROM owner") == [(1, 0, "nobody")]
