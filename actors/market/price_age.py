"""The age of a symbol's last accepted price, by our monotonic clock."""

from actors.engine.clock import Clock
from trading.times import SECOND_US


class PriceAge:
    """The age of what was received last; stale beyond a number of seconds, and at the start."""

    __slots__ = ("_clock", "_received_us", "_since", "us_max")

    def __init__(self, clock: Clock, seconds_max: int) -> None:
        """Begin without a price."""
        self._clock = clock
        self.us_max = seconds_max * SECOND_US
        self._received_us: int | None = None
        self._since = "the start"

    def renew(self) -> None:
        """A price was received now."""
        self._received_us = self._clock.monotonic_us()

    def forget(self) -> None:
        """What was received is not a price to act on: its venue was away since."""
        self._received_us = None
        self._since = "its venue is back"

    @property
    def received_us(self) -> int | None:
        """When the last price was received, by the monotonic clock."""
        return self._received_us

    @property
    def is_stale(self) -> bool:
        """Whether the price is too old to act on."""
        return (
            self._received_us is None
            or self._clock.monotonic_us() - self._received_us > self.us_max
        )

    def __str__(self) -> str:
        """The age for people, and what is allowed."""
        if self._received_us is None:
            return f"no price was received since {self._since}"
        seconds = (self._clock.monotonic_us() - self._received_us) // SECOND_US
        limit = self.us_max // SECOND_US
        return f"its last price was received {seconds} s ago, at most {limit} s are allowed"
