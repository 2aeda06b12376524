"""Counts of committed events, taken from the announcement of each commit."""

import threading
from collections import Counter
from decimal import Decimal

from actors.commit.messages import Announced
from actors.published import Published
from backstay.service.metrics.catalogue import COST_KINDS
from backstay.service.metrics.model import Readings, Value
from persistence.changes import Change
from trading.events.accounts import ShortfallCovered
from trading.events.positions import (
    OpenDenied,
    PositionClosed,
    PositionOpened,
    PositionReduced,
    RungHit,
    StopMoved,
    StopTrailed,
)
from trading.exits.prices import breakeven_net_price
from trading.money import ZERO

Labels = tuple[str, ...]


class CommitCounts:
    """Events and entries by metric and labels, and which positions are open now.

    One thread counts and another reads; a lock keeps a reading from seeing half of a commit.
    """

    def __init__(self) -> None:
        """Begin with no commits."""
        self._lock = threading.Lock()
        self._counts: dict[str, Counter[Labels]] = {}
        self._gains = self._losses = ZERO
        self._costs = dict.fromkeys(COST_KINDS, ZERO)
        self._commit_id = 0
        self._open: Counter[Labels] = Counter()

    def watch(self, published: Published) -> None:
        """Begin with the open positions; the caller then counts each later commit."""
        with self._lock:
            # Read under the lock: a commit counted before this is already in the version.
            version = published.version
            self._commit_id = version.commit_id
            self._open = Counter((str(p.side),) for p in version.positions.values())

    def count(self, message: Announced) -> None:
        """Count the changes of one commit."""
        with self._lock:
            # The positions of commits before watching began are among those open then.
            is_new = message.commit_id > self._commit_id
            for change in message.changes:
                self._count_change(change)
                if is_new:
                    self._follow(change)

    def readings(self) -> Readings:
        """The current counts."""
        with self._lock:
            readings: dict[str, dict[Labels, Value]] = {
                f"backstay_{name}": dict(counts) for name, counts in self._counts.items()
            }
            readings["backstay_gains_total"] = {(): self._gains}
            readings["backstay_losses_total"] = {(): self._losses}
            readings["backstay_costs_total"] = {(k,): cost for k, cost in self._costs.items()}
            readings["backstay_positions_open"] = dict(self._open)
        return readings

    def _add(self, name: str, *labels: str) -> None:
        self._counts.setdefault(name, Counter())[labels] += 1

    def _count_change(self, change: Change) -> None:
        for entry in change.entries:
            self._add("ledger_entries_total", str(entry.entry_type))
        for event in change.events:
            match event:
                case RungHit():
                    self._add("take_profit_hits_total", str(event.rung), str(event.side))
                    if event.stop_after != event.stop_before and not event.closes_position:
                        self._add("stop_loss_moves_total", _target(event, change))
                case PositionOpened():
                    self._add("positions_opened_total", str(event.side))
                case PositionClosed():
                    self._add("positions_closed_total", str(event.reason), str(event.side))
                    self._settle(event)
                case PositionReduced():
                    self._settle(event)
                case StopTrailed():
                    if event.stop_after != event.stop_before:
                        self._add("stop_loss_moves_total", "trail")
                case StopMoved():
                    self._add("stop_loss_moves_total", "manual")
                case OpenDenied():
                    self._add("opens_denied_total", event.reason)
                case ShortfallCovered():
                    self._add("shortfalls_total")
                case _:
                    pass

    def _settle(self, part: PositionClosed | PositionReduced) -> None:
        net: Decimal = part.net_pnl
        if net > ZERO:
            self._gains += net
        else:
            self._losses -= net
        for kind in COST_KINDS:
            self._costs[kind] += getattr(part.costs, kind)

    def _follow(self, change: Change) -> None:
        """Update the set of open positions."""
        for event in change.events:
            if isinstance(event, PositionOpened):
                self._open[(str(event.side),)] += 1
            elif isinstance(event, PositionClosed):
                self._open[(str(event.side),)] -= 1


def _target(hit: RungHit, change: Change) -> str:
    """The label for where a rung moved the stop: to breakeven, or to another place."""
    for position in change.positions:
        if position.position_id == hit.position_id:
            entry_price = position.entry_price
            net = breakeven_net_price(position.side, entry_price, position.rates)
            return "breakeven" if hit.stop_after in (entry_price, net) else "rung"
    return "rung"
