"""A sender's id that comes again with another body is another signal."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    has_client_id = sa.text("client_id IS NOT NULL")
    op.drop_index("ix_signals_account_client_id", "signals")
    op.create_index(
        "ix_signals_account_client_id_digest",
        "signals",
        ["account", "client_id", "digest"],
        unique=True,
        postgresql_where=has_client_id,
        sqlite_where=has_client_id,
    )
