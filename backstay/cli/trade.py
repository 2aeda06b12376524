"""Commands that change something in a service: open, close, tighten, pause, resume."""

import re
import shlex
import sys
from functools import partial
from typing import Annotated, Any
from uuid import uuid4

import typer

from backstay.cli.client import ServiceAway, ServiceClient, path_of
from backstay.cli.rendering import closed_table, closed_tables, one_position_table, trading_line
from backstay.cli.terminal import Json, Url, amount_text, amount_texts, print_result
from backstay.service.exits import EXIT_FAILED, EXIT_INPUT
from trading.model import Side

app = typer.Typer()

Reason = Annotated[str, typer.Argument(help="The reason; it is kept with the event.")]
Account = Annotated[str, typer.Option(help="The account.")]
OneAccount = Annotated[str | None, typer.Option(help="Only this account; all by default.")]


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
    stop_loss_pct: Annotated[
        str | None, typer.Option(help="The distance of the stop-loss from the entry, in percent.")
    ] = None,
    take_profit_pcts: Annotated[
        str | None, typer.Option(help='The take-profits, in percent from the entry: "3;6;10".')
    ] = None,
    close_fractions: Annotated[
        str | None, typer.Option(help='The share that each take-profit closes: "0.5;0;0.5".')
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="The idempotency key; a new one by default.")
    ] = None,
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
    if stop_loss_pct is not None:
        body["stop_loss_pct"] = amount_text("--stop-loss-pct", stop_loss_pct)
    if take_profit_pcts is not None:
        body["take_profit_pcts"] = amount_texts("--take-profit-pcts", take_profit_pcts)
    if close_fractions is not None:
        body["close_fractions"] = amount_texts("--close-fractions", close_fractions)
    if key is None:
        key = str(uuid4())
    elif not re.fullmatch("[!-~]+", key):
        raise ValueError(
            f"--key {key!r} is not a key: give letters, digits and signs without spaces"
        )
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
    note: Annotated[
        str | None, typer.Option(help="A reason; it is kept with the position.")
    ] = None,
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
            body = {} if note is None else {"note": note}
            done = client.post(path_of("positions", str(position_id), "close"), body)
        print_result(done, closed_table, as_json=as_json)
        return
    if note is not None:
        raise ValueError("--note belongs to one position: leave it out with --all")
    _close_all(account, symbol, force=force, yes=yes, as_json=as_json, url=url)


@app.command()
def tighten(
    position_id: Annotated[int, typer.Argument(metavar="ID", min=1, help="The position's id.")],
    price: Annotated[str, typer.Argument(help="The new stop-loss, nearer to the mark price.")],
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Move a position's stop-loss; it may only tighten."""
    body = {"stop_loss": amount_text("PRICE", price)}
    with ServiceClient(url) as client:
        position = client.patch(path_of("positions", position_id), body)
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
