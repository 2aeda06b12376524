"""Outages: what a failure is called, and what is true after it."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from sqlalchemy import text
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.exc import ProgrammingError

from harness.servers import PostgresServer, fresh_database
from persistence.engines import parsed
from persistence.errors import Damaged, Locked, OutcomeUnknown, Refused, Unavailable
from persistence.store import Store
from persistence.transactions import Transactions
from tests.integration.bookkeeper import Bookkeeper, all_rows, by_hand, position_in

DO_COMMIT: Callable[[DefaultDialect, Any], None] = DefaultDialect.do_commit


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store.open(database_url)) as opened:
        yield opened


@pytest.fixture
def books(store: Store) -> Bookkeeper:
    keeper = Bookkeeper.of(store)
    keeper.commit(keeper.opens_account())
    return keeper


@pytest.fixture
def postgres_books(postgres_database: str) -> Iterator[Bookkeeper]:
    with closing(Store.open(postgres_database)) as opened:
        keeper = Bookkeeper.of(opened)
        keeper.commit(keeper.opens_account())
        yield keeper


@pytest.fixture
def sqlite_books() -> Iterator[Bookkeeper]:
    with closing(Store.open("sqlite://")) as opened:
        keeper = Bookkeeper.of(opened)
        keeper.commit(keeper.opens_account())
        yield keeper


def on_commit(monkeypatch: pytest.MonkeyPatch, happens: Callable[[Any], None]) -> None:
    """Let something happen, once, when the driver is told to commit."""

    def do_commit(self: DefaultDialect, connection: Any) -> None:
        monkeypatch.setattr(DefaultDialect, "do_commit", DO_COMMIT)
        happens(connection)
        DO_COMMIT(self, connection)

    monkeypatch.setattr(DefaultDialect, "do_commit", do_commit)


def end_sessions(database_url: str, through_url: str | None = None) -> None:
    """Let the server end every session in a database, but for the one that asks."""
    name = database_url.rpartition("/")[2]
    with by_hand(through_url or database_url) as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = %s AND pid <> pg_backend_pid()",
            (name,),
        )


def test_a_connection_lost_before_commit_arrives_leaves_nothing(
    postgres_books: Bookkeeper, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks is told that it was not committed."""
    books = postgres_books
    before = all_rows(postgres_database)
    on_commit(monkeypatch, lambda _: end_sessions(postgres_database))
    with pytest.raises(OutcomeUnknown):
        books.commit(books.opens_position(1))
    assert all_rows(postgres_database) == before
    assert not books.store.was_committed(books.epoch, 2)


def test_a_connection_lost_after_commit_arrived_leaves_everything(
    postgres_books: Bookkeeper, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks is told that it was."""

    def commits_and_breaks(connection: Any) -> None:
        connection.commit()
        end_sessions(postgres_database)
        connection.cursor().execute("SELECT 1")

    books = postgres_books
    on_commit(monkeypatch, commits_and_breaks)
    with pytest.raises(OutcomeUnknown):
        books.commit(books.opens_position(1))
    assert books.store.was_committed(books.epoch, 2)
    assert position_in(books.store, 1) == books.positions[1]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("disk I/O error", sqlite3.SQLITE_IOERR_FSYNC),
        ("out of memory", sqlite3.SQLITE_NOMEM),
    ],
)
def test_a_sqlite_commit_that_failed_half_way_is_of_unknown_outcome(
    sqlite_books: Bookkeeper, monkeypatch: pytest.MonkeyPatch, text: str, code: int
) -> None:
    """The file may have it or not: only asking tells."""

    def breaks(_: Any) -> None:
        error = sqlite3.OperationalError(text)
        error.sqlite_errorcode = code
        raise error

    books = sqlite_books
    on_commit(monkeypatch, breaks)
    with pytest.raises(OutcomeUnknown, match=text):
        books.commit(books.opens_position(1))
    assert not books.store.was_committed(books.epoch, 2)


def test_was_committed_tells_the_truth_of_any_commit(books: Bookkeeper) -> None:
    """Of those before and after it too."""
    asked = [books.store.was_committed(books.epoch, commit_id) for commit_id in (0, 1, 2)]
    assert asked == [False, True, False]


def test_was_committed_waits_for_a_commit_that_still_runs(postgres_database: str) -> None:
    """An answer that comes too early would be a wrong one."""
    with (
        closing(Store.open(postgres_database)) as store,
        closing(psycopg2.connect(postgres_database)) as old,
        old.cursor() as cursor,
    ):
        epoch = store.acquire("me", lease_seconds=1)
        cursor.execute("UPDATE owner SET renewed_at = renewed_at")
        cursor.execute("INSERT INTO commits VALUES (%s, 1, now(), 0)", (epoch,))
        with pytest.raises(Unavailable, match="lock timeout"):
            store.was_committed(epoch, 1)
        old.commit()
        assert store.was_committed(epoch, 1)


def test_a_connection_lost_before_commit_is_sent_means_unavailable(
    postgres_books: Bookkeeper, postgres_database: str
) -> None:
    """It is known that nothing was written, and the same commit goes through next."""
    books = postgres_books
    end_sessions(postgres_database)
    wallet = books.wallets["demo"]
    with pytest.raises(Unavailable):
        books.commit(books.opens_position(1))
    books.wallets["demo"] = wallet
    books.commit(books.opens_position(1))
    assert position_in(books.store, 1) == books.positions[1]


def test_readers_connect_again_too(postgres_books: Bookkeeper, postgres_database: str) -> None:
    """One error, then a new connection."""
    store = postgres_books.store
    assert not store.is_empty()
    end_sessions(postgres_database)
    with pytest.raises(Unavailable):
        store.is_empty()
    assert not store.is_empty()


def test_a_server_that_lets_nobody_in_means_unavailable_until_it_does(
    postgres_books: Bookkeeper, postgres_database: str, postgres_url: str
) -> None:
    """Writers and readers alike, and without a restart afterwards."""
    books = postgres_books
    opening = books.opens_position(1)
    allow = f"ALTER DATABASE {postgres_database.rpartition('/')[2]} ALLOW_CONNECTIONS"
    with by_hand(postgres_url) as cursor:
        cursor.execute(f"{allow} false")
        try:
            end_sessions(postgres_database, postgres_url)
            for call in (lambda: books.commit(opening), books.store.is_empty) * 2:
                with pytest.raises(Unavailable):
                    call()
        finally:
            cursor.execute(f"{allow} true")
    books.commit(opening)
    assert position_in(books.store, 1) == books.positions[1]


@pytest.mark.slow
def test_a_server_that_crashed_means_unavailable_until_it_is_back() -> None:
    """A crash is an outage like any other."""
    with PostgresServer() as server, closing(Store.open(server.url)) as store:
        books = Bookkeeper.of(store)
        opening = books.opens_account()
        server.stop_immediately()
        for _ in range(2):
            with pytest.raises(Unavailable):
                books.commit(opening)
        with pytest.raises(Unavailable):
            store.load_state()
        server.start()
        books.commit(opening)
        assert not store.is_empty()
        server.stop_immediately()
        server.start()
        with pytest.raises(Unavailable):
            store.load_state()
        assert store.load_state().wallets == (books.wallets["demo"],)


def test_a_server_that_is_not_there_means_unavailable() -> None:
    """A wrong address is told in one line, at the start."""
    with pytest.raises(Unavailable, match="refused"):
        Store.open("postgresql://nobody@127.0.0.1:1/nothing")


def test_a_full_disk_means_unavailable(database_url: str, books: Bookkeeper) -> None:
    """Nothing is lost, and it goes on when there is room."""
    if not database_url.startswith("sqlite"):
        pytest.skip("only SQLite can be told how large it may get")
    before = all_rows(database_url)
    with books.store._transactions.transaction() as session:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar()
        session.connection().exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    opens = [books.opens_position(n, quantity="0.001") for n in range(1, 1000)]
    with pytest.raises(Unavailable, match="full"):
        books.commit(*opens)
    assert all_rows(database_url) == before
    with books.store._transactions.transaction() as session:
        session.connection().exec_driver_sql("PRAGMA max_page_count = 1000000")
    books.commit(*opens)


def test_a_database_that_turned_read_only_means_unavailable(postgres_url: str) -> None:
    """A session that may not write never will: the next one is asked, until one may."""
    with fresh_database(postgres_url) as url, closing(Store.open(url)) as store:
        books = Bookkeeper.of(store)
        opening = books.opens_account()
        with by_hand(url) as cursor:
            name = url.rpartition("/")[2]
            cursor.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        with pytest.raises(Unavailable, match="read-only"):
            books.commit(opening)
        with by_hand(postgres_url) as cursor:
            cursor.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only")
        books.commit(opening)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("40P01", Unavailable),  # deadlock
        ("40001", Unavailable),  # serialization failure
        ("53100", Unavailable),  # disk full
        ("55P03", Locked),  # lock not available
        ("57014", Unavailable),  # query cancelled
        ("58030", Unavailable),  # input and output
        ("23514", Refused),  # check violation
        ("22003", Refused),  # numeric value out of range
        ("42601", ProgrammingError),  # a bug
    ],
)
def test_what_postgresql_says_has_a_meaning(
    postgres_books: Bookkeeper, code: str, kind: type[Exception]
) -> None:
    """Temporary, refused or a bug: each is treated as what it is."""
    statement = f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$"
    with pytest.raises(kind), postgres_books.store._transactions.transaction() as session:
        session.connection().exec_driver_sql(statement)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("57P01", OutcomeUnknown),
        ("08006", OutcomeUnknown),
        ("40003", OutcomeUnknown),  # statement completion unknown
        ("40001", Unavailable),
        ("53100", Unavailable),
    ],
)
def test_what_postgresql_says_instead_of_commit_may_leave_the_outcome_open(
    postgres_books: Bookkeeper, postgres_database: str, code: str, kind: type[Exception]
) -> None:
    """Who is shut down may have committed before; whoever has no room has not."""
    with by_hand(postgres_database) as cursor:
        cursor.execute(
            f"CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS"
            f" $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{code}'; END $$;"
            " CREATE CONSTRAINT TRIGGER fails AFTER INSERT ON commits"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION fail()"
        )
    books = postgres_books
    with pytest.raises(kind):
        books.commit(books.opens_position(1))
    assert not books.store.was_committed(books.epoch, 2)


def test_a_closed_store_is_unavailable(books: Bookkeeper) -> None:
    """Closing twice is harmless; using it afterwards is an error of ours to see."""
    books.store.close()
    books.store.close()
    with pytest.raises(Unavailable, match="closed"):
        books.store.load_state()
    with pytest.raises(Unavailable, match="closed"):
        books.commit()


@pytest.mark.parametrize("open_", [Store.open, Store.reading])
def test_a_damaged_file_is_called_so(tmp_path: Path, open_: Callable[[str], Store]) -> None:
    """It is no bug and no outage: what helps is a backup."""
    (tmp_path / "junk.db").write_text("no database")
    with pytest.raises(Damaged, match="restore a backup"):
        open_(f"sqlite:///{tmp_path / 'junk.db'}").accounts()


def test_a_server_that_does_not_answer_is_given_up(postgres_database: str) -> None:
    """Whoever waits ends that for themselves, and goes on with another connection."""
    with closing(Transactions(parsed(postgres_database))) as transactions:
        for limited in (transactions.transaction, transactions.snapshot):
            with pytest.raises(Unavailable), limited(seconds_max=0.3) as session:
                session.execute(text("SELECT pg_sleep(60)"))
            with limited() as session:
                assert session.scalar(text("SELECT 1")) == 1


def test_a_server_that_hangs_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """It still acknowledges what it is sent; reads and writes end as in any outage."""
    for limited in (vars(Transactions)["transaction"], vars(Transactions)["snapshot"]):
        monkeypatch.setattr(limited.__wrapped__, "__defaults__", (0.5,))
    with PostgresServer() as server, closing(Store.open(server.new_database())) as store:
        epoch = store.acquire("test")
        assert store.accounts() == ()
        with server.hanging():
            with pytest.raises(Unavailable):
                store.accounts()
            with pytest.raises((Unavailable, OutcomeUnknown)):
                store.renew(epoch)
        assert store.accounts() == ()
        store.renew(epoch)
