"""Rows are written and read by the names of their table's columns."""

from decimal import Decimal
from types import ModuleType

import pytest

from persistence.rows import account, entry, event, market, pause, position, signal
from persistence.rows.row import Row, by_name, in_order, names
from persistence.tables import (
    AccountRow,
    EntryRow,
    EventRow,
    MarketRow,
    PauseRow,
    PositionRow,
    SignalRow,
    Table,
)
from trading.costs import DEFAULT_RATES
from trading.events.markets import MarketResumed
from trading.exits.ladder import DEFAULT_LADDER
from trading.model import EntryType, LedgerEntry, Limits, MarketPrice, Pause, Side, Wallet
from trading.positions.opening import opened
from trading.signals import Signal, SignalAction

MONEY = Decimal("1.00000000")
POSITION = opened(
    position_id=1,
    account="demo",
    symbol="BTCUSDT",
    side=Side.LONG,
    quantity=Decimal(1),
    entry_price=Decimal(100),
    entry_time_us=1,
    ladder=DEFAULT_LADDER,
    rates=DEFAULT_RATES,
    idempotency_key=None,
    request=None,
).position


def account_row() -> Row:
    """An account's row."""
    wallet = Wallet(
        account="demo",
        account_type="demo",
        currency="USDT",
        initial_balance=MONEY,
        limits=Limits(),
        total=MONEY,
        locked=MONEY,
        version=1,
        entries=1,
    )
    return account.account_row(wallet)


def entry_row() -> Row:
    """A ledger entry's row."""
    booked = LedgerEntry(
        account="demo",
        number=1,
        entry_type=EntryType.OPENING,
        operation="opening",
        amount=MONEY,
        balance_before=MONEY,
        balance_after=MONEY,
        total_change=MONEY,
        locked_change=MONEY,
        position_id=None,
        description="opening balance",
        time_us=1,
    )
    return entry.entry_row(booked, "demo", 1, 1)


def signal_row() -> Row:
    """A signal's row."""
    received = Signal(
        signal_id=1,
        account="demo",
        symbol="BTCUSDT",
        action=SignalAction.CLOSE,
        received_us=1,
        digest="0",
    )
    return signal.signal_row(received)


KINDS = {
    AccountRow: (account, account_row),
    PositionRow: (position, lambda: position.position_row(POSITION, 1)),
    EntryRow: (entry, entry_row),
    EventRow: (
        event,
        lambda: event.event_row(MarketResumed(symbol="BTCUSDT", paused_us=1, time_us=1), 1, 1),
    ),
    MarketRow: (
        market,
        lambda: market.market_row(MarketPrice(symbol="BTCUSDT", price=MONEY, time_us=1)),
    ),
    PauseRow: (pause, lambda: pause.pause_row(Pause(account="demo", reason="test", since_us=1))),
    SignalRow: (signal, signal_row),
}


@pytest.mark.parametrize("table", KINDS)
def test_a_row_names_the_columns_of_its_table(
    monkeypatch: pytest.MonkeyPatch, table: type[Table]
) -> None:
    """All of them and no others, so that each column of a new row has its own value."""
    room, row = KINDS[table]
    assert isinstance(room, ModuleType)
    monkeypatch.setattr(room, "_in_order", tuple)
    assert set(row()) == set(names(table))


def test_a_row_without_one_of_its_columns_is_refused() -> None:
    """A column that was forgotten is named, and nothing is written in its place."""
    with pytest.raises(KeyError, match="time"):
        in_order(MarketRow)({"symbol": "BTCUSDT", "price": "1"})


def test_a_row_that_lacks_a_column_is_not_read() -> None:
    """Each value is read under its own column's name, or none is."""
    with pytest.raises(TypeError, match="32"):
        by_name(PositionRow)(position.position_row(POSITION, 1)[1:])


def test_what_an_open_fixes_is_never_written_again() -> None:
    """A later change of the position leaves these columns as its insert has them."""
    assert set(names(PositionRow)) - set(position.POSITION_CHANGING) == {
        "id",
        "account",
        "symbol",
        "side",
        "fee_rate",
        "spread_rate",
        "slippage_rate",
        "quantity",
        "entry_price",
        "entry_time",
        "idempotency_key",
        "request",
        "opened_at",
    }
