"""Time stops that are overdue: positions that stay open past their time.

Only an accepted price closes a position, so on a market that is paused or silent a time stop waits.
"""

from collections.abc import Mapping

from actors.engine.clock import Clock
from actors.published import MarketState, MarketStatus, Published
from trading.model import Position
from trading.positions.judging import time_stop_us


def past_time_stop(published: Published, clock: Clock) -> list[Position]:
    """Open positions whose time stop has passed.

    Asks no actor. Where every position waits for its triggers, and prices of each of their symbols
    come, the next price acts, and no position is looked at.
    """
    markets, positions = published.markets.copy(), published.version.positions
    monotonic_us, now_us = clock.monotonic_us(), clock.now_us()
    held = {symbol for its in published.version.exposures.values() for symbol in its}
    silent = {
        symbol
        for symbol in held
        if symbol not in markets or markets[symbol].state(monotonic_us) is not MarketState.LIVE
    }
    if not silent and sum(status.armed for status in markets.values()) == len(positions):
        return []
    times_us = {symbol: _time_us(symbol, markets, monotonic_us, now_us) for symbol in held}
    return [
        position
        for position in positions.values()
        if (due_us := time_stop_us(position)) is not None
        and due_us <= times_us.get(position.symbol, now_us)
    ]


def _time_us(
    symbol: str, markets: Mapping[str, MarketStatus], monotonic_us: int, now_us: int
) -> int:
    """The time of a symbol's next price if it came now.

    It counts from the last price, whose time is the exchange's or, of a recording, in the past.
    """
    status = markets.get(symbol)
    if status is None or status.last is None:
        return now_us
    age_us = status.age_us(monotonic_us)
    return now_us if age_us is None else status.last.time_us + age_us
