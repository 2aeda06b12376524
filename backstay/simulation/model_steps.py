"""The steps of living positions: what a price, a person or a signal makes of them."""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from backstay.simulation.asked import Requests
from backstay.simulation.comparing import expect_values
from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_account import KeyedStep, ModelAccount
from backstay.simulation.model_changing import Step, part_closed
from backstay.simulation.model_market import ModelMarket
from backstay.simulation.model_position import Happening, ModelPosition
from backstay.simulation.model_signals import ModelSignals
from backstay.simulation.model_tracking import Tracked
from persistence.changes import ChangeKey
from trading.model import Position

CHANGES = ("stop_moved", "targets_replaced", "trailing_set", "time_stop_set")
STEPS = (
    "shortfall_covered",
    "rung_hit",
    "stop_trailed",
    "position_reduced",
    "position_closed",
    *CHANGES,
)
SIGNAL_NOTE = "TradingView signal "


@dataclass(slots=True)
class Predicted:
    """The rows that a change must write, as far as it has been read."""

    entries_before: int
    version_before: int
    positions: list[ModelPosition] = field(default_factory=list)
    prices: dict[str, tuple[Decimal, int]] = field(default_factory=dict)


@dataclass(slots=True)
class PositionSteps:
    """Follows the steps of the positions that are durable."""

    requests: Requests
    signals: ModelSignals
    accounts: Mapping[str, ModelAccount]
    positions: Mapping[int, Tracked]
    markets: Mapping[str, ModelMarket]

    def follow(
        self, events: deque[Any], after: Position, keys: list[ChangeKey], predicted: Predicted
    ) -> None:
        """A position's next step: what it must be follows from its price, or from who asked."""
        told = [event for event in events if event.kind != "shortfall_covered"]
        first = told[0]
        tracked = self.positions.get(first.position_id)
        if tracked is None or not tracked.now.is_open:
            raise Violation(f"{first} of a position that is not open")
        price, log = price_of(first), self.markets[first.symbol].log
        if is_by_hand(first):
            now, happenings = self._by_hand(tracked, told, after, keys)
            tracked.step_by_hand(log, now, price, first.time_us)
        else:
            now, happenings = tracked.judge(log, price, first.time_us)
        for happening in [*self._settle(now, happenings), *happenings]:
            if not events:
                raise Violation(f"{happening} was not told")
            expect_values(events.popleft(), happening)
        predicted.positions.append(now)
        predicted.prices[now.symbol] = (price, first.time_us)

    def _by_hand(
        self, tracked: Tracked, told: list[Any], after: Position, keys: list[ChangeKey]
    ) -> Step:
        """What a person or a signal does, under a key or without one."""
        before, first = tracked.now, told[0]
        version = before.version + 1
        mine = [
            key for key in keys if (key.position_id, key.version) == (after.position_id, version)
        ]
        key = mine[0] if mine else None
        by_signals = _signals_in(getattr(first, "note", None))
        asks: tuple[object, ...]
        if key is not None and key.key.startswith("signal "):
            step, asks = self._by_signal(tracked, key, told), ("signal",)
        elif by_signals:
            for signal_id in by_signals:
                self.signals.close(signal_id, tracked)
            step, asks = self._whole(before, first), ("signal",)
        else:
            requests, step = self.requests.carry_out_by_hand(
                before, told, after, None if key is None else key.key
            )
            tracked.asked[version] = [request.asks for request in requests]
            asks = requests[0].asks
        if key is not None:
            keys.remove(key)
            keyed = KeyedStep(before.position_id, version, asks)
            self.accounts[before.account].take_key(key.key, keyed)
        return step

    def _by_signal(self, tracked: Tracked, key: ChangeKey, told: list[Any]) -> Step:
        """A signal closes its share of a position."""
        signal_id, position_id = key.key.removeprefix("signal ").split(" closes ")
        if int(position_id) != tracked.now.position_id:
            raise Violation(f"{key} closes a part of {tracked.now}")
        if f"{SIGNAL_NOTE}{signal_id}" not in (told[0].note or ""):
            raise Violation(f"{told[0]} does not tell that signal {signal_id} has asked")
        share = self.signals.close_part(int(signal_id), tracked)
        step = part_closed(tracked.now, share, None, price_of(told[0]), told[0].time_us)
        if isinstance(step, str):
            raise Violation(f"signal {signal_id} closes {share} in spite of {step}: {told[0]}")
        return step

    def _whole(self, now: ModelPosition, first: Any) -> Step:
        step = part_closed(now, None, None, price_of(first), first.time_us)
        assert not isinstance(step, str)
        return step

    def _settle(self, now: ModelPosition, happenings: list[Happening]) -> Iterable[Happening]:
        account = self.accounts[now.account]
        for happening in happenings:
            if "part" in happening:
                time_us = happening["time_us"]
                missing = account.settle(
                    now.position_id, happening["part"], step=_name_of(happening), time_us=time_us
                )
                if missing is not None:
                    yield {
                        "kind": "shortfall_covered",
                        "position_id": now.position_id,
                        "amount": missing,
                        "time_us": time_us,
                    }


def is_by_hand(event: Any) -> bool:
    """Whether a step that begins with an event is a person's or a signal's."""
    match event.kind:
        case "position_reduced":
            return bool(event.rung is None)
        case "position_closed":
            return bool(event.reason == "MANUAL")
    return bool(event.kind in CHANGES)


def price_of(event: Any) -> Decimal:
    """The market's price at the first event of a step."""
    names = {"rung_hit": "price", "stop_trailed": "best_price"} | dict.fromkeys(
        CHANGES, "mark_price"
    )
    price: Decimal = getattr(event, names.get(event.kind, "exit_price"))
    return price


def _name_of(happening: Happening) -> str | None:
    """What closed a part, as the ledger names it: a rung, or a person's step; None for the rest."""
    if happening["kind"] == "position_closed":
        return None
    rung = happening["rung"]
    return f"v{happening['version']}" if rung is None else f"{rung}"


def _signals_in(note: str | None) -> list[int]:
    """The signals in whose name a position was closed."""
    parts = (note or "").split("; ")
    return [signal_in(part) for part in parts if part.startswith(SIGNAL_NOTE)]


def signal_in(text: str | None) -> int:
    """The number at the end of a signal's key or note."""
    return int((text or "").split()[-1])
