"""The tables, and what the database itself refuses to hold.

These classes are for schema and queries and live inside this package: what leaves it are the
values of `trading` and of `persistence.state`. The triggers are in `persistence.triggers`.
"""

from sqlalchemy import ForeignKey, Index, Integer, text
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
    fixed,
    one_of,
    prices,
    within,
)
from trading.model import CloseReason, EntryType, PositionStatus, Side
from trading.signals import SignalAction, SignalStatus

__all__ = [
    "AccountRow",
    "CommitRow",
    "DeliveryRow",
    "EntryRow",
    "EventRow",
    "KeyRow",
    "MarketRow",
    "OwnerRow",
    "PauseRow",
    "PositionRow",
    "SignalRow",
    "Table",
]


class AccountRow(Table):
    """An account with its limits and balances."""

    __tablename__ = "accounts"

    account: Mapped[TextColumn] = mapped_column(primary_key=True)
    account_type: Mapped[TextColumn] = fixed()
    currency: Mapped[TextColumn] = fixed()
    initial_balance: Mapped[MoneyColumn]
    open_positions_max: Mapped[CountColumn | None] = fixed()
    position_notional_max: Mapped[MoneyColumn | None] = fixed()
    symbol_notional_max: Mapped[MoneyColumn | None] = fixed()
    position_notional_min: Mapped[MoneyColumn] = fixed()
    total: Mapped[MoneyColumn]
    locked: Mapped[MoneyColumn]
    version: Mapped[CountColumn]
    entries: Mapped[CountColumn]
    # The service's own where they are empty; never NULL, so that an update can compare them.
    cost_rates: Mapped[TextColumn] = mapped_column(server_default=text("''"))
    exits: Mapped[TextColumn] = mapped_column(server_default=text("''"))

    __table_args__ = (
        *within(
            "initial_balance",
            "position_notional_max",
            "symbol_notional_max",
            "position_notional_min",
            "total",
            "locked",
        ),
        check("initial_balance_not_negative", "initial_balance >= 0"),
        check("available_not_negative", "locked >= 0 AND total >= locked"),
        check("version_from_one", "version >= 1 AND entries >= 1"),
        STRICT,
    )


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
    """The idempotency key of a change of a position, and what was asked with it.

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


class EntryRow(Table):
    """A ledger entry, named as the specification names it; only ever appended."""

    __tablename__ = "wallet_transactions"

    account: Mapped[TextColumn] = mapped_column(ForeignKey("accounts.account"), primary_key=True)
    number: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    account_type: Mapped[TextColumn]
    transaction_type: Mapped[TextColumn]
    operation: Mapped[TextColumn]
    amount: Mapped[MoneyColumn]
    balance_before: Mapped[MoneyColumn]
    balance_after: Mapped[MoneyColumn]
    total_change: Mapped[MoneyColumn]
    locked_change: Mapped[MoneyColumn]
    position_id: Mapped[CountColumn | None] = mapped_column(ForeignKey("positions.id"), index=True)
    description: Mapped[TextColumn]
    time: Mapped[TimeColumn]
    created_at: Mapped[TimeColumn]
    commit_id: Mapped[CountColumn]

    __table_args__ = (
        Index(None, "account", "operation", unique=True),
        Index(
            "ux_wallet_transactions_close",
            "position_id",
            unique=True,
            postgresql_where=text("transaction_type = 'position_close'"),
            sqlite_where=text("transaction_type = 'position_close'"),
        ),
        *within("amount", "balance_before", "balance_after", "total_change", "locked_change"),
        one_of("transaction_type", EntryType),
        check("number_from_one", "number >= 1"),
        check("balances_not_negative", "balance_before >= 0 AND balance_after >= 0"),
        check("arithmetic", "balance_after - balance_before = total_change - locked_change"),
        STRICT,
    )


class EventRow(Table):
    """Something that happened, in commit order; only ever appended."""

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
    """A transaction that was committed: by whom, when, and how many changes it holds."""

    __tablename__ = "commits"

    epoch: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    id: Mapped[CountColumn] = mapped_column(primary_key=True, autoincrement=False)
    committed_at: Mapped[TimeColumn]
    changes: Mapped[CountColumn]

    __table_args__ = (Index("ix_commits_id", "id"), STRICT)


class OwnerRow(Table):
    """The one row that every commit begins with: it names the process that may write."""

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


class MarketRow(Table):
    """A symbol's last accepted price."""

    __tablename__ = "markets"

    symbol: Mapped[TextColumn] = mapped_column(primary_key=True)
    price: Mapped[PriceColumn]
    time: Mapped[TimeColumn]

    __table_args__ = (*prices(positive=("price",)), STRICT)


class PauseRow(Table):
    """A pause of opens that is in force; `scope` is its account, or empty for all of them."""

    __tablename__ = "pauses"

    scope: Mapped[TextColumn] = mapped_column(primary_key=True)
    account: Mapped[TextColumn | None] = mapped_column(ForeignKey("accounts.account"))
    reason: Mapped[TextColumn]
    since: Mapped[TimeColumn]

    __table_args__ = (
        check("scope_is_account", "scope = COALESCE(account, '') AND account <> ''"),
        STRICT,
    )


class SignalRow(Table):
    """A signal from outside, and how it ended; all but RECEIVED are final."""

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


class DeliveryRow(Table):
    """Up to which event a target of notifications was sent all that it is to be sent."""

    __tablename__ = "deliveries"

    target: Mapped[TextColumn] = mapped_column(primary_key=True)
    event_id: Mapped[CountColumn]

    __table_args__ = (check("event_id_not_negative", "event_id >= 0"), STRICT)
