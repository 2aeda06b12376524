"""Which stop-losses a price has reached, without a look at those that it has not."""

import heapq
from collections.abc import Iterable, Mapping
from decimal import Decimal

from trading.model import Position, PositionStatus, Side

COUNTED_MAX = 1_000
"""Where a whole market falls, that it does is known; commits wait while stops are counted."""

_SWEEP_MIN = 1024


class Stops:
    """Open positions by their stops, a heap for each symbol and side.

    To ask about a price costs as much as there are positions whose stops it has reached. These
    are closed in a moment: hardly ever is there one.
    """

    def __init__(self, positions: Iterable[Position]) -> None:
        """Begin with these open positions."""
        self._live: dict[int, Decimal] = {}
        self._heaps: dict[tuple[str, Side], list[tuple[Decimal, int]]] = {}
        self._sweep_at: dict[tuple[str, Side], int] = {}
        for position in positions:
            self.take(position)

    def take(self, position: Position) -> None:
        """Take a position's new state."""
        position_id, key = position.position_id, (position.symbol, position.side)
        heap = self._heaps.setdefault(key, [])
        if position.status is PositionStatus.CLOSED:
            self._live.pop(position_id, None)
            self._drop_dead(heap)
            return
        # A LONG's stop is reached from above: the highest comes first.
        is_long, stop = position.side is Side.LONG, position.stop_price
        level = stop.copy_negate() if is_long else stop
        if self._live.get(position_id) == level:
            return
        self._live[position_id] = level
        heapq.heappush(heap, (level, position_id))
        if len(heap) > self._sweep_at.get(key, _SWEEP_MIN):
            heap[:] = filter(self._is_live, heap)
            heapq.heapify(heap)
            self._sweep_at[key] = 2 * len(heap) + _SWEEP_MIN

    def reached(self, prices: Mapping[str, Decimal]) -> int:
        """How many positions' stops these prices by symbol have reached; it counts to 1,000."""
        count = 0
        for (symbol, side), heap in self._heaps.items():
            price = prices.get(symbol)
            if price is not None:
                limit = price.copy_negate() if side is Side.LONG else price
                count += self._count(heap, limit, COUNTED_MAX - count)
        return count

    def _count(self, heap: list[tuple[Decimal, int]], limit: Decimal, most: int) -> int:
        """How many live entries lie at or below a limit: a branch that begins above it has none."""
        self._drop_dead(heap)
        count, places = 0, [0]
        while places and count < most:
            place = places.pop()
            if place < len(heap) and heap[place][0] <= limit:
                count += self._is_live(heap[place])
                places += (2 * place + 1, 2 * place + 2)
        return count

    def _drop_dead(self, heap: list[tuple[Decimal, int]]) -> None:
        while heap and not self._is_live(heap[0]):
            heapq.heappop(heap)

    def _is_live(self, entry: tuple[Decimal, int]) -> bool:
        level, position_id = entry
        return self._live.get(position_id) == level
