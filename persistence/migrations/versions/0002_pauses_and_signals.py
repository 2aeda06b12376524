"""Operators' pauses, signals, and indexes for lists and histories."""

import sqlalchemy as sa
from alembic import op

from persistence import triggers

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    sqlite = dialect == "sqlite"
    whole = sa.Integer() if sqlite else sa.BigInteger()
    flag = sa.Integer() if sqlite else sa.Boolean()
    money = sa.Integer() if sqlite else sa.Numeric(20, 8)
    time = sa.Integer() if sqlite else sa.DateTime(timezone=True)
    bound = 9_000_000_000_000_000_000 if sqlite else 90_000_000_000
    op.create_table(
        "pauses",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("account", sa.Text()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", time, nullable=False),
        sa.PrimaryKeyConstraint("scope", name="pk_pauses"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_pauses_account"),
        _check("scope_is_account", "scope = COALESCE(account, '') AND account <> ''"),
        sqlite_strict=True,
    )
    op.create_table(
        "signals",
        sa.Column("id", whole, autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("symbol", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("received_at", time, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("flat", flag, nullable=False),
        sa.Column("notional", money),
        sa.Column("client_id", sa.Text()),
        sa.Column("sent_at", time),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text()),
        sa.Column("finished_at", time),
        sa.PrimaryKeyConstraint("id", name="pk_signals"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_signals_account"),
        _check("money_within_bound", f"notional BETWEEN -{bound} AND {bound}"),
        _check("action_known", "action IN ('buy', 'sell', 'close')"),
        _check("status_known", "status IN ('RECEIVED', 'DONE', 'DENIED', 'EXPIRED')"),
        _check("id_from_one", "id >= 1"),
        _check(
            "finished_iff_outcome",
            "CASE status WHEN 'RECEIVED' THEN outcome IS NULL AND finished_at IS NULL"
            " ELSE outcome IS NOT NULL AND finished_at IS NOT NULL END",
        ),
        sqlite_strict=True,
    )
    op.create_index("ix_signals_account_received_at", "signals", ["account", "received_at"])
    has_client_id = sa.text("client_id IS NOT NULL")
    op.create_index(
        "ix_signals_account_client_id",
        "signals",
        ["account", "client_id"],
        unique=True,
        postgresql_where=has_client_id,
        sqlite_where=has_client_id,
    )
    _partial("ix_signals_unfinished", "signals", "id", where=sa.text("status = 'RECEIVED'"))
    _index_lists()
    for statement in triggers.signal_statements(dialect):
        op.execute(statement)


def _index_lists() -> None:
    op.drop_index("ix_positions_account_status", "positions")
    op.drop_index("ix_positions_symbol", "positions")
    op.create_index("ix_positions_account_id", "positions", ["account", "id"])
    op.create_index("ix_positions_symbol_id", "positions", ["symbol", "id"])
    is_open = sa.text("status = 'OPEN'")
    _partial("ix_positions_open", "positions", "id", where=is_open)
    _partial("ix_positions_account_open", "positions", "account", "id", where=is_open)
    of_market = sa.text("account IS NULL AND symbol IS NOT NULL")
    _partial("ix_events_market", "events", "symbol", "id", where=of_market)


def _partial(name: str, table: str, *columns: str, where: sa.TextClause) -> None:
    op.create_index(name, table, list(columns), postgresql_where=where, sqlite_where=where)


def _check(name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=name)
