"""The model's signals: stored once each, whole batches, and carried out one after another."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from actors.messages import Denied
from actors.signals.messages import SignalsStored
from backstay.simulation.arithmetic import exact, price
from backstay.simulation.comparing import expect_values, said_of
from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_exits import Fields
from backstay.simulation.model_tracking import Tracked
from backstay.simulation.requests import SignalsAsked
from trading.model import Position
from trading.signals import Signal, SignalOrder

SAME_BODY_US = 10_000_000
OPPOSITE = {"LONG": "SHORT", "SHORT": "LONG"}
SIDES = {"buy": "LONG", "sell": "SHORT"}
ORDER_FIELDS = (
    "account",
    "symbol",
    "action",
    "flat",
    "notional",
    "digest",
    "client_id",
    "sent_us",
    "exits",
    "share",
)


@dataclass(slots=True)
class ModelSignal:
    """A durable signal.

    `to_close` is what it must have closed when it is done, `reduced` what it has closed its share
    of. `is_new_to` is the request that was told that it is the first.
    """

    now: Signal
    to_close: set[int] | None = None
    reduced: set[int] = field(default_factory=set)
    is_new_to: SignalsAsked | None = None

    @property
    def opens(self) -> str | None:
        """The side that it opens, if any."""
        is_partial = self.now.share is not None
        return None if self.now.flat or is_partial else SIDES.get(self.now.action)

    @property
    def closes(self) -> tuple[str, ...]:
        """The sides that it closes first."""
        side = SIDES.get(self.now.action)
        return ("LONG", "SHORT") if self.now.flat or side is None else (OPPOSITE[side],)


def is_same(order: SignalOrder | Signal, signal: Signal) -> bool:
    """Whether an order is a signal once more, whatever the time."""
    if (order.account, order.client_id) != (signal.account, signal.client_id):
        return False
    if order.client_id is None:
        return order.digest == signal.digest
    return all(
        getattr(order, name) == getattr(signal, name)
        for name in ("symbol", "action", "flat", "notional", "exits", "share")
    )


@dataclass(slots=True)
class ModelSignals:
    """All signals that are durable, by their ids from 1 on."""

    by_id: dict[int, ModelSignal] = field(default_factory=dict)

    def unfinished(self) -> list[int]:
        """The ids of those that are not finished, in the order that they are carried out."""
        return [id_ for id_, signal in self.by_id.items() if signal.now.outcome is None]

    def receive(
        self, events: list[Any], signals: Iterable[Signal], asked: Iterable[SignalsAsked]
    ) -> None:
        """Some become durable, in one change."""
        waiting, new = [request for request in asked if request.waits], list(signals)
        if len(events) != len(new):
            raise Violation(f"{new} are written with {events}")
        for event, signal in zip(events, new, strict=True):
            if signal.signal_id != len(self.by_id) + 1 or signal.outcome is not None:
                raise Violation(f"{signal} comes after signal {len(self.by_id)}")
            since_us = signal.received_us - SAME_BODY_US
            earlier = [
                known.now
                for known in self.by_id.values()
                if is_same(signal, known.now)
                and (signal.client_id is not None or known.now.received_us >= since_us)
            ]
            if earlier:
                raise Violation(f"{signal} is a repetition of {earlier[0]}, and is stored")
            expect_values(
                event,
                {
                    "signal_id": signal.signal_id,
                    "account": signal.account,
                    "symbol": signal.symbol,
                    "action": signal.action,
                    "time_us": signal.received_us,
                },
            )
            self.by_id[signal.signal_id] = ModelSignal(signal)
        for signal in new:
            self._expect_whole(signal, waiting)

    def _expect_whole(self, signal: Signal, waiting: list[SignalsAsked]) -> None:
        """Somebody waits for it, together with whatever else was asked with it."""
        asking = [
            request
            for request in waiting
            if any(
                all(getattr(order, name) == getattr(signal, name) for name in ORDER_FIELDS)
                for order in request.orders
            )
        ]
        if not asking:
            raise Violation(f"nobody waits for {signal} to be stored")
        if not any(
            all(any(is_same(order, known.now) for known in self.by_id.values()) for order in batch)
            for batch in (request.orders for request in asking)
        ):
            raise Violation(f"a part of a batch is stored: {signal} of {asking}")

    def turn(self, opened: Iterable[Tracked]) -> None:
        """Note what the signal whose turn has come must close before it is done."""
        waiting = self.unfinished()
        signal = self.by_id[waiting[0]] if waiting else None
        if signal is None or signal.to_close is not None:
            return
        signal.to_close = {
            tracked.now.position_id
            for tracked in opened
            if (tracked.now.account, tracked.now.symbol) == (signal.now.account, signal.now.symbol)
            and tracked.now.side in signal.closes
        }

    def expect_turn(self, signal_id: int, what: object) -> ModelSignal:
        """The signal that does something now: durable, and the first that is not finished."""
        signal = self.by_id.get(signal_id)
        if signal is None:
            raise Violation(f"signal {signal_id} is carried out before it is durable: {what}")
        waiting = self.unfinished()
        if waiting[:1] != [signal_id]:
            raise Violation(f"signal {signal_id} does {what}, and the turn is with {waiting[:3]}")
        return signal

    def open(self, signal_id: int, position: Position, opened: Iterable[Tracked]) -> Fields:
        """A position is opened in its name; returns what it says about its exits."""
        signal = self.expect_turn(signal_id, position)
        left = (signal.to_close or set()) & {tracked.now.position_id for tracked in opened}
        if left - signal.reduced:
            raise Violation(f"signal {signal_id} opens {position} before it has closed {left}")
        now = signal.now
        assert now.notional is not None
        quantity = price(exact(now.notional) / exact(position.entry_price))
        asked = (now.account, now.symbol, signal.opens, quantity)
        if (position.account, position.symbol, position.side, position.quantity) != asked:
            raise Violation(f"{position} is opened by {now}")
        return said_of(now.exits)

    def close(self, signal_id: int, tracked: Tracked) -> None:
        """A position is closed in its name, as a whole."""
        signal, now = self.expect_turn(signal_id, tracked), tracked.now
        if (now.account, now.symbol) != (signal.now.account, signal.now.symbol) or (
            now.side not in signal.closes or signal.now.share is not None
        ):
            raise Violation(f"{now} is closed by {signal}")

    def close_part(self, signal_id: int, tracked: Tracked) -> Decimal:
        """A position's share is closed in its name, once; returns the share."""
        signal, now = self.expect_turn(signal_id, tracked), tracked.now
        share = signal.now.share
        if (
            (now.account, now.symbol) != (signal.now.account, signal.now.symbol)
            or now.side not in signal.closes
            or share is None
            or now.position_id in signal.reduced
        ):
            raise Violation(f"a part of {now} is closed by {signal}")
        signal.reduced.add(now.position_id)
        return share

    def finish(
        self, event: Any, after: Signal, *, opened: int | None, still_open: set[int]
    ) -> None:
        """It is finished, once; `opened` is the position that has its key."""
        signal = self.expect_turn(after.signal_id, event)
        before, status = signal.now, str(after.status)
        for name in (*ORDER_FIELDS, "received_us"):
            if getattr(before, name) != getattr(after, name):
                raise Violation(f"{before} has become {after}")
        expect_values(
            event,
            {
                "signal_id": after.signal_id,
                "account": after.account,
                "symbol": after.symbol,
                "status": status,
                "outcome": after.outcome,
                "time_us": after.finished_us,
            },
        )
        if (opened is not None) != (status == "DONE" and signal.opens is not None):
            raise Violation(f"{after} ends so, and has opened {opened}")
        if opened is not None and f"opened {opened}" not in (after.outcome or ""):
            raise Violation(f"{after} does not tell that it has opened {opened}")
        left = ((signal.to_close or set()) & still_open) - signal.reduced
        if status == "DONE" and left:
            raise Violation(f"{after} is done, and {left} are open")
        if "given up" in (after.outcome or "") and "InjectedError" not in (after.outcome or ""):
            raise Violation(f"nobody made it fail, and yet: {after}")
        signal.now = after

    def judge(self, request: SignalsAsked, message: Any) -> None:
        """Who is told that a signal is stored finds it durable, and sent it first or again."""
        if isinstance(message, Denied):
            if request.existed or message.denial.reason != "account_unknown":
                raise Violation(f"{request} is denied: {message}")
            return
        if not isinstance(message, SignalsStored) or len(message.signals) != len(request.orders):
            raise Violation(f"{request} is answered with {message}")
        for order, stored in zip(request.orders, message.signals, strict=True):
            signal = self.by_id.get(stored.signal.signal_id)
            if signal is None:
                raise Violation(f"told of {stored}, which is not durable")
            if not is_same(order, signal.now):
                raise Violation(f"{order} is swallowed by {signal.now}, which is another order")
            if not stored.repeated:
                if signal.is_new_to is not None:
                    raise Violation(f"{stored} is new to {signal.is_new_to}, and to {request}")
                signal.is_new_to = request
