"""The engine's own counts, for metrics; the books do not use them.

Who counts does it on their own thread, and who reads may see a figure a moment old.
"""

from bisect import bisect_left
from collections.abc import Iterable
from enum import StrEnum

from persistence.changes import Change
from trading.books import HealthStatus
from trading.events.positions import PositionClosed
from trading.model import CloseReason
from trading.times import SECOND_US

COMMIT_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
COMMIT_CHANGES = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)
CLOSE_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)


class CommitFailure(StrEnum):
    """Why a transaction was not written; a closed set."""

    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Histogram:
    """A count of values up to each bound, and their sum."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """Begin empty; `bounds` rise, and a last count takes the values above them all."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class EngineStats:
    """Counts of commits, closes, health checks and restarts since the start.

    `restarts` counts by kind of actor; `last_healthy_us` is when each account last passed a health
    check, as a time of day.
    """

    def __init__(self) -> None:
        """Begin with all counts at zero."""
        self.commit_seconds = Histogram(COMMIT_SECONDS)
        self.commit_changes = Histogram(COMMIT_CHANGES)
        self.commit_failures = dict.fromkeys(CommitFailure, 0)
        self.close_seconds = Histogram(CLOSE_SECONDS)
        self.health_checks = dict.fromkeys(HealthStatus, 0)
        self.last_healthy_us: dict[str, int] = {}
        self.restarts: dict[str, int] = {}
        self._accepted_us: dict[int, int] = {}

    def transaction(self, changes: int, took_us: int) -> None:
        """A transaction of so many changes was written."""
        self.commit_changes.observe(changes)
        self.commit_seconds.observe(took_us / SECOND_US)

    def closing(self, position_id: int, accepted_us: int) -> None:
        """A price that its market accepted at a monotonic time closes a position."""
        self._accepted_us[position_id] = accepted_us

    def committed(self, changes: Iterable[Change], now_us: int) -> None:
        """Changes are durable at a monotonic time: of the closes it is known how long they took."""
        if not self._accepted_us:
            return
        for change in changes:
            for event in change.events:
                if isinstance(event, PositionClosed):
                    accepted_us = self._accepted_us.pop(event.position_id, None)
                    if accepted_us is not None and event.reason is not CloseReason.MANUAL:
                        self.close_seconds.observe((now_us - accepted_us) / SECOND_US)

    def health_checked(self, account: str, status: HealthStatus, now_us: int) -> None:
        """An account's books were checked."""
        self.health_checks[status] += 1
        if status is HealthStatus.HEALTHY:
            self.last_healthy_us[account] = now_us

    def restarted(self, kind: str) -> None:
        """An actor that failed gets its next life."""
        self.restarts[kind] = self.restarts.get(kind, 0) + 1
