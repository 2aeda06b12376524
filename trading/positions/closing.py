"""Closing a part of a position, or all that is left of it: what it releases, earns and costs."""

from dataclasses import replace
from decimal import Decimal

from trading.costs import closing_costs, gross_pnl
from trading.events.positions import PositionClosed, PositionReduced
from trading.model import CloseReason, Costs, Position, Side
from trading.money import ZERO, difference, money, plain, product, trimmed
from trading.signals import closer_in
from trading.times import duration_text


def rung_name(
    side: Side, rung: int, distance_pct: Decimal | None, rung_price: Decimal | None
) -> str:
    """What people call a rung: `TP3 (+10%)`, `TP3 (-10%)` for a SHORT, `TP3 (68000)` by price."""
    if distance_pct is not None:
        return f"TP{rung} ({'+' if side is Side.LONG else '-'}{plain(trimmed(distance_pct))}%)"
    return f"TP{rung}" if rung_price is None else f"TP{rung} ({plain(trimmed(rung_price))})"


def reduced_by(part: PositionReduced) -> str:
    """What closed a part: `TP1 (+3%) reached`, `closed by hand`, with a person's note."""
    if part.rung is not None:
        name = rung_name(part.side, part.rung, part.distance_pct, part.rung_price)
        return f"{name} reached"
    return _by_hand(part.note)


def part_closed(
    position: Position,
    quantity: Decimal,
    price: Decimal,
    time_us: int,
    *,
    by_rung: bool,
    version: int,
    note: str | None = None,
) -> tuple[Position, PositionReduced]:
    """Close a quantity at a price: the last rung's that was hit, or a part by hand.

    `version` is the position's that this leads to; the returned one does not count it yet.
    """
    # Parts are rounded one by one, so their sum may not exceed what is held.
    released = min(position.hold, money(product(position.entry_price, quantity)))
    gross, costs = _pnl(position, price, quantity)
    event = PositionReduced(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        rung=position.rungs_hit if by_rung else None,
        distance_pct=last_distance(position) if by_rung else None,
        quantity=quantity,
        entry_price=position.entry_price,
        exit_price=price,
        released=released,
        gross_pnl=gross,
        costs=costs,
        time_us=time_us,
        rung_price=position.take_profit_prices[position.rungs_hit - 1] if by_rung else None,
        note=note,
        version=version,
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


def last_distance(position: Position) -> Decimal | None:
    """The distance of the last rung that was hit, in percent; None where it is a price."""
    at = position.ladder.rungs[position.rungs_hit - 1].at
    return at.value if at.is_percent else None


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
            hit = position.rungs_hit
            rung_price = position.take_profit_prices[hit - 1]
            return f"{rung_name(position.side, hit, last_distance(position), rung_price)} reached"
        case CloseReason.STOP_LOSS:
            return f"stop-loss at {plain(position.stop_price)} reached"
        case CloseReason.TIME:
            after_us = position.ladder.close_after_us
            assert after_us is not None, "a time stop closes a position that has one"
            return f"time stop after {duration_text(after_us)} reached"
        case CloseReason.MANUAL:
            return _by_hand(note)


def _by_hand(note: str | None) -> str:
    if closer_in(note) is not None:
        return f"closed by {note}"
    return "closed by hand" if note is None else f"closed by hand: {note}"
