"""Commands that play prices through the actors: `backstay replay`, `backstay demo`."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backstay.service.exits import EXIT_MISMATCH, EXIT_ROWS
from trading.books import HealthStatus

if TYPE_CHECKING:
    from backstay.replay.playing import Tapes
    from backstay.replay.replay import Outcome
    from backstay.replay.sweep.sweep import Result

IN_MEMORY = "sqlite://"

Report = Annotated[
    Path | None,
    typer.Option("--report", file_okay=False, help="A folder to write the report into."),
]

Verbose = Annotated[
    bool, typer.Option("--verbose", help="Log what happens to each position, as it happens.")
]

app = typer.Typer()


@app.command()
def replay(
    prices: Annotated[
        list[str],
        typer.Argument(
            metavar="PRICES...",
            help="Files of trades or candles (plain, .gz, .zip), merged by time; "
            "SYMBOL=FILE names a symbol.",
        ),
    ],
    signals: Annotated[str, typer.Option(help="CSV of the positions to open, and when.")],
    balance: Annotated[str, typer.Option(help="The account's initial balance.")] = "1000",
    account: Annotated[str, typer.Option(help="The account's name.")] = "demo",
    database: Annotated[
        str, typer.Option(help="Where to keep the books: an empty database; in memory by default.")
    ] = IN_MEMORY,
    report: Report = None,
    verbose: Verbose = False,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUES",
            help="Try each ladder of a grid: stop_loss=2%,3%,5% or take_profits='3%;6%;10%,2%;4%' "
            "or, given twice, both.",
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes of a sweep; one a core by default.")
    ] = None,
) -> None:
    """Play recorded prices through the actors, opening a position at each signal."""
    from backstay.replay.playing import Tapes, play_recorded, play_sweep

    if sweep:
        if verbose or database != IN_MEMORY:
            raise ValueError(
                "--sweep runs in memory and without a log: leave out --database and --verbose"
            )
        results = play_sweep(
            prices, signals, sweep, balance=balance, account=account, workers=workers
        )
        _rank(results, Decimal(balance), report)
        return
    if workers is not None:
        raise ValueError("--workers is for --sweep: one replay runs in one process")
    tapes = None if report is None else Tapes()
    outcome = play_recorded(
        prices,
        signals,
        balance=balance,
        account=account,
        database=database,
        verbose=verbose,
        tapes=tapes,
    )
    _conclude(outcome, report, tapes)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="The seed of the simulated market.")] = 7,
    report: Report = None,
    verbose: Verbose = False,
) -> None:
    """Run a replay on a simulated market: no files, no network, no server."""
    from backstay.replay.playing import Tapes, play_simulated

    tapes = None if report is None else Tapes()
    _conclude(play_simulated(seed, verbose=verbose, tapes=tapes), report, tapes)


def _conclude(outcome: "Outcome", report: Path | None, tapes: "Tapes | None") -> None:
    from backstay.cli.terminal import stdout
    from backstay.replay.report.report import print_summary, report_of, write_report

    print_summary(outcome, stdout())
    if report is not None and tapes is not None:
        from backstay.replay.report.html import write_html

        figures = report_of(outcome)
        typer.echo(f"report written to {write_report(figures, report)}")
        page = write_html(figures, tapes.prices, tapes.events, report)
        typer.echo(f"page written to {page}")
    if outcome.health.status is HealthStatus.MISMATCH:
        raise typer.Exit(EXIT_MISMATCH)
    if outcome.prices.held_back:
        raise typer.Exit(EXIT_ROWS)


def _rank(results: "Sequence[Result]", balance: Decimal, report: Path | None) -> None:
    from backstay.cli.terminal import stdout
    from backstay.replay.sweep.report import ranking_table, write_sweep

    stdout().print(ranking_table(results))
    if report is not None:
        for path in write_sweep(results, balance, report):
            typer.echo(f"ranking written to {path}")
    if any(result.health is HealthStatus.MISMATCH for result in results):
        raise typer.Exit(EXIT_MISMATCH)
    if results[0].prices.held_back:
        raise typer.Exit(EXIT_ROWS)
