"""The tables of commits: events, commits, the owner, deliveries."""

from sqlalchemy import Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from persistence.columns import Flag
from persistence.table_parts import (
    STRICT,
    CountColumn,
    Table,
    TextColumn,
    TimeColumn,
    check,
)


class EventRow(Table):
    """An event, in commit order; only ever appended."""

    __tablename__ = "events"

    id: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[TextColumn]
    account: Mapped[TextColumn | None]
    position_id: Mapped[CountColumn | None] = mapped_column(index=True)
    symbol: Mapped[TextColumn | None]
    time: Mapped[TimeColumn]
    commit_id: Mapped[CountColumn]
    data: Mapped[TextColumn]

    __table_args__ = (
        Index(
            "ix_events_market",
            "symbol",
            "id",
            postgresql_where=text("account IS NULL AND symbol IS NOT NULL"),
            sqlite_where=text("account IS NULL AND symbol IS NOT NULL"),
        ),
        check("id_from_one", "id >= 1"),
        STRICT,
    )


class CommitRow(Table):
    """A committed transaction: its owner's epoch, its time, and its number of changes."""

    __tablename__ = "commits"

    epoch: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    committed_at: Mapped[TimeColumn]
    changes: Mapped[CountColumn]

    __table_args__ = (Index("ix_commits_id", "id"), STRICT)


class OwnerRow(Table):
    """The one row that every commit locks first: it names the process that may write."""

    __tablename__ = "owner"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    epoch: Mapped[CountColumn]
    holder: Mapped[TextColumn]
    lease_seconds: Mapped[int] = mapped_column(Integer)
    renewed_at: Mapped[TimeColumn]
    released: Mapped[bool] = mapped_column(Flag)

    __table_args__ = (
        check("one_row", "id = 1"),
        check("epoch_not_negative", "epoch >= 0"),
        check("lease_positive", "lease_seconds > 0"),
        STRICT,
    )


class DeliveryRow(Table):
    """The cursor of a target of notifications: the last event that it has been told."""

    __tablename__ = "deliveries"

    target: Mapped[TextColumn] = mapped_column(primary_key=True)
    event_id: Mapped[CountColumn]

    __table_args__ = (check("event_id_not_negative", "event_id >= 0"), STRICT)
