"""Queries, each answered within the session's snapshot, in values bound to no session."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from sqlalchemy import Row, func, literal_column, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql import ColumnElement

from persistence.changes import ChangeKey
from persistence.columns import exact_sum
from persistence.rows.account import wallet_from
from persistence.rows.entry import entry_from
from persistence.rows.event import stored_event_from
from persistence.rows.key import key_from
from persistence.rows.market import market_from
from persistence.rows.pause import pause_from
from persistence.rows.position import position_from
from persistence.rows.signal import signal_from
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
from trading.model import EntryType, LedgerEntry, MarketPrice, Pause, Position, Wallet
from trading.signals import Signal

COMMITS_AT_ONCE = 500
"""How many commits are asked for in one query: databases bound its parameters."""

ENTRIES_A_PAGE = 5_000
"""How much of a ledger is in memory at a time: a ledger may have millions of entries."""

_TRANSFER_OPERATION = "transfer:"

# Columns, not entities: of these there may be very many, and ORM instances cost half as much again.
POSITIONS = select(*PositionRow.__table__.columns)
"""Selects positions, for `persistence.rows.position`."""

_ENTRIES = select(*EntryRow.__table__.columns)

# Literally as in the partial indexes, which SQLite uses for no parameter.
IS_OPEN = PositionRow.status == literal_column("'OPEN'")
"""The open positions."""
_IS_UNFINISHED = SignalRow.status == literal_column("'RECEIVED'")


def state(session: Session) -> State:
    """Everything that the actors restart from, of one moment."""
    commits = select(CommitRow.id).order_by(CommitRow.epoch.desc(), CommitRow.id.desc()).limit(1)
    open_rows = _open_rows(session)
    return State(
        wallets=_wallets(session),
        open_positions=tuple(map(position_from, open_rows)),
        keys=_keys(session),
        transfers=_transfers(session),
        markets=_markets(session),
        last_position_id=session.scalar(select(func.max(PositionRow.id))) or 0,
        last_event_id=session.scalar(select(func.max(EventRow.id))) or 0,
        last_commit_id=session.scalar(commits) or 0,
        opened_at_us={row.id: row.opened_at for row in open_rows},
        pauses=_pauses(session),
    )


def signals(session: Session) -> tuple[tuple[Signal, ...], int]:
    """The signals that are not finished, by id, and the highest id of all; 0 if none."""
    last_signal_id = session.scalar(select(func.max(SignalRow.id))) or 0
    return _unfinished_signals(session), last_signal_id


def account_state(session: Session, account: str) -> AccountState | None:
    """Everything that one account restarts from, of one moment; None if unknown."""
    wallets = _wallets(session, account)
    if not wallets:
        return None
    return AccountState(
        wallet=wallets[0],
        open_positions=tuple(map(position_from, _open_rows(session, account))),
        keys=_keys(session, account),
        transfers=_transfers(session, account),
    )


def position(session: Session, position_id: int) -> Position | None:
    """One position, open or closed; None if unknown."""
    row = session.execute(POSITIONS.where(PositionRow.id == position_id)).one_or_none()
    return None if row is None else position_from(row)


def change_key(session: Session, account: str, key: str) -> ChangeKey | None:
    """What an idempotency key has changed; None if it changed nothing, or opened a position."""
    row = session.get(KeyRow, (account, key))
    return None if row is None else key_from(row)


def positions(session: Session, account: str) -> tuple[Position, ...]:
    """All positions of an account, open and closed, in ascending order of their ids."""
    found = POSITIONS.where(PositionRow.account == account).order_by(PositionRow.id)
    return tuple(map(position_from, session.execute(found)))


def book_pages(session: Session, account: str, after_entry: int) -> Iterator[Books]:
    """See `Store.book_pages`."""
    wallets = _wallets(session, account)
    if not wallets:
        return
    holds = MappingProxyType(_holds(session, account))
    while True:
        entries = _entries(session, account, after_entry, ENTRIES_A_PAGE)
        yield Books(wallet=wallets[0], entries=entries, holds=holds)
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
    # A commit that is missing is for the audit to report: the event still has its own time.
    return tuple(stored_event_from(row, done_us.get(row.commit_id, row.time)) for row in rows)


def last_event_id(session: Session) -> int:
    """The id of the newest event; 0 where there is none."""
    return session.scalar(select(func.max(EventRow.id))) or 0


def deliveries(session: Session) -> dict[str, int]:
    """By target of notifications, the last event up to which it has them all."""
    return {row.target: row.event_id for row in session.scalars(select(DeliveryRow))}


def accounts(session: Session) -> tuple[str, ...]:
    """The names of all accounts, in order."""
    return tuple(session.scalars(select(AccountRow.account).order_by(AccountRow.account)))


def is_empty(session: Session) -> bool:
    """Whether there is no account yet."""
    return session.scalar(select(AccountRow.account).limit(1)) is None


def _of(column: InstrumentedAttribute[str], account: str | None) -> ColumnElement[bool]:
    """The rows of one account, or of all of them."""
    return true() if account is None else column == account


def _wallets(session: Session, account: str | None = None) -> tuple[Wallet, ...]:
    found = select(AccountRow).where(_of(AccountRow.account, account)).order_by(AccountRow.account)
    return tuple(wallet_from(row) for row in session.scalars(found))


def _open_rows(session: Session, account: str | None = None) -> Sequence[Row[Any]]:
    found = POSITIONS.where(_of(PositionRow.account, account), IS_OPEN).order_by(PositionRow.id)
    return session.execute(found).all()


def _keys(session: Session, account: str | None = None) -> tuple[KeyRecord, ...]:
    opens = (PositionRow.account, PositionRow.idempotency_key, PositionRow.id)
    changes = select(KeyRow.account, KeyRow.key, KeyRow.position_id)
    found = (
        select(*opens)
        .where(_of(PositionRow.account, account), PositionRow.idempotency_key.is_not(None))
        .order_by(PositionRow.account, PositionRow.id)
    )
    of_changes = changes.where(_of(KeyRow.account, account)).order_by(KeyRow.account, KeyRow.key)
    rows = (*session.execute(found), *session.execute(of_changes))
    return tuple(
        KeyRecord(account=name, key=key, position_id=position_id)
        for name, key, position_id in rows
        if key is not None
    )


def _transfers(session: Session, account: str | None = None) -> tuple[TransferRecord, ...]:
    columns = (EntryRow.account, EntryRow.operation, EntryRow.amount)
    found = (
        select(*columns)
        .where(_of(EntryRow.account, account), EntryRow.transaction_type == EntryType.TRANSFER)
        .order_by(EntryRow.account, EntryRow.number)
    )
    return tuple(
        TransferRecord(
            account=name, reference=operation.removeprefix(_TRANSFER_OPERATION), amount=amount
        )
        for name, operation, amount in session.execute(found)
    )


def _markets(session: Session) -> tuple[MarketPrice, ...]:
    found = select(MarketRow).order_by(MarketRow.symbol)
    return tuple(market_from(row) for row in session.scalars(found))


def _pauses(session: Session) -> tuple[Pause, ...]:
    found = select(PauseRow).order_by(PauseRow.scope)
    return tuple(pause_from(row) for row in session.scalars(found))


def _unfinished_signals(session: Session) -> tuple[Signal, ...]:
    found = select(SignalRow).where(_IS_UNFINISHED).order_by(SignalRow.id)
    return tuple(signal_from(row) for row in session.scalars(found))


def _entries(
    session: Session, account: str, after_entry: int, limit: int
) -> tuple[LedgerEntry, ...]:
    found = (
        _ENTRIES.where(EntryRow.account == account, EntryRow.number > after_entry)
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
