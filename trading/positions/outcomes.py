"""What a position comes to at its stop-loss and at each take-profit ahead, before it happens.

Each figure is that of the rules themselves: the position is judged at the level's own price, as if
the price went from one take-profit to the next and met each exactly.
"""

from dataclasses import dataclass
from decimal import Decimal

from trading.exits.prices import at_or_beyond
from trading.model import CloseReason, Position, PositionStatus
from trading.money import HUNDRED, difference, product, quotient
from trading.positions.judging import advanced, closed


@dataclass(frozen=True, slots=True, kw_only=True)
class StopOutcome:
    """A position that its stop-loss closes: its distance from the entry, and its net PnL in all.

    `distance_pct` is in percent toward profit, so below 0 where the stop-loss is; `net_pnl` is
    money, costs and the parts closed before included.
    """

    price: Decimal
    distance_pct: Decimal
    net_pnl: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetOutcome:
    """A take-profit (counted from 1) that is reached: what it closes, and the net PnL in all.

    `quantity` is what it closes, and `net_pnl` (money, costs included) what the position comes to
    if all that is left is closed there. `stop` is what the stop-loss comes to from then on; None
    where the take-profit closes all.
    """

    rung: int
    price: Decimal
    distance_pct: Decimal
    quantity: Decimal
    net_pnl: Decimal
    stop: StopOutcome | None


def at_stop(position: Position) -> StopOutcome:
    """What an open position comes to if its stop-loss is reached next, exactly."""
    price = position.stop_price
    return StopOutcome(
        price=price,
        distance_pct=distance_pct(position, price),
        net_pnl=_closed_at(position, price, CloseReason.STOP_LOSS),
    )


def at_targets(position: Position) -> tuple[TargetOutcome, ...]:
    """What an open position comes to at each take-profit that is ahead, one after another."""
    outcomes = []
    now = position
    while now.status is PositionStatus.OPEN and now.rungs_hit < len(now.take_profit_prices):
        before, price = now, now.take_profit_prices[now.rungs_hit]
        # A stop-loss that a person moved beyond a rung which no price has reached comes first.
        if at_or_beyond(now.side, now.stop_price, price):
            break
        now = advanced(now, price, now.entry_time_us).position
        is_open = now.status is PositionStatus.OPEN
        outcomes.append(
            TargetOutcome(
                rung=before.rungs_hit + 1,
                price=price,
                distance_pct=distance_pct(position, price),
                quantity=difference(before.open_quantity, now.open_quantity),
                net_pnl=(_closed_at(now, price, CloseReason.MANUAL) if is_open else now.net_pnl),
                stop=at_stop(now) if is_open else None,
            )
        )
    return tuple(outcomes)


def distance_pct(position: Position, price: Decimal) -> Decimal:
    """How far a price is from the entry toward profit, in percent of the entry."""
    way = product(position.side.sign, difference(price, position.entry_price))
    return quotient(product(way, HUNDRED), position.entry_price)


def _closed_at(position: Position, price: Decimal, reason: CloseReason) -> Decimal:
    return closed(position, price, position.entry_time_us, reason=reason).position.net_pnl
