"""`backstay token`: its output can be piped, and never shows a token twice."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from backstay.cli.main import app
from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile, TokenFileError, find_token


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without settings, where tokens were kept before."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BACKSTAY_TOKENS_FILE", "backstay-tokens.json")
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["token", *arguments])


def test_create_prints_the_token_alone(folder: Path) -> None:
    """A pipe gets the token, and the person who types gets the rest."""
    result = run("create", "bot", "--scope", "trade")

    assert result.exit_code == 0, result.output
    tokens = TokenFile(folder / "backstay-tokens.json").tokens()
    token = find_token(tokens, result.stdout.removesuffix("\n"))
    assert token is not None
    assert (token.name, token.scope) == ("bot", Scope.TRADE)
    assert "token bot with scope trade is in backstay-tokens.json" in result.stderr
    assert result.stdout.strip() not in result.stderr


def test_a_token_reads_only_unless_told_otherwise(folder: Path) -> None:
    """The least scope is the default."""
    run("create", "page")

    (token,) = TokenFile(folder / "backstay-tokens.json").tokens()
    assert token.scope is Scope.READ


def test_list_shows_names_scopes_and_times_but_no_digest() -> None:
    """Neither as a table nor as JSON."""
    run("create", "bot", "--scope", "trade")
    run("create", "page")

    table, listed = run("list"), run("list", "--json")

    assert [line.split()[:2] for line in table.stdout.splitlines()] == [
        ["name", "scope"],
        ["bot", "trade"],
        ["page", "read"],
    ]
    entries = json.loads(listed.stdout)
    assert [(entry["name"], entry["scope"]) for entry in entries] == [
        ("bot", "trade"),
        ("page", "read"),
    ]
    assert [set(entry) for entry in entries] == [{"name", "scope", "created_at"}] * 2


def test_revoke_ends_a_token() -> None:
    """The list no longer has it."""
    run("create", "bot")

    result = run("revoke", "bot")

    assert result.stdout == "token bot with scope read is revoked in backstay-tokens.json\n"
    assert json.loads(run("list", "--json").stdout) == []


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("revoke", "bot"), "no token 'bot' in other.json: it holds none"),
        (("create", ""), "token name '' refused"),
    ],
)
def test_what_cannot_be_done_is_said(arguments: tuple[str, ...], why: str) -> None:
    """The error names the file and the reason."""
    result = run(*arguments, "--tokens-file", "other.json")

    assert isinstance(result.exception, TokenFileError)
    assert why in str(result.exception)


def test_the_settings_name_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service and the command use the same one."""
    monkeypatch.setenv("BACKSTAY_TOKENS_FILE", str(folder / "kept.json"))

    run("create", "bot")

    assert (folder / "kept.json").exists()
