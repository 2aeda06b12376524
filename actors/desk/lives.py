"""Count each actor's failures, and choose the delay before its next start."""

from collections import defaultdict, deque

from trading.times import SECOND_US

RESTART_SECONDS = (0.0, 0.05, 0.2, 0.5, 1.0)
FAILURES_MAX = ((6, 60), (20, 3600))
"""An actor is restarted after up to this many failures in this time; one more sets it aside."""


class Lives:
    """The failures of every actor, by kind and key."""

    __slots__ = ("_ended", "_recent_us")

    def __init__(self) -> None:
        """Begin with no failures."""
        self._ended: defaultdict[tuple[str, str | int], int] = defaultdict(int)
        self._recent_us: defaultdict[tuple[str, str | int], deque[int]] = defaultdict(deque)

    def ended(self, kind: str, key: str | int) -> int:
        """The number of an actor's lives that have ended by a failure."""
        return self._ended[kind, key]

    def end(self, kind: str, key: str | int, now_us: int) -> float | None:
        """Note a failure; returns the seconds to wait, or None where the actor keeps failing."""
        self._ended[kind, key] += 1
        recent = self._recent_us[kind, key]
        recent.append(now_us)
        longest = max(seconds for _, seconds in FAILURES_MAX)
        while recent[0] < now_us - longest * SECOND_US:
            recent.popleft()
        in_a_row = 0
        for failures_max, seconds in FAILURES_MAX:
            failures = sum(1 for at_us in recent if at_us >= now_us - seconds * SECOND_US)
            if failures > failures_max:
                return None
            in_a_row = in_a_row or failures
        return RESTART_SECONDS[min(in_a_row, len(RESTART_SECONDS)) - 1]
