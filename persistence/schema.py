"""Migrate a database to the schema of this version.

Alembic takes a while to import, so it is imported only if a migration is needed.
"""

from sqlalchemy import Connection, inspect, text

from persistence import owner, triggers
from persistence.engines import LOCK_MS_MAX
from persistence.errors import SchemaTooNew, SchemaTooOld
from persistence.tables import Table

REVISION = "0006"
"""The revision of this version's tables."""

FIRST_OWNER = (
    "INSERT INTO owner (id, epoch, holder, lease_seconds, renewed_at, released) VALUES "
    "(1, 0, 'nobody', 1, {epoch_start}, {true})"
)
_VALUES = {
    "postgresql": {"epoch_start": "TIMESTAMPTZ 'epoch'", "true": "TRUE"},
    "sqlite": {"epoch_start": "0", "true": "1"},
}
# The number of our lock: two processes that open a new database migrate one after another.
_MIGRATION_LOCK = 0x6261636B73746179


def create(connection: Connection) -> None:
    """Create the migrations' result at once, for databases in memory."""
    Table.metadata.create_all(connection, checkfirst=False)
    dialect = connection.dialect.name
    for statement in triggers.statements(dialect) + triggers.signal_statements(dialect):
        connection.exec_driver_sql(statement)
    insert_first_owner(connection)


def insert_first_owner(connection: Connection) -> None:
    """Insert the owner's one row: epoch 0, given up."""
    connection.exec_driver_sql(FIRST_OWNER.format(**_VALUES[connection.dialect.name]))


def is_current(connection: Connection) -> bool:
    """Whether the database is at this version's schema."""
    return _revision(connection) == REVISION


def migrate(connection: Connection) -> None:
    """Run the missing migrations, within the connection's transaction.

    Raises:
        SchemaTooNew: if the database is at a revision that this version does not have.
        OwnedElsewhere: if any is missing while the lease of an owner of the former schema runs.
        Unavailable: if the owner's row is held.
    """
    shared = connection.dialect.name == "postgresql"
    if shared:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
    found = _revision(connection)
    if found == REVISION:
        return

    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", "persistence:migrations")
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise SchemaTooNew(found, REVISION)
    # A SQLite file has no other owner: its lock says so.
    if shared and found is not None:
        # If a process holds the row longer, the caller retries: a standby can be stopped meanwhile.
        connection.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS_MAX}"))
        owner.make_way(connection)
        connection.execute(text("SET LOCAL lock_timeout = 0"))
    command.upgrade(config, "head")


def require_current(connection: Connection) -> None:
    """Check that the database is at this version's schema; change nothing.

    Raises:
        SchemaTooOld: if migrations are missing, or it is not a database of Backstay.
        SchemaTooNew: if a later version has migrated it.
    """
    found = _revision(connection)
    if found == REVISION:
        return
    # Revisions are numbered in order, with leading zeros.
    if found is None or found < REVISION:
        raise SchemaTooOld(found, REVISION)
    raise SchemaTooNew(found, REVISION)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
