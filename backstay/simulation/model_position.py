"""The model's position: the ladder and its costs, written down a second time as plainly as can be.

Nothing here comes from `trading`: a position is a bag of numbers, and each step says what must
have happened as a list of plain dictionaries.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any

from backstay.simulation.arithmetic import exact, money, price

ZERO = Decimal(0)

Happening = dict[str, Any]


@dataclass(slots=True)
class Part:
    """The hold that one closed part releases, and its PnL."""

    released: Decimal
    gross: Decimal
    costs: dict[str, Decimal]

    @property
    def net(self) -> Decimal:
        """Gross less all costs."""
        return self.gross - sum(self.costs.values(), ZERO)


@dataclass(slots=True)
class ModelRung:
    """A take-profit level: distance in percent, where the stop goes, the share that is closed."""

    percent: Decimal
    stop: str
    fraction: Decimal


@dataclass(slots=True)
class ModelPosition:
    """A position's numbers."""

    position_id: int
    account: str
    symbol: str
    side: str
    quantity: Decimal
    entry: Decimal
    entry_time: int
    stop_percent: Decimal
    rungs: list[ModelRung]
    rates: dict[str, Decimal]
    key: str | None
    levels: list[Decimal] = field(default_factory=list)
    stop: Decimal = ZERO
    open_quantity: Decimal = ZERO
    hold: Decimal = ZERO
    rungs_hit: int = 0
    gross: Decimal = ZERO
    costs: dict[str, Decimal] = field(default_factory=dict)
    exit: Decimal | None = None
    exit_time: int | None = None
    reason: str | None = None
    version: int = 1

    def __post_init__(self) -> None:
        if self.costs:  # a copy
            return
        self.levels = [self._level(rung.percent) for rung in self.rungs]
        self.stop = self._level(-self.stop_percent)
        self.open_quantity = self.quantity
        self.hold = money(exact(self.entry) * exact(self.quantity))
        self.costs = {"entry_fee": ZERO, "exit_fee": ZERO, "spread": ZERO, "slippage": ZERO}

    @property
    def is_open(self) -> bool:
        """Whether nothing has closed it."""
        return self.reason is None

    @property
    def can_be_guarded(self) -> bool:
        """Whether every level lies strictly on its side of the one before."""
        path = [self.stop, self.entry, *self.levels]
        rising = path if self.side == "LONG" else path[::-1]
        return rising[0] > 0 and all(a < b for a, b in pairwise(rising))

    def reached_by(self, at: Decimal) -> bool:
        """Whether a price does anything to it."""
        if self._profits(self.stop, at):
            return True
        return self.rungs_hit < len(self.levels) and self._profits(at, self.levels[self.rungs_hit])

    def judged(self, at: Decimal, time_us: int) -> tuple["ModelPosition", list[Happening]]:
        """What a price that reaches it makes of it, and what happens on the way."""
        now = replace(self, costs=dict(self.costs), version=self.version + 1)
        happenings: list[Happening] = []
        if self._profits(self.stop, at):
            now._close(at, time_us, "STOP_LOSS", happenings)
            return now, happenings
        while (
            now.is_open
            and now.rungs_hit < len(now.levels)
            and now._profits(at, now.levels[now.rungs_hit])
        ):
            now._hit_rung(at, time_us, happenings)
        return now, happenings

    def closed_by_hand(self, at: Decimal, time_us: int) -> tuple["ModelPosition", list[Happening]]:
        """What a manual close makes of it."""
        now = replace(self, costs=dict(self.costs), version=self.version + 1)
        happenings: list[Happening] = []
        now._close(at, time_us, "MANUAL", happenings)
        return now, happenings

    def stop_may_move_to(self, stop: Decimal, mark: Decimal) -> bool:
        """Whether a stop lies between the present one and both the mark price and the next rung."""
        if not stop.is_finite() or stop <= 0:
            return False
        bounds = [mark, *self.levels[self.rungs_hit : self.rungs_hit + 1]]
        return not self._profits(self.stop, stop) and not any(
            self._profits(stop, bound) for bound in bounds
        )

    def with_stop(
        self, stop: Decimal, mark: Decimal, time_us: int
    ) -> tuple["ModelPosition", list[Happening]]:
        """What a stop that is moved by hand makes of it."""
        now = replace(self, costs=dict(self.costs), version=self.version + 1, stop=stop)
        happening: Happening = {
            "kind": "stop_moved",
            "position_id": self.position_id,
            "stop_before": self.stop,
            "stop_after": stop,
            "mark_price": mark,
            "time_us": time_us,
        }
        return now, [happening]

    def _hit_rung(self, at: Decimal, time_us: int, happenings: list[Happening]) -> None:
        rung = self.rungs[self.rungs_hit]
        stop_before = self.stop
        target = self.stop
        if rung.stop == "breakeven" or (rung.stop == "previous_rung" and self.rungs_hit == 0):
            target = self.entry
        elif rung.stop == "previous_rung":
            target = self.levels[self.rungs_hit - 1]
        if self._profits(target, self.stop):
            self.stop = target
        closes = sum((r.fraction for r in self.rungs[: self.rungs_hit + 1]), ZERO) == 1
        self.rungs_hit += 1
        happenings.append(
            {
                "kind": "rung_hit",
                "position_id": self.position_id,
                "rung": self.rungs_hit,
                "rung_price": self.levels[self.rungs_hit - 1],
                "price": at,
                "stop_before": stop_before,
                "stop_after": self.stop,
                "closes_position": closes,
                "time_us": time_us,
            }
        )
        if closes:
            self._close(at, time_us, "TAKE_PROFIT", happenings)
        elif rung.fraction > 0:
            self._reduce(rung.fraction, at, time_us, happenings)

    def _reduce(
        self, fraction: Decimal, at: Decimal, time_us: int, happenings: list[Happening]
    ) -> None:
        whole = exact(self.entry) * exact(self.quantity)
        quantity = min(self.open_quantity, price(exact(self.quantity) * exact(fraction)))
        released = min(self.hold, money(exact(money(whole)) * exact(fraction)))
        part = self._part(quantity, at, released)
        self.open_quantity = price(exact(self.open_quantity) - exact(quantity))
        self.hold -= released
        happenings.append(
            {
                "kind": "position_reduced",
                "position_id": self.position_id,
                "rung": self.rungs_hit,
                "quantity": quantity,
                "exit_price": at,
                "time_us": time_us,
                "part": part,
            }
        )

    def _close(self, at: Decimal, time_us: int, reason: str, happenings: list[Happening]) -> None:
        quantity = self.open_quantity
        part = self._part(quantity, at, self.hold)
        self.open_quantity = self.hold = ZERO
        self.exit, self.exit_time, self.reason = at, time_us, reason
        happenings.append(
            {
                "kind": "position_closed",
                "position_id": self.position_id,
                "reason": reason,
                "quantity": quantity,
                "exit_price": at,
                "net_pnl_total": self.gross - sum(self.costs.values(), ZERO),
                "time_us": time_us,
                "part": part,
            }
        )

    def _part(self, quantity: Decimal, at: Decimal, released: Decimal) -> Part:
        sign = 1 if self.side == "LONG" else -1
        entry_notional = exact(self.entry) * exact(quantity)
        exit_notional = exact(at) * exact(quantity)
        gross = money(sign * (exit_notional - entry_notional))
        costs = {
            "entry_fee": money(exact(self.rates["fee"]) * entry_notional),
            "exit_fee": money(exact(self.rates["fee"]) * exit_notional),
            "spread": money(exact(self.rates["spread"]) * exit_notional),
            "slippage": money(exact(self.rates["slippage"]) * exit_notional),
        }
        self.gross += gross
        for name, amount in costs.items():
            self.costs[name] += amount
        return Part(released, gross, costs)

    def _level(self, percent: Decimal) -> Decimal:
        sign = 1 if self.side == "LONG" else -1
        return price(exact(self.entry) * (100 + sign * exact(percent)) / 100)

    def _profits(self, at: Decimal, level: Decimal) -> bool:
        """Whether a price is at a level, or on its winning side."""
        return at >= level if self.side == "LONG" else at <= level
