"""State machines as tables. The code moves by them, and docs/state-machines.md draws them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

State = TypeVar("State", bound=StrEnum)
Event = TypeVar("Event", bound=StrEnum)


class InvalidMoveError(Exception):
    """The table has no such move. This is a bug, and ends the actor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine(Generic[State, Event]):
    """The state that follows each state after an event; a move that `moves` lacks cannot happen.

    A new state is a member of its enum and a row for each way in or out of it.
    """

    name: str
    start: State
    moves: Mapping[tuple[State, Event], State]

    def after(self, state: State, event: Event) -> State:
        """The state that follows; raises `InvalidMoveError` for a move that the table lacks."""
        try:
            return self.moves[state, event]
        except KeyError:
            raise InvalidMoveError(f"{self.name} in {state}: {event} cannot happen") from None
