"""Accounts, positions, ledger entries, events, commits, the owner and markets."""

import sqlalchemy as sa
from alembic import op

from persistence import triggers

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    sqlite = dialect == "sqlite"
    types = _Types(sqlite=sqlite)
    _create_accounts(types)
    _create_positions(types)
    _create_wallet_transactions(types)
    _create_events(types)
    _create_commits(types)
    _create_owner(types)
    _create_markets(types)
    for statement in triggers.statements(dialect):
        op.execute(statement)
    epoch_start, true = ("0", "1") if sqlite else ("TIMESTAMPTZ 'epoch'", "TRUE")
    op.execute(
        "INSERT INTO owner (id, epoch, holder, lease_seconds, renewed_at, released) "
        f"VALUES (1, 0, 'nobody', 1, {epoch_start}, {true})"
    )


class _Types:
    def __init__(self, *, sqlite: bool) -> None:
        self.sqlite = sqlite
        self.whole = sa.Integer() if sqlite else sa.BigInteger()
        self.flag = sa.Integer() if sqlite else sa.Boolean()
        self.money = sa.Integer() if sqlite else sa.Numeric(20, 8)
        self.price = sa.Text() if sqlite else sa.Numeric(38, 18)
        self.time = sa.Integer() if sqlite else sa.DateTime(timezone=True)

    def within(self, *columns: str) -> sa.CheckConstraint:
        bound = 9_000_000_000_000_000_000 if self.sqlite else 90_000_000_000
        return _check(
            "money_within_bound",
            " AND ".join(f"{column} BETWEEN -{bound} AND {bound}" for column in columns),
        )

    def prices(self, **signs: str) -> sa.CheckConstraint:
        pattern = (
            "{0} {1} '0' AND {0} NOT GLOB '*[^0-9.]*'"
            if self.sqlite
            else "{0} {1} 0 AND {0} < 'NaN'"
        )
        return _check(
            "prices_in_range",
            " AND ".join(pattern.format(column, sign) for column, sign in signs.items()),
        )


def _check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)


def _create_accounts(types: _Types) -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("account_type", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("initial_balance", types.money, nullable=False),
        sa.Column("open_positions_max", types.whole),
        sa.Column("position_notional_max", types.money),
        sa.Column("symbol_notional_max", types.money),
        sa.Column("position_notional_min", types.money, nullable=False),
        sa.Column("total", types.money, nullable=False),
        sa.Column("locked", types.money, nullable=False),
        sa.Column("version", types.whole, nullable=False),
        sa.Column("entries", types.whole, nullable=False),
        sa.PrimaryKeyConstraint("account", name="pk_accounts"),
        types.within(
            "initial_balance",
            "position_notional_max",
            "symbol_notional_max",
            "position_notional_min",
            "total",
            "locked",
        ),
        _check("initial_balance_not_negative", "initial_balance >= 0"),
        _check("available_not_negative", "locked >= 0 AND total >= locked"),
        _check("version_from_one", "version >= 1 AND entries >= 1"),
        sqlite_strict=True,
    )


def _create_positions(types: _Types) -> None:
    zero = "'0'" if types.sqlite else "0"
    op.create_table(
        "positions",
        sa.Column("id", types.whole, autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ladder", sa.Text(), nullable=False),
        sa.Column("fee_rate", types.price, nullable=False),
        sa.Column("spread_rate", types.price, nullable=False),
        sa.Column("slippage_rate", types.price, nullable=False),
        sa.Column("quantity", types.price, nullable=False),
        sa.Column("entry_price", types.price, nullable=False),
        sa.Column("entry_time", types.time, nullable=False),
        sa.Column("take_profit_prices", sa.Text(), nullable=False),
        sa.Column("stop_price", types.price, nullable=False),
        sa.Column("open_quantity", types.price, nullable=False),
        sa.Column("hold", types.money, nullable=False),
        sa.Column("rungs_hit", sa.Integer(), nullable=False),
        sa.Column("gross_pnl", types.money, nullable=False),
        sa.Column("entry_fee", types.money, nullable=False),
        sa.Column("exit_fee", types.money, nullable=False),
        sa.Column("spread", types.money, nullable=False),
        sa.Column("slippage", types.money, nullable=False),
        sa.Column("exit_price", types.price),
        sa.Column("exit_time", types.time),
        sa.Column("close_reason", sa.Text()),
        sa.Column("close_note", sa.Text()),
        sa.Column("idempotency_key", sa.Text()),
        sa.Column("request", sa.Text()),
        sa.Column("version", types.whole, nullable=False),
        sa.Column("opened_at", types.time, nullable=False),
        sa.Column("closed_at", types.time),
        sa.PrimaryKeyConstraint("id", name="pk_positions"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_positions_account"),
        types.within("hold", "gross_pnl", "entry_fee", "exit_fee", "spread", "slippage"),
        types.prices(
            quantity=">",
            entry_price=">",
            stop_price=">",
            exit_price=">",
            open_quantity=">=",
            fee_rate=">=",
            spread_rate=">=",
            slippage_rate=">=",
        ),
        _check("side_known", "side IN ('LONG', 'SHORT')"),
        _check("status_known", "status IN ('OPEN', 'CLOSED')"),
        _check("close_reason_known", "close_reason IN ('TAKE_PROFIT', 'STOP_LOSS', 'MANUAL')"),
        _check("hold_not_negative", "hold >= 0"),
        _check("rungs_hit_not_negative", "rungs_hit >= 0"),
        _check("version_from_one", "version >= 1"),
        _check(
            "closed_iff_exit_fixed",
            "CASE status WHEN 'CLOSED' THEN close_reason IS NOT NULL"
            " AND exit_price IS NOT NULL AND exit_time IS NOT NULL"
            f" AND closed_at IS NOT NULL AND hold = 0 AND open_quantity = {zero}"
            " ELSE close_reason IS NULL AND exit_price IS NULL"
            " AND exit_time IS NULL AND closed_at IS NULL END",
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_positions_symbol", "positions", ["symbol"])
    op.create_index("ix_positions_account_status", "positions", ["account", "status"])
    has_key = sa.text("idempotency_key IS NOT NULL")
    op.create_index(
        "ix_positions_account_idempotency_key",
        "positions",
        ["account", "idempotency_key"],
        unique=True,
        postgresql_where=has_key,
        sqlite_where=has_key,
    )


def _create_wallet_transactions(types: _Types) -> None:
    op.create_table(
        "wallet_transactions",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("number", types.whole, autoincrement=False, nullable=False),
        sa.Column("account_type", sa.Text(), nullable=False),
        sa.Column("transaction_type", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("amount", types.money, nullable=False),
        sa.Column("balance_before", types.money, nullable=False),
        sa.Column("balance_after", types.money, nullable=False),
        sa.Column("total_change", types.money, nullable=False),
        sa.Column("locked_change", types.money, nullable=False),
        sa.Column("position_id", types.whole),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("time", types.time, nullable=False),
        sa.Column("created_at", types.time, nullable=False),
        sa.Column("commit_id", types.whole, nullable=False),
        sa.PrimaryKeyConstraint("account", "number", name="pk_wallet_transactions"),
        sa.ForeignKeyConstraint(
            ["account"], ["accounts.account"], name="fk_wallet_transactions_account"
        ),
        sa.ForeignKeyConstraint(
            ["position_id"], ["positions.id"], name="fk_wallet_transactions_position_id"
        ),
        types.within("amount", "balance_before", "balance_after", "total_change", "locked_change"),
        _check(
            "transaction_type_known",
            "transaction_type IN ('opening', 'transfer', 'position_open', 'position_reduce', "
            "'position_close', 'shortfall', 'adjustment')",
        ),
        _check("number_from_one", "number >= 1"),
        _check("balances_not_negative", "balance_before >= 0 AND balance_after >= 0"),
        _check("arithmetic", "balance_after - balance_before = total_change - locked_change"),
        sqlite_strict=True,
    )
    op.create_index("ix_wallet_transactions_position_id", "wallet_transactions", ["position_id"])
    op.create_index(
        "ix_wallet_transactions_account_operation",
        "wallet_transactions",
        ["account", "operation"],
        unique=True,
    )
    closes = sa.text("transaction_type = 'position_close'")
    op.create_index(
        "ux_wallet_transactions_close",
        "wallet_transactions",
        ["position_id"],
        unique=True,
        postgresql_where=closes,
        sqlite_where=closes,
    )


def _create_events(types: _Types) -> None:
    op.create_table(
        "events",
        sa.Column("id", types.whole, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", sa.Text()),
        sa.Column("position_id", types.whole),
        sa.Column("symbol", sa.Text()),
        sa.Column("time", types.time, nullable=False),
        sa.Column("commit_id", types.whole, nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        _check("id_from_one", "id >= 1"),
        sqlite_strict=True,
    )
    op.create_index("ix_events_position_id", "events", ["position_id"])


def _create_commits(types: _Types) -> None:
    op.create_table(
        "commits",
        sa.Column("epoch", types.whole, autoincrement=False, nullable=False),
        sa.Column("id", types.whole, autoincrement=False, nullable=False),
        sa.Column("committed_at", types.time, nullable=False),
        sa.Column("changes", types.whole, nullable=False),
        sa.PrimaryKeyConstraint("epoch", "id", name="pk_commits"),
        sqlite_strict=True,
    )


def _create_owner(types: _Types) -> None:
    op.create_table(
        "owner",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("epoch", types.whole, nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("lease_seconds", sa.Integer(), nullable=False),
        sa.Column("renewed_at", types.time, nullable=False),
        sa.Column("released", types.flag, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_owner"),
        _check("one_row", "id = 1"),
        _check("epoch_not_negative", "epoch >= 0"),
        _check("lease_positive", "lease_seconds > 0"),
        sqlite_strict=True,
    )


def _create_markets(types: _Types) -> None:
    op.create_table(
        "markets",
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("price", types.price, nullable=False),
        sa.Column("time", types.time, nullable=False),
        sa.PrimaryKeyConstraint("symbol", name="pk_markets"),
        types.prices(price=">"),
        sqlite_strict=True,
    )
