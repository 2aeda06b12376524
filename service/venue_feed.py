"""An exchange as a feed: its session's news told to the markets of its symbols."""

import threading
from collections.abc import Sequence
from decimal import Decimal

import structlog

from actors.clock import Clock
from actors.messages import PauseMarket, ResumeMarket, TakePrices
from feeds.venues.link import Timing
from feeds.venues.session import Session
from feeds.venues.spelling import Listing
from feeds.venues.venue import Venue
from service.inlet import FeedStatus, Floor, Inlet

log = structlog.get_logger(__name__)


class VenueFeed:
    """Brings an exchange's trades to the markets of its symbols, for as long as it is not stopped.

    While the connection is down the markets are paused: nothing is judged or opened. A symbol that
    the exchange refuses stays paused, and the others go on.
    """

    def __init__(
        self,
        venue: Venue,
        listings: Sequence[Listing],
        floor: Floor,
        clock: Clock,
        *,
        url: str | None = None,
        timing: Timing | None = None,
    ) -> None:
        """Nothing runs until `start`; `url` is another address than the venue's own."""
        self.name = venue.name
        self._symbols = {one.venue_symbol: one.symbol for one in listings}
        self._stopping = threading.Event()
        self._inlet = Inlet(floor, clock, self._stopping)
        self._session = Session(
            venue, tuple(self._symbols), self, url=url, timing=timing or Timing()
        )
        self._waiting = set(self._symbols)
        self._refused: dict[str, str] = {}
        self._trouble: str | None = "not started"
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
        """Why its prices cannot be relied on, if so.

        A symbol that the venue refuses is its market's trouble, unless there is no other.
        """
        trouble, refused = self._trouble, dict(self._refused)
        if trouble is not None:
            return f"{self.name}: {trouble}"
        if len(refused) == len(self._symbols):
            return f"{self.name} serves none of {', '.join(self.symbols())}"
        waiting = sorted(self._symbols[symbol] for symbol in tuple(self._waiting))
        return f"{self.name} has not confirmed {', '.join(waiting)}" if waiting else None

    def status(self) -> FeedStatus:
        """How it stands."""
        state = self._session.state
        return FeedStatus(
            connected=state.connected,
            blocked_us=self._inlet.blocked_us,
            last_message_seconds=state.last_message_seconds,
            reconnects=state.reconnects,
            unknown=dict(state.unknown),
        )

    # --- What the session tells, on the feed's thread ------------------------------------------

    def prices(self, symbol: str, prices: list[Decimal], times_us: list[int]) -> None:
        """Hand trades to their market, when it has room."""
        ours = self._symbols[symbol]
        if self._inlet.wait_for_room(ours):
            self._inlet.tell(ours, TakePrices(prices=prices, times_us=times_us))

    def served(self, symbol: str) -> None:
        """A symbol's prices come from now on."""
        self._waiting.discard(symbol)
        self._refused.pop(symbol, None)
        self._trouble = None
        self._inlet.tell(self._symbols[symbol], ResumeMarket())

    def lost(self, why: str) -> None:
        """Nothing of this venue can be relied on."""
        self._trouble = why
        self._waiting = self._symbols.keys() - self._refused.keys()
        for symbol in self._waiting:
            pause = PauseMarket(why=f"the connection to {self.name} is lost: {why}")
            self._inlet.tell(self._symbols[symbol], pause)

    def refused(self, symbol: str, why: str) -> None:
        """The venue does not serve a symbol; asked for anew, it may change its mind."""
        self._waiting.discard(symbol)
        self._refused[symbol] = why
        self._trouble = None
        pause = PauseMarket(why=f"{self.name} does not serve {symbol}: {why}")
        self._inlet.tell(self._symbols[symbol], pause)

    def _run(self) -> None:
        self._session.run(self._stopping)
