"""Lists come page by page and histories in order, and an index answers each."""

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import event

from persistence import pages
from persistence.changes import Change
from persistence.state import PositionRecord, StoredEntry, Unreadable
from persistence.store import Store
from tests.integration.bookkeeper import NOW_US, Bookkeeper
from trading.events.markets import PriceQuarantined, PriceRejected, QuarantineEnded
from trading.events.signals import SignalReceived
from trading.model import PositionStatus


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    with closing(Store.open(database_url)) as opened:
        yield opened


@pytest.fixture
def books(store: Store) -> Bookkeeper:
    """Positions 1 to 6, of which 5 and 6 are another account's; 2 and 5 are closed."""
    return with_positions(store)


def with_positions(store: Store) -> Bookkeeper:
    keeper = Bookkeeper.of(store)
    keeper.commit(keeper.opens_account(), keeper.opens_account("other"))
    for position_id in range(1, 7):
        account = "demo" if position_id < 5 else "other"
        keeper.commit(keeper.opens_position(position_id, account=account))
    keeper.commit(keeper.reaches(2, "110"), keeper.reaches(5, "110"))
    return keeper


def ids(found: tuple[PositionRecord | Unreadable, ...]) -> list[int]:
    return [row.position.position_id for row in found if isinstance(row, PositionRecord)]


def of_market(*, symbol: str = "BTCUSDT") -> Change:
    """A rejected price, a quarantine and its end."""
    price, last = Decimal(200), Decimal(100)
    return Change(
        account=None,
        events=(
            PriceRejected(symbol=symbol, price="NaN", why="no number", time_us=NOW_US),
            PriceQuarantined(symbol=symbol, price=price, last_price=last, time_us=NOW_US),
            QuarantineEnded(
                symbol=symbol, outcome="dropped", candidate=price, price=last, time_us=NOW_US
            ),
        ),
    )


def test_a_position_is_read_with_the_times_of_its_commits(books: Bookkeeper) -> None:
    """When it became durable is known, for an open and for a closed one."""
    opened_at, closed_at = NOW_US + 3, NOW_US + 8
    assert books.store.read_position(2) == PositionRecord(
        position=books.positions[2], opened_at_us=opened_at, closed_at_us=closed_at
    )
    still_open = books.store.read_position(1)
    assert still_open is not None
    assert (still_open.position, still_open.closed_at_us) == (books.positions[1], None)
    assert books.store.read_position(404) is None


def test_positions_are_read_by_their_ids(
    books: Bookkeeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Open and closed ones, each once and in order, however many statements that takes."""
    monkeypatch.setattr(pages, "IDS_MAX", 2)
    read = books.store.read_positions_by_id
    assert ids(read([6, 404, 2, 1, 5])) == [1, 2, 5, 6]
    assert read([2]) == (books.store.read_position(2),)
    assert read([]) == ()


def test_the_state_has_when_each_open_position_was_opened(books: Bookkeeper) -> None:
    """A restart can show it without reading histories."""
    opened_at = {position_id: NOW_US + 1 + position_id for position_id in (1, 3, 4, 6)}
    assert books.store.load_state().opened_at_us == opened_at


def test_positions_are_found_newest_first(books: Bookkeeper) -> None:
    """By account, by status, and by both."""
    find = books.store.find_positions
    assert ids(find(limit=9)) == [6, 5, 4, 3, 2, 1]
    assert ids(find(account="demo", limit=9)) == [4, 3, 2, 1]
    assert ids(find(status=PositionStatus.OPEN, limit=9)) == [6, 4, 3, 1]
    assert ids(find(status=PositionStatus.CLOSED, limit=9)) == [5, 2]
    assert ids(find(account="other", status=PositionStatus.OPEN, limit=9)) == [6]
    assert ids(find(symbol="BTCUSDT", account="other", limit=9)) == [6, 5]
    assert find(symbol="ETHUSDT", limit=9) == find(account="nobody", limit=9) == ()


def test_pages_of_positions_join_without_gap_or_repetition(books: Bookkeeper) -> None:
    """Every position is on exactly one page."""
    found, before = [], None
    while page := ids(books.store.find_positions(before_id=before, limit=4)):
        found.append(page)
        before = page[-1]
    assert found == [[6, 5, 4, 3], [2, 1]]


def test_pages_of_entries_join_without_gap_or_repetition(books: Bookkeeper) -> None:
    """Every entry is on exactly one page."""

    def read(account: str, **page: int) -> list[StoredEntry]:
        found = books.store.read_entries(account, **page)
        return [row for row in found if isinstance(row, StoredEntry)]

    first = read("demo", limit=4)
    rest = read("demo", before_number=first[-1].entry.number, limit=4)
    assert [found.entry.number for found in first + rest] == [6, 5, 4, 3, 2, 1]
    everything = books.store.read_books("demo", after_entry=0)
    assert everything is not None
    assert tuple(found.entry for found in reversed(first + rest)) == everything.entries
    assert (first[0].account_type, first[0].created_at_us) == ("demo", NOW_US + 8)
    assert read("nobody", limit=4) == []


def test_a_history_has_what_happened_to_the_symbol_meanwhile(store: Store) -> None:
    """Its market's events between opening and close, and no other symbol's."""
    books = Bookkeeper.of(store)
    received = SignalReceived(
        account="demo", signal_id=1, symbol="BTCUSDT", action="buy", time_us=NOW_US
    )
    books.commit(books.opens_account(), of_market())
    books.commit(books.opens_position(1), of_market(symbol="ETHUSDT"))
    books.commit(of_market(), Change(account="demo", events=(received,)), books.opens_position(2))
    books.commit(books.reaches(1, "103.5"))
    books.commit(of_market(), books.reaches(1, "110"), of_market())
    market = ["price_rejected", "price_quarantined", "quarantine_ended"]
    closes = ["rung_hit", "rung_hit", "position_closed"]
    history = store.read_history(1)
    assert [found.kind for found in history] == [
        "position_opened",
        *market,
        "rung_hit",
        *market,
        *closes,
    ]
    assert [found.id for found in history] == sorted(found.id for found in history)
    assert {found.symbol for found in history} == {"BTCUSDT"}
    assert [found.kind for found in store.read_history(2)] == ["position_opened", *market, *market]
    assert store.read_history(404) == ()


def test_lists_and_histories_are_answered_by_an_index(tmp_path: Path) -> None:
    """Their cost does not grow with the age of the database."""
    url = f"sqlite:///{tmp_path / 'backstay.db'}"
    with closing(Store.open(url)) as store:
        with_positions(store)
        plans: list[str] = []
        engine = store._transactions._engines.reader

        @event.listens_for(engine, "before_cursor_execute")
        def explain(
            _connection: object, cursor: object, statement: str, given: object, *_: object
        ) -> None:
            cursor.execute(f"EXPLAIN QUERY PLAN {statement}", given)  # type: ignore[attr-defined]
            plans.extend(row[3] for row in cursor.fetchall())  # type: ignore[attr-defined]

        opened = PositionStatus.OPEN
        store.find_positions(limit=2, before_id=4)
        store.find_positions(account="demo", limit=2, before_id=4)
        store.find_positions(account="demo", status=opened, limit=2, before_id=4)
        store.find_positions(status=opened, limit=2)
        store.find_positions(symbol="BTCUSDT", limit=2, before_id=4)
        store.read_positions_by_id([1, 2])
        store.read_entries("demo", limit=2, before_number=4)
        store.read_history(1)
        store.read_history(2)
        store.signals_of("demo", ["alert 7"])
        store.recent_signals("demo", NOW_US)
    assert plans == [
        "SEARCH positions USING INTEGER PRIMARY KEY (rowid<?)",
        "SEARCH positions USING INDEX ix_positions_account_id (account=? AND id<?)",
        "SEARCH positions USING INDEX ix_positions_account_open (account=? AND id<?)",
        "SCAN positions USING INDEX ix_positions_open",
        "SEARCH positions USING INDEX ix_positions_symbol_id (symbol=? AND id<?)",
        "SEARCH positions USING INTEGER PRIMARY KEY (rowid=?)",
        "SEARCH wallet_transactions USING INDEX sqlite_autoindex_wallet_transactions_1"
        " (account=? AND number<?)",
        "SEARCH events USING INDEX ix_events_position_id (position_id=?)",
        "SEARCH events USING INDEX ix_events_market (symbol=? AND id>?)",
        "SEARCH commits USING INDEX ix_commits_id (id=?)",
        "SEARCH events USING INDEX ix_events_position_id (position_id=?)",
        "SEARCH events USING INDEX ix_events_market (symbol=? AND id>? AND id<?)",
        "SEARCH commits USING INDEX ix_commits_id (id=?)",
        "SEARCH signals USING INDEX ix_signals_account_client_id_digest"
        " (account=? AND client_id=?)",
        "SEARCH signals USING INDEX ix_signals_account_received_at (account=? AND received_at>?)",
    ]
