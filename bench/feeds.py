"""Trades from a venue's socket into a market with armed positions, none of them lost.

A local server in another process sends frames as fast as they are taken: through a session, its
decoder, the memory of what was seen, a mailbox, the guard and the trigger book. Beside it, a plain
loop receives the same frames with websocket-client as it is, and does nothing with them.
"""

import gc
import logging
import multiprocessing
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from multiprocessing.connection import Connection as Pipe
from statistics import median

import structlog
from websocket import create_connection

from actors.engine.directory import Directory
from actors.engine.dispatcher import PooledDispatcher
from actors.engine.pooled import Mailbox
from actors.market.actor import MarketActor
from actors.market.messages import Arm, TakePrices
from actors.published import Published, Version
from backstay.feeds.venues.registry import VENUES
from backstay.feeds.venues.session import Session
from bench.figures import run, say, say_rate
from bench.processes import resident_bytes
from harness.venues.connection import frame_of
from harness.venues.server import VenueServer, trades_of
from trading.positions.judging import Triggers

NAME = "feeds"
GOAL = 50_000
ARMED = 1_000
QUEUED_MAX = 64
SEED = 7
WAIT_SECONDS_MAX = 120.0
END = "end"
STREAMS = (("binance", "BTCUSDT", 1), ("kraken", "BTC/USD", 1), ("kraken", "BTC/USD", 10))
BURST = ("binance", "BTCUSDT", 1)


def bench(*, quick: bool) -> None:
    """Measure each stream, then bursts."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    rounds, count = (2, 20_000) if quick else (5, 100_000)
    for stream in STREAMS:
        _stream(*stream, rounds, count)
    _stream(*BURST, rounds, 50_000, name="burst")


def _stream(
    venue: str, symbol: str, per_frame: int, rounds: int, count: int, name: str = ""
) -> None:
    """Measure both sides in turn; the first round warms up."""
    name = name or f"{venue}_frames_of_{per_frame}"
    ours: list[float] = []
    theirs: list[float] = []
    with (
        _other_process(venue, symbol, per_frame) as (pipe, url, plain_url),
        _market() as market,
    ):
        session = _Session(venue, symbol, url, market)
        plain = _Plain(venue, symbol, plain_url)
        before = after = 0
        try:
            for number in range(-1, rounds):
                gc.collect()
                for side, rates in ((session, ours), (plain, theirs)):
                    pipe.send((side is session, count))
                    pipe.recv()
                    pipe.send("go")
                    start = time.perf_counter()
                    side.take(count)
                    seconds = time.perf_counter() - start
                    if number >= 0:
                        rates.append(count / seconds)
                after = resident_bytes()
                before = before or after
            accepted = market.accepted
        finally:
            session.stop()
            plain.stop()
    assert accepted == (rounds + 1) * count, f"{(rounds + 1) * count - accepted} were lost"
    if name == "burst":
        say(NAME, name, count / median(ours), "seconds", messages=count, lost=0)
        return
    say_rate(NAME, name, ours, "trades/s", goal=GOAL, lost=0)
    say_rate(NAME, f"{name}_plain_loop", theirs, "trades/s")
    ratio = median(a / b for a, b in zip(ours, theirs, strict=True))
    say(NAME, f"{name}_over_plain_loop", ratio, "ratio")
    say(NAME, f"{name}_resident", after / 1e6, "MB", after_first_round=round(before / 1e6, 1))


class _Market:
    """A MarketActor with armed positions that no price reaches, and a bound on what waits."""

    def __init__(self, dispatcher: PooledDispatcher) -> None:
        self._published = Published(Version())
        actor = MarketActor(Directory(), dispatcher.clock, "BTCUSD", published=self._published)
        self._ref = dispatcher.start(actor)
        self._inbox = actor.actor_inbox
        rng = random.Random(SEED)
        for position_id in range(1, ARMED + 1):
            low = Decimal(rng.randrange(8_000, 9_500)).scaleb(-2)
            high = Decimal(rng.randrange(10_500, 13_000)).scaleb(-2)
            arm = Arm(position_id=position_id, triggers=Triggers(low=low, high=high), after=None)
            self._ref.tell(arm)

    @property
    def accepted(self) -> int:
        """How many prices the guard has accepted."""
        status = self._published.markets.get("BTCUSD")
        return status.accepted if status else 0

    def prices(self, symbol: str, prices: list[Decimal], times_us: list[int]) -> None:
        assert isinstance(self._inbox, Mailbox)
        while self._inbox.depth() > QUEUED_MAX:
            time.sleep(0.001)
        self._ref.tell(TakePrices(prices=prices, times_us=times_us))

    def served(self, symbol: str) -> None:
        pass

    def lost(self, why: str) -> None:
        raise AssertionError(why)

    def refused(self, symbol: str, why: str) -> None:
        raise AssertionError(why)


class _Session:
    """Our side: waits until the market has accepted everything."""

    def __init__(self, venue: str, symbol: str, url: str, market: _Market) -> None:
        self._market = market
        self._stopping = threading.Event()
        hurried = replace(VENUES[venue], messages_per_second=1e3)
        session = Session(hurried, [symbol], market, url=url)
        self._thread = threading.Thread(target=session.run, args=(self._stopping,))
        self._thread.start()

    def take(self, count: int) -> None:
        goal = self._market.accepted + count
        deadline = time.monotonic() + WAIT_SECONDS_MAX
        while self._market.accepted < goal:
            assert time.monotonic() < deadline, f"{goal - self._market.accepted} have not come"
            time.sleep(0.001)

    def stop(self) -> None:
        self._stopping.set()
        self._thread.join()


class _Plain:
    """The other side: receives, and does nothing."""

    def __init__(self, venue: str, symbol: str, url: str) -> None:
        self._websocket = create_connection(url, timeout=WAIT_SECONDS_MAX)
        for text in VENUES[venue].subscribe([symbol]):
            self._websocket.send(text)

    def take(self, count: int) -> None:
        receive = self._websocket.recv
        while receive() != END:
            pass

    def stop(self) -> None:
        self._websocket.close(timeout=0)


@contextmanager
def _market() -> Iterator[_Market]:
    dispatcher = PooledDispatcher({"pool": 1})
    try:
        yield _Market(dispatcher)
    finally:
        dispatcher.close()


@contextmanager
def _other_process(venue: str, symbol: str, per_frame: int) -> Iterator[tuple[Pipe, str, str]]:
    """Where the servers of both sides are, and a pipe to order trades by."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    process = context.Process(target=_serve, args=(other, venue, symbol, per_frame), daemon=True)
    process.start()
    try:
        yield pipe, *pipe.recv()
    finally:
        pipe.send(None)
        process.join(WAIT_SECONDS_MAX)


def _serve(pipe: Pipe, venue: str, symbol: str, per_frame: int) -> None:
    """In the other process: make what is ordered, and send it once it is wanted."""
    rng, ticks, made = random.Random(SEED), 10_000, 0
    start_us = time.time_ns() // 1000 - 3_600_000_000
    with VenueServer(venue) as ours, VenueServer(venue) as plain:
        pipe.send((ours.url, plain.url))
        while (order := pipe.recv()) is not None:
            for_session, count = order
            server = ours if for_session else plain
            server.wait_subscribed(symbol)
            (client,) = server.connections()
            prices = []
            for _ in range(count):
                ticks = min(max(ticks + rng.choice((-1, 0, 1)), 9_800), 10_200)
                prices.append(f"{ticks // 100}.{ticks % 100:02}")
            trades = trades_of(symbol, prices, first_id=made, start_us=start_us + made * 1000)
            made += count
            texts = [
                client.speaker.trades(trades[at : at + per_frame])
                for at in range(0, count, per_frame)
            ]
            if not for_session:
                texts.append(END)
            data = b"".join(frame_of(text.encode()) for text in texts)
            pipe.send("ready")
            pipe.recv()
            client.send_bytes(data)


if __name__ == "__main__":
    run(bench, __doc__)
