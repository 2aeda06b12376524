"""One price and a position: the stop-loss, the take-profits, the trail and the time stop.

They are judged in this order. The stop comes first, on the state before the price; then every rung
that the price reaches; then the trail; then the time. A stop never loosens, and because a rung and
a trail send it strictly behind the price, judging a price twice is harmless. SHORT mirrors LONG. A
price exactly at a trigger has reached it.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from trading.costs import gross_pnl
from trading.events import Event
from trading.events.positions import RungHit
from trading.exits.ladder import TakeProfitFill
from trading.exits.prices import at_or_beyond, rung_stop_price
from trading.model import CloseReason, Position, PositionStatus, Side
from trading.money import ZERO, price_scale, product, total
from trading.positions.closing import last_distance, part_closed, rest_closed
from trading.positions.trailing import next_trail_price, trailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """What concerns a position next: a price at or below `low`, at or above `high`, or a time.

    None where nothing waits on that side (a ladder whose rungs are all hit). `due_us` is the time
    of the time stop (microseconds).
    """

    low: Decimal | None
    high: Decimal | None
    due_us: int | None = None

    def reached_by(self, price: Decimal, time_us: int) -> bool:
        """Whether a price is at or beyond either trigger, or its time at or past the time stop."""
        return (
            (self.low is not None and price <= self.low)
            or (self.high is not None and price >= self.high)
            or (self.due_us is not None and time_us >= self.due_us)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """The result of a price or command for a position: its new state, and each step as an event."""

    position: Position
    events: tuple[Event, ...]


def triggers(position: Position) -> Triggers:
    """The stop, the nearer of the next rung and the trail's next step, and the time stop."""
    hit, levels, side = position.rungs_hit, position.take_profit_prices, position.side
    nearer = levels[hit] if hit < len(levels) else None
    trail = next_trail_price(position)
    if trail is not None and (nearer is None or at_or_beyond(side, nearer, trail)):
        nearer = trail
    due_us = time_stop_us(position)
    if side is Side.LONG:
        return Triggers(low=position.stop_price, high=nearer, due_us=due_us)
    return Triggers(low=nearer, high=position.stop_price, due_us=due_us)


def time_stop_us(position: Position) -> int | None:
    """The time from which a price closes the position whatever it is; None without a time stop."""
    after_us = position.ladder.close_after_us
    return None if after_us is None else position.entry_time_us + after_us


def stop_is_reached(position: Position, price: Decimal) -> bool:
    """Whether a price is at a position's stop-loss, or past it."""
    return at_or_beyond(position.side, position.stop_price, price)


def advanced(position: Position, price: Decimal, time_us: int) -> Advance:
    """Judge one price and its time.

    The new state counts one version more than the old if anything happened.
    """
    assert position.status is PositionStatus.OPEN, f"position {position.position_id} is closed"
    if stop_is_reached(position, price):
        return closed(position, price, time_us, reason=CloseReason.STOP_LOSS)
    events: list[Event] = []
    now, version = position, position.version + 1
    while now.status is PositionStatus.OPEN and now.rungs_hit < len(now.ladder.rungs):
        if not at_or_beyond(now.side, price, now.take_profit_prices[now.rungs_hit]):
            break
        now, steps = _rung_hit(now, price, time_us, version=version)
        events.extend(steps)
    if now.status is PositionStatus.OPEN:
        now, step = trailed(now, price, time_us, version=version)
        if step is not None:
            events.append(step)
        due_us = time_stop_us(now)
        if due_us is not None and time_us >= due_us:
            now, close = rest_closed(now, price, time_us, reason=CloseReason.TIME)
            events.append(close)
    if now.version != version and events:
        now = replace(now, version=version)
    return Advance(position=now, events=tuple(events))


def closed(
    position: Position,
    price: Decimal,
    time_us: int,
    *,
    reason: CloseReason,
    note: str | None = None,
) -> Advance:
    """Close all that is left at a price."""
    assert position.status is PositionStatus.OPEN, f"position {position.position_id} is closed"
    after, event = rest_closed(position, price, time_us, reason=reason, note=note)
    return Advance(position=replace(after, version=position.version + 1), events=(event,))


def unrealized_pnl(position: Position, mark_price: Decimal) -> Decimal:
    """What the open quantity would earn at a mark price, before costs; in money."""
    return gross_pnl(
        position.side,
        entry_price=position.entry_price,
        exit_price=mark_price,
        quantity=position.open_quantity,
    )


def _rung_hit(
    position: Position, price: Decimal, time_us: int, *, version: int
) -> tuple[Position, list[Event]]:
    index = position.rungs_hit
    rungs, levels = position.ladder.rungs, position.take_profit_prices
    rung, rung_price = rungs[index], levels[index]
    closed_by_now = total(*(r.close_fraction for r in rungs[: index + 1]))
    # Shares are rounded one by one: of dust nothing may be left before the last of them. After a
    # part that a person closed, less may be left than a rung's share.
    share = price_scale(product(position.quantity, rung.close_fraction))
    moved = replace(position, rungs_hit=index + 1, stop_price=_stop_after(position, index))
    hit = RungHit(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        rung=index + 1,
        rung_price=rung_price,
        distance_pct=last_distance(moved),
        price=price,
        stop_before=position.stop_price,
        stop_after=moved.stop_price,
        closes_position=closed_by_now == 1 or share >= position.open_quantity,
        time_us=time_us,
    )
    exit_price = rung_price if position.ladder.take_profit_fill is TakeProfitFill.LEVEL else price
    if hit.closes_position:
        done, close = rest_closed(moved, exit_price, time_us, reason=CloseReason.TAKE_PROFIT)
        return done, [hit, close]
    if share == ZERO:
        return moved, [hit]
    reduced, part = part_closed(moved, share, exit_price, time_us, by_rung=True, version=version)
    return reduced, [hit, part]


def _stop_after(position: Position, index: int) -> Decimal:
    target = rung_stop_price(
        position.side,
        position.entry_price,
        position.rates,
        position.ladder.rungs[index],
        position.take_profit_prices[index - 1] if index else None,
    )
    held = position.stop_price
    return target if target is not None and at_or_beyond(position.side, target, held) else held
