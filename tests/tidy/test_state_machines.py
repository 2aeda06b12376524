"""The state machines' tables: whole, and drawn in docs/state-machines.md."""

from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from actors.engine.machine import InvalidMoveError, Machine
from actors.position.phases import POSITION, PositionPhase, PositionStep
from actors.state_machines import MACHINES, page

DOCS = Path(__file__).parents[2] / "docs" / "state-machines.md"
TABLES = [pytest.param(machine, id=machine.name) for machine, _, _ in MACHINES]


def test_the_page_shows_the_tables_as_they_are() -> None:
    """A picture cannot be older than its table; the page's head has the command that draws it."""
    assert DOCS.read_text() == page()


@pytest.mark.parametrize("machine", TABLES)
def test_a_table_reaches_every_state_and_uses_every_event(machine: Machine[Any, Any]) -> None:
    """A state that nothing leads to, or an event that moves nothing, is a mistake in the table."""
    states: type[StrEnum] = type(machine.start)
    events: set[StrEnum] = {event for _, event in machine.moves}
    steps: type[StrEnum] = type(next(iter(events)))
    assert {machine.start, *machine.moves.values()} == set(states)
    assert events == set(steps)


def test_a_move_that_the_table_lacks_is_a_bug() -> None:
    """An exit that is fixed cannot be fixed again: the actor ends instead."""
    with pytest.raises(InvalidMoveError, match=r"a position in CLOSING: .* cannot happen"):
        POSITION.after(PositionPhase.CLOSING, PositionStep.EXIT_FIXED)
