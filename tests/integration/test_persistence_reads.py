"""What is read is whole, of one moment, and bound to nothing."""

import pickle
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import fields, is_dataclass
from decimal import Decimal
from threading import Event, Thread

import msgspec
import pytest

from persistence import reads
from persistence.state import Books, KeyRecord, TransferRecord
from persistence.store import Store
from tests.integration.bookkeeper import NOW_US, Bookkeeper, market, position_in, rows
from trading.books import HealthStatus, LedgerFold, check_books
from trading.model import Limits


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store.open(database_url)) as opened:
        yield opened


@pytest.fixture
def books(store: Store) -> Bookkeeper:
    """Two accounts with open and closed positions, transfers, keys and a market."""
    keeper = Bookkeeper.of(store)
    limits = Limits(open_positions_max=5, position_notional_max=Decimal("99.5"))
    keeper.commit(keeper.opens_account(), keeper.opens_account("other", "50", limits))
    keeper.commit(
        keeper.opens_position(1, key="one", request="buy"),
        keeper.opens_position(2, account="other", key="one"),
        keeper.opens_position(3),
    )
    keeper.commit(keeper.reaches(1, "110"), keeper.transfers("7.5", "salary"), market("X", "1.10"))
    keeper.commit(keeper.transfers("-2", "transfer:rent", account="other"))
    return keeper


def test_the_state_holds_everything_to_restart_from(books: Bookkeeper) -> None:
    """Wallets, open positions, keys, transfers, markets and the last ids."""
    state = books.store.load_state()
    assert state.wallets == (books.wallets["demo"], books.wallets["other"])
    assert state.open_positions == (books.positions[2], books.positions[3])
    assert state.keys == (
        KeyRecord(account="demo", key="one", position_id=1),
        KeyRecord(account="other", key="one", position_id=2),
    )
    assert state.transfers == (
        TransferRecord(account="demo", reference="salary", amount=Decimal("7.5")),
        TransferRecord(account="other", reference="transfer:rent", amount=Decimal(-2)),
    )
    assert state.markets == market("X", "1.1").markets
    assert (state.last_position_id, state.last_event_id, state.last_commit_id) == (
        3,
        books.last_event_id,
        books.last_commit_id,
    )


def test_an_empty_database_has_an_empty_state(store: Store) -> None:
    """A first start is no special case."""
    state = store.load_state()
    assert (state.wallets, state.open_positions, state.keys, state.transfers) == ((), (), (), ())
    assert (state.last_position_id, state.last_event_id, state.last_commit_id) == (0, 0, 0)
    assert store.is_empty()
    assert store.accounts() == ()


def test_commits_of_a_later_owner_count_on(books: Bookkeeper) -> None:
    """Ids are not used again after a change of owner."""
    books.epoch = books.store.acquire("bookkeeper")
    books.commit()
    assert books.store.load_state().last_commit_id == 5


def test_an_account_is_loaded_alone(books: Bookkeeper) -> None:
    """One account's restart needs no other's rows."""
    loaded = books.store.load_account("other")
    assert loaded is not None
    assert loaded.wallet == books.wallets["other"]
    assert loaded.open_positions == (books.positions[2],)
    assert [key.position_id for key in loaded.keys] == [2]
    assert [transfer.reference for transfer in loaded.transfers] == ["transfer:rent"]


def test_what_is_unknown_is_none(books: Bookkeeper) -> None:
    """Asking for it is no error."""
    store = books.store
    assert store.load_account("nobody") is None
    assert position_in(store, 404) is None
    assert store.read_books("nobody", after_entry=0) is None
    assert store.ledger_sums("nobody") is None


def test_a_position_is_loaded_open_or_closed(books: Bookkeeper) -> None:
    """Its end takes it out of the state, not out of the database."""
    assert position_in(books.store, 1) == books.positions[1]
    assert position_in(books.store, 2) == books.positions[2]


def test_all_positions_of_an_account_are_read_by_their_ids(books: Bookkeeper) -> None:
    """Those of others are left out."""
    found = books.store.read_positions("demo")
    assert found == (books.positions[1], books.positions[3])
    assert books.store.read_positions("nobody") == ()


def test_accounts_are_named_in_order(books: Bookkeeper) -> None:
    """A list of them reads the same every time."""
    books.commit(books.opens_account("alpha"))
    assert books.store.accounts() == ("alpha", "demo", "other")
    assert not books.store.is_empty()


def test_the_books_of_an_account_balance(books: Bookkeeper) -> None:
    """From entries, holds and wallet of one snapshot."""
    found = books.store.read_books("demo", after_entry=0)
    assert found is not None
    assert health(found) is HealthStatus.HEALTHY
    assert found.holds == {3: Decimal(25)}
    assert [entry.number for entry in found.entries] == [1, 2, 3, 4, 5]


def test_books_go_on_after_an_entry(books: Bookkeeper) -> None:
    """A check need not begin at the first entry each time."""
    found = books.store.read_books("demo", after_entry=3)
    assert found is not None
    assert [entry.number for entry in found.entries] == [4, 5]


def test_books_come_a_page_at_a_time_and_are_of_one_moment(
    books: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A ledger of millions of entries is never in memory, and no commit comes in between."""
    monkeypatch.setattr(reads, "ENTRIES_A_PAGE", 2)
    wallet = books.wallets["demo"]
    pages = books.store.book_pages("demo", after_entry=0)
    found = [next(pages)]
    books.commit(books.transfers("1", "in between"), books.reaches(3, "110"))
    found += pages
    assert [[entry.number for entry in page.entries] for page in found] == [[1, 2], [3, 4], [5]]
    assert {page.wallet.version for page in found} == {wallet.version}
    ledger = LedgerFold()
    for page in found:
        ledger.add_all(page.entries)
        assert page.holds == {3: Decimal(25)}
    assert check_books(wallet, ledger, found[-1].holds).status is HealthStatus.HEALTHY


def test_pages_that_are_not_read_to_their_end_hold_nothing_up(
    books: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closed, they give their transaction back, and commits and reads go on."""
    monkeypatch.setattr(reads, "ENTRIES_A_PAGE", 2)
    for _ in range(20):
        with closing(books.store.book_pages("demo", after_entry=0)) as pages:
            next(pages)
    books.commit(books.transfers("1", "afterwards"))
    assert [page.wallet for page in books.store.book_pages("demo", after_entry=5)] == [
        books.wallets["demo"]
    ]


def test_holds_cannot_be_changed(books: Bookkeeper) -> None:
    """A value that was read is nobody's to change."""
    found = books.store.read_books("demo", after_entry=0)
    assert found is not None
    with pytest.raises(TypeError):
        found.holds[3] = Decimal(0)  # type: ignore[index]


def test_the_database_sums_a_ledger_to_the_wallet(books: Bookkeeper) -> None:
    """In exact arithmetic, on both engines."""
    sums = books.store.ledger_sums("demo")
    wallet = books.wallets["demo"]
    assert sums is not None
    assert (sums.total, sums.locked, sums.entries) == (wallet.total, wallet.locked, wallet.entries)


def test_events_are_read_onward_in_pages(books: Bookkeeper) -> None:
    """Pages join without gap or repetition."""
    first = books.store.read_events(0, 3)
    rest = books.store.read_events(first[-1].id, 100)
    assert [event.id for event in first + rest] == list(range(1, books.last_event_id + 1))


def test_an_event_keeps_its_fields_in_plain_notation(books: Bookkeeper) -> None:
    """Its JSON has numbers as text, and the columns to find it by."""
    opened = books.store.read_events(2, 1)[0]
    assert (opened.kind, opened.account, opened.position_id, opened.symbol) == (
        "position_opened",
        "demo",
        1,
        "BTCUSDT",
    )
    assert (opened.time_us, opened.commit_id) == (NOW_US, 2)
    assert msgspec.json.decode(opened.data) == {
        "account": "demo",
        "position_id": 1,
        "symbol": "BTCUSDT",
        "side": "LONG",
        "quantity": "0.25",
        "entry_price": "100",
        "hold": "25.00000000",
        "stop_price": "95",
        "take_profit_prices": ["103", "106", "110"],
        "time_us": NOW_US,
        "opened_by": None,
        "asked": "stop_loss 5%, take_profits 3%@0%>breakeven;6%@0%>previous;10%@100%>previous",
    }
    closed = next(e for e in books.store.read_events(0, 100) if e.kind == "position_closed")
    assert msgspec.json.decode(closed.data)["costs"]["slippage"] == "0.01375000"
    assert msgspec.json.decode(closed.data)["note"] is None


def test_entries_carry_the_specifications_fields(books: Bookkeeper, database_url: str) -> None:
    """The words and signs of its ledger, in the columns by their names."""
    columns = (
        "account_type, transaction_type, amount, balance_before, balance_after, position_id, "
        "description"
    )
    query = f"SELECT {columns} FROM wallet_transactions WHERE account = 'demo' AND number = 2"
    unit = 100_000_000 if database_url.startswith("sqlite") else 1
    (row,) = rows(database_url, query)
    assert row == (
        "demo",
        "position_open",
        -25 * unit,
        1000 * unit,
        975 * unit,
        1,
        "Opened LONG position for BTCUSDT: 0.25 @ $100.000000",
    )


OURS = (
    "trading.model",
    "trading.exits.exits",
    "trading.exits.ladder",
    "trading.exits.level",
    "persistence.state",
)
PLAIN = (str, int, Decimal, type(None))


def assert_only_values(value: object) -> None:
    """Nothing but plain values and our frozen ones, all the way down."""
    if is_dataclass(value):
        assert type(value).__module__ in OURS
        for field in fields(value):
            assert_only_values(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            assert_only_values(item)
    elif isinstance(value, Mapping):
        for item in value.items():
            assert_only_values(item)
    else:
        assert isinstance(value, PLAIN)


def everything(store: Store) -> tuple[object, ...]:
    return (
        store.load_state(),
        store.load_account("demo"),
        store.read_positions("demo"),
        store.read_books("demo", after_entry=0),
        store.ledger_sums("demo"),
        store.read_events(0, 100),
        store.read_position(1),
        store.find_positions(limit=10),
        store.read_entries("demo", limit=10),
        store.read_history(1),
        store.accounts(),
    )


def test_no_orm_instance_leaves_the_store(books: Bookkeeper) -> None:
    """No session's error can come up later, wherever a value goes."""
    assert_only_values(everything(books.store))


def test_values_are_usable_from_any_thread_once_the_store_is_closed(books: Bookkeeper) -> None:
    """Nothing is loaded when it is looked at."""
    found = everything(books.store)
    books.store.close()
    seen: list[str] = []
    threads = [Thread(target=lambda: seen.append(repr(found))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [repr(found)] * 4
    assert pickle.loads(pickle.dumps(found[0])) == found[0]


def test_readers_see_sound_books_while_commits_go_on(books: Bookkeeper) -> None:
    """Each reading is of one moment."""
    done, problems, checked = Event(), [], []

    def read() -> None:
        while not done.is_set():
            found = books.store.read_books("demo", after_entry=0)
            assert found is not None
            checked.append(found.wallet.version)
            if health(found) is not HealthStatus.HEALTHY:
                problems.append(found)

    readers = [Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    for position_id in range(10, 40):
        books.commit(books.opens_position(position_id, quantity="0.01"))
        books.commit(books.reaches(position_id, "110"))
    done.set()
    for reader in readers:
        reader.join()
    assert problems == []
    assert len(set(checked)) > 1


def health(found: Books) -> HealthStatus:
    ledger = LedgerFold().add_all(found.entries)
    return check_books(found.wallet, ledger, found.holds).status
