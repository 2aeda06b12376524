"""Stops that are not honoured: positions that are open although a price has passed their stop-loss.

The price is the symbol's newest one, accepted or not. So a stop that does not act because its price
is rejected, quarantined or paused counts as passed.
"""

from collections import Counter
from collections.abc import Mapping

import structlog

from actors.engine.clock import Clock
from actors.published import MarketStatus, Published
from trading.books import HealthStatus
from trading.model import Position
from trading.positions.judging import stop_is_reached
from trading.price_guard import Verdict
from trading.times import SECOND_US

log = structlog.get_logger(__name__)

PASSED_SECONDS_MAX = 2.0
"""How long a stop may be passed before it counts as not honoured; a close takes milliseconds."""

SYMBOLS_TOLD_MAX = 5


def beyond_stop(published: Published) -> list[Position]:
    """Open positions that the newest price of their symbol puts at or past their stop-loss.

    Asks no actor. If every open position waits for its triggers and every newest price was
    accepted, no stop is passed, and no position is looked at.
    """
    markets = published.markets.copy()
    positions = published.version.positions
    armed = sum(status.armed for status in markets.values())
    if armed == len(positions) and all(status.heard is None for status in markets.values()):
        return []
    prices = {}
    for symbol, status in markets.items():
        if status.heard is not None:
            prices[symbol] = status.heard.price
        elif status.last is not None:
            prices[symbol] = status.last.price
    return [
        position
        for position in positions.values()
        if position.symbol in prices and stop_is_reached(position, prices[position.symbol])
    ]


class StopWatch:
    """Remembers since when stops have been passed; call `look` every second or two."""

    def __init__(self, published: Published, clock: Clock) -> None:
        """Begin before the first look."""
        self._published = published
        self._clock = clock
        self._since_us: dict[int, int] = {}
        self._trouble: str | None = None

    @property
    def trouble(self) -> str | None:
        """The stops that were not honoured at the last look, and why; None if all were."""
        return self._trouble

    def look(self) -> None:
        """Check all stops, and log when the first is not honoured and when all are again."""
        now_us = self._clock.monotonic_us()
        passed = beyond_stop(self._published)
        self._since_us = {
            one.position_id: self._since_us.get(one.position_id, now_us) for one in passed
        }
        oldest_us = now_us - round(PASSED_SECONDS_MAX * SECOND_US)
        overdue = [one for one in passed if self._since_us[one.position_id] <= oldest_us]
        before, self._trouble = self._trouble, self._described(overdue)
        if self._trouble is not None and before is None:
            ids = sorted(one.position_id for one in overdue)
            log.error(f"Stops not honoured: {self._trouble}", positions=ids[:20])
        elif self._trouble is None and before is not None:
            log.warning("All stops are honoured again")

    def _described(self, overdue: list[Position]) -> str | None:
        if not overdue:
            return None
        markets = self._published.markets.copy()
        counts = Counter((one.symbol, self._why(one, markets)) for one in overdue)
        told = [f"{count} of {symbol} ({why})" for (symbol, why), count in counts.most_common()]
        more = len(told) - SYMBOLS_TOLD_MAX
        rest = [f"and {more} more"] if more > 0 else []
        return f"positions past their stop and open: {', '.join(told[:SYMBOLS_TOLD_MAX] + rest)}"

    def _why(self, position: Position, markets: Mapping[str, MarketStatus]) -> str:
        """The reason why a passed stop does not act."""
        status = markets[position.symbol]
        if status.heard is not None:
            if status.pause is not None:
                return "its market is paused"
            if status.heard.verdict is Verdict.QUARANTINED:
                return "the price waits in quarantine"
            return f"its prices are {status.heard.verdict}"
        if self._published.unguarded_by(position) is not None:
            return "it is not guarded"
        if self._published.database_away is not None:
            return "the database is away"
        report = self._published.health.get(position.account)
        if report is not None and report.status is HealthStatus.MISMATCH:
            return "the books of its account do not balance"
        return "its close is not written"
