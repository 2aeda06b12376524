"""The feeds of the settings, and their connection to the running system."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext

import structlog

from actors.engine.clock import Clock
from actors.published import Published
from actors.system import System
from backstay.feeds.batches import PriceBatch
from backstay.feeds.live.inlet import Feed, FeedStatus
from backstay.feeds.live.paced import LiveFeed, Source
from backstay.feeds.live.venue_feed import VenueFeed
from backstay.feeds.recorded import open_prices
from backstay.feeds.simulated import SYMBOLS, simulated_prices
from backstay.feeds.venues.registry import VENUES
from backstay.service.settings.settings import Settings

log = structlog.get_logger(__name__)


class Feeds:
    """All feeds of a service; there may be none."""

    def __init__(self, feeds: Sequence[Feed]) -> None:
        """Begin with no feed started."""
        self._feeds = tuple(feeds)

    def start(self) -> None:
        """Start them in order; raises `TimeoutError` if a market is not opened."""
        for feed in self._feeds:
            feed.start()

    def stop(self, timeout_seconds: float) -> None:
        """Stop them at the same time, and wait at most this long for all."""
        for feed in self._feeds:
            feed.ask_to_stop()
        end = time.monotonic() + timeout_seconds
        for feed in self._feeds:
            feed.stop(max(0.0, end - time.monotonic()))

    def names_by_symbol(self) -> dict[str, str]:
        """The feed that brings each symbol's prices, by symbol."""
        return {symbol: feed.name for feed in self._feeds for symbol in feed.symbols()}

    def awaited_symbols(self) -> frozenset[str]:
        """The symbols whose prices are expected; a feed that has ended brings none."""
        going_on = (feed for feed in self._feeds if not feed.status().ended)
        return frozenset(symbol for feed in going_on for symbol in feed.symbols())

    def trouble(self) -> str | None:
        """Why no feed works; None while at least one does."""
        troubles = [trouble for feed in self._feeds if (trouble := feed.trouble()) is not None]
        return "; ".join(troubles) if self._feeds and len(troubles) == len(self._feeds) else None

    def statuses(self) -> dict[str, FeedStatus]:
        """Each feed's state, by its name."""
        return {feed.name: feed.status() for feed in self._feeds}


def feeds_of(settings: Settings, system: System, clock: Clock) -> Feeds:
    """The feeds that the settings ask for, not started.

    A simulated market continues from the last accepted prices.

    Raises:
        InputError: for a recorded file that cannot be opened.
    """
    match settings.feed:
        case ("none",):
            return Feeds(())
        case ("simulated",):
            symbols = settings.symbols or SYMBOLS
            source = _simulated(settings.seed, symbols, system.published)
        case ("recorded",):
            symbols = ()
            source = _recorded(settings.recorded, settings.symbols)
            with source(0):
                pass
        case _:
            return Feeds(_venues(settings, system, clock))
    (name,) = settings.feed
    feed = LiveFeed(
        name,
        source,
        system.directory,
        system.published,
        clock,
        speed=settings.speed,
        symbols=symbols,
    )
    return Feeds([feed])


def _venues(settings: Settings, system: System, clock: Clock) -> list[Feed]:
    return [
        VenueFeed(
            VENUES[venue],
            listings,
            system.directory,
            system.published,
            clock,
            url=settings.feeds[venue].url,
        )
        for venue, listings in settings.listings().items()
    ]


def _simulated(seed: int, symbols: tuple[str, ...], published: Published) -> Source:
    def source(_taken: int) -> AbstractContextManager[Iterable[PriceBatch]]:
        known = [last for symbol in symbols if (last := published.last_price(symbol))]
        last_prices = {last.symbol: last.price for last in known}
        return nullcontext(
            simulated_prices(seed, span_us=None, symbols=symbols, last_prices=last_prices)
        )

    return source


def _recorded(files: tuple[str, ...], symbols: tuple[str, ...]) -> Source:
    @contextmanager
    def source(taken: int) -> Iterator[Iterable[PriceBatch]]:
        with open_prices(files) as recorded:
            wanted = (batch for batch in recorded if not symbols or batch.symbol in symbols)
            yield _after(taken, wanted)
            for one in recorded.reordered:
                log.warning(
                    "recorded file was put in order",
                    file=one.file,
                    rows=str(one.disorder),
                    late_rows=one.late,
                )

    return source


def _after(taken: int, batches: Iterable[PriceBatch]) -> Iterator[PriceBatch]:
    """The same batches without the first prices."""
    for symbol, times_us, prices in batches:
        if taken < len(prices):
            yield PriceBatch(symbol, times_us[taken:], prices[taken:])
        taken = max(0, taken - len(prices))
