"""The idempotency key of a change is written with it, or not at all, and once."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from persistence.changes import Change, ChangeKey
from persistence.errors import RefusalKind, Refused
from persistence.state import KeyRecord
from persistence.store import Store
from tests.integration.bookkeeper import Bookkeeper, all_rows, by_hand, position_in, rows


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store.open(database_url)) as opened:
        yield opened


@pytest.fixture
def books(store: Store) -> Bookkeeper:
    """An account with position 1, opened under the key `open`."""
    keeper = Bookkeeper.of(store)
    keeper.commit(keeper.opens_account(), keeper.opens_position(1, key="open", request="r"))
    return keeper


def keyed(change: Change, *, key: str = "k", position_id: int = 1) -> Change:
    """The same change, asked for under a key."""
    after = change.positions[-1]
    asked = ChangeKey(
        account="demo", key=key, position_id=position_id, request="asked", version=after.version
    )
    return replace(change, keys=(asked,))


def test_a_key_says_what_it_has_changed(books: Bookkeeper, database_url: str) -> None:
    """Its position, its request and the version that it led to, in the change's own commit."""
    change = keyed(books.reaches(1, "103"))
    books.commit(change)
    assert books.store.read_change_key("demo", "k") == change.keys[0]
    events = rows(database_url, "SELECT commit_id FROM events WHERE kind = 'rung_hit'")
    assert rows(database_url, "SELECT commit_id FROM change_keys") == events


def test_a_key_that_changed_nothing_has_no_row(books: Bookkeeper) -> None:
    """Neither an unknown one, nor that of an open, nor another account's."""
    books.commit(keyed(books.reaches(1, "103")))
    asked = [("demo", "other"), ("demo", "open"), ("other", "k")]
    assert [books.store.read_change_key(*each) for each in asked] == [None, None, None]


def test_a_restart_knows_the_keys_of_opens_and_of_changes(books: Bookkeeper) -> None:
    """Each with its position; an account alone is restored with the same."""
    books.commit(keyed(books.reaches(1, "103")))
    known = (
        KeyRecord(account="demo", key="open", position_id=1),
        KeyRecord(account="demo", key="k", position_id=1),
    )
    account = books.store.load_account("demo")
    assert account is not None
    assert books.store.load_state().keys == account.keys == known


def test_a_key_that_is_taken_refuses_its_change_whole(books: Bookkeeper, database_url: str) -> None:
    """Position, event and ledger stay as they are, and the account is named."""
    books.commit(keyed(books.reaches(1, "103")))
    before, state = all_rows(database_url), books.positions[1]
    with pytest.raises(Refused) as refused:
        books.commit(keyed(books.reaches(1, "106")))
    assert (refused.value.account, refused.value.kind) == ("demo", RefusalKind.CONSTRAINT)
    assert all_rows(database_url) == before
    assert position_in(books.store, 1) == state


def test_two_changes_of_one_commit_do_not_share_a_key(books: Bookkeeper, database_url: str) -> None:
    """None of the two is written."""
    books.commit(books.opens_position(2))
    before = all_rows(database_url)
    with pytest.raises(Refused):
        books.commit(keyed(books.reaches(1, "103")), keyed(books.reaches(2, "103"), position_id=2))
    assert all_rows(database_url) == before
    assert rows(database_url, "SELECT * FROM change_keys") == []


def test_a_key_is_of_a_position_and_an_account_that_are_there(
    books: Bookkeeper, database_url: str
) -> None:
    """And of a version that a change can have led to."""
    with by_hand(database_url) as cursor:
        for values in (
            "'demo', 'x', 9, 'r', 2, 1",
            "'no', 'x', 1, 'r', 2, 1",
            "'demo', 'x', 1, 'r', 1, 1",
        ):
            with pytest.raises(Exception, match=r"(?i)constraint|check"):
                cursor.execute(f"INSERT INTO change_keys VALUES ({values})")
