"""Commands that play prices through the actors: `backstay replay`, `backstay demo`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from service.exits import EXIT_MISMATCH
from trading.books import HealthStatus

if TYPE_CHECKING:
    from service.replay import Outcome

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
    from service.playing import play_recorded

    outcome = play_recorded(
        prices, signals, balance=balance, account=account, database=database, verbose=verbose
    )
    _conclude(outcome, report)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Another seed, another market.")] = 7,
    report: Annotated[Path | None, typer.Option(help="A folder to write report.json into.")] = None,
) -> None:
    """Show the main job on a market that makes itself: no files, no network, no server."""
    from service.playing import play_simulated

    _conclude(play_simulated(seed), report)


def _conclude(outcome: "Outcome", report: Path | None) -> None:
    from service.report import print_summary, write_report

    print_summary(outcome, Console())
    if report is not None:
        typer.echo(f"report written to {write_report(outcome, report)}")
    if outcome.health.status is HealthStatus.MISMATCH:
        raise typer.Exit(EXIT_MISMATCH)
