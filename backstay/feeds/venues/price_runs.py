"""The prices that leave a session: each trade once, in runs of a symbol."""

from collections import deque
from collections.abc import Callable
from decimal import Decimal

from backstay.feeds.venues.frames import Trades

IDS_MAX = 4_096
"""The number of a symbol's trade ids that are remembered: about 1 MB if they are UUIDs."""


class RecentIds:
    """The last ids, up to a number; it forgets the oldest."""

    __slots__ = ("_known", "_order")

    def __init__(self, count_max: int = IDS_MAX) -> None:
        """Begin with no ids."""
        self._order: deque[int | str] = deque(maxlen=count_max)
        self._known: set[int | str] = set()

    def add(self, trade_id: int | str) -> bool:
        """Remember an id; returns whether it is new."""
        known, order = self._known, self._order
        if trade_id in known:
            return False
        if len(order) == order.maxlen:
            known.discard(order[0])
        known.add(trade_id)
        order.append(trade_id)
        return True


class PriceRuns:
    """Collects the prices of trades that were not seen before, by symbol, until they are taken.

    It remembers the trades across connections. `count` is the number of waiting prices.
    """

    def __init__(self) -> None:
        """Begin with no prices."""
        self.count = 0
        self._recent: dict[str, RecentIds] = {}
        self._runs: dict[str, tuple[list[Decimal], list[int]]] = {}

    def take(self, trades: Trades) -> None:
        """Add the prices of all new trades, in their order."""
        add = self._recent_of(trades.symbol).add
        prices, times_us = self._runs.setdefault(trades.symbol, ([], []))
        for price, time_us, trade_id in zip(
            trades.prices, trades.times_us, trades.ids, strict=True
        ):
            if add(trade_id):
                prices.append(price)
                times_us.append(time_us)
                self.count += 1

    def take_newest(self, trades: Trades) -> None:
        """Add the newest trade's price, seen before or not; mark all trades as seen."""
        if not trades.ids:
            return
        add = self._recent_of(trades.symbol).add
        for trade_id in trades.ids:
            add(trade_id)
        prices, times_us = self._runs.setdefault(trades.symbol, ([], []))
        prices.append(trades.prices[-1])
        times_us.append(trades.times_us[-1])
        self.count += 1

    def hand_over(self, receive: Callable[[str, list[Decimal], list[int]], None]) -> None:
        """Give each symbol's prices and times to `receive`; if that raises, the others stay."""
        for symbol in tuple(self._runs):
            prices, times_us = self._runs.pop(symbol)
            self.count -= len(prices)
            if prices:
                receive(symbol, prices, times_us)

    def _recent_of(self, symbol: str) -> RecentIds:
        recent = self._recent.get(symbol)
        if recent is None:
            recent = self._recent[symbol] = RecentIds()
        return recent
