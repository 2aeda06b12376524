"""A session on a thread of its own, and a sink that keeps what it is told."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from typing import Any

from backstay.feeds.venues.link import Timing
from backstay.feeds.venues.registry import VENUES
from backstay.feeds.venues.session import Session
from backstay.feeds.venues.venue import Venue

WAIT_SECONDS = 60.0
HURRIED = Timing(backoff_first=0.01, backoff_cap=0.05, overlap=0.05, look=0.01)
"""Loses no time by itself; a venue on a busy machine has all the time to answer that it needs."""

IMPATIENT = replace(HURRIED, ack=0.2)
"""For tests of answers that do not come."""

SYMBOLS = {
    "binance": ("BTCUSDT", "ETHUSDT"),
    "kraken": ("BTC/USD", "ETH/USD"),
    "coinbase": ("BTC-USD", "ETH-USD"),
    "bybit": ("BTCUSDT", "ETHUSDT"),
    "okx": ("BTC-USDT", "ETH-USDT"),
}


def hurried(name: str, **changes: Any) -> Venue:
    """A venue whose rates are no hindrance to a test."""
    return replace(
        VENUES[name], **{"messages_per_second": 1e4, "connect_seconds_min": 0.01, **changes}
    )


class RecordingSink:
    """Keeps everything in order; `news` has pairs of what it was told, and of whom or why.

    `on_prices` is called before prices are kept, and may block or raise.
    """

    def __init__(self) -> None:
        self.news: list[tuple[str, str]] = []
        self.on_prices: Callable[[], object] = lambda: None
        self._changed = threading.Condition()

    def prices(self, symbol: str, prices: list[Decimal], times_us: list[int]) -> None:
        """Keep each price as news of its own."""
        assert len(prices) == len(times_us) > 0
        self.on_prices()
        self._keep(*((f"price {symbol}", str(price)) for price in prices))

    def served(self, symbol: str) -> None:
        """Keep it."""
        self._keep(("served", symbol))

    def lost(self, why: str) -> None:
        """Keep it."""
        self._keep(("lost", why))

    def refused(self, symbol: str, why: str) -> None:
        """Keep it."""
        self._keep(("refused", symbol))

    def of(self, kind: str) -> list[str]:
        """All news of a kind so far."""
        with self._changed:
            return [what for told, what in self.news if told == kind]

    def wait_for(self, kind: str, what: str | None = None, times: int = 1) -> str:
        """Wait until something was told so often; returns the last of it."""

        def found() -> list[str]:
            return [one for one in self.of(kind) if what is None or one == what]

        with self._changed:
            if not self._changed.wait_for(lambda: len(found()) >= times, WAIT_SECONDS):
                raise AssertionError(f"no {kind} {what or ''} x {times} in {self.news[-50:]}")
            return found()[times - 1]

    def _keep(self, *news: tuple[str, str]) -> None:
        with self._changed:
            self.news.extend(news)
            self._changed.notify_all()


@contextmanager
def listening(
    venue: Venue,
    url: str,
    *symbols: str,
    timing: Timing = HURRIED,
    sink: RecordingSink | None = None,
) -> Iterator[tuple[Session, RecordingSink]]:
    """A session that runs meanwhile; afterwards it must end soon."""
    sink = sink or RecordingSink()
    session = Session(venue, symbols or SYMBOLS[venue.name], sink, url=url, timing=timing)
    stopping = threading.Event()
    thread = threading.Thread(target=session.run, args=(stopping,), daemon=True)
    thread.start()
    try:
        yield session, sink
    finally:
        stopping.set()
        thread.join(WAIT_SECONDS)
        assert not thread.is_alive(), "the session does not end"
