"""Commands about notifications."""

from typing import Any

import typer
from rich.table import Table

from backstay.cli.terminal import Json, WholeHelp, print_result
from backstay.service.exits import EXIT_FAILED

app = typer.Typer(help="Notifications to services outside.", cls=WholeHelp)


@app.callback()
def notify() -> None:
    """Make `test` a subcommand, though it is the only one."""


@app.command("test")
def send_test(as_json: Json = False) -> None:
    """Send each target of notify_urls a test message, and say whether it arrived."""
    from backstay.service.notifications.text import Message
    from backstay.service.settings.sources import load
    from trading.events.words import Gravity

    urls = load().settings.notify_urls
    if not urls:
        raise ValueError("there is no target: set notify_urls, such as json://127.0.0.1:9000/hook")
    from backstay.service.notifications.target import targets_of

    message = Message(
        title="Backstay: test", body="Notifications of Backstay arrive here.", gravity=Gravity.INFO
    )
    outcomes = [
        {"target": target.name, "error": target.send(message)}
        for target in targets_of(tuple(url.get_secret_value() for url in urls))
    ]
    print_result(outcomes, _table, as_json=as_json)
    if any(outcome["error"] for outcome in outcomes):
        raise typer.Exit(EXIT_FAILED)


def _table(outcomes: list[dict[str, Any]]) -> Table:
    table = Table("target", "test message", box=None, pad_edge=False)
    for outcome in outcomes:
        error = outcome["error"]
        table.add_row(outcome["target"], "arrived" if error is None else f"failed: {error}")
    return table
