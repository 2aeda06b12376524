"""Databases for tests: real ones, empty for each test."""

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from harness.servers import PostgresServer, PostgresUnavailable, empty_database, fresh_database
from persistence.patience import Patience
from persistence.transactions import READ_SECONDS_MAX, WRITE_SECONDS_MAX

POSTGRESQL_IS_SLOW = pytest.mark.parametrize(
    "database_url",
    ["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)],
    indirect=True,
)
"""For what is long and depends little on the database: PostgreSQL has its turn in `./test all`."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Transcripts are written anew on demand."""
    parser.addoption(
        "--rewrite-transcripts",
        action="store_true",
        help="write into tests/transcripts/*.txt what their commands do now",
    )


@pytest.fixture(autouse=True)
def data_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of data for each test: none touches that of who runs the tests."""
    home = tmp_path / "data-home"
    monkeypatch.setenv("XDG_DATA_HOME", str(home))
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    return home


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no server be given up for being slow: machines that test are busy, and their disks.

    What is given up, and when, is shown with services as processes of their own.
    """
    limit, usual = Patience.limit, (WRITE_SECONDS_MAX, READ_SECONDS_MAX)

    def generous(
        self: Patience, connection: Any, seconds: float | None
    ) -> AbstractContextManager[None]:
        return limit(self, connection, 60.0 if seconds in usual else seconds)

    monkeypatch.setattr(Patience, "limit", generous)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server to create databases on: BACKSTAY_TEST_POSTGRES_URL, or a throwaway one.

    Its fsync is off; a test that crashes its server brings a `PostgresServer` of its own.
    """
    given = os.environ.get("BACKSTAY_TEST_POSTGRES_URL")
    if given:
        yield given
        return
    with ExitStack() as stack:
        try:
            server = stack.enter_context(PostgresServer(fsync=False))
        except PostgresUnavailable as error:
            raise pytest.fail.Exception(str(error), pytrace=False) from None
        yield server.url


@pytest.fixture(scope="session")
def recycled_database(postgres_url: str) -> Iterator[str]:
    """The URL of a PostgreSQL database for one test after the other."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def postgres_database(recycled_database: str) -> str:
    """The URL of an empty PostgreSQL database: one and the same, emptied before each test."""
    empty_database(recycled_database)
    return recycled_database


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database: the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'backstay.db'}"
    url: str = request.getfixturevalue("postgres_database")
    return url
