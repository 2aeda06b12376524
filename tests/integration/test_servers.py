"""The throwaway PostgreSQL server keeps what tests rely on."""

from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from harness import servers
from harness.servers import PostgresServer, PostgresUnavailable, fresh_database


def query(url: str, statement: str) -> object:
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(statement)
        row = cursor.fetchone() if cursor.description else None
        return row and row[0]


def test_each_database_is_fresh(postgres_url: str) -> None:
    """What one test writes, no other finds."""
    with fresh_database(postgres_url) as first, fresh_database(postgres_url) as second:
        query(first, "CREATE TABLE things (id integer)")
        assert query(first, "SELECT to_regclass('things')::text") == "things"
        assert query(second, "SELECT to_regclass('things')::text") is None


def test_a_database_is_dropped_under_open_sessions(postgres_url: str) -> None:
    """A test that leaves a connection behind hinders nobody."""
    with fresh_database(postgres_url) as url:
        connection = psycopg2.connect(url)
    with closing(connection), pytest.raises(psycopg2.OperationalError, match="does not exist"):
        psycopg2.connect(url)


def test_a_commit_survives_a_crash_of_the_server() -> None:
    """A server of the tests' own can show what durability is."""
    with PostgresServer() as server:
        url = server.new_database()
        query(url, "CREATE TABLE things AS SELECT 7 AS id")
        server.stop_immediately()
        with pytest.raises(psycopg2.OperationalError):
            psycopg2.connect(url)
        server.start()
        assert query(url, "SELECT id FROM things") == 7
        assert query(url, "SHOW fsync") == "on"


def test_a_server_leaves_nothing_behind() -> None:
    """Neither a process nor a folder."""
    with PostgresServer(fsync=False) as server:
        folder = Path(str(query(server.url, "SHOW data_directory"))).parent
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(psycopg2.OperationalError, match="refused"):
        psycopg2.connect(server.url)


def test_a_machine_without_a_server_is_told_how_to_get_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The error says what to install, or what to set."""
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(servers, "BINARY_FOLDERS", ("/nowhere/*/bin",))
    with pytest.raises(PostgresUnavailable, match="apt-get install postgresql"):
        PostgresServer()
