"""The command line: every command, and how it ends."""

from importlib.metadata import version
from typing import Annotated

import typer

from actors.system import UncommittedError
from feeds.errors import InputError
from persistence.errors import StoreError
from service import commands_replay, commands_service, commands_show, commands_token, commands_trade
from service.client import CallError
from service.exits import EXIT_FAILED, EXIT_INPUT
from service.replay import ReplayError

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
for commands in (commands_service, commands_show, commands_trade, commands_replay):
    app.add_typer(commands.app)
app.add_typer(commands_token.app, name="token")


def main() -> None:
    """Run the command line; what a person can mend ends it with one clear line each."""
    try:
        app()
    except CallError as error:
        _end(error.exit_code, error)
    except (InputError, ValueError) as error:
        _end(EXIT_INPUT, error)
    except (StoreError, ReplayError, UncommittedError, OSError) as error:
        _end(EXIT_FAILED, error)


@app.callback(invoke_without_command=True)
def backstay(
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", is_eager=True)
    ] = False,
) -> None:
    """Guard trading positions with take-profit ladders, and keep books that provably balance."""
    if show_version:
        typer.echo(f"backstay {version('backstay')}")
        raise typer.Exit


def _end(code: int, error: Exception) -> None:
    for line in str(error).splitlines() or [repr(error)]:
        typer.echo(f"backstay: {line}", err=True)
    raise SystemExit(code)
