"""Commands that play prices through the actors: `backstay replay`, `backstay demo`."""

import logging
import sys
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeElapsedColumn

from actors.clock import VirtualClock
from actors.journal import write_journal
from feeds.batches import PriceBatch
from feeds.recorded import RecordedPrices, open_prices
from feeds.signals import read_signals
from feeds.simulated import simulated_prices, simulated_signals
from persistence.store import Store
from service.exits import EXIT_MISMATCH
from service.logs import configure_logs
from service.replay import Outcome, check_symbols, replayed
from service.report import print_summary, write_report
from service.settings import masked_database
from trading.books import HealthStatus

app = typer.Typer()


@app.command()
def replay(
    prices: Annotated[
        list[str],
        typer.Argument(
            metavar="PRICES...",
            help="Files of trades (plain, .gz, .zip), merged by time; SYMBOL=FILE names a symbol.",
        ),
    ],
    signals: Annotated[str, typer.Option(help="CSV of the positions to open, and when.")],
    balance: Annotated[str, typer.Option(help="The account's initial balance.")] = "1000",
    account: Annotated[str, typer.Option(help="The account's name.")] = "demo",
    database: Annotated[
        str, typer.Option(help="Where to keep the books: an empty database; in memory by default.")
    ] = "sqlite://",
    report: Annotated[Path | None, typer.Option(help="A folder to write report.json into.")] = None,
    verbose: Annotated[bool, typer.Option(help="Say what happens to each position.")] = False,
) -> None:
    """Play recorded trades through the actors, opening a position at each signal."""
    clock = VirtualClock()
    configure_logs(logging.INFO if verbose else logging.WARNING, clock)
    wanted = read_signals(signals)
    amount = _amount(balance)
    if database != "sqlite://":
        # A database is touched only once every row is known to be readable.
        check_symbols(wanted, _symbols_of(prices), signals)
    store = Store.open(database)
    try:
        if not store.is_empty():
            raise ValueError(
                f"database {masked_database(database)} holds accounts: a replay begins empty"
            )
        with open_prices(prices) as recorded:
            outcome = replayed(
                store,
                _with_progress(recorded),
                wanted,
                signals_name=signals,
                account=account,
                balance=amount,
                clock=clock,
                listeners={"journal": write_journal} if verbose else {},
            )
    finally:
        store.close()
    _conclude(outcome, report)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed, another market.")] = 7,
    report: Annotated[Path | None, typer.Option(help="A folder to write report.json into.")] = None,
) -> None:
    """Show the main job on a market that makes itself: no files, no network, no server."""
    clock = VirtualClock()
    configure_logs(clock=clock)
    store = Store.open("sqlite://")
    try:
        outcome = replayed(
            store,
            simulated_prices(seed),
            simulated_signals(seed),
            signals_name="the simulated signals",
            account="demo",
            balance=Decimal(1000),
            clock=clock,
            listeners={"journal": write_journal},
        )
    finally:
        store.close()
    _conclude(outcome, report)


def _conclude(outcome: Outcome, report: Path | None) -> None:
    print_summary(outcome, Console())
    if report is not None:
        typer.echo(f"report written to {write_report(outcome, report)}")
    if outcome.health.status is HealthStatus.MISMATCH:
        raise typer.Exit(EXIT_MISMATCH)


def _with_progress(recorded: RecordedPrices) -> Iterator[PriceBatch]:
    """The same batches, with a bar on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield from recorded
        return
    columns = ("[progress.description]{task.description}", BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("prices", total=recorded.size)
        for batch in recorded:
            yield batch
            progress.update(task, completed=recorded.position)


def _symbols_of(prices: list[str]) -> frozenset[str]:
    with open_prices(prices) as recorded:
        return frozenset(batch.symbol for batch in recorded)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"--balance {text!r} is no number; give an amount like 1000") from None
