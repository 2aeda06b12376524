"""Commands about an account's terms: the cost rates and the exits of its next opens."""

from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.console import RenderableType

from backstay.cli.client import ServiceClient, path_of
from backstay.cli.exits import CloseAfter, StopLoss, TakeProfitFill, TakeProfits, Trail, exits_body
from backstay.cli.rendering import costs_table, exits_table
from backstay.cli.terminal import Json, Url, print_result

app = typer.Typer()

Account = Annotated[str, typer.Argument(metavar="ACCOUNT", help="The account.")]
Reset = Annotated[
    bool, typer.Option("--reset", help="Set nothing of its own: the service's apply again.")
]


@app.command("costs")
def costs(
    name: Account,
    fee: Annotated[
        str | None, typer.Option(help="Of the entry and of the exit notional, such as 0.26%.")
    ] = None,
    spread: Annotated[str | None, typer.Option(help="Of the exit notional, such as 0.1%.")] = None,
    slippage: Annotated[
        str | None, typer.Option(help="Of the exit notional, such as 0.05%.")
    ] = None,
    reset: Reset = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Show or set the cost rates of an account's next opens; open positions keep theirs."""
    given = {"fee": fee, "spread": spread, "slippage": slippage}
    body = {kind: rate for kind, rate in given.items() if rate is not None}
    _terms(name, "costs", body, costs_table, reset=reset, as_json=as_json, url=url)


@app.command("exits")
def exits(
    name: Account,
    stop_loss: StopLoss = None,
    take_profit: TakeProfits = None,
    trail: Trail = None,
    close_after: CloseAfter = None,
    take_profit_fill: TakeProfitFill = None,
    reset: Reset = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Show or set the exits that an account's next opens have unless they say their own."""
    body = exits_body(stop_loss, take_profit, trail, close_after, take_profit_fill)
    _terms(name, "exits", body, exits_table, reset=reset, as_json=as_json, url=url)


def _terms(
    name: str,
    kind: str,
    body: dict[str, Any],
    draw: Callable[[dict[str, Any]], RenderableType],
    *,
    reset: bool,
    as_json: bool,
    url: str | None,
) -> None:
    """Set an account's terms where some are given, and print those that it then has."""
    if reset and body:
        raise ValueError("--reset sets nothing of the account's own: leave out the other options")
    with ServiceClient(url) as client:
        if body or reset:
            told = client.put(path_of("accounts", name, kind), body)
        else:
            told = client.get(path_of("accounts", name))
    print_result(told, draw, as_json=as_json)
