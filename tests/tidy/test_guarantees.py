"""docs/guarantees.md: each guarantee names its tests, and what the types hold is held."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "guarantees.md"
ROOMS = ("auditor", "commit", "desk", "market", "position", "signals", "wallet")
"""The folders of actors/ with the actors themselves."""

WAITING = {"asyncio", "concurrent", "datetime", "pykka", "queue", "select", "socket", "time"}
"""What an actor could wait with, or read the time from."""


def test_every_guarantee_names_a_test() -> None:
    """A sentence that no test holds is a hope; that the tests exist is checked for all pages."""
    items = re.findall(r"^- .*\n(?:  .*\n)*", PAGE.read_text(), flags=re.MULTILINE)
    without = [item for item in items if "`test_" not in item]
    assert len(items) > 40
    assert without == []


def test_no_actor_waits_for_another_or_reads_a_clock_of_its_own() -> None:
    """Without pykka an actor's ref is a `Recipient`, which mypy lets be told and nothing else."""
    found = [
        f"{path.relative_to(ROOT)}: {name}"
        for room in ROOMS
        for path in sorted((ROOT / "actors" / room).glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        for name in imported(node)
        if name.split(".")[0] in WAITING
    ]
    assert found == []


def imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import():
            return [alias.name for alias in node.names]
        case ast.ImportFrom():
            return [node.module or ""]
        case _:
            return []
