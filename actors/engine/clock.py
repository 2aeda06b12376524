"""Clocks: the machine's, and one that moves only when a test or the simulator moves it."""

import time
from typing import Protocol


class Clock(Protocol):
    """The time that actors read."""

    def now_us(self) -> int:
        """The time of day in microseconds since the epoch, UTC."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds since an arbitrary start; never goes backwards, and is used for ages."""
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
    """A clock for replay, simulation and tests; both readings are the same until one is set."""

    def __init__(self, start_us: int = 0) -> None:
        """Start at a time."""
        self._monotonic_us = start_us
        self._wrong_us = 0

    def now_us(self) -> int:
        """The virtual time of day."""
        return self._monotonic_us + self._wrong_us

    def monotonic_us(self) -> int:
        """The virtual time since 1970, without the error of the time of day."""
        return self._monotonic_us

    def advance_to(self, time_us: int) -> None:
        """Move both forward to a monotonic time; a time already past changes nothing."""
        self._monotonic_us = max(self._monotonic_us, time_us)

    def set_wrong(self, by_us: int) -> None:
        """Set how far the time of day is ahead of the monotonic one; negative means behind."""
        self._wrong_us = by_us
