"""Every command and option says what it is, in `--help` and in docs/command-line.md."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from backstay.cli.main import app

DOCS = Path(__file__).parents[2] / "docs" / "command-line.md"
EVERYWHERE = {"--json", "--url", "--help"}
"""Options that the page explains once for all commands."""


def commands(command: Any, name: str = "backstay") -> Iterator[tuple[str, Any]]:
    """Every command that can be given, with its full name."""
    if hasattr(command, "commands"):
        for part, inner in command.commands.items():
            yield from commands(inner, f"{name} {part}")
    else:
        yield name, command


COMMANDS = dict(commands(typer.main.get_command(app)))
_SECTION = r"^### `(backstay [a-z ]+)`\n(.*?)(?=^##|\Z)"
SECTIONS = dict(re.findall(_SECTION, DOCS.read_text(), re.MULTILINE | re.DOTALL))


def test_the_page_has_a_section_for_each_command_and_no_other() -> None:
    """A new command is documented, and a removed one is not."""
    assert sorted(SECTIONS) == sorted(COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_and_all_it_takes_have_help(name: str) -> None:
    """Nobody has to guess what an option means."""
    command = COMMANDS[name]
    bare = [parameter.name for parameter in command.params if not parameter.help]
    assert command.help
    assert bare == []


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_a_command_is_documented_with_an_example_and_every_option(name: str) -> None:
    """An option that the page names exists."""
    section = SECTIONS[name]
    example = re.search(rf"^```\n{name}\b", section, re.MULTILINE)
    options = {
        option
        for parameter in COMMANDS[name].params
        for option in parameter.opts
        if option.startswith("--")
    }
    named = set(re.findall(r"--[a-z-]+", section))
    assert example
    assert options - named - EVERYWHERE == set()
    assert named - options == set()
