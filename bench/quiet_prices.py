"""Prices that reach nobody, through a MarketActor's mailbox, with few and with many armed.

A price's cost must not depend on how many positions wait for another one.
"""

import gc
import random
import time
from decimal import Decimal

from actors.engine.directory import Directory
from actors.engine.dispatcher import PooledDispatcher
from actors.market.actor import MarketActor
from actors.market.messages import Arm, TakePrices
from actors.published import Published, Version
from bench.figures import run, say_rate, say_ratio
from trading.positions.judging import Triggers

NAME = "quiet_prices"
FEW, MANY = 1_000, 100_000
RATIO_GOAL = 0.9
BATCH_PRICES = 100
WAIT_SECONDS_MAX = 120.0
SEED = 7


def bench(*, quick: bool) -> None:
    """Measure both markets in turn, over the same batches."""
    rounds, batches = (3, 100) if quick else (15, 2_000)
    dispatcher = PooledDispatcher()
    try:
        markets = {armed: _market(dispatcher, armed) for armed in (FEW, MANY)}
        messages = _quiet_batches(batches)
        rates: dict[int, list[float]] = {FEW: [], MANY: []}
        gc.collect()
        gc.freeze()
        for number in range(-1, rounds):
            for armed, market in markets.items():
                start = time.perf_counter()
                for message in messages:
                    market.actor_ref.tell(message)
                assert dispatcher.wait_until_idle(WAIT_SECONDS_MAX), "the market does not rest"
                if number >= 0:  # the first one warms up
                    seconds = time.perf_counter() - start
                    rates[armed].append(batches * BATCH_PRICES / seconds)
        for armed, market in markets.items():
            report = market.status
            assert report.armed == armed, f"{armed - report.armed} positions were reached"
            assert report.accepted == (rounds + 1) * batches * BATCH_PRICES
    finally:
        dispatcher.close()
        gc.unfreeze()
    for armed, measured in rates.items():
        say_rate(NAME, f"armed_{armed}", measured, "prices/s", batch=BATCH_PRICES)
    say_ratio(NAME, "many_over_few", rates[MANY], rates[FEW], goal=RATIO_GOAL)


def _market(dispatcher: PooledDispatcher, armed: int) -> MarketActor:
    """A market with so many positions that wait for prices from 5 % away on."""
    published = Published(Version())
    market = MarketActor(Directory(), dispatcher.clock, "POLUSDT", published=published)
    dispatcher.start(market)
    rng = random.Random(SEED)
    for position_id in range(1, armed + 1):
        low = Decimal(rng.randrange(8_000, 9_500)).scaleb(-2)
        high = Decimal(rng.randrange(10_500, 13_000)).scaleb(-2)
        triggers = Triggers(low=low, high=high)
        market.actor_ref.tell(Arm(position_id=position_id, triggers=triggers, after=None))
    assert dispatcher.wait_until_idle(WAIT_SECONDS_MAX), "the market does not rest"
    return market


def _quiet_batches(count: int) -> list[TakePrices]:
    """A walk by a tick of 0.01 at a time, within 2 % of 100; the times are in the past."""
    rng = random.Random(SEED)
    start_us = time.time_ns() // 1000
    ticks = 10_000
    messages = []
    for _ in range(count):
        prices = []
        for _ in range(BATCH_PRICES):
            ticks = min(max(ticks + rng.choice((-1, 0, 1)), 9_800), 10_200)
            prices.append(Decimal(ticks).scaleb(-2))
        messages.append(TakePrices(prices=prices, times_us=[start_us] * BATCH_PRICES))
    return messages


if __name__ == "__main__":
    run(bench, __doc__)
