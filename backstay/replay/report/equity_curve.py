"""An account's equity over a replay, and its largest fall from a peak.

Equity is the total balance plus the unrealized PnL (before costs) of the open positions, at the
last price of each symbol, exact to the digit. It is computed after every event of a position and at
the end of every bucket of prices.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from operator import itemgetter

from backstay.replay.event_tape import TapedEvent
from backstay.replay.report.price_buckets import Bucket, PriceBuckets
from trading.events.accounts import AccountOpened, ShortfallCovered
from trading.events.positions import PositionClosed, PositionOpened, PositionReduced
from trading.exposure import NOTHING, Exposure
from trading.money import EXACT, HUNDRED, ZERO, product, quotient


@dataclass(frozen=True, slots=True, kw_only=True)
class EquityPoint:
    """The account at one time, in money; `peak` is the highest equity until then."""

    time_us: int
    balance: Decimal
    equity: Decimal
    peak: Decimal

    @property
    def drawdown(self) -> Decimal:
        """The peak less the equity; never negative."""
        return self.peak - self.equity

    @property
    def drawdown_pct(self) -> Decimal:
        """The same in percent of the peak."""
        return ZERO if self.peak <= ZERO else quotient(self.drawdown * HUNDRED, self.peak)


def equity_curve(prices: PriceBuckets, events: Sequence[TapedEvent]) -> list[EquityPoint]:
    """The account over time, one point for each time with an event or a price."""
    account = _Account()
    points: list[EquityPoint] = []
    peak = ZERO
    for time_us, moments in groupby(_moments(prices, events), key=itemgetter(0)):
        for _, symbol, what in moments:
            if isinstance(what, Bucket):
                account.mark(symbol, what.last)
            else:
                account.apply(what)
        equity = account.equity
        peak = max(peak, equity)
        points.append(
            EquityPoint(time_us=time_us, balance=account.balance, equity=equity, peak=peak)
        )
    return points


def thinned(points: Sequence[EquityPoint], points_max: int) -> list[EquityPoint]:
    """At most this many points, with the extremes of equity among them, and the first and last."""
    groups = points_max // 2 - 1
    if len(points) <= points_max:
        return list(points)
    kept = {0, len(points) - 1}
    for group in range(groups):
        run = range(group * len(points) // groups, (group + 1) * len(points) // groups)
        kept.add(min(run, key=lambda index: points[index].equity))
        kept.add(max(run, key=lambda index: points[index].equity))
    return [points[index] for index in sorted(kept)]


def _moments(
    prices: PriceBuckets, events: Sequence[TapedEvent]
) -> list[tuple[int, str, TapedEvent | Bucket]]:
    """Events and prices by time; at equal times the events, in their order, come first."""
    moments: list[tuple[int, str, TapedEvent | Bucket]] = [
        (event.time_us, "", event) for event in events
    ]
    for symbol in prices.symbols:
        moments += [(bucket.time_us, symbol, bucket) for bucket in prices.buckets(symbol)]
    return sorted(moments, key=itemgetter(0))


class _Account:
    """One account's balance and open positions, symbol by symbol."""

    def __init__(self) -> None:
        self.balance = ZERO
        self._exposures: dict[str, Exposure] = {}
        self._marks: dict[str, Decimal] = {}
        self._unrealized: dict[str, Decimal] = {}

    @property
    def equity(self) -> Decimal:
        return sum(self._unrealized.values(), self.balance)

    def mark(self, symbol: str, price: Decimal) -> None:
        self._marks[symbol] = price
        if symbol in self._exposures:
            self._unrealized[symbol] = self._exposures[symbol].unrealized_pnl(price)

    def apply(self, event: TapedEvent) -> None:
        match event:
            case AccountOpened():
                self.balance += event.initial_balance
            case PositionOpened():
                self._expose(event, event.side.sign)
                self.mark(event.symbol, event.entry_price)
            case PositionReduced() | PositionClosed():
                self.balance += event.net_pnl
                self._expose(event, -event.side.sign)
                self.mark(event.symbol, event.exit_price)
            case ShortfallCovered():
                self.balance += event.amount
            case _:
                pass

    def _expose(
        self, part: PositionOpened | PositionReduced | PositionClosed, sign: Decimal
    ) -> None:
        exposure = self._exposures.get(part.symbol, NOTHING)
        quantity = product(sign, part.quantity)
        self._exposures[part.symbol] = replace(
            exposure,
            quantity=EXACT.add(exposure.quantity, quantity),
            cost=EXACT.add(exposure.cost, product(quantity, part.entry_price)),
        )
