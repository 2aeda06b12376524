"""Commands that change something in a service: open, change, close, pause, resume."""

import re
import shlex
import sys
from functools import partial
from typing import Annotated, Any
from uuid import uuid4

import typer

from backstay.cli.client import ServiceAway, ServiceClient, path_of
from backstay.cli.exits import CloseAfter, StopLoss, TakeProfitFill, TakeProfits, Trail, exits_body
from backstay.cli.rendering import closed_table, closed_tables, one_position_table, trading_line
from backstay.cli.terminal import Json, Url, amount_text, print_result
from backstay.service.exits import EXIT_FAILED, EXIT_INPUT
from trading.model import Side

app = typer.Typer()

Reason = Annotated[str, typer.Argument(help="The reason; it is kept with the event.")]
Account = Annotated[str, typer.Option(help="The account.")]
OneAccount = Annotated[str | None, typer.Option(help="Only this account; all by default.")]

Key = Annotated[str | None, typer.Option(help="The idempotency key; a new one by default.")]


@app.command("open")
def open_(
    symbol: Annotated[str, typer.Argument(help="The symbol, such as BTCUSDT.")],
    side: Annotated[
        Side,
        typer.Option(
            case_sensitive=False, help="Long gains when the price rises, short when it falls."
        ),
    ],
    notional: Annotated[str | None, typer.Option(help="The size as money.")] = None,
    quantity: Annotated[
        str | None, typer.Option(help="The size in units, instead of --notional.")
    ] = None,
    account: Account = "demo",
    stop_loss: StopLoss = None,
    take_profit: TakeProfits = None,
    trail: Trail = None,
    close_after: CloseAfter = None,
    take_profit_fill: TakeProfitFill = None,
    key: Key = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Open a position at the mark price; the same --key again opens no second one."""
    if (notional is None) == (quantity is None):
        raise ValueError("give either --notional or --quantity, such as --notional 25")
    body: dict[str, Any] = {"account": account, "symbol": symbol, "side": str(side)}
    if notional is not None:
        body["notional"] = amount_text("--notional", notional)
    if quantity is not None:
        body["quantity"] = amount_text("--quantity", quantity)
    body |= exits_body(stop_loss, take_profit, trail, close_after, take_profit_fill)
    key = _key(key)
    with ServiceClient(url) as client:
        try:
            position = client.post_with_key("positions", body, key)
        except ServiceAway as away:
            if not away.is_open:
                raise
            raise ServiceAway(_how_to_learn(str(away), key)) from None
    print_result(position, one_position_table, as_json=as_json)
    if (note := position.get("market_note")) is not None:
        typer.echo(note, err=True)


@app.command()
def close(
    position_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", min=1, help="The position's id.")
    ] = None,
    share: Annotated[
        str | None, typer.Option(help="Only this share of what is open, such as 50%.")
    ] = None,
    quantity: Annotated[str | None, typer.Option(help="Only this quantity, in units.")] = None,
    note: Annotated[
        str | None, typer.Option(help="A reason; it is kept with the position.")
    ] = None,
    key: Key = None,
    all_: Annotated[bool, typer.Option("--all", help="Close every open position.")] = False,
    account: OneAccount = None,
    symbol: Annotated[str | None, typer.Option(help="With --all: only this symbol's.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --all: act on the last price, however old.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --all: do not ask.")] = False,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Close a position at the mark price, or all with --all; closing twice is harmless."""
    if all_ == (position_id is not None):
        raise ValueError("give either the id of a position or --all")
    if not all_:
        if account is not None or symbol is not None or force:
            raise ValueError("--account, --symbol and --force choose among --all positions")
        with ServiceClient(url) as client:
            asked = {"note": note, "share": share, "quantity": quantity}
            body = {name: text for name, text in asked.items() if text is not None}
            path = path_of("positions", str(position_id), "close")
            done = client.post_with_key(path, body, _key(key))
        print_result(done, closed_table, as_json=as_json)
        return
    if any(given is not None for given in (note, share, quantity, key)):
        raise ValueError(
            "--note, --share, --quantity and --key belong to one position: "
            "leave them out with --all"
        )
    _close_all(account, symbol, force=force, yes=yes, as_json=as_json, url=url)


@app.command()
def change(
    position_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="The position's id.")],
    stop_loss: StopLoss = None,
    take_profit: TakeProfits = None,
    trail: Trail = None,
    close_after: CloseAfter = None,
    key: Key = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Change an open position: its stop, the targets ahead, its trail or its time stop."""
    body = exits_body(stop_loss, take_profit, trail, close_after)
    if not body:
        raise ValueError(
            "nothing to change: give --stop-loss, --take-profit, --trail or --close-after"
        )
    with ServiceClient(url) as client:
        position = client.patch_with_key(path_of("positions", position_id), body, _key(key))
    print_result(position, one_position_table, as_json=as_json)


@app.command()
def pause(
    reason: Reason, account: OneAccount = None, as_json: Json = False, url: Url = None
) -> None:
    """Refuse new positions until `resume`, also after a restart; stops keep working."""
    _set_trading("pause", reason, account, url, as_json)


@app.command()
def resume(
    reason: Reason, account: OneAccount = None, as_json: Json = False, url: Url = None
) -> None:
    """Allow new positions again."""
    _set_trading("resume", reason, account, url, as_json)


def _key(key: str | None) -> str:
    if key is None:
        return str(uuid4())
    if not re.fullmatch("[!-~]+", key):
        raise ValueError(
            f"--key {key!r} is not a key: give letters, digits and signs without spaces"
        )
    return key


def _how_to_learn(why: str, key: str) -> str:
    """What happened to an open, and the command that tells its outcome."""
    # The rest is the API's advice for clients that send HTTP themselves.
    happened = re.split("[:;] ", why, maxsplit=1)[0]
    given = sys.argv[1:]
    if not any(part.partition("=")[0] == "--key" for part in given):
        given = [*given, "--key", key]
    return f"{happened}; to learn whether it opened, run: {shlex.join(['backstay', *given])}"


def _close_all(
    account: str | None,
    symbol: str | None,
    *,
    force: bool,
    yes: bool,
    as_json: bool,
    url: str | None,
) -> None:
    which = " ".join(filter(None, ("all open", symbol, "positions of", _scope(account))))
    if not yes:
        if not sys.stdin.isatty():
            raise ValueError(f"to close {which} without a terminal to ask on, give --yes")
        typer.confirm(f"Close {which}?", abort=True, err=True)
    body: dict[str, Any] = {"account": account, "symbol": symbol, "force": force}
    with ServiceClient(url) as client:
        closed = client.post("positions/close-all", body)
    print_result(closed, closed_tables, as_json=as_json)
    if closed["denied"] or closed["pending"]:
        raise typer.Exit(EXIT_INPUT if closed["denied"] else EXIT_FAILED)


def _set_trading(
    call: str, reason: str, account: str | None, url: str | None, as_json: bool
) -> None:
    body = {"account": account, "reason": reason}
    with ServiceClient(url) as client:
        done = client.post(path_of("trading", call), body)
    print_result(done, partial(trading_line, account), as_json=as_json)


def _scope(account: str | None) -> str:
    return "all accounts" if account is None else f"account {account}"
