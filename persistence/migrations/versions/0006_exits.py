"""Exits that say more: trails, time stops, the keys of changes, and an account's own terms."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_REASONS_BEFORE = "close_reason IN ('TAKE_PROFIT', 'STOP_LOSS', 'MANUAL')"
_REASONS = "close_reason IN ('TAKE_PROFIT', 'STOP_LOSS', 'TIME', 'MANUAL')"


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    whole = sa.Integer() if sqlite else sa.BigInteger()
    price = sa.Text() if sqlite else sa.Numeric(38, 18)
    op.add_column("accounts", _text("cost_rates"))
    op.add_column("accounts", _text("exits"))
    op.add_column("positions", sa.Column("best_price", price))
    op.add_column("signals", _text("exits"))
    op.add_column("signals", sa.Column("share", price))
    op.create_table(
        "change_keys",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("position_id", whole, nullable=False),
        sa.Column("request", sa.Text(), nullable=False),
        sa.Column("version", whole, nullable=False),
        sa.Column("commit_id", whole, nullable=False),
        sa.PrimaryKeyConstraint("account", "key", name="pk_change_keys"),
        sa.ForeignKeyConstraint(["account"], ["accounts.account"], name="fk_change_keys_account"),
        sa.ForeignKeyConstraint(
            ["position_id"], ["positions.id"], name="fk_change_keys_position_id"
        ),
        sa.CheckConstraint("version >= 2", name="version_from_two"),
        sqlite_strict=True,
    )
    if sqlite:
        _widen_check()
    else:
        op.drop_constraint("ck_positions_close_reason_known", "positions")
        op.create_check_constraint("close_reason_known", "positions", _REASONS)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=sa.text("''"))


def _widen_check() -> None:
    """Let a CHECK take one more value, without copying the table.

    SQLite cannot alter a constraint; its manual has this way for one that no stored row can fail.
    """
    connection = op.get_bind()
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?)"
        " WHERE type = 'table' AND name = 'positions'",
        (_REASONS_BEFORE, _REASONS),
    )
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")
