"""An exchange as a feed: passes its session's prices and states to its symbols' markets."""

import threading
from collections.abc import Sequence
from decimal import Decimal

import structlog

from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.engine.stats import Histogram
from actors.market.messages import TakePrices
from actors.published import Published
from backstay.feeds.live.inlet import DELAY_SECONDS, FeedStatus, Inlet
from backstay.feeds.venues.link import Timing
from backstay.feeds.venues.session import Session
from backstay.feeds.venues.spelling import Listing
from backstay.feeds.venues.venue import Venue
from trading.times import SECOND_US

log = structlog.get_logger(__name__)

WHY_CHARS_MAX = 200


class VenueFeed:
    """Brings an exchange's trades to the markets of its symbols, until it is stopped.

    While the connection is down the markets are paused: nothing is judged or opened. A symbol that
    the exchange refuses stays paused, and the others go on.
    """

    def __init__(
        self,
        venue: Venue,
        listings: Sequence[Listing],
        directory: Directory,
        published: Published,
        clock: Clock,
        *,
        url: str | None = None,
        timing: Timing | None = None,
    ) -> None:
        """Nothing runs until `start`; `url` replaces the venue's own address."""
        self.name = venue.name
        self._symbols = {one.venue_symbol: one.symbol for one in listings}
        self._stopping = threading.Event()
        self._clock = clock
        self._delay = Histogram(DELAY_SECONDS)
        self._inlet = Inlet(directory, published, clock, self._stopping)
        self._session = Session(
            venue, tuple(self._symbols), self, url=url, timing=timing or Timing()
        )
        self._waiting = set(self._symbols)
        self._refused: dict[str, str] = {}
        self._trouble: str | None = "not started"
        self._clock_trouble: str | None = None
        self._thread = threading.Thread(target=self._run, name=f"feed-{venue.name}", daemon=True)

    def start(self) -> None:
        """Open the markets of the symbols, and connect.

        Raises:
            TimeoutError: if the Desk does not open the markets.
        """
        for symbol in self._symbols.values():
            self._inlet.open_market(symbol)
        self._trouble = "not connected yet"
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Bring no further price; returns at once."""
        self._stopping.set()

    def stop(self, timeout_seconds: float = 2.0) -> None:
        """Bring no further price; returns when the thread has ended, or the time is over."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def symbols(self) -> tuple[str, ...]:
        """The symbols that are bound to this venue."""
        return tuple(self._symbols.values())

    def trouble(self) -> str | None:
        """The reason why the feed does not work, if it does not.

        A symbol that the venue refuses affects only its market, unless it refuses all of them.
        """
        trouble, refused = self._trouble, dict(self._refused)
        if trouble is not None:
            return f"{self.name}: {trouble}"
        if len(refused) == len(self._symbols):
            return f"{self.name} serves none of {', '.join(self.symbols())}"
        waiting = sorted(self._symbols[symbol] for symbol in tuple(self._waiting))
        if waiting:
            return f"{self.name} has not confirmed {', '.join(waiting)}"
        clock_trouble = self._session.state.clock.trouble()
        return f"{self.name}: {clock_trouble}" if clock_trouble is not None else None

    def status(self) -> FeedStatus:
        """The feed's state."""
        state = self._session.state
        return FeedStatus(
            connected=state.connected,
            blocked_us=self._inlet.blocked_us,
            last_message_seconds=state.last_message_seconds,
            reconnects=state.reconnects,
            unknown=dict(state.unknown),
            delay=self._delay,
            clock_ahead_seconds=state.clock.ahead_seconds,
        )

    # --- What the session tells, on the feed's thread ------------------------------------------

    def prices(self, symbol: str, prices: list[Decimal], times_us: list[int]) -> None:
        """Pass trades to their market, when it has room."""
        ours = self._symbols[symbol]
        # If our clock is behind the exchange's, the newest price seems to come from the future.
        self._delay.observe(max(0, self._clock.now_us() - times_us[-1]) / SECOND_US)
        self._look_at_clock()
        if self._inlet.wait_for_room(ours):
            self._inlet.tell(ours, TakePrices(prices=prices, times_us=times_us))

    def _look_at_clock(self) -> None:
        """Log when the venue's clock and ours begin to disagree, and when they agree again."""
        before, self._clock_trouble = self._clock_trouble, self._session.state.clock.trouble()
        if before is None and self._clock_trouble is not None:
            log.error(f"clocks disagree: {self.name}: {self._clock_trouble}", venue=self.name)
        elif before is not None and self._clock_trouble is None:
            log.warning("clocks agree again", venue=self.name)

    def served(self, symbol: str) -> None:
        """Resume a symbol's market: its prices come from now on."""
        self._waiting.discard(symbol)
        self._refused.pop(symbol, None)
        self._trouble = None
        self._inlet.resume(self._symbols[symbol])

    def lost(self, why: str) -> None:
        """Pause all markets of this venue."""
        self._trouble = why = _told(why)
        self._waiting = self._symbols.keys() - self._refused.keys()
        text = f"the connection to {self.name} is lost: {why}"
        self._inlet.pause(
            {ours: text for symbol, ours in self._symbols.items() if symbol in self._waiting}
        )

    def refused(self, symbol: str, why: str) -> None:
        """Pause a symbol's market: the venue refuses it, though a later request may succeed."""
        self._waiting.discard(symbol)
        self._refused[symbol] = why = _told(why)
        self._trouble = None
        self._inlet.pause({self._symbols[symbol]: f"{self.name} does not serve {symbol}: {why}"})

    def _run(self) -> None:
        self._session.run(self._stopping)


def _told(why: str) -> str:
    """A venue's text, made safe for events and messages."""
    return "".join(char if char.isprintable() else " " for char in why[:WHY_CHARS_MAX])
