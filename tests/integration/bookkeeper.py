"""Plays accounts by the rules of trading/, and commits what happens to a store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Self

import psycopg2

from persistence.changes import Change
from persistence.store import Store
from trading import wallet
from trading.costs import DEFAULT_RATES
from trading.events.positions import PositionClosed, PositionReduced
from trading.exits.ladder import DEFAULT_LADDER, Ladder
from trading.model import (
    CostRates,
    Denial,
    LedgerEntry,
    Limits,
    MarketPrice,
    Position,
    Side,
    Wallet,
)
from trading.positions import judging, opening

NOW_US = 1_767_225_600_000_000
DRIVER_ERRORS = (sqlite3.Error, psycopg2.Error)


@dataclass
class Bookkeeper:
    """What memory would have of a store: wallets, positions, and the next numbers."""

    store: Store
    epoch: int
    wallets: dict[str, Wallet] = field(default_factory=dict)
    positions: dict[int, Position] = field(default_factory=dict)
    last_commit_id: int = 0
    last_event_id: int = 0

    @classmethod
    def of(cls, store: Store, holder: str = "bookkeeper", lease_seconds: int = 5) -> Self:
        return cls(store=store, epoch=store.acquire(holder, lease_seconds))

    def commit(self, *changes: Change) -> None:
        """Commit changes, and number on."""
        self.last_commit_id += 1
        self.store.commit(
            changes,
            epoch=self.epoch,
            commit_id=self.last_commit_id,
            first_event_id=self.last_event_id + 1,
            now_us=NOW_US + self.last_commit_id,
        )
        self.last_event_id += sum(len(change.events) for change in changes)

    def opens_account(
        self, name: str = "demo", balance: str = "1000", limits: Limits | None = None
    ) -> Change:
        booking = wallet.account_opened(
            account=name, initial_balance=Decimal(balance), time_us=NOW_US, limits=limits
        )
        self.wallets[name] = booking.wallet
        return Change(
            account=name,
            wallet_after=booking.wallet,
            entries=booking.entries,
            events=booking.events,
        )

    def opens_position(
        self,
        position_id: int,
        *,
        account: str = "demo",
        quantity: str = "0.25",
        entry_price: str = "100",
        levels: Ladder | None = None,
        rates: CostRates = DEFAULT_RATES,
        key: str | None = None,
        request: str | None = None,
    ) -> Change:
        before = self.wallets[account]
        step = opening.opened(
            position_id=position_id,
            account=account,
            symbol="BTCUSDT",
            side=Side.LONG,
            quantity=Decimal(quantity),
            entry_price=Decimal(entry_price),
            entry_time_us=NOW_US,
            ladder=levels or DEFAULT_LADDER,
            rates=rates,
            idempotency_key=key,
            request=request,
        )
        booking = wallet.held(before, step.position)
        assert not isinstance(booking, Denial), booking.text
        self.wallets[account] = booking.wallet
        self.positions[position_id] = step.position
        return Change(
            account=account,
            wallet_before=before,
            wallet_after=booking.wallet,
            positions=(step.position,),
            entries=booking.entries,
            events=step.events + booking.events,
        )

    def reaches(self, position_id: int, price: str) -> Change:
        """A price reaches a position: rungs, parts and a close, with what they settle."""
        step = judging.advanced(self.positions[position_id], Decimal(price), NOW_US)
        account = step.position.account
        before = after = self.wallets[account]
        entries: list[LedgerEntry] = []
        events = list(step.events)
        for event in step.events:
            if isinstance(event, PositionReduced | PositionClosed):
                booking = wallet.settled(after, event)
                after = booking.wallet
                entries += booking.entries
                events += booking.events
        self.wallets[account] = after
        self.positions[position_id] = step.position
        touched = before is not after
        return Change(
            account=account,
            wallet_before=before if touched else None,
            wallet_after=after if touched else None,
            positions=(step.position,),
            entries=tuple(entries),
            events=tuple(events),
        )

    def transfers(self, amount: str, reference: str, account: str = "demo") -> Change:
        before = self.wallets[account]
        booking = wallet.transferred(before, Decimal(amount), reference=reference, time_us=NOW_US)
        assert not isinstance(booking, Denial), booking.text
        self.wallets[account] = booking.wallet
        return Change(
            account=account,
            wallet_before=before,
            wallet_after=booking.wallet,
            entries=booking.entries,
            events=booking.events,
        )


def market(symbol: str, price: str) -> Change:
    return Change(
        account=None,
        markets=(MarketPrice(symbol=symbol, price=Decimal(price), time_us=NOW_US),),
    )


@contextmanager
def by_hand(database_url: str) -> Iterator[Any]:
    """A driver's own cursor on a store's database; each statement commits at once."""
    if database_url.startswith("sqlite"):
        path = database_url.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, isolation_level=None)) as lite:
            lite.execute("PRAGMA foreign_keys = ON")
            with closing(lite.cursor()) as cursor:
                yield cursor
    else:
        with closing(psycopg2.connect(database_url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor


def rows(database_url: str, query: str) -> list[tuple[Any, ...]]:
    with by_hand(database_url) as cursor:
        cursor.execute(query)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def all_rows(database_url: str) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the tables that a commit writes."""
    tables = (
        "accounts",
        "positions",
        "wallet_transactions",
        "events",
        "change_keys",
        "commits",
        "markets",
        "pauses",
        "signals",
        "deliveries",
    )
    return {table: rows(database_url, f"SELECT * FROM {table} ORDER BY 1, 2") for table in tables}


def position_in(store: Store, position_id: int) -> Position | None:
    """A position as the database has it; None if unknown."""
    record = store.read_position(position_id)
    return None if record is None else record.position
