"""The phases of a position's life: what its actor may still do."""

from enum import StrEnum
from types import MappingProxyType

from actors.engine.machine import Machine


class PositionPhase(StrEnum):
    """A living position's phase. Its row says OPEN in the first two, CLOSED in the last."""

    OPEN = "OPEN"
    CLOSING = "CLOSING"
    CLOSED = "CLOSED"


class PositionStep(StrEnum):
    """What moves a position from one phase to the next."""

    MOVED = "the ladder or a caller moves it on"
    EXIT_FIXED = "a price or a caller closes it"
    CLOSE_BOOKED = "its close is durable"


POSITION = Machine(
    name="a position",
    start=PositionPhase.OPEN,
    moves=MappingProxyType(
        {
            (PositionPhase.OPEN, PositionStep.MOVED): PositionPhase.OPEN,
            (PositionPhase.OPEN, PositionStep.EXIT_FIXED): PositionPhase.CLOSING,
            (PositionPhase.CLOSING, PositionStep.CLOSE_BOOKED): PositionPhase.CLOSED,
            # The wallet's next life answers again what the former one had answered.
            (PositionPhase.CLOSED, PositionStep.CLOSE_BOOKED): PositionPhase.CLOSED,
        }
    ),
)
"""While it is OPEN, prices and callers move a position. From CLOSING on its exit is fixed: no price
moves it, and every caller that asks for the close waits for the same outcome."""
