"""The exits that an open or a signal asks for, and the defaults that stand in for what it omits."""

from dataclasses import dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import TypeVar

from trading.exits.ladder import (
    DEFAULT_LADDER,
    Ladder,
    Rung,
    TakeProfitFill,
    Trailing,
    checked,
)
from trading.exits.level import Level

T = TypeVar("T")


class Said(Enum):
    """What was said instead of a value: NONE means that there is none, not even the default's."""

    NONE = "none"

    def __str__(self) -> str:
        """The notation of every edge."""
        return self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Exits:
    """A ladder of which each field may be left out (None): the default stands in for it.

    `take_profits` without a rung, and `Said.NONE` elsewhere, say that there is none.
    """

    stop_loss: Level | Said | None = None
    take_profits: tuple[Rung, ...] | None = None
    trailing: Trailing | Said | None = None
    close_after_us: int | Said | None = None
    take_profit_fill: TakeProfitFill | None = None

    def over(self, default: Ladder = DEFAULT_LADDER) -> Ladder:
        """The whole ladder: what is said here, and the default's for the rest.

        Raises:
            ValueError: with the reason, if the whole cannot be guarded.
        """
        return _whole(self, default)

    def merged(self, default: Ladder) -> Ladder:
        """The same, whether it can be guarded or not.

        A trail of the default's that begins at a rung goes with the default's rungs only.
        """
        ladder = default
        if self.take_profits is not None:
            ladder = replace(ladder, rungs=self.take_profits)
            if ladder.trailing is not None and ladder.trailing.start.rung is not None:
                ladder = replace(ladder, trailing=None)
        if self.stop_loss is not None:
            ladder = replace(ladder, stop_loss=_value(self.stop_loss))
        if self.trailing is not None:
            ladder = replace(ladder, trailing=_value(self.trailing))
        if self.close_after_us is not None:
            ladder = replace(ladder, close_after_us=_value(self.close_after_us))
        if self.take_profit_fill is not None:
            ladder = replace(ladder, take_profit_fill=self.take_profit_fill)
        return ladder

    def and_then(self, other: "Exits") -> "Exits":
        """These exits, with what `other` says in the place of what is said here."""
        return Exits(
            stop_loss=self.stop_loss if other.stop_loss is None else other.stop_loss,
            take_profits=self.take_profits if other.take_profits is None else other.take_profits,
            trailing=self.trailing if other.trailing is None else other.trailing,
            close_after_us=(
                self.close_after_us if other.close_after_us is None else other.close_after_us
            ),
            take_profit_fill=(
                self.take_profit_fill if other.take_profit_fill is None else other.take_profit_fill
            ),
        )


@lru_cache(maxsize=1024)
def _whole(exits: Exits, default: Ladder) -> Ladder:
    # Signals share their few ladders, and checking one costs as much as opening a position.
    return checked(exits.merged(default))


def exits_of(ladder: Ladder) -> Exits:
    """A whole ladder as exits that leave nothing out."""
    return Exits(
        stop_loss=_said(ladder.stop_loss),
        take_profits=ladder.rungs,
        trailing=_said(ladder.trailing),
        close_after_us=_said(ladder.close_after_us),
        take_profit_fill=ladder.take_profit_fill,
    )


def _value(said: T | Said) -> T | None:
    return None if isinstance(said, Said) else said


def _said(value: T | None) -> T | Said:
    return Said.NONE if value is None else value


NOTHING_SAID = Exits()
"""Exits that leave everything to the default."""
