"""Text: every character is kept, whatever the server, the role or the environment would have."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import psycopg2
import pytest
from psycopg2 import sql

from harness.servers import create_database
from persistence.errors import NotUtf8, RefusalKind, Refused, Unavailable
from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper, by_hand, market, position_in, rows

TEXT = "für später, 日本, 🪢"


@pytest.fixture(params=["role", "environment", "url"])
def other_client_encoding(
    request: pytest.FixtureRequest, postgres_database: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A database whose clients are told to speak LATIN1, in each way that there is."""
    match request.param:
        case "role":
            name = psycopg2.extensions.parse_dsn(postgres_database)["dbname"]
            with by_hand(postgres_database) as cursor:
                statement = "ALTER DATABASE {} SET client_encoding = 'LATIN1'"
                cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
            yield postgres_database
            with by_hand(postgres_database) as cursor:
                statement = "ALTER DATABASE {} RESET client_encoding"
                cursor.execute(sql.SQL(statement).format(sql.Identifier(name)))
        case "environment":
            monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
            yield postgres_database
        case _:
            yield f"{postgres_database}?client_encoding=LATIN1"


def test_every_text_is_kept_whatever_clients_are_told_to_speak(
    other_client_encoding: str, postgres_database: str
) -> None:
    """The connection says for itself that it speaks UTF-8."""
    with closing(Store.open(other_client_encoding)) as store:
        keeper = Bookkeeper.of(store)
        keeper.commit(keeper.opens_account())
        change = keeper.opens_position(1)
        position = replace(change.positions[0], close_note=None, idempotency_key=TEXT)
        keeper.commit(replace(change, positions=(position,)))
        found = position_in(store, 1)
        assert found is not None
        assert found.idempotency_key == TEXT


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1"])
@pytest.mark.parametrize("begin", [Store.open, Store.reading], ids=["open", "reading"])
def test_a_database_of_another_encoding_is_refused(
    postgres_url: str, encoding: str, begin: Callable[[str], Store]
) -> None:
    """Before anything is written, with the remedy."""
    url = create_database(postgres_url, encoding=encoding)
    with pytest.raises(NotUtf8, match=rf"encoding {encoding}.*ENCODING 'UTF8'"):
        begin(url)


@pytest.mark.parametrize("text", ["\ud800", "nul\0"], ids=["surrogate", "nul"])
def test_text_that_cannot_be_stored_is_refused_and_nothing_else(
    postgres_database: str, text: str
) -> None:
    """The next commit is written as if nothing had been."""
    with closing(Store.open(postgres_database)) as store:
        keeper = Bookkeeper.of(store)
        keeper.commit(keeper.opens_account())
        change = keeper.opens_position(1)
        position = replace(change.positions[0], idempotency_key=text)
        with pytest.raises(Refused) as refused:
            keeper.commit(replace(change, positions=(position,)))
        assert refused.value.kind is RefusalKind.CONSTRAINT
        keeper.commit(change)


@pytest.mark.parametrize("change", ["DROP TABLE markets", "ALTER TABLE markets RENAME TO others"])
def test_a_table_that_is_gone_is_an_outage(database_url: str, change: str) -> None:
    """It concerns every change: none of them is refused for it, all of them wait."""
    with closing(Store.open(database_url)) as store:
        keeper = Bookkeeper.of(store)
        keeper.commit(keeper.opens_account())
        with by_hand(database_url) as cursor:
            cursor.execute(change)
        with pytest.raises(Unavailable, match="takes no commit"):
            keeper.commit(market("BTCUSDT", "100"))
        assert rows(database_url, "SELECT id FROM commits") == [(1,)]
