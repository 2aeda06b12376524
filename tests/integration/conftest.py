"""An empty PostgreSQL database for each test, without the cost of creating one each time."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from tests.servers import fresh_database


@pytest.fixture(scope="session")
def recycled_database(postgres_url: str) -> Iterator[str]:
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
def postgres_database(recycled_database: str) -> Iterator[str]:
    """The URL of an empty PostgreSQL database: one and the same, emptied."""
    yield recycled_database
    with closing(psycopg2.connect(recycled_database)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")
