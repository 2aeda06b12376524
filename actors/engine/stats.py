"""The engine's own counts, for metrics; the books do not use them.

Each actor counts on its own thread, and a reader may see a figure a moment old.
"""

from bisect import bisect_left
from collections.abc import Iterable
from enum import StrEnum

from trading.books import HealthStatus
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

    def transaction(self, changes: int, took_us: int) -> None:
        """Count a transaction of this many changes."""
        self.commit_changes.observe(changes)
        self.commit_seconds.observe(took_us / SECOND_US)

    def closed(self, accepted_us: Iterable[int], now_us: int) -> None:
        """Count durable closes, by prices that were accepted at these monotonic times."""
        for each_us in accepted_us:
            self.close_seconds.observe((now_us - each_us) / SECOND_US)

    def health_checked(self, account: str, status: HealthStatus, now_us: int) -> None:
        """Count a check of an account's books."""
        self.health_checks[status] += 1
        if status is HealthStatus.HEALTHY:
            self.last_healthy_us[account] = now_us

    def restarted(self, kind: str) -> None:
        """Count a restart of an actor that failed."""
        self.restarts[kind] = self.restarts.get(kind, 0) + 1
