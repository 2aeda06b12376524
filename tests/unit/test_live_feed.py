"""A live feed: pace, stamps, backpressure, failures and the stop, on a clock of the test's own."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest

from actors.desk.messages import MarketOpened, OpenMarket
from actors.engine.clock import VirtualClock
from actors.engine.directory import Directory
from actors.market.messages import TakePrices
from actors.published import MarketStatus, Published, Version
from backstay.feeds.batches import PriceBatch
from backstay.feeds.errors import InputError
from backstay.feeds.live.inlet import QUEUED_MAX
from backstay.feeds.live.paced import LiveFeed, Pacer, Source

SECONDS = 60.0
SECOND_US = 1_000_000
START_US = 1_800_000_000 * SECOND_US


class FakeDirectory(Directory):
    """Says what the test sets of how many messages wait."""

    def __init__(self) -> None:
        super().__init__()
        self.queue_lengths: dict[str, int] = {}

    def waiting_at_market(self, symbol: str) -> int:
        """Return how long the symbol's queue is."""
        return self.queue_lengths.get(symbol, 0)


@dataclass
class Market:
    """One symbol's market, on the feed's thread."""

    symbol: str
    floor: "FakeFloor"

    def tell(self, message: Any) -> None:
        """Take prices."""
        assert isinstance(message, TakePrices)
        self.floor.take(self.symbol, message)


class FakeFloor:
    """A Desk that opens markets, and what a feed tells them."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.taken: list[tuple[str, Decimal, int | None]] = []
        self.directory = FakeDirectory()
        self.directory.desk = self
        self.published = Published(Version())
        self._changed = threading.Condition()

    def tell(self, command: Any) -> None:
        """Open a market, as the Desk does."""
        assert isinstance(command, OpenMarket)
        self.opened.append(command.symbol)
        self.directory.markets[command.symbol] = Market(command.symbol, self)
        assert command.reply_to is not None
        command.reply_to.tell(MarketOpened(symbol=command.symbol))

    def take(self, symbol: str, message: TakePrices) -> None:
        """Remember prices, and publish that there is one."""
        status = MarketStatus(symbol=symbol, last=None, received_us=0, price_age_us_max=0)
        with self._changed:
            self.published.markets[symbol] = status
            pairs = zip(message.prices, message.times_us, strict=True)
            self.taken += [(symbol, price, time_us) for price, time_us in pairs]
            self._changed.notify_all()

    def wait_for(self, count: int) -> None:
        """Wait until so many prices were told."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.taken) >= count, SECONDS), self.taken


def batch(*seconds: int, symbol: str = "BTCUSDT") -> PriceBatch:
    """Prices 1, 2, 3 ... at these seconds of the feed's own time."""
    prices = [Decimal(number) for number in range(1, len(seconds) + 1)]
    return PriceBatch(symbol, [second * SECOND_US for second in seconds], prices)


def of(*batches: PriceBatch) -> Source:
    """A source of these batches."""
    return lambda _taken: nullcontext(batches)


def feed_of(
    source: Source, floor: FakeFloor, clock: VirtualClock, *, speed: int = 1, symbols: Any = ()
) -> LiveFeed:
    """A feed that is not started."""
    return LiveFeed(
        "test",
        source,
        floor.directory,
        floor.published,
        clock,
        speed=Decimal(speed),
        symbols=symbols,
    )


def test_prices_are_told_when_they_are_due() -> None:
    """At speed 60 a minute of the feed is a second of ours; the market stamps what comes."""
    floor, clock = FakeFloor(), VirtualClock(START_US)
    feed = feed_of(of(batch(1000, 1060, 1120)), floor, clock, speed=60, symbols=["BTCUSDT"])
    feed.start()
    try:
        floor.wait_for(1)
        clock.advance_to(START_US + SECOND_US)
        floor.wait_for(2)
        assert [time_us for _, _, time_us in floor.taken] == [None, None]
        assert floor.opened == ["BTCUSDT"]
    finally:
        feed.stop()


def test_symbols_that_are_found_on_the_way_get_their_market_first() -> None:
    """A recorded file names its symbols as it goes."""
    floor, clock = FakeFloor(), VirtualClock(START_US)
    feed = feed_of(of(batch(1), batch(1, symbol="ETHUSDT")), floor, clock)
    assert feed.trouble() == "not started"
    feed.start()
    floor.wait_for(2)
    feed.stop()
    assert floor.opened == ["BTCUSDT", "ETHUSDT"]
    assert feed.symbols() == ("BTCUSDT", "ETHUSDT")
    assert feed.trouble() is None


def test_a_feed_without_a_price_yet_is_not_ready() -> None:
    """Each of its symbols must have had one."""
    floor, clock = FakeFloor(), VirtualClock(START_US)
    feed = feed_of(of(batch(0), batch(9)), floor, clock, symbols=["BTCUSDT", "ETHUSDT"])
    feed.start()
    floor.wait_for(1)
    assert feed.trouble() == "no price yet of ETHUSDT"
    feed.stop()


def test_a_full_queue_holds_the_feed_up_and_nothing_is_lost() -> None:
    """The reader waits; it goes on with the very next price when there is room."""
    floor, clock = FakeFloor(), VirtualClock(START_US)
    asked = threading.Semaphore(0)

    def queued(symbol: str) -> int:
        asked.release()
        return floor.directory.queue_lengths.get(symbol, 0)

    floor.directory.queue_lengths["BTCUSDT"] = QUEUED_MAX + 1
    floor.directory.waiting_at_market = queued  # type: ignore[method-assign]
    feed = feed_of(of(batch(0, 0, 0)), floor, clock)
    feed.start()
    try:
        assert all(asked.acquire(timeout=SECONDS) for _ in range(3))
        assert floor.taken == []
        floor.directory.queue_lengths.clear()
        floor.wait_for(3)
        assert [price for _, price, _ in floor.taken] == [1, 2, 3]
    finally:
        feed.stop()


def test_a_feed_that_was_held_up_does_not_rush() -> None:
    """Its time begins anew: what follows keeps its distances."""
    clock = VirtualClock(START_US)
    pacer = Pacer(clock, Decimal(1))
    assert pacer.due_in_us(0) == 0
    clock.advance_to(START_US + 60 * SECOND_US)
    pacer.catch_up(2 * SECOND_US)
    assert pacer.due_in_us(5 * SECOND_US) == 3 * SECOND_US


@pytest.mark.parametrize("hours", [-24, 24])
def test_a_clock_that_is_set_changes_nothing_for_a_feed(hours: int) -> None:
    """What is due goes by the monotonic clock."""
    clock = VirtualClock(START_US)
    pacer = Pacer(clock, Decimal(1))
    assert pacer.due_in_us(0) == 0
    clock.set_wrong(hours * 3_600 * SECOND_US)
    pacer.catch_up(0)
    assert pacer.due_in_us(5 * SECOND_US) == 5 * SECOND_US


def test_a_failing_feed_begins_anew_behind_what_was_taken() -> None:
    """It says so meanwhile, and no price comes twice."""
    floor, clock = FakeFloor(), VirtualClock(START_US)
    lives: list[int] = []

    def source(taken: int) -> AbstractContextManager[Iterable[PriceBatch]]:
        lives.append(taken)
        return nullcontext(failing() if len(lives) == 1 else [batch(2)])

    def failing() -> Iterator[PriceBatch]:
        yield batch(0, 0)
        raise OSError("the wire broke")

    feed = feed_of(source, floor, clock)
    feed.start()
    floor.wait_for(2)
    floor.wait_for(3)
    feed.stop()
    assert lives == [0, 2]
    assert feed.trouble() is None


def test_a_damaged_file_ends_the_feed_and_is_named() -> None:
    """Reading it again would find the same; the service goes on, not ready."""
    floor, clock = FakeFloor(), VirtualClock(START_US)
    over = threading.Event()

    @contextmanager
    def source(_taken: int) -> Iterator[Iterable[PriceBatch]]:
        try:
            yield damaged()
        finally:
            over.set()

    def damaged() -> Iterator[PriceBatch]:
        yield batch(0)
        raise InputError("price 'abc' is not a number", file="day.csv", line=7)

    feed = feed_of(source, floor, clock)
    feed.start()
    assert over.wait(SECONDS)
    feed.stop()
    assert feed.trouble() == "feed test ended: day.csv, line 7: price 'abc' is not a number"


def test_a_feed_that_is_over_says_so() -> None:
    """It brings no more, and is not in trouble; one that is stopped is not over."""
    clock = VirtualClock(START_US)
    over = threading.Event()

    @contextmanager
    def source(_taken: int) -> Iterator[Iterable[PriceBatch]]:
        yield [batch(0)]
        over.set()

    played = feed_of(source, FakeFloor(), clock)
    played.start()
    assert over.wait(SECONDS)
    stopped = feed_of(of(batch(0, 31_536_000)), floor := FakeFloor(), clock)
    stopped.start()
    floor.wait_for(1)
    while_playing = stopped.status()
    assert (while_playing.connected, while_playing.ended) == (True, False)
    for feed, ended in ((played, True), (stopped, False)):
        feed._thread.join(SECONDS if ended else 0)
        feed.stop(SECONDS)
        assert (feed.status().connected, feed.status().ended) == (False, ended)
        assert feed.trouble() is None


def test_a_stop_does_not_wait_for_the_next_price() -> None:
    """The next one is a year away; the thread has ended when `stop` returns."""
    floor, clock = FakeFloor(), VirtualClock(START_US)
    feed = feed_of(of(batch(0, 31_536_000)), floor, clock)
    feed.start()
    floor.wait_for(1)
    feed.stop(SECONDS)
    assert not [thread for thread in threading.enumerate() if thread.name == "feed-test"]
