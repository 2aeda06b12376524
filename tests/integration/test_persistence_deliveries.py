"""How far the targets of notifications are, is durable with the commit that says so."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from persistence.changes import Change, Delivery
from persistence.errors import Refused
from persistence.store import Store
from tests.integration.bookkeeper import DRIVER_ERRORS, Bookkeeper, by_hand


def delivered(**last: int | None) -> Change:
    """Each target is at its event, or forgotten."""
    return Change(
        account=None,
        delivered=tuple(Delivery(target=name, event_id=event) for name, event in last.items()),
    )


@pytest.fixture
def books(database_url: str) -> Iterator[Bookkeeper]:
    with closing(Store.open(database_url)) as store:
        yield Bookkeeper.of(store)


def test_each_target_goes_its_own_way(books: Bookkeeper) -> None:
    """The last word on each of them holds, also within one commit."""
    assert books.store.deliveries() == {}
    books.commit(delivered(a=0, b=5))
    books.commit(delivered(a=7), delivered(a=9))
    assert books.store.deliveries() == {"a": 9, "b": 5}


def test_a_target_can_be_forgotten(books: Bookkeeper) -> None:
    """Whoever is forgotten and comes again within one commit is there."""
    books.commit(delivered(a=1, b=2))
    books.commit(delivered(a=None, unknown=None), delivered(b=None), delivered(b=3))
    assert books.store.deliveries() == {"b": 3}


def test_a_cursor_is_written_with_whatever_else_is_committed(
    books: Bookkeeper, database_url: str
) -> None:
    """One transaction: an account and a cursor, and both are there after a restart."""
    books.commit(books.opens_account(), delivered(a=1), books.opens_position(1))
    books.store.close()
    with closing(Store.open(database_url)) as store:
        assert store.deliveries() == {"a": 1}
        assert [position.position_id for position in store.load_state().open_positions] == [1]


def test_a_refused_commit_moves_no_cursor(books: Bookkeeper) -> None:
    """All or nothing, for cursors too."""
    books.commit(books.opens_account(), delivered(a=1))
    with pytest.raises(Refused):
        books.commit(delivered(a=2), books.opens_account())
    assert books.store.deliveries() == {"a": 1}


def test_the_database_refuses_a_cursor_before_the_first_event(
    books: Bookkeeper, database_url: str
) -> None:
    """Nobody is behind what never was."""
    books.commit(delivered(a=1))
    with by_hand(database_url) as cursor, pytest.raises(DRIVER_ERRORS):
        cursor.execute("UPDATE deliveries SET event_id = -1")
