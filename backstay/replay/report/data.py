"""The data that `report.html` draws: the report, sums over it, and series over time.

Amounts and prices are text and exact to the digit; times are milliseconds since 1970, UTC.
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, assert_never

from backstay.formats import amount_text, number_text
from backstay.replay.event_tape import EventTape, TapedEvent
from backstay.replay.report.equity_curve import EquityPoint, equity_curve, thinned
from backstay.replay.report.price_buckets import PriceBuckets
from trading.events.accounts import AccountOpened, ShortfallCovered
from trading.events.positions import (
    PositionClosed,
    PositionOpened,
    PositionReduced,
    RungHit,
    StopMoved,
    StopTrailed,
)
from trading.money import HUNDRED, ZERO, quotient
from trading.positions.closing import reduced_by, rung_name

CURVE_POINTS_MAX = 2_000


def page_data(report: dict[str, Any], prices: PriceBuckets, events: EventTape) -> dict[str, Any]:
    """All data of the page, as plain values."""
    curve = equity_curve(prices, events.events)
    opening = next((event for event in events.events if isinstance(event, AccountOpened)), None)
    return {
        "account": opening.account if opening else "",
        "currency": opening.currency if opening else "",
        "report": report,
        "summary": _summary(report, curve),
        "curve": [
            {
                "time": _milliseconds(point.time_us),
                "equity": amount_text(point.equity),
                "balance": amount_text(point.balance),
                "drawdown_pct": _percent(point.drawdown_pct),
            }
            for point in thinned(curve, CURVE_POINTS_MAX)
        ],
        "prices": {
            symbol: [
                {
                    "time": _milliseconds(bucket.time_us),
                    "low": number_text(bucket.low),
                    "high": number_text(bucket.high),
                    "last": number_text(bucket.last),
                }
                for bucket in prices.buckets(symbol)
            ]
            for symbol in prices.symbols
        },
        "steps": _steps(events.events),
    }


def _summary(report: dict[str, Any], curve: Sequence[EquityPoint]) -> dict[str, Any]:
    positions, initial = report["positions"], Decimal(report["wallet"]["initial_balance"])
    closed = [Decimal(p["net_pnl"]) for p in positions if p["status"] == "CLOSED"]
    won = sum((net for net in closed if net > ZERO), ZERO)
    lost = sum((-net for net in closed if net < ZERO), ZERO)
    wins = sum(1 for net in closed if net > ZERO)
    deepest = max(curve, key=lambda point: point.drawdown_pct, default=None)
    final = curve[-1].equity if curve else initial
    return {
        "net_pnl": amount_text(sum((Decimal(p["net_pnl"]) for p in positions), ZERO)),
        "costs": amount_text(sum((Decimal(p["costs"]) for p in positions), ZERO)),
        "equity": amount_text(final),
        "return_pct": _percent(quotient((final - initial) * HUNDRED, initial)) if initial else None,
        "drawdown_pct": _percent(deepest.drawdown_pct) if deepest else "0",
        "drawdown": amount_text(deepest.drawdown if deepest else ZERO),
        "drawdown_time": _milliseconds(deepest.time_us) if deepest else None,
        "positions": len(positions),
        "open": len(positions) - len(closed),
        "wins": wins,
        "losses": len(closed) - wins,
        "profit_factor": number_text(round(quotient(won, lost), 2)) if lost else None,
        "best": amount_text(max(closed)) if closed else None,
        "worst": amount_text(min(closed)) if closed else None,
        "from": _milliseconds(curve[0].time_us) if curve else None,
        "to": _milliseconds(curve[-1].time_us) if curve else None,
    }


def _steps(events: Sequence[TapedEvent]) -> dict[int, list[dict[str, Any]]]:
    """Each position's events: where each is drawn, its text, and the stop's new price."""
    steps: dict[int, list[dict[str, Any]]] = {}
    for event in events:
        if isinstance(event, AccountOpened | ShortfallCovered):
            continue
        step = {"time": _milliseconds(event.time_us), **_step(event)}
        steps.setdefault(event.position_id, []).append(step)
    return steps


def _step(
    event: PositionOpened | RungHit | StopMoved | StopTrailed | PositionReduced | PositionClosed,
) -> dict[str, str]:
    which = event.position_id
    match event:
        case PositionOpened():
            price = number_text(event.entry_price)
            text = f"{event.side} {which} opened at {price}"
            stop = number_text(event.stop_price)
            return {"kind": "entry", "price": price, "text": text, "stop": stop}
        case RungHit():
            price = number_text(event.price)
            name = rung_name(event.side, event.rung, event.distance_pct, event.rung_price)
            text = f"{name} of {which} hit at {price}"
            stop = number_text(event.stop_after)
            return {"kind": "rung", "price": price, "text": text, "stop": stop}
        case StopMoved():
            stop = number_text(event.stop_after)
            text = f"stop-loss of {which} moved to {stop}"
            return {"kind": "stop", "price": stop, "text": text, "stop": stop}
        case StopTrailed():
            price, stop = number_text(event.best_price), number_text(event.stop_after)
            text = f"trail of {which} followed to {price}, stop-loss {stop}"
            step = {"kind": "stop", "price": price, "text": text}
            return step if event.stop_after == event.stop_before else {**step, "stop": stop}
        case PositionReduced():
            part = f"{number_text(event.quantity)} of {which}"
            text = f"{part} closed, {reduced_by(event)}: net {amount_text(event.net_pnl)}"
            kind = "exit" if event.rung is None else "rung"
            return {"kind": kind, "price": number_text(event.exit_price), "text": text}
        case PositionClosed():
            price = number_text(event.exit_price)
            net = f"net {amount_text(event.net_pnl_total)} in all"
            text = f"{event.side} {which} closed at {price}: {event.reason_text}, {net}"
            return {"kind": "exit", "price": price, "text": text}
        case _:
            assert_never(event)


def _milliseconds(time_us: int) -> int:
    return time_us // 1_000


def _percent(value: Decimal) -> str:
    return number_text(round(value, 4))
