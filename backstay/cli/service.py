"""Commands of the service itself and of its database: serve, config, db, audit, backup, restore."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from backstay.cli.terminal import Json, WholeHelp, print_result
from backstay.service.exits import EXIT_MISMATCH
from backstay.service.settings.names import DEFAULT

if TYPE_CHECKING:
    from backstay.service.settings.settings import Settings
    from backstay.service.settings.sources import Loaded

app = typer.Typer()
db = typer.Typer(help="The database's schema.", cls=WholeHelp)
app.add_typer(db, name="db")

Database = Annotated[
    str | None,
    typer.Option(help="sqlite:///FILE or postgresql://...; else the setting.", metavar="URL"),
]


@app.command()
def serve(
    feed: Annotated[
        str | None,
        typer.Option(
            help="Where prices come from: simulated, recorded, none, or exchanges, as kraken."
        ),
    ] = None,
    recorded: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE", help="A file for feed recorded; SYMBOL=FILE names a symbol; repeatable."
        ),
    ] = None,
    symbols: Annotated[str | None, typer.Option(help="The symbols, as BTCUSDT,ETHUSDT.")] = None,
    speed: Annotated[
        str | None, typer.Option(help="Seconds of the feed played in one real second.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="The seed of the simulated market.")] = None,
    database: Database = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on.")] = None,
    port: Annotated[
        int | None, typer.Option(help="The port to listen on; 0: any free one.")
    ] = None,
    standby: Annotated[
        bool | None,
        typer.Option(
            "--standby", help="Wait while another service owns the database, then take over."
        ),
    ] = None,
) -> None:
    """Run the service until SIGTERM or Ctrl-C; `backstay config` shows every setting."""
    options = {
        "feed": feed,
        "recorded": recorded,
        "symbols": symbols,
        "speed": speed,
        "seed": seed,
        "database": database,
        "host": host,
        "port": port,
        "standby": standby,
    }
    # A command imports what only it needs, so that the others start faster.
    from backstay.logs import configure_logs
    from backstay.service.settings.sources import load

    loaded = load(options)
    settings = loaded.settings
    # Until the service itself has a log that never blocks.
    configure_logs(
        logging.getLevelNamesMapping()[settings.log_level.upper()], style=settings.log_format
    )
    _choose_data_folder(loaded)
    # A wrong setting is reported before the server is loaded.
    from backstay.service.running.serve import serve as run

    raise typer.Exit(run(settings))


@app.command()
def config(as_json: Json = False) -> None:
    """Show the effective settings and where each comes from; secrets are masked."""
    from backstay.service.settings.sources import load

    shown = [
        {"name": name, "value": value, "source": source} for name, value, source in load().shown()
    ]
    print_result(shown, _settings_table, as_json=as_json)


@db.command()
def upgrade(database: Database = None) -> None:
    """Bring the database's schema to this version, as a start of the service does."""
    from persistence.addresses import masked
    from persistence.store import Store

    loaded = _load(database)
    _choose_data_folder(loaded)
    url = loaded.settings.database
    Store.open(url).close()
    typer.echo(f"{masked(url)} is at the schema of this version")


@app.command()
def audit(database: Database = None, as_json: Json = False) -> None:
    """Check all books of a database in full, also beside a running service; 1 on a mismatch."""
    from backstay.cli.audit_report import audit_tables, audited, balances
    from persistence.store import Store

    store = Store.reading(_settings(database).database)
    try:
        documents = audited(store)
    finally:
        store.close()
    print_result(documents, audit_tables, as_json=as_json)
    if not balances(documents):
        raise typer.Exit(EXIT_MISMATCH)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="Where to write the copy; a new file.")],
    database: Database = None,
) -> None:
    """Copy a SQLite database as it is at one moment, also while the service runs."""
    from persistence.addresses import masked
    from persistence.backup import backup as copy_database

    url = _settings(database).database
    if url.startswith("postgresql"):
        raise ValueError(
            f"PostgreSQL is backed up by its own tool: pg_dump --format=custom --file={file} "
            f"{_for_pg_dump(url)}"
        )
    copy_database(url, file)
    typer.echo(f"{masked(url)} copied to {file}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="The backup to restore; it stays as it is.")],
    database: Database = None,
) -> None:
    """Replace a SQLite database by a backup; the old files are moved aside."""
    from persistence.addresses import masked
    from persistence.restore import restore as restore_database

    url = _settings(database).database
    if url.startswith("postgresql"):
        raise ValueError(
            "PostgreSQL is restored by its own tool, with the service stopped, into an empty "
            f"database: pg_restore --no-owner --dbname={_for_pg_dump(url)} {file}"
        )
    kept = restore_database(url, file)
    typer.echo(f"{masked(url)} holds what {file} does: start the service")
    for old in kept:
        typer.echo(f"moved aside: {old}")


def _choose_data_folder(loaded: "Loaded") -> None:
    """Make the default folder of the books if it is used, and print it."""
    import structlog

    from backstay.service.settings.data_folder import make_data_folder, remarks

    is_default = loaded.sources["database"] == DEFAULT
    for remark in remarks(is_default):
        structlog.get_logger("backstay").warning(remark)
    if is_default:
        make_data_folder()


def _load(database: str | None) -> "Loaded":
    from backstay.service.settings.sources import load

    return load({"database": database})


def _settings(database: str | None) -> "Settings":
    return _load(database).settings


def _for_pg_dump(url: str) -> str:
    """A URL for PostgreSQL's tools, without secrets: a password belongs in ~/.pgpass."""
    from persistence.addresses import MASK, masked

    bare = masked(url).replace("+psycopg2", "").replace(f":{MASK}@", "@")
    address, _, query = bare.partition("?")
    shown = [parameter for parameter in query.split("&") if MASK not in parameter]
    return "?".join(filter(None, (address, "&".join(shown))))


def _settings_table(shown: list[dict[str, str]]) -> Table:
    table = Table("setting", "value", "source", title="Settings")
    for row in shown:
        table.add_row(row["name"], row["value"], row["source"])
    return table
