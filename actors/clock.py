"""Clocks: the machine's, and one that only moves when it is told to."""

import time
from typing import Protocol


class Clock(Protocol):
    """Where actors read the time."""

    def now_us(self) -> int:
        """The time of day in microseconds since the epoch, UTC."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds since some start; never goes backwards, and is used for ages."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now_us(self) -> int:
        """The machine's time of day."""
        return time.time_ns() // 1000

    def monotonic_us(self) -> int:
        """The machine's monotonic clock."""
        return time.monotonic_ns() // 1000


class VirtualClock:
    """A clock for replay, simulation and tests; both readings are the same time."""

    def __init__(self, start_us: int = 0) -> None:
        """Start at a time."""
        self._now_us = start_us

    def now_us(self) -> int:
        """The virtual time of day."""
        return self._now_us

    def monotonic_us(self) -> int:
        """The virtual time of day, too."""
        return self._now_us

    def advance_to(self, time_us: int) -> None:
        """Move forward to a time; a time already past changes nothing."""
        self._now_us = max(self._now_us, time_us)
