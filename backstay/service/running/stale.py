"""Report symbols with open positions and without a price, once each time that it happens."""

from collections.abc import Callable

from actors.commit.messages import CommitChange, Origin
from actors.engine.clock import Clock
from actors.published import MarketState, MarketStatus, Published
from persistence.changes import Change
from trading.events.markets import MarketStale
from trading.times import SECOND_US


class StaleWatch:
    """Commits an event when a symbol's last price has become stale while positions are open on it.

    A market cannot notice this, because it acts only on prices. Call `look` every few seconds.
    """

    def __init__(
        self, published: Published, clock: Clock, to_committer: Callable[[CommitChange], object]
    ) -> None:
        """Begin before the first look."""
        self._published = published
        self._clock = clock
        self._to_committer = to_committer
        self._since_us: dict[str, int] = {}
        self._told: set[str] = set()

    def look(self) -> None:
        """Look at every market that has open positions."""
        exposures = self._published.version.exposures
        held = {symbol for account in exposures for symbol in exposures[account]}
        now_us, markets = self._clock.monotonic_us(), self._published.markets.copy()
        states = {symbol: status.state(now_us) for symbol, status in markets.items()}
        stale = {symbol for symbol in held if states.get(symbol) is MarketState.STALE}
        self._since_us = {symbol: self._since_us.get(symbol, now_us) for symbol in stale}
        self._told &= stale
        live = sum(state is MarketState.LIVE for state in states.values())
        for symbol in sorted(stale - self._told):
            status = markets[symbol]
            # After a start the first price has as long to come as any other.
            waited_us = now_us - self._since_us[symbol]
            if status.received_us is not None or waited_us > status.price_age_us_max:
                self._told.add(symbol)
                self._tell(symbol, _why(status, now_us, waited_us, live))

    def _tell(self, symbol: str, why: str) -> None:
        event = MarketStale(symbol=symbol, why=why, time_us=self._clock.now_us())
        change = Change(account=None, events=(event,))
        self._to_committer(CommitChange(origin=Origin.SERVICE, change=change))


def _why(status: MarketStatus, now_us: int, waited_us: int, live: int) -> str:
    age_us = status.age_us(now_us)
    seconds = (waited_us if age_us is None else age_us) // SECOND_US
    others = f", while prices of {live} other symbols come" if live else ""
    return (
        f"no price was accepted for {seconds} s{others}; no stop and no time stop acts without one"
    )
