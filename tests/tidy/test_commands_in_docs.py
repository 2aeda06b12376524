"""The commands that the pages show exist, with their options."""

import re
from pathlib import Path

import pytest

from tests.tidy.test_command_line_docs import COMMANDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md")])
_INLINE = re.compile(r"`((?:backstay|\./run) [^`]+)`")
_FENCED = re.compile(r"^\s*(?:\$ )?((?:backstay|\./run) .*(?:\\\n.*)*)", re.MULTILINE)
_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def shown(page: Path) -> set[str]:
    """The commands of a page, each on one line."""
    text = page.read_text(encoding="utf-8")
    found = [*_INLINE.findall(text), *_FENCED.findall(text)]
    lines = (re.sub(r"\s*\\?\n\s*", " ", one).replace("./run", "backstay") for one in found)
    return {part.strip() for line in lines for part in re.split(r" #| \| |;(?= backstay)", line)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_command_that_a_page_shows_can_be_given(page: Path) -> None:
    """A command or an option that is renamed is renamed everywhere; a name in capitals is any."""
    wrong = []
    for command in shown(page):
        if not re.match(r"backstay [a-z-]", command):
            continue
        names = [name for name in COMMANDS if f"{command} ".startswith(f"{name} ")]
        of_a_group = any(name.startswith(f"{command} ") for name in COMMANDS)
        # `./run` with options alone serves.
        name = max(names, key=len, default="backstay serve")
        options = {o for parameter in COMMANDS[name].params for o in parameter.opts} | {"--help"}
        known = bool(names) or of_a_group or command.startswith("backstay -")
        if not known or set(_OPTION.findall(command)) - options:
            wrong.append(command)
    assert wrong == []
