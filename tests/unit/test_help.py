"""Help: whole on a narrow terminal, and found by every usual word."""

import re

import pytest
import typer

from backstay.cli.main import app
from tests.tidy.test_command_line_docs import COMMANDS
from tests.unit.stub_service import StubService


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> StubService:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    return StubService(monkeypatch)


def shown(
    stub: StubService, capsys: pytest.CaptureFixture[str], *arguments: str, code: int = 0
) -> str:
    assert stub.run(*arguments) == code
    return capsys.readouterr().out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_help_on_80_columns_cuts_no_name(
    stub: StubService, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """Each option and each command is there by its whole name, within the width."""
    text = shown(stub, capsys, *name.split()[1:], "--help")
    for parameter in COMMANDS[name].params:
        for option in parameter.opts:
            assert parameter.name == option or re.search(rf"(^|\W){option}\b", text, re.MULTILINE)
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_list_of_commands_is_whole(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each command's first sentence stands there to its end."""
    text = " ".join(shown(stub, capsys, "--help").split())
    group = typer.main.get_command(app)
    for command in group.commands.values():  # type: ignore[attr-defined]
        assert " ".join(command.help.partition("\n\n")[0].split()) in text


def test_h_and_help_show_what_dash_dash_help_shows(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the whole and of one command; `help` of a word that is no command says so."""
    whole = shown(stub, capsys, "--help")
    assert shown(stub, capsys, "-h") == shown(stub, capsys, "help") == whole
    one = shown(stub, capsys, "account", "open", "--help")
    assert shown(stub, capsys, "account", "open", "-h") == one
    assert shown(stub, capsys, "help", "account", "open") == one
    assert stub.run("help", "sail") == 2
    assert "there is no command 'sail'" in capsys.readouterr().err


def test_a_group_without_a_command_shows_its_help(
    stub: StubService, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2: a command is missing."""
    assert "Usage: backstay account" in shown(stub, capsys, "account", code=2)
