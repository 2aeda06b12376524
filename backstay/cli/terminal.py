"""Options and printing that the commands for a running service share."""

import json
import os
import sys
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from typer.core import TyperGroup

from backstay.service.exits import EXIT_INPUT


class WholeHelp(TyperGroup):
    """A group of commands whose help lists each one with its whole first sentence.

    Without a command it shows that help.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read a group's own options; without an option or a command, show the help."""
        if not args:
            typer.echo(ctx.get_help())
            raise typer.Exit(EXIT_INPUT)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the list of commands, wrapped and not cut off."""
        rows = [
            (name, (command.help or "").partition("\n\n")[0].replace("\n", " "))
            for name, command in self.commands.items()
            if not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


PIPE_COLUMNS = 10_000
"""The width if the output is not a terminal: programs like `grep` need each row on one line."""

Url = Annotated[
    str | None,
    typer.Option(
        "--url",
        envvar="BACKSTAY_URL",
        help="The service, such as localhost:8470; by default host and port of backstay.toml.",
    ),
]
"""The option of every command that calls a service."""

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
"""The option of every command that has a table for people."""


def fill_closed_streams() -> None:
    """Open /dev/null as each standard stream that is closed, as `2>&-` leaves it.

    Otherwise the next file, perhaps the database, would get its number, and the stream's output.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = os.fdopen(1, "w", closefd=False)
    if sys.stderr is None:
        sys.stderr = os.fdopen(2, "w", closefd=False)


def stdout() -> Console:
    """A console on the standard output, as wide as a row needs where that is not a terminal."""
    width = None if sys.stdout.isatty() else PIPE_COLUMNS
    return Console(width=width, highlight=False, markup=False, emoji=False)


def print_result(document: Any, draw: Callable[[Any], RenderableType], *, as_json: bool) -> None:
    """Print a document for programs, or its table for people."""
    if as_json:
        typer.echo(json.dumps(document, indent=2))
    else:
        stdout().print(draw(document))


def amount_text(option: str, text: str) -> str:
    """An option's number as text; raises ValueError if it is not a number."""
    try:
        finite = Decimal(text).is_finite()
    except InvalidOperation:
        finite = False
    if not finite:
        raise ValueError(f"{option} {text!r} is not a number; give one like 25 or 0.5")
    return text.strip()
