"""The replay once more, as a plain loop over all open positions at every price.

It shares no rule with the program: only the standard library's Decimal, dicts and loops.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from backstay.feeds.batches import PriceBatch
from backstay.feeds.signals import RecordedSignal

_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)
_MONEY = Decimal("1E-8")
_FEE, _SPREAD, _SLIPPAGE = Decimal("0.0026"), Decimal("0.001"), Decimal("0.0005")


def _times(*factors: Decimal) -> Decimal:
    result = Decimal(1)
    for factor in factors:
        result = _WIDE.multiply(result, factor)
    return result


def _rounded(value: Decimal, quantum: Decimal = _MONEY) -> Decimal:
    return value.quantize(quantum, context=_WIDE)


@dataclass
class PlainPosition:
    """One position of the loop."""

    signal_id: str
    symbol: str
    sign: int
    entry: Decimal
    quantity: Decimal
    left: Decimal
    hold: Decimal
    stop: Decimal
    rungs: list[tuple[Decimal, Decimal]]
    hit: int = 0
    gross: Decimal = Decimal(0)
    costs: Decimal = Decimal(0)
    exit_price: Decimal | None = None
    reason: str | None = None
    opening_hold: Decimal = Decimal(0)

    def book(self, price: Decimal, quantity: Decimal) -> Decimal:
        """Book a part, and return its net PnL."""
        gross = _rounded(_times(Decimal(self.sign), _WIDE.subtract(price, self.entry), quantity))
        costs = (
            _rounded(_times(_FEE, self.entry, quantity))
            + _rounded(_times(_FEE, price, quantity))
            + _rounded(_times(_SPREAD, price, quantity))
            + _rounded(_times(_SLIPPAGE, price, quantity))
        )
        self.gross += gross
        self.costs += costs
        return gross - costs


@dataclass
class PlainLoop:
    """A wallet, and every position judged at every price."""

    total: Decimal
    locked: Decimal = Decimal(0)
    positions: list[PlainPosition] = field(default_factory=list)
    open: list[PlainPosition] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)

    def run(self, batches: Iterable[PriceBatch], signals: Iterable[RecordedSignal]) -> "PlainLoop":
        """Play prices that the guard accepts one and all."""
        waiting = list(signals)
        for symbol, times_us, prices in batches:
            for time_us, price in zip(times_us, prices, strict=True):
                for position in [p for p in self.open if p.symbol == symbol]:
                    self._judge(position, price)
                due = [s for s in waiting if s.symbol == symbol and s.time_us <= time_us]
                for signal in due:
                    waiting.remove(signal)
                    self.filled.add(signal.signal_id)
                    self._open(signal, price)
        return self

    def _open(self, signal: RecordedSignal, price: Decimal) -> None:
        sign = 1 if signal.side == "LONG" else -1
        quantity = _rounded(_WIDE.divide(signal.notional, price), Decimal("1E-18"))
        hold = _rounded(_times(price, quantity))
        if self.total - self.locked < hold:
            self.denied.append(signal.signal_id)
            return

        def level(percent: Decimal) -> Decimal:
            return _times(price, _WIDE.add(Decimal(1), _times(Decimal(sign), percent) / 100))

        position = PlainPosition(
            signal_id=signal.signal_id,
            symbol=signal.symbol,
            sign=sign,
            entry=price,
            quantity=quantity,
            left=quantity,
            hold=hold,
            opening_hold=hold,
            stop=level(-signal.ladder.stop_loss_pct),
            rungs=[(level(r.distance_pct), r.close_fraction) for r in signal.ladder.rungs],
        )
        self.locked += hold
        self.positions.append(position)
        self.open.append(position)

    def _judge(self, position: PlainPosition, price: Decimal) -> None:
        if (price - position.stop) * position.sign <= 0:
            self._close(position, price, "STOP_LOSS")
            return
        while position.hit < len(position.rungs):
            level, fraction = position.rungs[position.hit]
            if (price - level) * position.sign < 0:
                return
            position.stop = position.rungs[position.hit - 1][0] if position.hit else position.entry
            position.hit += 1
            if sum(f for _, f in position.rungs[: position.hit]) == 1:
                self._close(position, price, "TAKE_PROFIT")
                return
            if fraction:
                quantity = _rounded(_times(position.quantity, fraction), Decimal("1E-18"))
                released = _rounded(_times(position.opening_hold, fraction))
                self.total += position.book(price, quantity)
                self.locked -= released
                position.left -= quantity
                position.hold -= released

    def _close(self, position: PlainPosition, price: Decimal, reason: str) -> None:
        self.total += position.book(price, position.left)
        self.locked -= position.hold
        position.left = position.hold = Decimal(0)
        position.exit_price, position.reason = price, reason
        self.open.remove(position)

    def facts(self) -> list[dict[str, Any]]:
        """What the report must say of each position, in order of opening."""
        return [
            {
                "signal_id": position.signal_id,
                "status": "OPEN" if position.reason is None else "CLOSED",
                "close_reason": position.reason,
                "exit_price": position.exit_price,
                "rungs_hit": position.hit,
                "gross_pnl": position.gross,
                "costs": position.costs,
                "net_pnl": position.gross - position.costs,
            }
            for position in self.positions
        ]
