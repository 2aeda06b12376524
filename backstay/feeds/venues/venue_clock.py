"""Measure how far a venue's clock is ahead of ours, by the times of its trades."""

from trading.times import SECOND_US

WINDOW_SECONDS = 10.0
AHEAD_SECONDS_MAX = 5.0
"""The market's bound: a price that is stamped further ahead of our clock is rejected."""

BEHIND_SECONDS_MAX = 30.0
"""No venue is this late with every trade, so our clock must be ahead."""


class VenueClock:
    """Remembers the trade that was least late, of the last ten to twenty seconds.

    A trade arrives after it was made, so the least late one measures the two clocks best.
    `ahead_seconds` is how far its time was ahead of ours when it came, negative where it was
    behind, None before the first.
    """

    __slots__ = ("_began_at", "_newest", "ahead_seconds")

    def __init__(self) -> None:
        """Begin before the first trade."""
        self.ahead_seconds: float | None = None
        self._newest = 0.0
        self._began_at = 0.0

    def note(self, time_us: int, now_us: int, at: float) -> None:
        """Note a live trade's time, ours when it came, and the monotonic clock's."""
        ahead = (time_us - now_us) / SECOND_US
        if self.ahead_seconds is None:
            self.ahead_seconds = self._newest = ahead
            self._began_at = at
        elif at - self._began_at >= WINDOW_SECONDS:
            # The best trade of the last window counts for one more window.
            self.ahead_seconds = max(self._newest, ahead)
            self._newest, self._began_at = ahead, at
        else:
            self._newest = max(self._newest, ahead)
            self.ahead_seconds = max(self.ahead_seconds, ahead)

    def trouble(self) -> str | None:
        """The fault of the two clocks, for people; None if they agree well enough."""
        ahead = self.ahead_seconds
        if ahead is not None and ahead > AHEAD_SECONDS_MAX:
            return (
                f"its trades are stamped {ahead:.1f} s ahead of this machine's clock and rejected "
                f"beyond {AHEAD_SECONDS_MAX:g} s: set the clock"
            )
        if ahead is not None and ahead < -BEHIND_SECONDS_MAX:
            return (
                f"its trades come {-ahead:.1f} s late by this machine's clock: "
                "they are late, or the clock is ahead"
            )
        return None
