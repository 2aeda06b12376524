"""Lists and histories for people: newest first and page by page, each answered by an index."""

from collections.abc import Collection, Sequence
from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from persistence.reads import ENTRIES, IS_OPEN, OF_POSITIONS, POSITIONS, stored_events
from persistence.rows.entry import stored_entry_from
from persistence.rows.position import position_record_from
from persistence.rows.signal import signal_from
from persistence.salvage import Source, salvaged_in_order
from persistence.state import PositionRecord, StoredEntry, StoredEvent, Unreadable
from persistence.tables import EntryRow, EventRow, PositionRow, SignalRow
from trading.events.markets import (
    MarketPaused,
    MarketResumed,
    MarketStale,
    PriceQuarantined,
    PriceRejected,
    PriceTimesRebased,
    QuarantineEnded,
)
from trading.events.positions import PositionClosed
from trading.model import PositionStatus
from trading.signals import Signal

IDS_MAX = 500
"""Ids in one statement: every database takes this many parameters."""

_OF_ENTRIES = Source(key=EntryRow.number)
_OF_MARKETS = (
    MarketPaused.kind,
    MarketResumed.kind,
    MarketStale.kind,
    PriceQuarantined.kind,
    PriceRejected.kind,
    PriceTimesRebased.kind,
    QuarantineEnded.kind,
)


def position(session: Session, position_id: int) -> PositionRecord | None:
    """One position, open or closed, with the times of its commits; None if unknown."""
    row = session.execute(POSITIONS.where(PositionRow.id == position_id)).one_or_none()
    return None if row is None else position_record_from(row)


def positions_by_id(
    session: Session, ids: Sequence[int]
) -> tuple[PositionRecord | Unreadable, ...]:
    """The positions with these ids, of one moment and by id; unknown ids have none.

    A row that cannot be decoded is named in its place.
    """
    ascending = sorted(ids)
    found: list[PositionRecord | Unreadable] = []
    for begin in range(0, len(ascending), IDS_MAX):
        some = POSITIONS.where(PositionRow.id.in_(ascending[begin : begin + IDS_MAX]))
        by_id = some.order_by(PositionRow.id)
        found.extend(salvaged_in_order(session, by_id, position_record_from, OF_POSITIONS))
    return tuple(found)


def positions(
    session: Session,
    *,
    account: str | None = None,
    status: PositionStatus | None = None,
    symbol: str | None = None,
    before_id: int | None = None,
    limit: int,
) -> tuple[PositionRecord | Unreadable, ...]:
    """At most `limit` positions with ids below `before_id`, newest first.

    A row that cannot be decoded is named in its place.
    """
    found = POSITIONS.order_by(PositionRow.id.desc()).limit(limit)
    if account is not None:
        found = found.where(PositionRow.account == account)
    if status is not None:
        found = found.where(IS_OPEN if status is PositionStatus.OPEN else ~IS_OPEN)
    if symbol is not None:
        found = found.where(PositionRow.symbol == symbol)
    if before_id is not None:
        found = found.where(PositionRow.id < before_id)
    return salvaged_in_order(session, found, position_record_from, OF_POSITIONS)


def entries(
    session: Session, account: str, *, before_number: int | None = None, limit: int
) -> tuple[StoredEntry | Unreadable, ...]:
    """At most `limit` ledger entries numbered below `before_number`, newest first.

    A row that cannot be decoded is named in its place.
    """
    found = ENTRIES.where(EntryRow.account == account).order_by(EntryRow.number.desc()).limit(limit)
    if before_number is not None:
        found = found.where(EntryRow.number < before_number)
    rows = salvaged_in_order(session, found, stored_entry_from, _OF_ENTRIES)
    return tuple(
        # A number is an account's own.
        replace(row, account=account) if isinstance(row, Unreadable) else row
        for row in rows
    )


def history(session: Session, position_id: int) -> tuple[StoredEvent, ...]:
    """A position's events, and what happened meanwhile to prices of its symbol, by id.

    Of the symbol: prices rejected and quarantined, and quarantines ended, between the open
    and the close. Empty if the position is unknown.
    """
    of_position = select(EventRow).where(EventRow.position_id == position_id).order_by(EventRow.id)
    own = session.scalars(of_position).all()
    if not own:
        return ()
    of_market = select(EventRow).where(
        EventRow.account.is_(None),
        EventRow.symbol == own[0].symbol,
        EventRow.kind.in_(_OF_MARKETS),
        EventRow.id > own[0].id,
    )
    if own[-1].kind == PositionClosed.kind:
        of_market = of_market.where(EventRow.id < own[-1].id)
    found = sorted([*own, *session.scalars(of_market)], key=lambda row: row.id)
    return stored_events(session, found)


def signals_of(session: Session, account: str, client_ids: Collection[str]) -> tuple[Signal, ...]:
    """The account's signals of a sender's own ids, oldest first."""
    found = select(SignalRow).where(
        SignalRow.account == account, SignalRow.client_id.in_(client_ids)
    )
    rows = sorted(session.scalars(found), key=lambda row: row.id)
    return tuple(map(signal_from, rows))


def recent_signals(session: Session, account: str, since_us: int) -> tuple[Signal, ...]:
    """The account's signals received at `since_us` or later, oldest first."""
    found = (
        select(SignalRow)
        .where(SignalRow.account == account, SignalRow.received_at >= since_us)
        .order_by(SignalRow.received_at, SignalRow.id)
    )
    return tuple(map(signal_from, session.scalars(found)))
