"""How far the targets of notifications are."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    whole = sa.Integer() if op.get_bind().dialect.name == "sqlite" else sa.BigInteger()
    op.create_table(
        "deliveries",
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("event_id", whole, nullable=False),
        sa.PrimaryKeyConstraint("target", name="pk_deliveries"),
        sa.CheckConstraint("event_id >= 0", name="event_id_not_negative"),
        sqlite_strict=True,
    )
