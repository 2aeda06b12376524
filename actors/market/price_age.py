"""The age of a symbol's last accepted price, by our monotonic clock."""

from actors.engine.clock import Clock
from trading.times import SECOND_US


class PriceAge:
    """When a price was received last: too old beyond a number of seconds, and at the start.

    `since` names the moment that the age counts from while nothing was received.
    """

    __slots__ = ("_clock", "_received_us", "since", "us_max")

    def __init__(self, clock: Clock, seconds_max: int) -> None:
        """Begin without a price."""
        self._clock = clock
        self.us_max = seconds_max * SECOND_US
        self._received_us: int | None = None
        self.since = "the start"

    def renew(self) -> None:
        """A price was received now."""
        self._received_us = self._clock.monotonic_us()

    def forget(self) -> None:
        """What was received is not a price to act on: its venue was away since."""
        self._received_us = None
        self.since = "its venue is back"

    @property
    def received_us(self) -> int | None:
        """When the last price was received, by the monotonic clock."""
        return self._received_us
