"""Time stops that are overdue: positions that stay open past their time.

Only an accepted price closes a position, so on a market that is paused or silent a time stop waits.
"""

from actors.engine.clock import Clock
from actors.published import MarketStatus, Published
from trading.model import Position
from trading.positions.judging import time_stop_us


def past_time_stop(published: Published, clock: Clock) -> list[Position]:
    """Open positions whose time stop has passed.

    Asks no actor. If every open position waits for its triggers, and no market has an overdue time
    stop, no position is looked at.
    """
    markets, positions = published.markets.copy(), published.version.positions
    monotonic_us, now_us = clock.monotonic_us(), clock.now_us()
    times_us = {
        symbol: _time_us(status, monotonic_us, now_us) for symbol, status in markets.items()
    }
    armed = sum(status.armed for status in markets.values())
    if armed == len(positions) and all(
        status.due_us > times_us[symbol] for symbol, status in markets.items()
    ):
        return []
    return [
        position
        for position in positions.values()
        if (due_us := time_stop_us(position)) is not None
        and due_us <= times_us.get(position.symbol, now_us)
    ]


def _time_us(status: MarketStatus, monotonic_us: int, now_us: int) -> int:
    """The time of a market's next price if it came now.

    It counts from the last price, whose time is the exchange's or, of a recording, in the past.
    """
    age_us = status.age_us(monotonic_us)
    return now_us if age_us is None or status.last is None else status.last.time_us + age_us
