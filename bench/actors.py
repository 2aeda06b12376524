"""What 100,000 live PositionActors cost, against 2,000 of pykka's ThreadingActor.

Each kind is measured in a process of its own. The positions themselves, as values, are there
before the first measurement: what counts is the actor, its mailbox, its thread if it has one.
An actor counts as started once it has armed at its market.
"""

import gc
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from statistics import median
from typing import Any

import pykka

from actors.engine.directory import Directory
from actors.engine.dispatcher import PooledDispatcher
from actors.engine.pooled import Recipient
from actors.market.messages import Arm
from actors.position.actor import PositionActor
from actors.position.messages import PriceReached
from bench.desks import LADDER, Latch
from bench.figures import run, say
from bench.processes import in_new_process, resident_bytes
from trading.costs import DEFAULT_RATES
from trading.model import Position, Side
from trading.positions.judging import triggers
from trading.positions.opening import opened

Start = Callable[[Directory, Position], Recipient]

NAME = "actors"
POOLED, THREADED = 100_000, 2_000
MEMORY_GOAL = 0.05


@dataclass(frozen=True)
class Cost:
    """What some actors cost: memory in bytes each, the start, and one quiet message each."""

    resident: float
    traced: float
    start_seconds: float
    message_seconds: float


def bench(*, quick: bool) -> None:
    """Measure each kind's memory twice, as the system and as Python counts it."""
    rounds = 1 if quick else 5
    pooled_count, threaded_count = (10_000, 500) if quick else (POOLED, THREADED)
    pooled: list[Cost] = []
    threaded: list[Cost] = []
    for _ in range(rounds):
        pooled.append(in_new_process(_measure_pooled, pooled_count))
        threaded.append(in_new_process(_measure_threaded, threaded_count))
    for kind, count, costs in (
        ("pooled", pooled_count, pooled),
        ("threading", threaded_count, threaded),
    ):
        more = {"actors": count, "rounds": rounds}
        resident = median(cost.resident for cost in costs)
        start = median(cost.start_seconds for cost in costs)
        say(NAME, f"{kind}_resident", resident, "bytes/actor", **more)
        say(NAME, f"{kind}_traced", median(c.traced for c in costs), "bytes/actor", **more)
        say(NAME, f"{kind}_start", start, "s", **more)
        say(NAME, f"{kind}_start_each", start / count * 1e6, "us/actor", **more)
        message = median(cost.message_seconds for cost in costs)
        say(NAME, f"{kind}_messages", count / message, "messages/s", **more)
    say(
        NAME,
        "memory_pooled_over_threading",
        median(a.resident / b.resident for a, b in zip(pooled, threaded, strict=True)),
        "ratio",
        goal=MEMORY_GOAL,
        rounds=rounds,
    )


class ArmingMarket:
    """Stands in for a market: it counts who arms."""

    def __init__(self) -> None:
        """Nobody is expected."""
        self.latch = Latch(0)

    def tell(self, message: Any) -> None:
        """Count an Arm."""
        assert isinstance(message, Arm)
        self.latch.count_down()


class ThreadedPosition(pykka.ThreadingActor):
    """What a PositionActor does when it starts and when a price does nothing, on a thread."""

    def __init__(self, directory: Directory, position: Position) -> None:
        super().__init__()
        self.directory = directory
        self.position = position

    def on_start(self) -> None:
        self._arm()

    def on_receive(self, message: Any) -> None:
        self._arm()

    def _arm(self) -> None:
        position = self.position
        self.directory.to_market(
            position.symbol,
            Arm(position_id=position.position_id, triggers=triggers(position), after=None),
        )


def _measure_pooled(count: int) -> Cost:
    dispatcher = PooledDispatcher()

    def start(directory: Directory, position: Position) -> Recipient:
        return dispatcher.start(PositionActor(directory, position, opened_at_us=0, after=None))

    return _measured(count, start)


def _measure_threaded(count: int) -> Cost:
    try:
        return _measured(count, ThreadedPosition.start)
    finally:
        # Stopping 2,000 threads in order takes longer than all the rest.
        pykka.ActorRegistry.stop_all(block=False)


def _measured(count: int, start: Start) -> Cost:
    """Start all under the system's measure of memory, then some more under Python's."""
    positions = [_position(number) for number in range(1, count + 1)]
    gc.collect()
    gc.freeze()
    market = ArmingMarket()
    directory = _directory(market)
    before = resident_bytes()
    start_seconds = _start(positions, directory, market, start)
    gc.collect()
    resident = (resident_bytes() - before) / count
    message_seconds = _tell_all(positions, directory, market)
    tracemalloc.start()
    more_market = ArmingMarket()
    more_directory = _directory(more_market)
    some = positions[: count // 10]
    _start(some, more_directory, more_market, start)
    gc.collect()
    traced = tracemalloc.get_traced_memory()[0] / len(some)
    tracemalloc.stop()
    return Cost(resident, traced, start_seconds, message_seconds)


def _directory(market: ArmingMarket) -> Directory:
    directory = Directory()
    directory.markets["POLUSDT"] = market
    return directory


def _start(
    positions: list[Position], directory: Directory, market: ArmingMarket, start: Start
) -> float:
    market.latch = Latch(len(positions))
    began = time.perf_counter()
    for position in positions:
        directory.positions[position.position_id] = start(directory, position)
    market.latch.wait()
    return time.perf_counter() - began


def _tell_all(positions: list[Position], directory: Directory, market: ArmingMarket) -> float:
    """Tell each a price that reaches nothing: whoever lives arms again."""
    hits = [
        PriceReached(position_id=position.position_id, price=Decimal(100), time_us=1, number=1)
        for position in positions
    ]
    market.latch = Latch(len(positions))
    began = time.perf_counter()
    for hit in hits:
        directory.to_position(hit.position_id, hit)
    market.latch.wait()
    assert directory.dead_letters == 0, "some have died"
    return time.perf_counter() - began


def _position(number: int) -> Position:
    return opened(
        position_id=number,
        account="demo",
        symbol="POLUSDT",
        side=Side.SHORT if number % 2 else Side.LONG,
        quantity=Decimal("0.25"),
        entry_price=Decimal(100),
        entry_time_us=0,
        ladder=LADDER,
        rates=DEFAULT_RATES,
    ).position


if __name__ == "__main__":
    run(bench, __doc__)
