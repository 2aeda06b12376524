"""Each market's prices since the service's start, coarser the older they are.

Prices are sampled, not recorded: the tape is for drawing, and forgotten with the process.
"""

import asyncio
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from actors.engine.clock import Clock
from actors.published import MarketStatus

SAMPLE_SECONDS = 1.0
LEVEL_POINTS = 60
LEVELS_MAX = 16
"""For a market with a price every second the tape reaches 45 days back."""


@dataclass(frozen=True, slots=True)
class Point:
    """The prices of a stretch of time that ended at `time_us`, with `last`."""

    time_us: int
    low: Decimal
    high: Decimal
    last: Decimal


class PriceTape:
    """One market's points.

    The points of the first level are single samples. A full level merges its two oldest points into
    one, and passes it to the next level. So each level's points cover twice as many samples as the
    level before, and a minute, an hour and a month are each drawn by some hundred points.
    """

    def __init__(self, *, level_points: int = LEVEL_POINTS, levels_max: int = LEVELS_MAX) -> None:
        """Hold at most `level_points * levels_max` points; older ones are dropped."""
        self._level_points = level_points
        self._levels_max = levels_max
        self._last_us = 0
        # A point is kept as text: its numbers would take three times the memory.
        self._levels: list[deque[str]] = []

    def add(self, time_us: int, price: Decimal) -> None:
        """Add a sample; a time before the last sample's is replaced by that."""
        self._last_us = max(self._last_us, time_us)
        self._push(0, f"{self._last_us} {price} {price} {price}")

    def points(self) -> Iterator[Point]:
        """All points, the oldest first."""
        for level in reversed(self._levels):
            yield from map(_read, level)

    def _push(self, depth: int, text: str) -> None:
        if depth == len(self._levels):
            self._levels.append(deque())
        level = self._levels[depth]
        level.append(text)
        if len(level) <= self._level_points:
            return
        if depth + 1 == self._levels_max:
            level.popleft()
        else:
            self._push(depth + 1, _merged(level.popleft(), level.popleft()))


class PriceTapes:
    """The tapes of all markets; belongs to the server's event loop."""

    def __init__(self) -> None:
        """Begin with no tapes: a market has one from its first price on."""
        self._tapes: dict[str, PriceTape] = {}
        self._received_us: dict[str, int] = {}

    def sample(self, markets: Mapping[str, MarketStatus], clock: Clock) -> None:
        """Take each market's last accepted price, if one came since the last sample.

        Its time is the time of day when it was received, just as an event's is that of its commit.
        """
        start_us = clock.now_us() - clock.monotonic_us()
        # Copied at once: other threads add markets meanwhile.
        for symbol, status in list(markets.items()):
            last, received_us = status.last, status.received_us
            if last is None or received_us is None:
                continue
            if received_us != self._received_us.get(symbol):
                self._received_us[symbol] = received_us
                tape = self._tapes.setdefault(symbol, PriceTape())
                tape.add(start_us + received_us, last.price)

    def points(self, symbol: str) -> list[Point]:
        """A market's points, the oldest first; none if no price has come yet."""
        tape = self._tapes.get(symbol)
        return [] if tape is None else list(tape.points())

    async def keep_sampling(self, markets: Mapping[str, MarketStatus], clock: Clock) -> None:
        """Sample once a second until it is cancelled."""
        while True:
            self.sample(markets, clock)
            await asyncio.sleep(SAMPLE_SECONDS)


def _read(text: str) -> Point:
    time_us, low, high, last = text.split()
    return Point(int(time_us), Decimal(low), Decimal(high), Decimal(last))


def _merged(earlier: str, later: str) -> str:
    _, low, high, _ = earlier.split()
    time_us, later_low, later_high, last = later.split()
    low, high = min(low, later_low, key=Decimal), max(high, later_high, key=Decimal)
    return f"{time_us} {low} {high} {last}"
