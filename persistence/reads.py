"""Queries, each answered within the session's snapshot, in values bound to no session."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from sqlalchemy import func, literal_column, select
from sqlalchemy.orm import Session

from persistence.changes import ChangeKey
from persistence.columns import exact_sum
from persistence.rows.account import wallet_from
from persistence.rows.entry import entry_from
from persistence.rows.event import stored_event_from
from persistence.rows.key import key_from
from persistence.rows.market import market_from
from persistence.rows.pause import pause_from
from persistence.rows.position import position_from, position_record_from
from persistence.rows.signal import signal_from
from persistence.salvage import Source, salvaged
from persistence.state import (
    AccountState,
    Books,
    KeyRecord,
    LedgerSums,
    State,
    StoredEvent,
    TransferRecord,
)
from persistence.tables import (
    AccountRow,
    CommitRow,
    DeliveryRow,
    EntryRow,
    EventRow,
    KeyRow,
    MarketRow,
    PauseRow,
    PositionRow,
    SignalRow,
)
from trading.model import EntryType, LedgerEntry, Pause, Position, Wallet
from trading.signals import Signal

COMMITS_AT_ONCE = 500
"""How many commits one query asks for: databases limit its parameters."""

ENTRIES_A_PAGE = 5_000
"""How much of a ledger is in memory at a time: a ledger may have millions of entries."""

_TRANSFER_OPERATION = "transfer:"

# Columns, not entities: there may be very many rows, and ORM instances cost half as much again.
POSITIONS = select(*PositionRow.__table__.columns)
"""Selects positions, for `persistence.rows.position`."""

ENTRIES = select(*EntryRow.__table__.columns)
"""Selects ledger entries, for `persistence.rows.entry`."""

# Literal, as in the partial indexes: SQLite does not use those for a parameter.
IS_OPEN = PositionRow.status == literal_column("'OPEN'")
"""The open positions."""

_OPEN = POSITIONS.where(IS_OPEN).order_by(PositionRow.id)
_ACCOUNTS = select(*AccountRow.__table__.columns).order_by(AccountRow.account)
_MARKETS = select(*MarketRow.__table__.columns).order_by(MarketRow.symbol)
_PAUSES = select(*PauseRow.__table__.columns).order_by(PauseRow.scope)
_UNFINISHED = (
    select(*SignalRow.__table__.columns)
    .where(SignalRow.status == literal_column("'RECEIVED'"))
    .order_by(SignalRow.id)
)

_KEYS = (
    select(PositionRow.account, PositionRow.idempotency_key, PositionRow.id)
    .where(PositionRow.idempotency_key.is_not(None))
    .order_by(PositionRow.account, PositionRow.id)
)
_CHANGE_KEYS = select(KeyRow.account, KeyRow.key, KeyRow.position_id).order_by(
    KeyRow.account, KeyRow.key
)
_TRANSFERS = (
    select(EntryRow.account, EntryRow.operation, EntryRow.amount)
    .where(EntryRow.transaction_type == EntryType.TRANSFER)
    .order_by(EntryRow.account, EntryRow.number)
)

_OF_ACCOUNTS = Source(key=AccountRow.account, account=AccountRow.account)
OF_POSITIONS = Source(key=PositionRow.id, account=PositionRow.account)
_OF_MARKETS = Source(key=MarketRow.symbol)
_OF_PAUSES = Source(key=PauseRow.scope)
_OF_SIGNALS = Source(key=SignalRow.id, account=SignalRow.account)
# An account restarts from all of these or not at all.
_OF_KEYS = Source(key=PositionRow.account, account=PositionRow.account)
_OF_CHANGE_KEYS = Source(key=KeyRow.account, account=KeyRow.account)
_OF_TRANSFERS = Source(key=EntryRow.account, account=EntryRow.account)


def state(session: Session) -> State:
    """Everything that the actors restart from, at one moment.

    Rows that cannot be decoded are named and left out, table by table.
    """
    commits = select(CommitRow.id).order_by(CommitRow.epoch.desc(), CommitRow.id.desc()).limit(1)
    wallets, bad_accounts = salvaged(session, _ACCOUNTS, wallet_from, _OF_ACCOUNTS)
    records, bad_positions = salvaged(session, _OPEN, position_record_from, OF_POSITIONS)
    keys, bad_keys = salvaged(session, _KEYS, _key_record, _OF_KEYS)
    changes, bad_changes = salvaged(session, _CHANGE_KEYS, _change_key_record, _OF_CHANGE_KEYS)
    transfers, bad_transfers = salvaged(session, _TRANSFERS, _transfer_record, _OF_TRANSFERS)
    markets, bad_markets = salvaged(session, _MARKETS, market_from, _OF_MARKETS)
    _, bad_signals = salvaged(session, _UNFINISHED, signal_from, _OF_SIGNALS)
    return State(
        wallets=wallets,
        open_positions=tuple(record.position for record in records),
        keys=(*keys, *changes),
        transfers=transfers,
        markets=markets,
        last_position_id=session.scalar(select(func.max(PositionRow.id))) or 0,
        last_event_id=session.scalar(select(func.max(EventRow.id))) or 0,
        last_commit_id=session.scalar(commits) or 0,
        opened_at_us={record.position.position_id: record.opened_at_us for record in records},
        pauses=_pauses(session),
        unreadable=(
            *bad_accounts,
            *bad_positions,
            *bad_keys,
            *bad_changes,
            *bad_transfers,
            *bad_markets,
            *bad_signals,
        ),
    )


def signals(session: Session) -> tuple[tuple[Signal, ...], int]:
    """The signals that are not finished, by id, and the highest id of all; 0 if none.

    A signal that cannot be decoded is left out: `state` names it.
    """
    last_signal_id = session.scalar(select(func.max(SignalRow.id))) or 0
    unfinished, _ = salvaged(session, _UNFINISHED, signal_from, _OF_SIGNALS)
    return unfinished, last_signal_id


def account_state(session: Session, account: str) -> AccountState | None:
    """Everything that one account restarts from, at one moment; None if unknown."""
    wallet = _wallet(session, account)
    if wallet is None:
        return None
    its_open = session.execute(_OPEN.where(PositionRow.account == account))
    keys = session.execute(_KEYS.where(PositionRow.account == account))
    changes = session.execute(_CHANGE_KEYS.where(KeyRow.account == account))
    transfers = session.execute(_TRANSFERS.where(EntryRow.account == account))
    return AccountState(
        wallet=wallet,
        open_positions=tuple(map(position_from, its_open)),
        keys=(*map(_key_record, keys), *map(_change_key_record, changes)),
        transfers=tuple(map(_transfer_record, transfers)),
    )


def change_key(session: Session, account: str, key: str) -> ChangeKey | None:
    """The change made under an idempotency key; None if it made none, or opened a position."""
    row = session.get(KeyRow, (account, key))
    return None if row is None else key_from(row)


def positions(session: Session, account: str) -> tuple[Position, ...]:
    """All positions of an account, open and closed, in ascending order of their ids."""
    found = POSITIONS.where(PositionRow.account == account).order_by(PositionRow.id)
    return tuple(map(position_from, session.execute(found)))


def book_pages(session: Session, account: str, after_entry: int) -> Iterator[Books]:
    """See `Store.book_pages`."""
    wallet = _wallet(session, account)
    if wallet is None:
        return
    holds = MappingProxyType(_holds(session, account))
    while True:
        entries = _entries(session, account, after_entry, ENTRIES_A_PAGE)
        yield Books(wallet=wallet, entries=entries, holds=holds)
        if len(entries) < ENTRIES_A_PAGE:
            return
        after_entry = entries[-1].number


def ledger_sums(session: Session, account: str) -> LedgerSums | None:
    """An account's entries, summed exactly by the database; None if there are none."""
    sums = select(
        exact_sum(EntryRow.total_change),
        exact_sum(EntryRow.locked_change),
        func.count(),
    ).where(EntryRow.account == account)
    total, locked, entries = session.execute(sums).one()
    return LedgerSums(total=total, locked=locked, entries=entries) if entries else None


def events(session: Session, after_id: int, limit: int) -> tuple[StoredEvent, ...]:
    """At most `limit` events with ids above `after_id`, ascending."""
    found = select(EventRow).where(EventRow.id > after_id).order_by(EventRow.id).limit(limit)
    return stored_events(session, session.scalars(found).all())


def stored_events(session: Session, rows: Sequence[EventRow]) -> tuple[StoredEvent, ...]:
    """The events of rows, each with the time of its commit."""
    done_us: dict[int, int] = {}
    ids = sorted({row.commit_id for row in rows})
    for start in range(0, len(ids), COMMITS_AT_ONCE):
        some = ids[start : start + COMMITS_AT_ONCE]
        found = select(CommitRow.id, CommitRow.committed_at).where(CommitRow.id.in_(some))
        done_us |= dict(session.execute(found).all())
    # The audit reports a missing commit; the event still has its own time.
    return tuple(stored_event_from(row, done_us.get(row.commit_id, row.time)) for row in rows)


def last_event_id(session: Session) -> int:
    """The id of the newest event; 0 where there is none."""
    return session.scalar(select(func.max(EventRow.id))) or 0


def deliveries(session: Session) -> dict[str, int]:
    """By target of notifications, the id of the last event that it has been told."""
    return {row.target: row.event_id for row in session.scalars(select(DeliveryRow))}


def accounts(session: Session) -> tuple[str, ...]:
    """The names of all accounts, in order."""
    return tuple(session.scalars(select(AccountRow.account).order_by(AccountRow.account)))


def is_empty(session: Session) -> bool:
    """Whether the database has no account yet."""
    return session.scalar(select(AccountRow.account).limit(1)) is None


def _wallet(session: Session, account: str) -> Wallet | None:
    row: Any = session.execute(_ACCOUNTS.where(AccountRow.account == account)).one_or_none()
    return None if row is None else wallet_from(row)


def _key_record(row: Any) -> KeyRecord:
    return KeyRecord(account=row.account, key=row.idempotency_key, position_id=row.id)


def _change_key_record(row: Any) -> KeyRecord:
    return KeyRecord(account=row.account, key=row.key, position_id=row.position_id)


def _transfer_record(row: Any) -> TransferRecord:
    reference = row.operation.removeprefix(_TRANSFER_OPERATION)
    return TransferRecord(account=row.account, reference=reference, amount=row.amount)


def _pauses(session: Session) -> tuple[Pause, ...]:
    """Every pause; one that cannot be decoded is still in force, as its scope names the account."""
    pauses, unreadable = salvaged(session, _PAUSES, pause_from, _OF_PAUSES)
    unknown = (Pause(account=bad.row or None, reason=bad.text, since_us=0) for bad in unreadable)
    return (*pauses, *unknown)


def _entries(
    session: Session, account: str, after_entry: int, limit: int
) -> tuple[LedgerEntry, ...]:
    found = (
        ENTRIES.where(EntryRow.account == account, EntryRow.number > after_entry)
        .order_by(EntryRow.number)
        .limit(limit)
    )
    return tuple(map(entry_from, session.execute(found)))


def _holds(session: Session, account: str) -> dict[int, Decimal]:
    found = (
        select(PositionRow.id, PositionRow.hold)
        .where(PositionRow.account == account, IS_OPEN)
        .order_by(PositionRow.id)
    )
    return {row.id: row.hold for row in session.execute(found)}
