"""A symbol's armed triggers, sorted, so that a quiet price costs two comparisons."""

import heapq
from decimal import Decimal
from typing import TypeVar

from trading.positions.judging import Triggers
from trading.times import NEVER_US

_NEVER_LOW = Decimal("-Infinity")
_NEVER_HIGH = Decimal("Infinity")
_SWEEP_MIN = 1024

_Trigger = TypeVar("_Trigger", Decimal, int)


class TriggerBook:
    """Positions by the two prices, and the time, that concern them next.

    A price at or below `low`, at or above `high`, or of a time from `due_us` on (microseconds)
    reaches a position. A heap of each kind holds the triggers; an entry whose position was disarmed
    or armed anew is dropped when it surfaces.
    """

    __slots__ = ("_armed", "_dues", "_highs", "_lows", "_serial", "due_us", "high", "low")

    def __init__(self) -> None:
        """Begin without an armed position."""
        self.low = _NEVER_LOW
        self.high = _NEVER_HIGH
        self.due_us = NEVER_US
        self._armed: dict[int, int] = {}
        self._serial = 0
        # (level, position, serial); lows are negated, for heapq keeps the smallest first.
        self._lows: list[tuple[Decimal, int, int]] = []
        self._highs: list[tuple[Decimal, int, int]] = []
        self._dues: list[tuple[int, int, int]] = []

    def __len__(self) -> int:
        """How many positions are armed."""
        return len(self._armed)

    def __contains__(self, position_id: int) -> bool:
        """Whether a position is armed."""
        return position_id in self._armed

    def arm(self, position_id: int, triggers: Triggers) -> None:
        """Wait for a position's triggers, in the place of those it had."""
        self._serial += 1
        self._armed[position_id] = self._serial
        if triggers.low is not None:
            heapq.heappush(self._lows, (triggers.low.copy_negate(), position_id, self._serial))
        if triggers.high is not None:
            heapq.heappush(self._highs, (triggers.high, position_id, self._serial))
        if triggers.due_us is not None:
            heapq.heappush(self._dues, (triggers.due_us, position_id, self._serial))
        self._settle()

    def disarm(self, position_id: int) -> None:
        """Wait for this position no more; nothing happens if it was not armed."""
        if self._armed.pop(position_id, None) is not None:
            self._settle()

    def take_reached(self, price: Decimal, time_us: int) -> list[int]:
        """Disarm the positions that a price and its time reach; return them in ascending order."""
        reached = []
        while price <= self.low:
            reached.append(self._take(self._lows))
        while price >= self.high:
            reached.append(self._take(self._highs))
        while time_us >= self.due_us:
            reached.append(self._take(self._dues))
        return sorted(reached)

    def _take(self, heap: list[tuple[_Trigger, int, int]]) -> int:
        position_id = heapq.heappop(heap)[1]
        del self._armed[position_id]
        self._settle()
        return position_id

    def _settle(self) -> None:
        """Bring live triggers to the top of both heaps, and note their levels."""
        if len(self._lows) > 2 * len(self._armed) + _SWEEP_MIN:
            self._lows = self._swept(self._lows)
        if len(self._highs) > 2 * len(self._armed) + _SWEEP_MIN:
            self._highs = self._swept(self._highs)
        if len(self._dues) > 2 * len(self._armed) + _SWEEP_MIN:
            self._dues = self._swept(self._dues)
        lows, highs, dues, armed = self._lows, self._highs, self._dues, self._armed
        while lows and armed.get(lows[0][1]) != lows[0][2]:
            heapq.heappop(lows)
        while highs and armed.get(highs[0][1]) != highs[0][2]:
            heapq.heappop(highs)
        while dues and armed.get(dues[0][1]) != dues[0][2]:
            heapq.heappop(dues)
        self.low = lows[0][0].copy_negate() if lows else _NEVER_LOW
        self.high = highs[0][0] if highs else _NEVER_HIGH
        self.due_us = dues[0][0] if dues else NEVER_US

    def _swept(self, heap: list[tuple[_Trigger, int, int]]) -> list[tuple[_Trigger, int, int]]:
        live = [entry for entry in heap if self._armed.get(entry[1]) == entry[2]]
        heapq.heapify(live)
        return live
