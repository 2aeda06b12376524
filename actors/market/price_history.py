"""Prices that a position may still ask for: back to the oldest unanswered hit or stamp."""

import heapq
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from actors.engine.pooled import Recipient

_TRIM_MIN = 256


class Accepted(NamedTuple):
    """A price that a market accepted, and when by the monotonic clock."""

    number: int
    price: Decimal
    time_us: int
    accepted_us: int | None


class PriceHistory:
    """A symbol's accepted prices since the oldest question that is open.

    A position that was told a hit, or an open that was stamped a price, is *unanswered* from that
    price's number on, until the position arms. Without an unanswered position, nothing is kept.
    """

    __slots__ = ("_by_number", "_first_number", "_prices", "_told", "_unanswered")

    def __init__(self) -> None:
        """Begin without an unanswered position."""
        self._unanswered: dict[int, int] = {}
        self._told: dict[int, Recipient | None] = {}
        # (number, position) of every question; one that was answered goes when it surfaces.
        self._by_number: list[tuple[int, int]] = []
        self._prices: list[Accepted] = []
        self._first_number = 0

    def __bool__(self) -> bool:
        """Whether prices have to be kept."""
        return bool(self._unanswered)

    def __len__(self) -> int:
        """How many prices are kept."""
        return len(self._prices)

    def __contains__(self, position_id: int) -> bool:
        """Whether a position's question is open."""
        return position_id in self._unanswered

    def asked_at(self, position_id: int) -> int | None:
        """The number from which a position's question is open, if it is."""
        return self._unanswered.get(position_id)

    def was_told(self, position_id: int, life: Recipient | None) -> bool:
        """Whether the price of an open question was told to this life of a position."""
        return life is not None and self._told.get(position_id) is life

    def ask(self, position_id: int, number: int, told: Recipient | None = None) -> None:
        """Keep what comes after a number, which is kept itself or the last one, for a position.

        `told` is the position's life that was told the price of this number. A question that is
        open already stays open from where it was.
        """
        self._told[position_id] = told
        if position_id in self._unanswered:
            return
        self._unanswered[position_id] = number
        heapq.heappush(self._by_number, (number, position_id))

    def answer(self, position_id: int) -> int | None:
        """Close a position's question; returns the number from which it was open, if it was."""
        self._told.pop(position_id, None)
        return self._unanswered.pop(position_id, None)

    def keep(self, number: int, price: Decimal, time_us: int, accepted_us: int) -> None:
        """Keep an accepted price; numbers rise by one."""
        if not self._prices:
            self._first_number = number
        self._prices.append(Accepted(number, price, time_us, accepted_us))

    def since(self, number: int) -> Iterator[Accepted]:
        """The kept prices after a number."""
        start = max(0, number + 1 - self._first_number)
        for index in range(start, len(self._prices)):
            yield self._prices[index]

    def trim(self) -> None:
        """Forget the prices that no position can ask for any more."""
        questions = self._by_number
        while questions and self._unanswered.get(questions[0][1]) != questions[0][0]:
            heapq.heappop(questions)
        if not questions:
            self._prices.clear()
            return
        surplus = questions[0][0] + 1 - self._first_number
        if surplus > _TRIM_MIN and surplus * 2 > len(self._prices):
            del self._prices[:surplus]
            self._first_number += surplus
