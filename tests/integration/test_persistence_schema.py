"""One schema, whichever way a database came to it."""

import re
import subprocess
import sys
from contextlib import closing
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from harness.servers import create_database, drop_database
from persistence import schema
from persistence.errors import SchemaTooNew
from persistence.store import Store
from persistence.tables import Table
from tests.integration.bookkeeper import Bookkeeper, by_hand, rows

FORMER_LADDER = (
    '{"stop_loss_pct":"5","rungs":['
    '{"distance_pct":"3","stop":"breakeven","close_fraction":"0"},'
    '{"distance_pct":"6","stop":"previous_rung","close_fraction":"0"},'
    '{"distance_pct":"10","stop":"previous_rung","close_fraction":"1"}]}'
)
"""The default ladder as versions stored it that knew percentages only."""

CATALOG = {
    "columns": "SELECT table_name, column_name, ordinal_position, data_type, is_nullable,"
    " numeric_precision, numeric_scale, column_default FROM information_schema.columns"
    " WHERE table_schema = 'public'",
    "constraints": "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)"
    " FROM pg_constraint WHERE connamespace = 'public'::regnamespace",
    "indexes": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    "triggers": "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "functions": "SELECT proname, prosrc FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "owner": "SELECT * FROM owner",
}


_PARTS = re.compile(r", (?=\w+ (?:TEXT|INTEGER)\b|CONSTRAINT )|(?<=\)) (?=\) STRICT)|\(\s")
"""What separates the columns and constraints of a table in SQLite's own text of it."""

TABLES_OF_0001 = ("accounts", "positions", "wallet_transactions", "events", "commits", "owner")


def migrate_to_0001(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "persistence:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, "0001")


def of_the_first_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Open stores as the version did that knew this revision, until it is undone."""
    monkeypatch.setattr(schema, "migrate", migrate_to_0001)
    monkeypatch.setattr(schema, "REVISION", "0001")


def driver_url(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg2://")


def described(connection: Connection) -> dict[str, Any]:
    """Everything the database knows of its schema, but for alembic's own table."""
    if connection.dialect.name == "postgresql":
        found = {
            name: sorted(map(str, connection.execute(text(query))))
            for name, query in CATALOG.items()
        }
        return {
            name: [line for line in lines if "alembic_version" not in line]
            for name, lines in found.items()
        }
    query = "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"
    # The order of a table's constraints means nothing, nor does the line of a column.
    return {
        name: sorted(part.strip() for part in _PARTS.split(" ".join(sql.split())))
        for name, sql in connection.execute(text(query))
        if name != "alembic_version"
    }


def test_migrations_lead_to_the_schema_of_the_tables(
    database_url: str, request: pytest.FixtureRequest
) -> None:
    """Constraints, indexes and triggers alike, name by name."""
    Store.open(database_url).close()
    other_url = "sqlite://"
    if database_url.startswith("postgresql"):
        server = request.getfixturevalue("postgres_url")
        other_url = create_database(server)
        request.addfinalizer(lambda: drop_database(server, other_url))
    migrated, created = (
        create_engine(driver_url(database_url)),
        create_engine(driver_url(other_url)),
    )
    with migrated.begin() as one, created.begin() as other:
        schema.create(other)
        assert described(one) == described(other)
    migrated.dispose()
    created.dispose()


def test_alembic_finds_nothing_to_migrate(database_url: str) -> None:
    """Nobody changed a table without a migration."""
    Store.open(database_url).close()
    engine = create_engine(driver_url(database_url))
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


def test_the_known_revision_is_the_last_migration() -> None:
    """A start compares with the right one."""
    config = Config()
    config.set_main_option("script_location", "persistence:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == schema.REVISION


BACK_TO_0001 = (
    "DROP TABLE change_keys",
    "DROP TABLE deliveries",
    "DROP TABLE signals",
    "DROP TABLE pauses",
    "DROP INDEX ix_commits_id",
    "DROP INDEX ix_positions_account_id",
    "DROP INDEX ix_positions_symbol_id",
    "DROP INDEX ix_positions_open",
    "DROP INDEX ix_positions_account_open",
    "DROP INDEX ix_events_market",
    "CREATE INDEX ix_positions_account_status ON positions (account, status)",
    "CREATE INDEX ix_positions_symbol ON positions (symbol)",
    "ALTER TABLE accounts DROP COLUMN cost_rates",
    "ALTER TABLE accounts DROP COLUMN exits",
    "ALTER TABLE positions DROP COLUMN best_price",
    f"UPDATE positions SET ladder = '{FORMER_LADDER}' WHERE status = 'OPEN'",
    "UPDATE alembic_version SET version_num = '0001'",
)
"""What makes a database of today one that the first version left."""


def test_a_database_of_the_first_revision_keeps_its_rows(database_url: str) -> None:
    """An upgrade takes the books along as they are, and its positions go on as they were."""
    with closing(Store.open(database_url)) as store:
        books = Bookkeeper.of(store)
        books.commit(books.opens_account(), books.opens_position(1), books.opens_position(2))
        books.commit(books.reaches(1, "110"))
        store.release(books.epoch)
    with by_hand(database_url) as cursor:
        for statement in BACK_TO_0001:
            cursor.execute(statement)
    columns = {
        table: ", ".join(
            column.name
            for column in Table.metadata.tables[table].columns
            if column.name not in ("cost_rates", "exits", "best_price")
        )
        for table in TABLES_OF_0001
    }
    before = {
        table: rows(database_url, f"SELECT {columns[table]} FROM {table}") for table in columns
    }
    with closing(Store.open(database_url)) as store:
        state, signals = store.load_state(), store.load_signals()
        after = {
            table: rows(database_url, f"SELECT {columns[table]} FROM {table}") for table in columns
        }
        assert {name: after[name] for name in after if name != "owner"} == {
            name: before[name] for name in before if name != "owner"
        }
        assert rows(database_url, "SELECT * FROM alembic_version") == [(schema.REVISION,)]
        assert state.wallets == (books.wallets["demo"],)
        assert state.open_positions == (books.positions[2],)
        assert (state.pauses, signals) == ((), ((), 0))


def test_a_newer_schema_is_refused_and_left_alone(database_url: str) -> None:
    """An older program does no harm to a newer database."""
    Store.open(database_url).close()
    with by_hand(database_url) as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(SchemaTooNew, match="revision 9999, this version of Backstay knows 0006"):
        Store.open(database_url)
    with by_hand(database_url) as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = '0006'")
    Store.open(database_url).close()


def test_a_failing_migration_leaves_nothing(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a schema is worse than none."""
    monkeypatch.setattr("persistence.triggers.statements", lambda _dialect: ["NONSENSE"])
    with pytest.raises(Exception, match=r"(?i)syntax error"):
        Store.open(database_url)
    monkeypatch.undo()
    with closing(Store.open(database_url)) as store:
        assert store.is_empty()


def test_what_was_written_is_there_when_the_store_opens_again(database_url: str) -> None:
    """A restart begins where the last life ended."""
    with closing(Store.open(database_url)) as store:
        books = Bookkeeper.of(store)
        books.commit(books.opens_account(), books.opens_position(1))
        before = store.load_state()
    with closing(Store.open(database_url)) as store:
        assert store.load_state() == before


@pytest.mark.parametrize("url", ["mysql://host/db", "postgresql+asyncpg://host/db", "sqlite+x://"])
def test_another_kind_of_url_is_refused(url: str) -> None:
    """What works, is in the refusal."""
    with pytest.raises(ValueError, match="refused: give sqlite:///FILE"):
        Store.open(url)


def test_a_store_in_memory_does_without_alembic() -> None:
    """It creates its tables directly, and starts faster."""
    program = (
        "import sys; from persistence.store import Store; Store.open('sqlite://').close();"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_store_at_the_known_revision_opens_without_alembic(database_url: str) -> None:
    """A start that has nothing to migrate loads no migrations."""
    Store.open(database_url).close()
    program = (
        f"import sys; from persistence.store import Store; Store.open({database_url!r}).close();"
        "sys.exit('alembic' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
