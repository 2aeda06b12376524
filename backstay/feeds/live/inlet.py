"""The way from feeds to markets, and the interface of every feed."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol

from actors.desk.messages import OpenMarket
from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.engine.stats import Histogram
from actors.market.messages import SetPause
from actors.messages import Reply
from actors.published import Published

QUEUED_MAX = 64
"""How many messages may wait in a market's mailbox before its feed waits."""

DELAY_SECONDS = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""The buckets for the delay of an exchange's prices."""

_QUEUE_SECONDS = 0.002
_AWAY_SECONDS = 0.05
_OPEN_SECONDS = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedStatus:
    """A feed's state, for metrics.

    `blocked_us` is the total time for which markets were too busy to take its prices; the time of
    its last message is a Unix time in seconds, None before the first. `ended` says that a feed has
    brought all its prices. `unknown` counts frames that were not understood, by kind. `delay` is of
    an exchange's prices, from its time to their arrival; `clock_ahead_seconds` is how far its clock
    is ahead of ours, by the trade that was least late.
    """

    connected: bool
    blocked_us: int
    last_message_seconds: float | None = None
    ended: bool = False
    reconnects: int = 0
    unknown: Mapping[str, int] = field(default_factory=dict)
    delay: Histogram | None = None
    clock_ahead_seconds: float | None = None


class Feed(Protocol):
    """A source of prices on a thread of its own."""

    name: str

    def start(self) -> None:
        """Open the markets of the known symbols, and bring prices from now on."""
        ...

    def ask_to_stop(self) -> None:
        """Bring no further price; returns at once."""
        ...

    def stop(self, timeout_seconds: float = 2.0) -> None:
        """Bring no further price; returns when the thread has ended, or the time is over."""
        ...

    def symbols(self) -> tuple[str, ...]:
        """The known symbols of this feed."""
        ...

    def trouble(self) -> str | None:
        """The reason why the feed does not work, if it does not."""
        ...

    def status(self) -> FeedStatus:
        """The feed's state."""
        ...


class Inlet:
    """A feed's way to its markets.

    A full mailbox blocks the feed: prices are never merged or dropped, because either could change
    what a position does.
    """

    def __init__(
        self, directory: Directory, published: Published, clock: Clock, stopping: threading.Event
    ) -> None:
        """Every wait here ends when `stopping` is set."""
        self._directory = directory
        self._published = published
        self._clock = clock
        self._stopping = stopping
        # Both in one value: a reader on another thread must not count a wait twice.
        self._waited_us: tuple[int, int | None] = (0, None)

    @property
    def blocked_us(self) -> int:
        """How long the feed has waited for markets so far, a wait in progress included."""
        waited_us, since_us = self._waited_us
        return waited_us + (0 if since_us is None else self._clock.monotonic_us() - since_us)

    def open_market(self, symbol: str) -> None:
        """Open a symbol's market.

        Raises:
            TimeoutError: if the Desk does not open it.
        """
        reply = Reply()
        self._directory.to_desk(OpenMarket(symbol=symbol, reply_to=reply))
        reply.get(_OPEN_SECONDS)

    def wait_for_room(self, symbol: str) -> bool:
        """Wait for a market to catch up; False if the feed is stopped instead."""
        if self._directory.waiting_at_market(symbol) <= QUEUED_MAX:
            return not self._stopping.is_set()
        with self._blocked():
            while self._directory.waiting_at_market(symbol) > QUEUED_MAX:
                if self._stopping.wait(_QUEUE_SECONDS):
                    return False
        return True

    def pause(self, whys: Mapping[str, str]) -> None:
        """Pause markets, each for its reason."""
        # Set before markets are told: if one fails meanwhile, its next life reads it here.
        self._published.feed_pauses.update(whys)
        self._tell({symbol: SetPause(why=why) for symbol, why in whys.items()})

    def resume(self, symbol: str) -> None:
        """Tell a market to resume."""
        self._published.feed_pauses[symbol] = None
        self.tell(symbol, SetPause(why=None))

    def tell(self, symbol: str, message: Any) -> None:
        """Tell a market; a failed one is told in its next life, unless the feed stops."""
        self._tell({symbol: message})

    def _tell(self, messages: Mapping[str, Any]) -> None:
        """Tell each market its message; those that run do not wait for the others."""
        if left := self._not_taken(messages):
            with self._blocked():
                while left and not self._stopping.wait(_AWAY_SECONDS):
                    left = self._not_taken(left)

    def _not_taken(self, messages: Mapping[str, Any]) -> dict[str, Any]:
        return {
            symbol: message
            for symbol, message in messages.items()
            # A message that is not taken is sent again, so none becomes a dead letter.
            if not self._directory.offer_to_market(symbol, message)
        }

    @contextmanager
    def _blocked(self) -> Iterator[None]:
        """Count the time inside the block as blocked."""
        self._waited_us = (self.blocked_us, self._clock.monotonic_us())
        try:
            yield
        finally:
            self._waited_us = (self.blocked_us, None)
