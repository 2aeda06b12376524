"""The replay once more, as a plain loop over all open positions at every price.

It shares no rule with the program: only the standard library's Decimal, dicts and loops. Of the
program it reads what a signal asks for, as data.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from backstay.feeds.batches import PriceBatch
from backstay.feeds.signals import RecordedSignal
from trading.exits.exits import Said
from trading.exits.ladder import Rung, StopTarget, TakeProfitFill, Trailing
from trading.exits.level import Level

_WIDE = Context(prec=80, rounding=ROUND_HALF_EVEN)
_MONEY, _PRICE = Decimal("1E-8"), Decimal("1E-18")
_FEE, _SPREAD, _SLIPPAGE = Decimal("0.0026"), Decimal("0.001"), Decimal("0.0005")
_LARGEST_PRICE = Decimal(10**12)
_DEFAULT_RUNGS = (
    (Decimal(3), StopTarget.BREAKEVEN, Decimal(0)),
    (Decimal(6), StopTarget.PREVIOUS, Decimal(0)),
    (Decimal(10), StopTarget.PREVIOUS, Decimal(1)),
)


def _times(*factors: Decimal) -> Decimal:
    result = Decimal(1)
    for factor in factors:
        result = _WIDE.multiply(result, factor)
    return result


def _rounded(value: Decimal, quantum: Decimal = _MONEY, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    return value.quantize(quantum, rounding=rounding, context=_WIDE)


class _RefusedError(Exception):
    """The ladder cannot be guarded at this entry."""


@dataclass
class PlainRung:
    """A rung as prices: where it lies, where it sends the stop, and its share."""

    at: Decimal
    stop: Decimal | None
    share: Decimal


@dataclass
class PlainPosition:
    """One position of the loop."""

    signal_id: str
    sign: int
    entry: Decimal
    entry_us: int
    quantity: Decimal
    left: Decimal
    hold: Decimal
    stop: Decimal
    rungs: list[PlainRung]
    trailing: Trailing | None
    trail_level: Decimal | None
    due_us: int | None
    fills_at_level: bool
    best: Decimal | None = None
    hit: int = 0
    gross: Decimal = Decimal(0)
    costs: Decimal = Decimal(0)
    exit_price: Decimal | None = None
    reason: str | None = None

    def reaches(self, price: Decimal, level: Decimal) -> bool:
        """Whether a price is at a level toward profit, or beyond."""
        return (price - level) * self.sign >= 0

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

    def tighten(self, stop: Decimal) -> None:
        """Move the stop there, if that is toward profit."""
        if (stop - self.stop) * self.sign > 0:
            self.stop = stop

    def follow(self, price: Decimal) -> None:
        """Let the trail take a price as its best."""
        assert self.trailing is not None
        self.best = price
        stop = _behind(price, self.sign, self.trailing.distance)
        if stop > 0:
            self.tighten(stop)

    def trail(self, price: Decimal) -> None:
        """Let the trail begin or follow, if the price is one that it answers."""
        if self.trailing is None:
            return
        if self.best is None:
            rung = self.trailing.start.rung
            begins = (
                self.hit >= rung
                if rung is not None
                else self.trail_level is not None and self.reaches(price, self.trail_level)
            )
            if begins:
                self.follow(price)
            return
        gained = _WIDE.subtract(price, self.best) * self.sign
        if gained * 100 >= _times(self.best, self.trailing.step_percent):
            self.follow(price)


@dataclass
class PlainLoop:
    """A wallet, and every position judged at every price."""

    total: Decimal
    locked: Decimal = Decimal(0)
    positions: list[PlainPosition] = field(default_factory=list)
    denied: list[str] = field(default_factory=list)
    filled: set[str] = field(default_factory=set)
    open: dict[str, list[PlainPosition]] = field(default_factory=lambda: defaultdict(list))

    def run(self, batches: Iterable[PriceBatch], signals: Iterable[RecordedSignal]) -> "PlainLoop":
        """Play prices that the guard accepts one and all."""
        waiting: dict[str, list[RecordedSignal]] = defaultdict(list)
        for signal in signals:
            waiting[signal.symbol].append(signal)
        for symbol, times_us, prices in batches:
            mine = waiting[symbol]
            for time_us, price in zip(times_us, prices, strict=True):
                for position in list(self.open[symbol]):
                    self._judge(position, price, time_us)
                    if position.reason is not None:
                        self.open[symbol].remove(position)
                while mine and mine[0].time_us <= time_us:
                    signal = mine.pop(0)
                    self.filled.add(signal.signal_id)
                    self._open(signal, price, time_us)
        return self

    def _open(self, signal: RecordedSignal, price: Decimal, time_us: int) -> None:
        quantity = _rounded(_WIDE.divide(signal.notional, price), _PRICE)
        hold = _rounded(_times(price, quantity))
        try:
            position = _position(signal, price, time_us, quantity, hold)
        except _RefusedError:
            self.denied.append(signal.signal_id)
            return
        if self.total - self.locked < hold:
            self.denied.append(signal.signal_id)
            return
        self.locked += hold
        self.positions.append(position)
        self.open[signal.symbol].append(position)

    def _judge(self, position: PlainPosition, price: Decimal, time_us: int) -> None:
        if (price - position.stop) * position.sign <= 0:
            self._close(position, price, "STOP_LOSS")
            return
        while position.hit < len(position.rungs):
            rung = position.rungs[position.hit]
            if not position.reaches(price, rung.at):
                break
            position.hit += 1
            if rung.stop is not None:
                position.tighten(rung.stop)
            exit_price = rung.at if position.fills_at_level else price
            quantity = _rounded(_times(position.quantity, rung.share), _PRICE)
            all_shares = sum(each.share for each in position.rungs[: position.hit])
            if all_shares == 1 or quantity >= position.left:
                self._close(position, exit_price, "TAKE_PROFIT")
                return
            if quantity:
                released = min(position.hold, _rounded(_times(position.entry, quantity)))
                self.total += position.book(exit_price, quantity)
                self.locked -= released
                position.left -= quantity
                position.hold -= released
        position.trail(price)
        if position.due_us is not None and time_us >= position.due_us:
            self._close(position, price, "TIME")

    def _close(self, position: PlainPosition, price: Decimal, reason: str) -> None:
        self.total += position.book(price, position.left)
        self.locked -= position.hold
        position.left = position.hold = Decimal(0)
        position.exit_price, position.reason = price, reason

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


def _position(
    signal: RecordedSignal, price: Decimal, time_us: int, quantity: Decimal, hold: Decimal
) -> PlainPosition:
    sign, exits = 1 if signal.side == "LONG" else -1, signal.exits
    trailing = exits.trailing if isinstance(exits.trailing, Trailing) else None
    after_us = exits.close_after_us if isinstance(exits.close_after_us, int) else None
    level = None if trailing is None else trailing.start.level
    position = PlainPosition(
        signal_id=signal.signal_id,
        sign=sign,
        entry=price,
        entry_us=time_us,
        quantity=quantity,
        left=quantity,
        hold=hold,
        stop=_first_stop(exits.stop_loss, trailing, price, sign),
        rungs=_plain_rungs(exits.take_profits, price, sign),
        trailing=trailing,
        trail_level=None if level is None else _level(price, sign, level),
        due_us=None if after_us is None else time_us + after_us,
        fills_at_level=exits.take_profit_fill is TakeProfitFill.LEVEL,
    )
    path = [position.stop, price, *(rung.at for rung in position.rungs)]
    if path != sorted(set(path), reverse=sign < 0) or min(path) <= 0 or max(path) > _LARGEST_PRICE:
        raise _RefusedError
    if trailing is not None and (trailing.start.rung or 0) > len(position.rungs):
        raise _RefusedError
    for rung in position.rungs:
        if rung.stop is not None and ((rung.at - rung.stop) * sign <= 0 or rung.stop <= 0):
            raise _RefusedError
    if trailing is not None and trailing.start.rung is None and level is None:
        position.follow(price)
    return position


def _first_stop(
    asked: Level | Said | None, trailing: Trailing | None, entry: Decimal, sign: int
) -> Decimal:
    if asked is Said.NONE:
        assert trailing is not None
        return _behind(entry, sign, trailing.distance)
    if asked is None:
        asked = Level(Decimal(5), is_percent=True)
    assert isinstance(asked, Level)
    return _level(entry, -sign, asked)


def _plain_rungs(asked: tuple[Rung, ...] | None, entry: Decimal, sign: int) -> list[PlainRung]:
    if asked is None:
        asked = tuple(
            Rung(at=Level(percent, is_percent=True), stop=stop, close_fraction=share)
            for percent, stop, share in _DEFAULT_RUNGS
        )
    rungs: list[PlainRung] = []
    for rung in asked:
        stop: Decimal | None
        match rung.stop:
            case StopTarget.KEEP:
                stop = None
            case StopTarget.BREAKEVEN:
                stop = entry
            case StopTarget.PREVIOUS:
                stop = rungs[-1].at if rungs else entry
            case StopTarget.BREAKEVEN_NET:
                stop = _net_breakeven(entry, sign)
            case Level():
                stop = _level(entry, sign, rung.stop)
        rungs.append(PlainRung(_level(entry, sign, rung.at), stop, rung.close_fraction))
    return rungs


def _level(entry: Decimal, sign: int, level: Level) -> Decimal:
    """A price as it stands, or a percentage of the entry away from it."""
    if not level.is_percent:
        return level.value
    factor = _WIDE.add(Decimal(1), _times(Decimal(sign), level.value, Decimal("0.01")))
    return _rounded(_times(entry, factor), _PRICE)


def _behind(best: Decimal, sign: int, distance: Level) -> Decimal:
    """The stop of a trail, rounded away from the price."""
    away = distance.value
    if distance.is_percent:
        away = _times(best, distance.value, Decimal("0.01"))
    stop = _WIDE.subtract(best, away * sign)
    return _rounded(stop, _PRICE, ROUND_FLOOR if sign > 0 else ROUND_CEILING)


def _net_breakeven(entry: Decimal, sign: int) -> Decimal:
    """Where the move pays for the fee of both sides, spread and slippage, rounded toward profit."""
    paid = _times(entry, 1 + sign * _FEE)
    price = _WIDE.divide(paid, 1 - sign * (_FEE + _SPREAD + _SLIPPAGE))
    return _rounded(price, _PRICE, ROUND_CEILING if sign > 0 else ROUND_FLOOR)
