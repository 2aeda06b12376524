"""Closing a part of a position, or all that is left of it: what it releases, earns and costs."""

from dataclasses import replace
from decimal import Decimal

from trading.costs import closing_costs, gross_pnl
from trading.events.positions import PositionClosed, PositionReduced
from trading.model import CloseReason, Costs, Position, Side
from trading.money import ZERO, difference, money, plain, product, trimmed
from trading.signals import closer_in


def rung_name(side: Side, rung: int, distance_pct: Decimal) -> str:
    """What people call a rung: `TP3 (+10%)`, and `TP3 (-10%)` for a SHORT."""
    return f"TP{rung} ({'+' if side is Side.LONG else '-'}{plain(trimmed(distance_pct))}%)"


def part_closed(
    position: Position, quantity: Decimal, fraction: Decimal, price: Decimal, time_us: int
) -> tuple[Position, PositionReduced]:
    """Close a quantity at a price: that rung's `fraction` of the original one."""
    # Shares are rounded one by one, so their sum may not exceed what is held.
    released = min(position.hold, money(product(position.notional, fraction)))
    gross, costs = _pnl(position, price, quantity)
    event = PositionReduced(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        rung=position.rungs_hit,
        distance_pct=_last_distance(position),
        quantity=quantity,
        entry_price=position.entry_price,
        exit_price=price,
        released=released,
        gross_pnl=gross,
        costs=costs,
        time_us=time_us,
    )
    after = replace(
        position,
        open_quantity=difference(position.open_quantity, quantity),
        hold=position.hold - released,
        gross_pnl=position.gross_pnl + gross,
        costs=position.costs + costs,
    )
    return after, event


def rest_closed(
    position: Position,
    price: Decimal,
    time_us: int,
    *,
    reason: CloseReason,
    note: str | None = None,
) -> tuple[Position, PositionClosed]:
    """Close all that is left at a price; the position counts no version for it yet."""
    gross, costs = _pnl(position, price, position.open_quantity)
    after = replace(
        position,
        open_quantity=ZERO,
        hold=ZERO,
        gross_pnl=position.gross_pnl + gross,
        costs=position.costs + costs,
        exit_price=price,
        exit_time_us=time_us,
        close_reason=reason,
        close_note=note,
    )
    event = PositionClosed(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        reason=reason,
        reason_text=_reason_text(position, reason, note),
        note=note,
        quantity=position.open_quantity,
        entry_price=position.entry_price,
        exit_price=price,
        released=position.hold,
        gross_pnl=gross,
        costs=costs,
        net_pnl_total=after.net_pnl,
        notional=position.notional,
        time_us=time_us,
    )
    return after, event


def _pnl(position: Position, exit_price: Decimal, quantity: Decimal) -> tuple[Decimal, Costs]:
    gross = gross_pnl(
        position.side, entry_price=position.entry_price, exit_price=exit_price, quantity=quantity
    )
    costs = closing_costs(
        position.rates,
        entry_price=position.entry_price,
        exit_price=exit_price,
        quantity=quantity,
    )
    return gross, costs


def _reason_text(position: Position, reason: CloseReason, note: str | None) -> str:
    match reason:
        case CloseReason.TAKE_PROFIT:
            return (
                f"{rung_name(position.side, position.rungs_hit, _last_distance(position))} reached"
            )
        case CloseReason.STOP_LOSS:
            return f"stop-loss at {plain(position.stop_price)} reached"
        case CloseReason.MANUAL:
            if closer_in(note) is not None:
                return f"closed by {note}"
            return "closed by hand" if note is None else f"closed by hand: {note}"


def _last_distance(position: Position) -> Decimal:
    return position.ladder.rungs[position.rungs_hit - 1].distance_pct
