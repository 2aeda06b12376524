"""The words for events of positions."""

from typing import assert_never

from trading.events import (
    PositionEvent,
)
from trading.events.positions import (
    OpenDenied,
    PositionClosed,
    PositionOpened,
    PositionReduced,
    RungHit,
    StopMoved,
    StopTrailed,
    TargetsReplaced,
    TimeStopSet,
    TrailingSet,
)
from trading.events.words.words import Gravity, Words, amount, earned
from trading.money import ZERO, plain
from trading.positions.closing import reduced_by, rung_name
from trading.times import duration_text


def of_position(event: PositionEvent) -> Words:
    """The words for one of these events."""
    match event:
        case PositionOpened():
            levels = ", ".join(map(plain, event.take_profit_prices)) or "none"
            by = f" by {event.opened_by}" if event.opened_by else ""
            return Words(
                Gravity.INFO,
                f"position {event.position_id} of {event.account} opened",
                f"{event.side} of {plain(event.quantity)} {event.symbol} opened at "
                f"{plain(event.entry_price)}{by}, {amount(event.hold)} held, "
                f"stop-loss {plain(event.stop_price)}, take-profits {levels}"
                + _besides(event.asked or ""),
            )
        case OpenDenied():
            whose = f" for {event.asked_by}" if event.asked_by else ""
            return Words(
                Gravity.WARNING,
                f"{event.side} of {event.symbol} denied in {event.account}",
                f"{event.side} of {event.symbol} not opened{whose}: {event.text}",
            )
        case RungHit():
            return Words(
                Gravity.GAIN,
                f"position {event.position_id} of {event.account} hit TP{event.rung}",
                _rung(event),
            )
        case StopMoved():
            return Words(
                Gravity.INFO,
                f"stop-loss of position {event.position_id} of {event.account} tightened",
                f"Stop-loss tightened by hand {plain(event.stop_before)} -> "
                f"{plain(event.stop_after)} at mark price {plain(event.mark_price)}",
            )
        case StopTrailed():
            moved = f"{plain(event.stop_before)} -> {plain(event.stop_after)}"
            stop = "stays at " + plain(event.stop_after)
            return Words(
                Gravity.INFO,
                f"stop-loss of position {event.position_id} of {event.account} trailed",
                f"Trail followed to {plain(event.best_price)}, stop-loss "
                + (stop if event.stop_before == event.stop_after else moved),
            )
        case TargetsReplaced() | TrailingSet() | TimeStopSet():
            return _of_change(event)
        case PositionReduced():
            return Words(
                Gravity.GAIN if event.net_pnl > ZERO else Gravity.LOSS,
                f"position {event.position_id} of {event.account} reduced",
                f"Closed {plain(event.quantity)} at {plain(event.exit_price)}, "
                f"{reduced_by(event)}: {amount(event.released)} released, {earned(event)}",
            )
        case PositionClosed():
            return Words(
                Gravity.GAIN if event.net_pnl_total > ZERO else Gravity.LOSS,
                f"position {event.position_id} of {event.account} closed",
                f"Closed at {plain(event.exit_price)}, {event.reason_text}: "
                f"{amount(event.released)} released, {earned(event)}, "
                f"in all {amount(event.net_pnl_total)}",
            )
        case _:
            assert_never(event)


def _of_change(event: TargetsReplaced | TrailingSet | TimeStopSet) -> Words:
    position = f"position {event.position_id} of {event.account}"
    mark = f"at mark price {plain(event.mark_price)}"
    match event:
        case TargetsReplaced():
            prices = ", ".join(map(plain, event.take_profit_prices)) or "none"
            return Words(
                Gravity.INFO,
                f"take-profits of {position} replaced",
                f"Take-profits ahead replaced by hand: {event.targets_before} -> "
                f"{event.targets_after} (now {prices}) {mark}",
            )
        case TrailingSet():
            before, after = event.trailing_before or "none", event.trailing_after or "none"
            return Words(
                Gravity.INFO,
                f"trail of {position} {'set' if event.trailing_after else 'dropped'}",
                f"Trail changed by hand: {before} -> {after} {mark}",
            )
        case TimeStopSet():
            after_us = event.close_after_us
            dropped = after_us is None
            said = "Time stop dropped by hand"
            if after_us is not None:
                said = f"Time stop set by hand to {duration_text(after_us)} after the entry"
            return Words(
                Gravity.INFO,
                f"time stop of {position} {'dropped' if dropped else 'set'}",
                f"{said}, {mark}",
            )
        case _:
            assert_never(event)


def _besides(asked: str) -> str:
    """What a ladder has besides its stop-loss and take-profits, out of its one-line notation."""
    words = {"trailing ": "trail ", "close_after ": "closes after "}
    parts = [
        f", {word}{part.removeprefix(name)}"
        for part in asked.split(", ")
        for name, word in words.items()
        if part.startswith(name)
    ]
    return "".join(parts)


def _rung(event: RungHit) -> str:
    name = rung_name(event.side, event.rung, event.distance_pct, event.rung_price)
    hit = f"{name} hit at {plain(event.price)}"
    if event.closes_position:
        return f"{hit}, closing all that is left"
    if event.stop_before == event.stop_after:
        return f"{hit}, stop-loss stays at {plain(event.stop_after)}"
    return f"{hit}, stop-loss {plain(event.stop_before)} -> {plain(event.stop_after)}"
