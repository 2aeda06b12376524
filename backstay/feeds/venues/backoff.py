"""The time to wait before the next attempt."""

from random import Random


class Backoff:
    """Exponential, with full jitter: each wait is drawn from 0 to a ceiling that doubles to a cap.

    So clients that lost a venue at the same moment do not return at the same moment.
    """

    def __init__(self, first_seconds: float, cap_seconds: float, random: Random) -> None:
        """Begin with a ceiling of `first_seconds`."""
        self._first = first_seconds
        self._cap = cap_seconds
        self._random = random
        self._ceiling = first_seconds

    def next_seconds(self) -> float:
        """The wait after one more failure."""
        seconds = self._random.uniform(0.0, self._ceiling)
        self._ceiling = min(self._ceiling * 2, self._cap)
        return seconds

    def reset(self) -> None:
        """Start again from the first ceiling, after a success."""
        self._ceiling = self._first
