"""The model's position: the ladder and its costs, written down a second time as plainly as can be.

Nothing here comes from `trading`: a position is a bag of numbers, and each step says what must
have happened as a list of plain dictionaries.
"""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import pairwise
from typing import Any, Self

from backstay.simulation.arithmetic import exact, money, price
from backstay.simulation.model_exits import (
    PRICE_MAX,
    ModelLadder,
    breakeven_net,
    level_price,
    next_step,
    profits,
    trailed_stop,
)

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
class ModelPosition:
    """A position's numbers."""

    position_id: int
    account: str
    symbol: str
    side: str
    quantity: Decimal
    entry: Decimal
    entry_time: int
    ladder: ModelLadder
    rates: dict[str, Decimal]
    key: str | None
    levels: list[Decimal] = field(default_factory=list)
    stop: Decimal = ZERO
    best: Decimal | None = None
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
        self.levels = [level_price(self.side, self.entry, r.at) for r in self.ladder.rungs]
        self.open_quantity = self.quantity
        self.hold = money(exact(self.entry) * exact(self.quantity))
        self.costs = {"entry_fee": ZERO, "exit_fee": ZERO, "spread": ZERO, "slippage": ZERO}
        trail = self.ladder.trail
        self.stop = self.first_stop
        if trail is not None and trail.start == "entry":
            self.best = self.entry
            self.tighten(trailed_stop(self.side, trail, self.entry))

    @property
    def first_stop(self) -> Decimal:
        """The stop-loss that was asked for, before the trail tightens it."""
        if self.ladder.stop is not None:
            return level_price(self.side, self.entry, self.ladder.stop, toward_loss=True)
        if self.ladder.trail is None:
            return ZERO
        return trailed_stop(self.side, self.ladder.trail, self.entry)

    @property
    def is_open(self) -> bool:
        """Whether nothing has closed it."""
        return self.reason is None

    @property
    def can_be_guarded(self) -> bool:
        """Whether every level lies strictly on its side of the one before, as asked at the open."""
        if not (self.ladder.can_be_asked and self.trail_can_begin):
            return False
        path = [self.first_stop, self.entry, *self.levels]
        rising = path if self.side == "LONG" else path[::-1]
        in_order = rising[0] > 0 and all(a < b for a, b in pairwise(rising))
        return in_order and rising[-1] <= PRICE_MAX and self.rung_stops_lie_behind(0)

    @property
    def trail_can_begin(self) -> bool:
        """Whether a trail that begins at a level begins at a price."""
        trail = self.ladder.trail
        if trail is None or trail.rung is not None or trail.start == "entry":
            return True
        return 0 < level_price(self.side, self.entry, trail.start) <= PRICE_MAX

    def rung_stops_lie_behind(self, first: int) -> bool:
        """Whether each rung from an index on sends the stop strictly behind itself, if anywhere."""
        for index in range(first, len(self.levels)):
            target = self._rung_stop(index)
            if target is None:
                continue
            if target <= 0 or profits(self.side, target, self.levels[index]):
                return False
        return True

    @property
    def due_us(self) -> int | None:
        """From which time on a price closes it, whatever it is."""
        after_us = self.ladder.close_after_us
        return None if after_us is None else self.entry_time + after_us

    @property
    def trail_level(self) -> Decimal | None:
        """The price from which the trail begins or follows again, if there is one."""
        trail = self.ladder.trail
        if trail is None:
            return None
        if self.best is None:
            is_level = trail.rung is None and trail.start != "entry"
            return level_price(self.side, self.entry, trail.start) if is_level else None
        step = next_step(self.side, trail, self.best)
        return step if step > 0 else None

    def reached_by(self, at: Decimal, time_us: int) -> bool:
        """Whether a price, or its time, does anything to it."""
        ahead = [*self.levels[self.rungs_hit : self.rungs_hit + 1]]
        if self.trail_level is not None:
            ahead.append(self.trail_level)
        return (
            profits(self.side, self.stop, at)
            or any(profits(self.side, at, level) for level in ahead)
            or self.is_due(time_us)
        )

    def is_due(self, time_us: int) -> bool:
        """Whether the time stop has come."""
        return self.due_us is not None and time_us >= self.due_us

    def judged(self, at: Decimal, time_us: int) -> tuple[Self, list[Happening]]:
        """What a price that reaches it makes of it, and what happens on the way."""
        now, happenings = self.next_version(), list[Happening]()
        if profits(self.side, self.stop, at):
            now.close(at, time_us, "STOP_LOSS", happenings)
            return now, happenings
        while (
            now.is_open
            and now.rungs_hit < len(now.levels)
            and profits(self.side, at, now.levels[now.rungs_hit])
        ):
            now._hit_rung(at, time_us, happenings)
        if now.is_open:
            now.trail(at, time_us, happenings)
            if now.is_due(time_us):
                now.close(at, time_us, "TIME", happenings)
        return now, happenings

    def next_version(self) -> Self:
        """A copy that something is about to happen to."""
        return replace(self, costs=dict(self.costs), version=self.version + 1)

    def tighten(self, stop: Decimal) -> None:
        """Take a stop, unless it is looser than the present one."""
        if stop > 0 and profits(self.side, stop, self.stop):
            self.stop = stop

    def trail(self, at: Decimal, time_us: int, happenings: list[Happening]) -> None:
        """Let the trail begin at a price, or follow it, if it does."""
        trail = self.ladder.trail
        if trail is None:
            return
        begins = self.best is None and trail.rung is not None and self.rungs_hit >= trail.rung
        level = self.trail_level
        if begins or (level is not None and profits(self.side, at, level)):
            self.follow(at, time_us, happenings)

    def follow(self, at: Decimal, time_us: int, happenings: list[Happening]) -> None:
        """Take a price for the trail's best one."""
        assert self.ladder.trail is not None
        before, self.best = self.stop, at
        self.tighten(trailed_stop(self.side, self.ladder.trail, at))
        happenings.append(
            {
                "kind": "stop_trailed",
                "position_id": self.position_id,
                "best_price": at,
                "stop_before": before,
                "stop_after": self.stop,
                "time_us": time_us,
            }
        )

    def _rung_stop(self, index: int) -> Decimal | None:
        """Where a rung sends the stop, if anywhere."""
        stop = self.ladder.rungs[index].stop
        match stop:
            case "keep":
                return None
            case "breakeven":
                return self.entry
            case "breakeven_net":
                return breakeven_net(self.side, self.entry, self.rates)
            case "previous":
                return self.levels[index - 1] if index else self.entry
        return level_price(self.side, self.entry, stop)

    def _hit_rung(self, at: Decimal, time_us: int, happenings: list[Happening]) -> None:
        rungs, index = self.ladder.rungs, self.rungs_hit
        stop_before, target = self.stop, self._rung_stop(index)
        if target is not None:
            self.tighten(target)
        quantity = price(exact(self.quantity) * exact(rungs[index].fraction))
        all_shares = sum((rung.fraction for rung in rungs[: index + 1]), ZERO) == 1
        closes = all_shares or quantity >= self.open_quantity
        self.rungs_hit += 1
        happenings.append(
            {
                "kind": "rung_hit",
                "position_id": self.position_id,
                "rung": self.rungs_hit,
                "rung_price": self.levels[index],
                "price": at,
                "stop_before": stop_before,
                "stop_after": self.stop,
                "closes_position": closes,
                "time_us": time_us,
            }
        )
        exit_price = self.levels[index] if self.ladder.fill == "level" else at
        if closes:
            self.close(exit_price, time_us, "TAKE_PROFIT", happenings)
        elif quantity > 0:
            self.reduce(quantity, exit_price, time_us, happenings, rung=self.rungs_hit)

    def reduce(
        self,
        quantity: Decimal,
        at: Decimal,
        time_us: int,
        happenings: list[Happening],
        *,
        rung: int | None,
    ) -> None:
        """Close a part, by a rung or by hand."""
        released = min(self.hold, money(exact(self.entry) * exact(quantity)))
        part = self._part(quantity, at, released)
        self.open_quantity = price(exact(self.open_quantity) - exact(quantity))
        self.hold -= released
        happenings.append(
            {
                "kind": "position_reduced",
                "position_id": self.position_id,
                "rung": rung,
                "quantity": quantity,
                "exit_price": at,
                "time_us": time_us,
                "version": self.version,
                "part": part,
            }
        )

    def close(self, at: Decimal, time_us: int, reason: str, happenings: list[Happening]) -> None:
        """Close what is left."""
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
