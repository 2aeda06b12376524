"""The parts of an event's words."""

from dataclasses import dataclass
from decimal import Decimal
from enum import IntEnum

from trading.events.positions import PositionClosed, PositionReduced
from trading.money import plain, trimmed


class Gravity(IntEnum):
    """How serious an event is; a message about several events takes the most serious."""

    INFO = 0
    GAIN = 1
    LOSS = 2
    WARNING = 3
    FAILURE = 4


@dataclass(frozen=True, slots=True)
class Words:
    """One event in words: its gravity, a title without a full stop, and a sentence."""

    gravity: Gravity
    title: str
    sentence: str


def earned(part: PositionReduced | PositionClosed) -> str:
    """The PnL and costs of a closed part, in words."""
    return (
        f"gross {amount(part.gross_pnl)}, costs {amount(part.costs.total)}, "
        f"net {amount(part.net_pnl)}"
    )


def amount(value: Decimal) -> str:
    """An amount without trailing zeros."""
    return plain(trimmed(value))
