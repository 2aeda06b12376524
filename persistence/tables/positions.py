"""The tables of positions, and of the idempotency keys that changed them."""

from sqlalchemy import ForeignKey, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from persistence.table_parts import (
    STRICT,
    CountColumn,
    MoneyColumn,
    PriceColumn,
    Table,
    TextColumn,
    TimeColumn,
    check,
    fixed,
    one_of,
    prices,
    within,
)
from trading.model import CloseReason, PositionStatus, Side


class PositionRow(Table):
    """A position, open or closed."""

    __tablename__ = "positions"

    id: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    account: Mapped[TextColumn] = fixed(ForeignKey("accounts.account"))
    symbol: Mapped[TextColumn] = fixed()
    side: Mapped[TextColumn] = fixed()
    status: Mapped[TextColumn]
    ladder: Mapped[TextColumn]
    fee_rate: Mapped[PriceColumn] = fixed()
    spread_rate: Mapped[PriceColumn] = fixed()
    slippage_rate: Mapped[PriceColumn] = fixed()
    quantity: Mapped[PriceColumn] = fixed()
    entry_price: Mapped[PriceColumn] = fixed()
    entry_time: Mapped[TimeColumn] = fixed()
    take_profit_prices: Mapped[TextColumn]
    stop_price: Mapped[PriceColumn]
    open_quantity: Mapped[PriceColumn]
    hold: Mapped[MoneyColumn]
    rungs_hit: Mapped[int] = mapped_column(Integer)
    gross_pnl: Mapped[MoneyColumn]
    entry_fee: Mapped[MoneyColumn]
    exit_fee: Mapped[MoneyColumn]
    spread: Mapped[MoneyColumn]
    slippage: Mapped[MoneyColumn]
    exit_price: Mapped[PriceColumn | None]
    exit_time: Mapped[TimeColumn | None]
    close_reason: Mapped[TextColumn | None]
    close_note: Mapped[TextColumn | None]
    idempotency_key: Mapped[TextColumn | None] = fixed()
    request: Mapped[TextColumn | None] = fixed()
    version: Mapped[CountColumn]
    opened_at: Mapped[TimeColumn] = fixed()
    closed_at: Mapped[TimeColumn | None]
    best_price: Mapped[PriceColumn | None]

    __table_args__ = (
        Index(None, "account", "id"),
        Index(None, "symbol", "id"),
        *(
            Index(
                name,
                *columns,
                postgresql_where=text("status = 'OPEN'"),
                sqlite_where=text("status = 'OPEN'"),
            )
            for name, columns in (
                ("ix_positions_open", ("id",)),
                ("ix_positions_account_open", ("account", "id")),
            )
        ),
        Index(
            None,
            "account",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
            sqlite_where=text("idempotency_key IS NOT NULL"),
        ),
        *within("hold", "gross_pnl", "entry_fee", "exit_fee", "spread", "slippage"),
        *prices(
            positive=("quantity", "entry_price", "stop_price", "exit_price"),
            not_negative=("open_quantity", "fee_rate", "spread_rate", "slippage_rate"),
        ),
        one_of("side", Side),
        one_of("status", PositionStatus),
        one_of("close_reason", CloseReason),
        check("hold_not_negative", "hold >= 0"),
        check("rungs_hit_not_negative", "rungs_hit >= 0"),
        check("version_from_one", "version >= 1"),
        *(
            check(
                "closed_iff_exit_fixed",
                f"CASE status WHEN 'CLOSED' THEN close_reason IS NOT NULL"
                f" AND exit_price IS NOT NULL AND exit_time IS NOT NULL"
                f" AND closed_at IS NOT NULL AND hold = 0 AND open_quantity = {zero}"
                f" ELSE close_reason IS NULL AND exit_price IS NULL"
                f" AND exit_time IS NULL AND closed_at IS NULL END",
            ).ddl_if(dialect=dialect)
            for dialect, zero in (("postgresql", "0"), ("sqlite", "'0'"))
        ),
        STRICT,
    )


class KeyRow(Table):
    """The idempotency key of a change of a position, and its request.

    The keys of opens are in `positions`.
    """

    __tablename__ = "change_keys"

    account: Mapped[TextColumn] = mapped_column(ForeignKey("accounts.account"), primary_key=True)
    key: Mapped[TextColumn] = mapped_column(primary_key=True)
    position_id: Mapped[CountColumn] = mapped_column(ForeignKey("positions.id"))
    request: Mapped[TextColumn]
    version: Mapped[CountColumn]
    commit_id: Mapped[CountColumn]

    __table_args__ = (check("version_from_two", "version >= 2"), STRICT)
