"""A commit writes everything, or nothing, and only over what memory has."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal

import pytest

from persistence.changes import Change
from persistence.errors import Deposed, RefusalKind, Refused
from persistence.store import Store
from tests.integration.bookkeeper import (
    NOW_US,
    Bookkeeper,
    all_rows,
    by_hand,
    market,
    position_in,
    rows,
)
from tests.unit.accounts import a_ladder
from trading.model import PositionStatus


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store.open(database_url)) as opened:
        yield opened


@pytest.fixture
def books(store: Store) -> Bookkeeper:
    keeper = Bookkeeper.of(store)
    keeper.commit(keeper.opens_account())
    return keeper


def test_an_open_writes_position_wallet_entry_and_event_together(
    books: Bookkeeper, database_url: str
) -> None:
    """All four are there after one commit, and restore what memory has."""
    books.commit(books.opens_position(1))
    written = all_rows(database_url)
    assert [len(written[table]) for table in ("positions", "wallet_transactions", "events")] == [
        1,
        2,
        2,
    ]
    assert position_in(books.store, 1) == books.positions[1]
    state = books.store.load_state()
    assert state.wallets == (books.wallets["demo"],)


def test_a_failure_at_the_last_row_leaves_nothing(books: Bookkeeper, database_url: str) -> None:
    """What went before in the same commit is undone with it."""
    before = all_rows(database_url)
    good = books.opens_position(1)
    colliding = books.opens_position(2)
    entry = replace(colliding.entries[0], operation="open:1")
    with pytest.raises(Refused) as refused:
        books.commit(good, market("BTCUSDT", "100"), replace(colliding, entries=(entry,)))
    assert refused.value.kind is RefusalKind.CONSTRAINT
    assert all_rows(database_url) == before


def test_a_refusal_of_one_accounts_changes_names_it(books: Bookkeeper) -> None:
    """Who sees the error knows whose change it was."""
    change = books.opens_position(1)
    entry = replace(change.entries[0], operation="opening")
    with pytest.raises(Refused, match="operation") as refused:
        books.commit(replace(change, entries=(entry,)))
    assert refused.value.account == "demo"


def test_the_store_works_on_after_a_refusal(books: Bookkeeper) -> None:
    """The connection is as good as before."""
    wallet = books.wallets["demo"]
    change = books.opens_position(1)
    with pytest.raises(Refused):
        books.commit(replace(change, entries=change.entries * 2))
    books.wallets["demo"] = wallet
    books.commit(books.opens_position(1))
    assert position_in(books.store, 1) == books.positions[1]


def test_a_bug_is_seen_as_it_is_and_leaves_nothing(
    books: Bookkeeper, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is no refusal: nobody takes it for the database's answer."""
    before = all_rows(database_url)

    def fail(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr("persistence.commits._changed_wallet", fail)
    change = books.opens_position(1)
    assert change.wallet_before is not None
    changed = replace(change.wallet_before, version=9)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        books.commit(replace(change, wallet_before=changed))
    assert all_rows(database_url) == before


def test_a_wallet_changed_by_hand_is_refused_and_not_overwritten(
    books: Bookkeeper, database_url: str
) -> None:
    """Money that somebody moved by hand is not silently overwritten."""
    with by_hand(database_url) as cursor:
        cursor.execute("UPDATE accounts SET total = total - 1")
    before = all_rows(database_url)
    with pytest.raises(Refused, match="memory has version 1, total 1000") as refused:
        books.commit(books.opens_position(1))
    assert (refused.value.account, refused.value.kind) == ("demo", RefusalKind.WALLET_CHANGED)
    assert all_rows(database_url) == before


@pytest.mark.parametrize("column", ["total", "locked", "version"])
def test_each_of_version_total_and_locked_is_checked(
    books: Bookkeeper, database_url: str, column: str
) -> None:
    """Any of the three is enough to refuse."""
    with by_hand(database_url) as cursor:
        cursor.execute(f"UPDATE accounts SET {column} = {column} + 1")
    with pytest.raises(Refused) as refused:
        books.commit(books.opens_position(1))
    assert refused.value.kind is RefusalKind.WALLET_CHANGED


def test_the_wallet_that_changed_is_named_among_many(books: Bookkeeper, database_url: str) -> None:
    """The others of the same commit are not blamed for it."""
    books.commit(*(books.opens_account(name) for name in ("a", "b", "c")))
    with by_hand(database_url) as cursor:
        cursor.execute("UPDATE accounts SET version = 5 WHERE account = 'b'")
    opens = [books.opens_position(n, account=name) for n, name in enumerate("abc", start=1)]
    with pytest.raises(Refused, match="the database has version 5") as refused:
        books.commit(*opens)
    assert refused.value.account == "b"


def test_a_wallet_that_is_not_there_is_refused(books: Bookkeeper) -> None:
    """There is nothing to compare with, so nothing is written."""
    books.opens_account("ghost")
    with pytest.raises(Refused, match="no such account") as refused:
        books.commit(replace(books.opens_position(1, account="ghost"), entries=(), positions=()))
    assert refused.value.kind is RefusalKind.WALLET_CHANGED


def test_a_position_at_another_version_is_refused(books: Bookkeeper) -> None:
    """A step that was made once is not made again."""
    books.commit(books.opens_position(1))
    rung = books.reaches(1, "103")
    books.commit(rung)
    with pytest.raises(Refused, match="memory has version 1 of position 1; the database has "):
        books.commit(rung)


def test_a_position_that_is_not_there_is_refused(books: Bookkeeper) -> None:
    """A step without an opening is refused by name of the position."""
    books.opens_position(1)
    with pytest.raises(Refused, match="no such position") as refused:
        books.commit(books.reaches(1, "103"))
    assert (refused.value.account, refused.value.kind) == ("demo", RefusalKind.POSITION_CHANGED)


def test_a_repeated_close_is_refused_and_the_first_one_stays(
    books: Bookkeeper, database_url: str
) -> None:
    """Its money is booked once, with or without the wallet's part."""
    books.commit(books.opens_position(1))
    close = books.reaches(1, "110")
    books.commit(close)
    before = all_rows(database_url)
    with pytest.raises(Refused):
        books.commit(close)
    with pytest.raises(Refused) as refused:
        books.commit(replace(close, wallet_before=None, wallet_after=None, entries=()))
    assert refused.value.kind is RefusalKind.POSITION_CHANGED
    assert all_rows(database_url) == before


def test_open_rung_and_close_of_one_position_fold_into_one_row(
    books: Bookkeeper, database_url: str
) -> None:
    """Only the last state is written, and all events are."""
    books.commit(
        books.opens_position(1),
        books.reaches(1, "103"),
        books.reaches(1, "106"),
        books.reaches(1, "110"),
    )
    position = position_in(books.store, 1)
    assert position == books.positions[1]
    assert position is not None
    assert (position.status, position.version) == (PositionStatus.CLOSED, 4)
    assert books.store.load_state().wallets == (books.wallets["demo"],)
    assert rows(database_url, "SELECT version FROM positions") == [(4,)]


def test_rung_and_close_fold_onto_the_row_that_is_there(books: Bookkeeper) -> None:
    """The same over a row of an earlier commit."""
    books.commit(books.opens_position(1))
    books.commit(books.reaches(1, "103"), books.reaches(1, "106"), books.reaches(1, "110"))
    assert position_in(books.store, 1) == books.positions[1]


def test_a_change_may_carry_several_states_of_a_position(books: Bookkeeper) -> None:
    """The last of them is kept."""
    opening = books.opens_position(1)
    rung = books.reaches(1, "103")
    books.commit(replace(opening, positions=opening.positions + rung.positions))
    assert position_in(books.store, 1) == books.positions[1]


def test_a_partial_close_keeps_the_rest_open(books: Bookkeeper) -> None:
    """Quantity and hold are those of the rest."""
    half = a_ladder(3, 6, closes=("0.5", "0.5"))
    books.commit(books.opens_position(1, levels=half))
    books.commit(books.reaches(1, "103"))
    position = position_in(books.store, 1)
    assert position == books.positions[1]
    assert position is not None
    assert (position.status, position.hold) == (PositionStatus.OPEN, Decimal("12.5"))


def test_changes_of_one_wallet_that_do_not_follow_one_another_are_refused(
    books: Bookkeeper,
) -> None:
    """Out of order, they would book money that was not there."""
    first = books.opens_position(1)
    second = books.opens_position(2)
    with pytest.raises(Refused, match="does not begin where") as refused:
        books.commit(second, first)
    assert (refused.value.account, refused.value.kind) == ("demo", RefusalKind.WALLET_CHANGED)


def test_states_of_one_position_that_do_not_follow_one_another_are_refused(
    books: Bookkeeper,
) -> None:
    """Out of order, an older state would win."""
    opening, rung = books.opens_position(1), books.reaches(1, "103")
    with pytest.raises(Refused, match="does not follow") as refused:
        books.commit(replace(opening, positions=rung.positions + opening.positions))
    assert refused.value.kind is RefusalKind.POSITION_CHANGED


def test_events_are_numbered_in_order_from_the_first_id(books: Bookkeeper) -> None:
    """Their ids have no gap, over all changes of a commit."""
    books.commit(books.opens_position(1), books.opens_position(2), books.reaches(1, "110"))
    kinds = [(event.id, event.kind) for event in books.store.read_events(1, 100)]
    assert kinds == [
        (2, "position_opened"),
        (3, "position_opened"),
        (4, "rung_hit"),
        (5, "rung_hit"),
        (6, "rung_hit"),
        (7, "position_closed"),
    ]


def test_a_market_keeps_its_last_price(books: Bookkeeper) -> None:
    """The last one of the last commit, whatever came between."""
    books.commit(market("BTCUSDT", "100"), market("ETHUSDT", "5"), market("BTCUSDT", "101"))
    books.commit(market("BTCUSDT", "102.5"))
    markets = books.store.load_state().markets
    assert [(found.symbol, found.price) for found in markets] == [
        ("BTCUSDT", Decimal("102.5")),
        ("ETHUSDT", Decimal(5)),
    ]


def test_a_commit_of_nothing_still_renews_and_is_recorded(books: Bookkeeper) -> None:
    """The lease lives by it."""
    books.commit()
    assert books.store.load_state().last_commit_id == 2


def test_a_commit_id_is_taken_once(books: Bookkeeper) -> None:
    """A commit that is written again by mistake is refused."""
    books.last_commit_id -= 1
    with pytest.raises(Refused, match="commits"):
        books.commit()


def test_a_deposed_epoch_writes_nothing(books: Bookkeeper, database_url: str) -> None:
    """Its successor's data cannot be harmed."""
    books.store.acquire("bookkeeper")
    before = all_rows(database_url)
    with pytest.raises(Deposed):
        books.commit(books.opens_position(1))
    assert all_rows(database_url) == before


def test_a_deposed_epoch_is_told_so_even_where_its_rows_collide(books: Bookkeeper) -> None:
    """That it is deposed is the reason that counts."""
    successor = Bookkeeper.of(books.store)
    successor.wallets, successor.last_commit_id = dict(books.wallets), books.last_commit_id
    successor.last_event_id = books.last_event_id
    successor.commit(successor.opens_position(1))
    with pytest.raises(Deposed):
        books.commit(books.opens_position(1))


def test_text_comes_back_as_it_was_written(books: Bookkeeper) -> None:
    """Quotes, controls and signs of every alphabet pass unharmed."""
    text = "tab\t, newline\n, quote ' \" \\, percent %s %(x)s, null \\N, ✓ 🚀"
    books.commit(books.opens_position(1, key=text, request=text))
    assert position_in(books.store, 1) == books.positions[1]


def test_times_of_the_commit_are_kept_beside_those_of_the_price(
    books: Bookkeeper, database_url: str
) -> None:
    """When it happened in the market, and when it became durable, are two times."""
    books.commit(books.opens_position(1))
    books.commit(books.reaches(1, "110"))
    columns = "entry_time, exit_time, opened_at, closed_at"
    query = f"SELECT {columns} FROM positions"
    if database_url.startswith("postgresql"):
        micros = "(extract(epoch FROM {0}) * 1000000)::bigint"
        parts = ", ".join(micros.format(column) for column in columns.split(", "))
        query = f"SELECT {parts} FROM positions"
    assert rows(database_url, query) == [(NOW_US, NOW_US, NOW_US + 2, NOW_US + 3)]


def test_a_thousand_changes_are_one_commit(books: Bookkeeper) -> None:
    """A batch of any size is all or nothing."""
    books.commit(*(books.opens_position(n, quantity="0.001") for n in range(1, 1001)))
    books.commit(*(books.reaches(n, "110") for n in range(1, 1001)))
    state = books.store.load_state()
    assert (state.wallets, state.open_positions) == ((books.wallets["demo"],), ())
    assert (state.last_position_id, state.last_commit_id) == (1000, 3)


def test_a_change_without_an_account_may_carry_events_only(books: Bookkeeper) -> None:
    """Events alone are something to commit."""
    opening = books.opens_position(1)
    books.commit(Change(account="demo", events=opening.events))
    assert [event.kind for event in books.store.read_events(1, 10)] == ["position_opened"]
