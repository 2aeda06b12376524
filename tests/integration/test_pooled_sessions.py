"""Behind a real pgbouncer: nothing is left in a session that another program has next."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
import pytest

from harness.service_process import run_command
from persistence.errors import SharedSessions
from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper
from tests.pgbouncer import pgbouncer

SESSIONS_MAX = 3


@pytest.fixture
def pooled(postgres_database: str) -> Iterator[str]:
    """The test's database behind pgbouncer, which shares its sessions between transactions."""
    with pgbouncer(postgres_database, "transaction") as url:
        yield url


@pytest.fixture
def books(postgres_database: str) -> None:
    """An account, opened by an owner with a session of its own."""
    with closing(Store.open(postgres_database)) as store:
        keeper = Bookkeeper.of(store)
        keeper.commit(keeper.opens_account())
        store.release(keeper.epoch)


def test_an_audit_behind_a_pool_leaves_every_session_as_it_was(
    pooled: str, books: None, tmp_path: Path
) -> None:
    """Another program that has them next can write, and finds its own settings."""
    with _other_program(pooled) as cursor:
        before = _settings(cursor)
    done = run_command("audit", "--database", pooled, "--json", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [document["status"] for document in json.loads(done.stdout)] == ["HEALTHY"]
    with ExitStack() as stack:
        # Held at the same time, they are all the sessions that there are.
        cursors = [stack.enter_context(_other_program(pooled)) for _ in range(SESSIONS_MAX)]
        assert [_settings(cursor) for cursor in cursors] == [before] * SESSIONS_MAX
        for cursor in cursors:
            cursor.execute("CREATE TEMPORARY TABLE written (number int) ON COMMIT DROP")


def test_a_service_behind_such_a_pool_is_refused_with_a_word(pooled: str, tmp_path: Path) -> None:
    """It says what to give instead, exits with 2, and has changed neither rows nor sessions."""
    with _other_program(pooled) as cursor:
        before = _settings(cursor)
    done = run_command("serve", "--database", pooled, "--port", "0", folder=tmp_path)
    assert done.returncode == 2
    assert "pool_mode = session" in done.stderr
    with _other_program(pooled) as cursor:
        assert _settings(cursor) == before
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)


def test_such_a_pool_is_recognised_while_others_use_it(pooled: str) -> None:
    """Whichever session of it a transaction gets."""
    with _other_program(pooled), pytest.raises(SharedSessions):
        Store.open(pooled)


def test_a_pool_that_gives_each_client_a_session_is_used(postgres_database: str) -> None:
    """As pgbouncer does with pool_mode = session."""
    with pgbouncer(postgres_database, "session") as url, closing(Store.open(url)) as store:
        keeper = Bookkeeper.of(store)
        keeper.commit(keeper.opens_account())
        keeper.commit(keeper.opens_position(1))
        assert store.accounts() == ("demo",)


@contextmanager
def _other_program(url: str) -> Iterator[Any]:
    """A cursor of somebody else, inside a transaction."""
    with closing(psycopg2.connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        yield cursor


def _settings(cursor: Any) -> dict[str, str]:
    """Every setting of a session that somebody has set in it, and what it has prepared."""
    cursor.execute(
        "SELECT name, setting FROM pg_settings WHERE source = 'session' AND name NOT IN"
        " ('application_name', 'client_encoding', 'DateStyle', 'TimeZone',"
        " 'standard_conforming_strings', 'transaction_isolation', 'transaction_read_only',"
        " 'transaction_deferrable')"
        " UNION ALL SELECT name, statement FROM pg_prepared_statements"
        " UNION ALL SELECT 'default_transaction_read_only',"
        " current_setting('default_transaction_read_only')"
    )
    return dict(cursor.fetchall())
