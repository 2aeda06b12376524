"""Commands for the token file: the callers of the API, and their scopes."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from backstay.cli.terminal import Json, WholeHelp, print_result
from backstay.web.access.scopes import Scope

if TYPE_CHECKING:
    from backstay.web.access.tokens import TokenFile

app = typer.Typer(cls=WholeHelp, help="Create, list and revoke the API's tokens.")

Name = Annotated[str, typer.Argument(help="The token's name, after its user.")]
File = Annotated[
    Path | None,
    typer.Option("--tokens-file", help="The token file; by default that of the settings."),
]


@app.command()
def create(
    name: Name,
    scope: Annotated[
        Scope, typer.Option(help="The token's rights; each scope includes those before it.")
    ] = Scope.READ,
    tokens_file: File = None,
) -> None:
    """Create a token and print it: it is shown only once, and not stored."""
    from backstay.service.settings.data_folder import data_folder, make_data_folder

    file = _file(tokens_file)
    if file.path.parent == data_folder():
        make_data_folder()
    text = file.create(name, scope)
    typer.echo(text)
    typer.echo(
        f"token {name} with scope {scope} is in {file.path} from now on; "
        "the token printed above cannot be shown again",
        err=True,
    )


@app.command("list")
def list_tokens(tokens_file: File = None, as_json: Json = False) -> None:
    """List the tokens: their names, scopes and times, never the tokens themselves."""
    file = _file(tokens_file)
    tokens = [asdict(token) for token in file.read()]
    for token in tokens:
        del token["sha256"]
    print_result(tokens, _table, as_json=as_json)


@app.command()
def revoke(name: Name, tokens_file: File = None) -> None:
    """Revoke a token; a running service refuses it from its next request on."""
    file = _file(tokens_file)
    token = file.revoke(name)
    typer.echo(f"token {token.name} with scope {token.scope} is revoked in {file.path}")


def _file(given: Path | None) -> "TokenFile":
    # Commands that talk to a service start without the settings and the log.
    from backstay.service.settings.sources import load
    from backstay.web.access.tokens import TokenFile

    return TokenFile(load({"tokens_file": given}).settings.tokens_file)


def _table(tokens: list[dict[str, Any]]) -> Table:
    table = Table("name", "scope", "created", box=None, pad_edge=False)
    for token in tokens:
        table.add_row(token["name"], token["scope"], token["created_at"])
    return table
