"""Venues whose connections drop and come back, and what they then bring."""

from actors.market.messages import SetPause, TakePrices
from backstay.simulation.prices import Prices
from backstay.simulation.setting import SYMBOLS
from backstay.simulation.world import World

WHY = "its venue's connection is down"


class VenueWeather:
    """One connection a symbol; what was said last of it is kept for a market's next life."""

    def __init__(self, world: World, prices: Prices) -> None:
        """All are connected."""
        self._world = world
        self._prices = prices
        self._random = world.random

    def drop(self) -> str:
        """A connection is lost; some prices may still be on their way."""
        symbol = self._random.choice([*SYMBOLS])
        self._world.system.published.feed_pauses[symbol] = WHY
        self._world.tell_market(symbol, SetPause(why=WHY))
        late = ""
        if self._random.random() < 0.5:
            late = ", " + self._prices.tell(symbol, self._prices.walked(symbol, 2, 0.05))
        return f"{symbol} is paused{late}"

    def bring_back(self) -> str:
        """Every connection is back, with what was missed: the last trades, some of them again."""
        brought = [self._resumed(symbol) for symbol in SYMBOLS]
        return f"all markets are resumed{''.join(brought)}"

    def _resumed(self, symbol: str) -> str:
        self._world.system.published.feed_pauses[symbol] = None
        self._world.tell_market(symbol, SetPause(why=None))
        if self._random.random() < 0.6:
            return ""
        again = self._world.model.market(symbol).log[-2:]
        self._world.tell_market(
            symbol,
            TakePrices(prices=[p for p, _ in again], times_us=[time_us for _, time_us in again]),
        )
        missed = self._prices.walked(symbol, self._random.randint(1, 4), 0.06)
        return f", {self._prices.tell(symbol, missed)}"
