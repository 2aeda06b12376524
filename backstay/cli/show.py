"""Commands that show what a service holds: positions, wallet, history, health, markets."""

import sys
from enum import StrEnum
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import Group

from backstay.cli.client import ServiceClient, path_of
from backstay.cli.rendering import (
    health_table,
    history_tables,
    markets_table,
    positions_table,
    transactions_table,
    wallet_table,
    wallets_table,
)
from backstay.cli.terminal import Json, Url, print_result, stdout
from backstay.cli.watch import watch as watch_positions
from backstay.service.exits import EXIT_MISMATCH

ALL = sys.maxsize
"""A limit that does not cut a list of few items, such as accounts and markets."""

app = typer.Typer()


class Status(StrEnum):
    """The positions to list."""

    OPEN = "open"
    CLOSED = "closed"
    ALL = "all"


Limit = Annotated[int, typer.Option(min=1, help="How many to list, the newest first.")]


@app.command()
def positions(
    account: Annotated[str | None, typer.Option(help="Only this account's.")] = None,
    status: Annotated[
        Status, typer.Option(case_sensitive=False, help="Only those in this state.")
    ] = Status.OPEN,
    symbol: Annotated[str | None, typer.Option(help="Only this symbol's.")] = None,
    limit: Limit = 100,
    watch: Annotated[bool, typer.Option("--watch", help="Update the table until Ctrl-C.")] = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """List positions with their stops, next take-profits and PnL; the open ones by default."""
    state = None if status is Status.ALL else status.upper()
    wanted = {"account": account, "status": state, "symbol": symbol}
    query = {name: value for name, value in wanted.items() if value is not None}
    if watch and as_json:
        raise ValueError("--watch draws for people and --json is for programs: choose one")
    console = stdout()
    if watch and not console.is_terminal:
        raise ValueError("--watch draws on a terminal, and the output is not one: leave it out")
    with ServiceClient(url) as client:

        def listed() -> dict[str, Any]:
            return client.listed("positions", query, limit)

        if watch:
            watch_positions(lambda: positions_table(listed()), console)
        else:
            page = listed()
            print_result(page, positions_table, as_json=as_json)
            _tell_unreadable(page)


@app.command()
def wallet(
    account: Annotated[str | None, typer.Argument(help="The account; all by default.")] = None,
    transactions: Annotated[
        bool, typer.Option("--transactions", help="List the account's ledger entries.")
    ] = False,
    limit: Limit = 100,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Show the balances of accounts, or the transactions of one."""
    if transactions and account is None:
        raise ValueError("--transactions needs an account: `backstay wallet demo --transactions`")
    with ServiceClient(url) as client:
        if account is None:
            page = client.listed("accounts", {}, ALL)
            print_result(page, wallets_table, as_json=as_json)
        elif transactions:
            page = client.listed(path_of("accounts", account, "transactions"), {}, limit)
            print_result(page, partial(transactions_table, account), as_json=as_json)
            _tell_unreadable(page)
        else:
            balances = client.get(path_of("accounts", account))
            print_result(balances, wallet_table, as_json=as_json)


@app.command()
def history(
    position_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="The position's id.")],
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Show what happened to a position, when and why, with its PnL and costs."""
    with ServiceClient(url) as client:
        told = client.get(path_of("positions", position_id, "history"))
    print_result(told, history_tables, as_json=as_json)


@app.command()
def health(
    account: Annotated[str | None, typer.Argument(help="The account; all by default.")] = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Check now that the books balance; exit code 1 means that they do not."""
    with ServiceClient(url) as client:
        if account is None:
            names = [held["account"] for held in client.listed("accounts", {}, ALL)["items"]]
            reports = [client.get(path_of("accounts", name, "health")) for name in names]
            print_result({"items": reports, "next": None}, _health_tables, as_json=as_json)
        else:
            reports = [client.get(path_of("accounts", account, "health"))]
            print_result(reports[0], health_table, as_json=as_json)
    if any(report["status"] != "HEALTHY" for report in reports):
        raise typer.Exit(EXIT_MISMATCH)


@app.command()
def markets(as_json: Json = False, url: Url = None) -> None:
    """List the markets: last price, its age, and whether it may be acted on."""
    with ServiceClient(url) as client:
        page = client.listed("markets", {}, ALL)
    print_result(page, markets_table, as_json=as_json)


def _health_tables(page: dict[str, Any]) -> Group:
    return Group(*map(health_table, page["items"]))


def _tell_unreadable(page: dict[str, Any]) -> None:
    """Say which rows a list lacks, and what to do about them."""
    for row in page.get("unreadable", ()):
        typer.echo(row["detail"], err=True)
