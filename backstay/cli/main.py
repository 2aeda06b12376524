"""The command line: every command, and its exit codes."""

import traceback
from typing import Annotated, Any, NoReturn

import typer

from backstay.cli import accounts as commands_accounts
from backstay.cli import metrics as commands_metrics
from backstay.cli import notifications as commands_notify
from backstay.cli import replay as commands_replay
from backstay.cli import service as commands_service
from backstay.cli import show as commands_show
from backstay.cli import simulate as commands_simulate
from backstay.cli import terms as commands_terms
from backstay.cli import tokens as commands_token
from backstay.cli import trade as commands_trade
from backstay.cli.client import CallError
from backstay.cli.terminal import WholeHelp, fill_closed_streams
from backstay.feeds.errors import InputError
from backstay.printable import one_line, printable
from backstay.replay.errors import ReplayError
from backstay.service.exits import EXIT_DECLINED, EXIT_FAILED, EXIT_INPUT
from backstay.web.wording import in_words
from persistence.errors import (
    ForeignLog,
    NotThere,
    OwnedElsewhere,
    SharedSessions,
    StoreError,
    UnfitBackup,
)

ASK_DIFFERENTLY = (
    InputError,
    ValueError,
    FileExistsError,
    NotThere,
    OwnedElsewhere,
    SharedSessions,
    ForeignLog,
    UnfitBackup,
)
"""The errors that a repetition of the command does not cure."""

app = typer.Typer(
    cls=WholeHelp,
    add_completion=False,
    pretty_exceptions_enable=False,
    # Rich help cuts options' names off where a terminal is narrow.
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (
    commands_service,
    commands_show,
    commands_trade,
    commands_accounts,
    commands_replay,
    commands_simulate,
    commands_metrics,
):
    app.add_typer(commands.app)
commands_accounts.account.add_typer(commands_terms.app)
app.add_typer(commands_accounts.account, name="account")
app.add_typer(commands_notify.app, name="notify")
app.add_typer(commands_token.app, name="token")


def main() -> None:
    """Run the command line; an error that the user can correct ends it with one clear line."""
    fill_closed_streams()
    try:
        raise SystemExit(app(prog_name="backstay", standalone_mode=False))
    except typer.TyperException as error:
        _end(error.exit_code, _usage(error))
    except typer.Abort:
        _end(EXIT_DECLINED, "nothing is done")
    except CallError as error:
        _end(error.exit_code, error)
    except ASK_DIFFERENTLY as error:
        _end(EXIT_INPUT, error)
    except (StoreError, ReplayError, OSError) as error:
        _end(EXIT_FAILED, error)
    except Exception:
        # A bug. Python's own exit code, 1, would say that the books do not balance.
        traceback.print_exc()
        raise SystemExit(EXIT_FAILED) from None


@app.command("help")
def help_(
    context: typer.Context,
    command: Annotated[
        list[str] | None, typer.Argument(metavar="[COMMAND]...", help="The command to explain.")
    ] = None,
) -> None:
    """Show the help of Backstay or of one command, as --help does."""
    assert context.parent is not None
    of: Any = context.parent
    for name in command or ():
        found = getattr(of.command, "commands", {}).get(name)
        if found is None:
            raise ValueError(
                f"there is no command {' '.join(command or ())!r}: `backstay help` lists them"
            )
        of = typer.Context(found, info_name=name, parent=of)
    typer.echo(of.get_help())


@app.callback(invoke_without_command=True)
def backstay(
    show_version: Annotated[
        bool, typer.Option("--version", help="Show the version and end.", is_eager=True)
    ] = False,
) -> None:
    """Guard trading positions with take-profit ladders, and keep books that provably balance."""
    if show_version:
        from importlib.metadata import version

        typer.echo(f"backstay {version('backstay')}")
        raise typer.Exit


def _usage(error: typer.TyperException) -> str:
    """The error in the command's form, on one line; empty if its help is already shown."""
    text = one_line(error.format_message()).removesuffix(".")
    cause = error.__cause__
    if isinstance(cause, ValueError) and hasattr(cause, "errors"):  # the validator's own words
        said = cause.errors()[0]
        text = text.replace(one_line(said["msg"]), in_words(said))
    context = getattr(error, "ctx", None)
    if not text or context is None:
        return text
    return f"{text}: `{context.command_path} --help` says what it takes"


def _end(code: int, error: Exception | str) -> NoReturn:
    lines = error if isinstance(error, str) else str(error) or repr(error)
    for line in lines.splitlines():
        typer.echo(f"backstay: {printable(line)}", err=True)
    raise SystemExit(code)
