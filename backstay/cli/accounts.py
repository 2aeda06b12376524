"""Commands of an operator in a service: open an account, transfer, release a price, repair."""

from typing import Annotated, Any
from uuid import uuid4

import typer

from backstay.cli.client import ServiceAway, ServiceClient, path_of
from backstay.cli.rendering import markets_table, repair_table, transfer_line, wallet_table
from backstay.cli.terminal import Json, Url, WholeHelp, amount_text, print_result
from backstay.service.exits import EXIT_MISMATCH

app = typer.Typer()
account = typer.Typer(help="A service's accounts.", cls=WholeHelp)

LIMITS = ("position_notional_max", "position_notional_min", "symbol_notional_max")


@account.command("open")
def open_account(
    name: Annotated[str, typer.Argument(help="The account's name.")],
    balance: Annotated[str, typer.Option(help="The initial balance, as money.")],
    account_type: Annotated[str, typer.Option("--type", help="A label of your choice.")] = "demo",
    currency: Annotated[str, typer.Option(help="The account's currency.")] = "USDT",
    open_positions_max: Annotated[
        int | None, typer.Option(min=0, help="How many positions it may hold at once.")
    ] = None,
    position_notional_max: Annotated[
        str | None, typer.Option(help="The most that one position may be worth at its open.")
    ] = None,
    position_notional_min: Annotated[
        str | None, typer.Option(help="The least; the service's default if left out.")
    ] = None,
    symbol_notional_max: Annotated[
        str | None, typer.Option(help="The most that one symbol's positions may be worth.")
    ] = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Open an account; repeating the same command changes nothing."""
    notionals = (position_notional_max, position_notional_min, symbol_notional_max)
    limits: dict[str, Any] = {
        limit: amount_text(f"--{limit.replace('_', '-')}", text)
        for limit, text in zip(LIMITS, notionals, strict=True)
        if text is not None
    }
    if open_positions_max is not None:
        limits["open_positions_max"] = open_positions_max
    body: dict[str, Any] = {
        "account": name,
        "initial_balance": amount_text("--balance", balance),
        "account_type": account_type,
        "currency": currency,
    }
    if limits:
        body["limits"] = limits
    with ServiceClient(url) as client:
        opened = client.post("accounts", body)
    print_result(opened, wallet_table, as_json=as_json)


# An amount below zero begins like an option.
@app.command(context_settings={"ignore_unknown_options": True})
def transfer(
    account: Annotated[str, typer.Argument(help="The account.")],
    amount: Annotated[str, typer.Argument(help="A deposit; a withdrawal if it is below 0.")],
    reference: Annotated[
        str | None, typer.Option(help="Books a transfer once; a new one by default.")
    ] = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Deposit or withdraw money; the same --reference again books nothing more."""
    if reference is None:
        reference = str(uuid4())
    body = {"amount": amount_text("AMOUNT", amount), "reference": reference}
    with ServiceClient(url) as client:
        try:
            booked = client.post(path_of("accounts", account, "transfers"), body)
        except ServiceAway as away:
            if not away.is_open:
                raise
            raise ServiceAway(
                f"{away}; given again with --reference {reference!r} it is booked once"
            ) from None
    print_result(booked, transfer_line, as_json=as_json)


@app.command()
def release(
    symbol: Annotated[str, typer.Argument(help="The market, such as BTCUSDT.")],
    price: Annotated[str, typer.Argument(help="The price in quarantine, as `markets` shows it.")],
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Accept a price that waits in quarantine, because you know that it is right."""
    body = {"price": amount_text("PRICE", price)}
    with ServiceClient(url) as client:
        market = client.post(path_of("markets", symbol, "release"), body)
    print_result(market, lambda one: markets_table({"items": [one], "next": None}), as_json=as_json)


@app.command()
def retire(
    symbol: Annotated[str, typer.Argument(help="The market, such as BTCUSDT.")],
    url: Url = None,
) -> None:
    """Retire a market without open positions; its next price starts it again."""
    with ServiceClient(url) as client:
        client.delete(path_of("markets", symbol))
    typer.echo(f"market {symbol} retired")


@app.command()
def repair(
    account: Annotated[str, typer.Argument(help="The account.")],
    apply: Annotated[
        bool, typer.Option("--apply", help="Restore the balances; needs --reason.")
    ] = False,
    reason: Annotated[
        str | None, typer.Option(help="With --apply: the reason; it is kept with the event.")
    ] = None,
    as_json: Json = False,
    url: Url = None,
) -> None:
    """Compare a wallet's balances with its ledger, or restore them; 1 while books are wrong."""
    if apply != (reason is not None):
        raise ValueError('--apply and --reason go together: --apply --reason "what had happened"')
    path = path_of("accounts", account, "repair")
    with ServiceClient(url) as client:
        found = client.get(path)
        if apply and found["status"] == "REPAIRABLE":
            found = client.post(path, {"reason": reason})
    print_result(found, repair_table, as_json=as_json)
    if found["status"] in {"REPAIRABLE", "IRREPARABLE"}:
        raise typer.Exit(EXIT_MISMATCH)
