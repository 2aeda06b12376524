"""How often actors have failed, and how long to wait before the next life."""

from collections import defaultdict, deque

RESTART_SECONDS = (0.0, 0.05, 0.2, 1.0, 5.0)
FAILURES_MAX = 10
FAILURES_WITHIN_SECONDS = 60


class Lives:
    """The failures of every actor, by kind and key."""

    __slots__ = ("_ended", "_recent_us")

    def __init__(self) -> None:
        """Nobody has failed."""
        self._ended: defaultdict[tuple[str, str | int], int] = defaultdict(int)
        self._recent_us: defaultdict[tuple[str, str | int], deque[int]] = defaultdict(deque)

    def ended(self, kind: str, key: str | int) -> int:
        """How many lives of an actor have ended by a failure."""
        return self._ended[kind, key]

    def end(self, kind: str, key: str | int, now_us: int) -> float | None:
        """Note a failure; returns the seconds to wait, or None where waiting does not help."""
        self._ended[kind, key] += 1
        recent = self._recent_us[kind, key]
        recent.append(now_us)
        while recent[0] < now_us - FAILURES_WITHIN_SECONDS * 1_000_000:
            recent.popleft()
        if len(recent) > FAILURES_MAX:
            return None
        return RESTART_SECONDS[min(len(recent), len(RESTART_SECONDS)) - 1]
