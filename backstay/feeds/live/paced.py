"""Live prices: a feed on its own thread, paced by the clock, into the markets of its symbols."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from decimal import Decimal

import structlog

from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.market.messages import TakePrices
from actors.published import Published
from backstay.feeds.batches import PriceBatch
from backstay.feeds.errors import InputError
from backstay.feeds.live.inlet import FeedStatus, Inlet
from trading.times import SECOND_US

log = structlog.get_logger(__name__)

RESTART_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0)
_SLIP_US_MAX = SECOND_US
_TICK_SECONDS = 0.005
_PRICES_MAX = 1_000


Source = Callable[[int], AbstractContextManager[Iterable[PriceBatch]]]
"""Opens a feed's prices, given the number already taken by a life that failed."""


class Pacer:
    """Converts a feed's own time into our monotonic clock's.

    A feed that was delayed continues at the same pace: it does not rush to catch up.
    """

    def __init__(self, clock: Clock, speed: Decimal) -> None:
        """Play `speed` seconds of the feed in one of ours, from the first `due_in_us` on."""
        self._clock = clock
        self._speed = speed
        self._first_us: int | None = None
        self._monotonic_us = 0

    def due_in_us(self, feed_us: int) -> int:
        """The time until a price is due, in microseconds; 0 or less if it is due."""
        if self._first_us is None:
            self._begin(feed_us)
        return self._monotonic_us + self._played_us(feed_us) - self._clock.monotonic_us()

    def catch_up(self, feed_us: int) -> None:
        """Restart the pace at a price that comes late."""
        if self.due_in_us(feed_us) < -_SLIP_US_MAX:
            self._begin(feed_us)

    def _begin(self, feed_us: int) -> None:
        self._first_us = feed_us
        self._monotonic_us = self._clock.monotonic_us()

    def _played_us(self, feed_us: int) -> int:
        assert self._first_us is not None, "due_in_us comes first"
        return int((feed_us - self._first_us) / self._speed)


class LiveFeed:
    """Plays a source's prices until it ends or is stopped; a source that fails is opened again.

    `symbols` are known beforehand, or found as the prices come.
    """

    def __init__(
        self,
        name: str,
        source: Source,
        directory: Directory,
        published: Published,
        clock: Clock,
        *,
        speed: Decimal,
        symbols: Iterable[str] = (),
    ) -> None:
        """Prepare the feed; it runs from `start` on."""
        self.name = name
        self._source = source
        self._published = published
        self._clock = clock
        self._speed = speed
        self._symbols = tuple(symbols)
        self._stopping = threading.Event()
        self._inlet = Inlet(directory, published, clock, self._stopping)
        self._taken = 0
        self._taken_us: int | None = None
        self._trouble: str | None = "not started"
        self._ended = False
        self._thread = threading.Thread(target=self._run, name=f"feed-{name}", daemon=True)

    def start(self) -> None:
        """Open the markets of the known symbols, and play from now on.

        Raises:
            TimeoutError: if the Desk does not open the markets.
        """
        for symbol in self._symbols:
            self._inlet.open_market(symbol)
        self._trouble = None
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Play no further price; returns at once."""
        self._stopping.set()

    def stop(self, timeout_seconds: float = 2.0) -> None:
        """Play no further price; returns when the thread has ended, or the time is over."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def symbols(self) -> tuple[str, ...]:
        """The known symbols of this feed."""
        return self._symbols

    def trouble(self) -> str | None:
        """The reason why the feed does not work; None if all of its symbols have had a price."""
        if self._trouble is not None or self._ended:
            return self._trouble
        waiting = [symbol for symbol in self._symbols if not self._published.has_price(symbol)]
        if waiting or not self._symbols:
            return f"no price yet of {', '.join(waiting) or 'any symbol'}"
        return None

    def status(self) -> FeedStatus:
        """The feed's state; while it plays, it counts as connected."""
        taken_us, ended = self._taken_us, self._ended
        return FeedStatus(
            connected=self._thread.is_alive() and self._trouble is None and not ended,
            blocked_us=self._inlet.blocked_us,
            last_message_seconds=None if taken_us is None else taken_us / SECOND_US,
            ended=ended,
        )

    def _run(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            before = self._taken
            try:
                self._play()
            except InputError as error:
                self._trouble = f"feed {self.name} ended: {error}"
                log.error("feed ended", feed=self.name, error=str(error))
                return
            except Exception as error:
                failures = 0 if self._taken > before else failures
                seconds = RESTART_SECONDS[min(failures, len(RESTART_SECONDS) - 1)]
                failures += 1
                self._trouble = f"feed {self.name} failed: {error!r}"
                log.exception("feed failed", feed=self.name, restart_seconds=seconds)
                self._stopping.wait(seconds)
                continue
            if not self._stopping.is_set():
                self._ended = True
                log.info("feed is over", feed=self.name, prices=self._taken)
            return

    def _play(self) -> None:
        pacer = Pacer(self._clock, self._speed)
        with self._source(self._taken) as batches:
            for batch in batches:
                if batch.symbol not in self._symbols:
                    self._inlet.open_market(batch.symbol)
                    self._symbols = (*self._symbols, batch.symbol)
                for end in self._ends_of_runs(batch, pacer):
                    self._trouble = None
                    self._taken += end
                    self._taken_us = self._clock.now_us()
                if self._stopping.is_set():
                    return

    def _ends_of_runs(self, batch: PriceBatch, pacer: Pacer) -> Iterator[int]:
        """Tell a batch's prices as they become due; yields how many were told each time."""
        times_us, prices = batch.times_us, batch.prices
        index, count = 0, len(times_us)
        while index < count:
            if not self._wait_until_due(times_us[index], pacer):
                return
            if not self._inlet.wait_for_room(batch.symbol):
                return
            pacer.catch_up(times_us[index])
            end = index + 1
            while end < min(count, index + _PRICES_MAX) and pacer.due_in_us(times_us[end]) <= 0:
                end += 1
            # Played prices have no sender: the market's clock gives their times.
            message = TakePrices(prices=prices[index:end], times_us=[None] * (end - index))
            self._inlet.tell(batch.symbol, message)
            yield end - index
            index = end

    def _wait_until_due(self, feed_us: int, pacer: Pacer) -> bool:
        """Wait for a price's time; False if the feed is stopped instead."""
        while (left_us := pacer.due_in_us(feed_us)) > 0:
            if self._stopping.wait(max(left_us / SECOND_US, _TICK_SECONDS)):
                return False
        return not self._stopping.is_set()
