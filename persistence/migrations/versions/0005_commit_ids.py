"""A commit is found by its number alone: an event says by it when it was done."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_commits_id", "commits", ["id"])
