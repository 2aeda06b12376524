"""The table of signals from outside."""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from persistence.columns import Flag
from persistence.table_parts import (
    STRICT,
    CountColumn,
    MoneyColumn,
    PriceColumn,
    Table,
    TextColumn,
    TimeColumn,
    check,
    one_of,
    within,
)
from trading.signals import SignalAction, SignalStatus


class SignalRow(Table):
    """A signal from outside, and how it ended; every status but RECEIVED is final."""

    __tablename__ = "signals"

    id: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[TextColumn] = mapped_column(ForeignKey("accounts.account"))
    symbol: Mapped[TextColumn]
    action: Mapped[TextColumn]
    received_at: Mapped[TimeColumn]
    digest: Mapped[TextColumn]
    flat: Mapped[bool] = mapped_column(Flag)
    notional: Mapped[MoneyColumn | None]
    client_id: Mapped[TextColumn | None]
    sent_at: Mapped[TimeColumn | None]
    status: Mapped[TextColumn]
    outcome: Mapped[TextColumn | None]
    finished_at: Mapped[TimeColumn | None]
    exits: Mapped[TextColumn] = mapped_column(server_default=text("''"))
    share: Mapped[PriceColumn | None]

    __table_args__ = (
        Index(None, "account", "received_at"),
        Index(
            None,
            "account",
            "client_id",
            "digest",
            unique=True,
            postgresql_where=text("client_id IS NOT NULL"),
            sqlite_where=text("client_id IS NOT NULL"),
        ),
        Index(
            "ix_signals_unfinished",
            "id",
            postgresql_where=text("status = 'RECEIVED'"),
            sqlite_where=text("status = 'RECEIVED'"),
        ),
        *within("notional"),
        one_of("action", SignalAction),
        one_of("status", SignalStatus),
        check("id_from_one", "id >= 1"),
        check(
            "finished_iff_outcome",
            "CASE status WHEN 'RECEIVED' THEN outcome IS NULL AND finished_at IS NULL"
            " ELSE outcome IS NOT NULL AND finished_at IS NOT NULL END",
        ),
        STRICT,
    )
