"""The stop-loss that follows the best price.

It begins with the price that activates it. The best price then moves by the trail's step at least,
and the stop follows at its distance, where that tightens it.
"""

from dataclasses import replace
from decimal import Decimal

from trading.events.positions import StopTrailed
from trading.exits.prices import (
    at_or_beyond,
    level_price,
    next_step_price,
    trailed_stop_price,
)
from trading.model import Position
from trading.money import ZERO


def next_trail_price(position: Position) -> Decimal | None:
    """The price from which the trail begins, or follows again; None where no price does that."""
    trailing = position.ladder.trailing
    if trailing is None:
        return None
    side = position.side
    if position.best_price is None:
        level = trailing.start.level
        return None if level is None else level_price(side, position.entry_price, level)
    step = next_step_price(side, trailing, position.best_price)
    return step if step > ZERO else None


def trailed(
    position: Position, price: Decimal, time_us: int, *, version: int
) -> tuple[Position, StopTrailed | None]:
    """Follow a price, if the trail does; the position is then of this version."""
    if not _follows(position, price):
        return position, None
    return followed(position, price, time_us, version=version)


def followed(
    position: Position, price: Decimal, time_us: int, *, version: int
) -> tuple[Position, StopTrailed]:
    """Take a price as the best one; the position is then of this version."""
    after = with_best_price(position, price, version=version)
    event = StopTrailed(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        best_price=price,
        stop_before=position.stop_price,
        stop_after=after.stop_price,
        time_us=time_us,
    )
    return after, event


def with_best_price(position: Position, price: Decimal, *, version: int) -> Position:
    """The position once the trail has come to a price: its stop only ever tightens."""
    trailing = position.ladder.trailing
    assert trailing is not None, f"position {position.position_id} has no trail"
    stop = trailed_stop_price(position.side, trailing, price)
    tightens = stop > ZERO and at_or_beyond(position.side, stop, position.stop_price)
    return replace(
        position,
        best_price=price,
        stop_price=stop if tightens else position.stop_price,
        version=version,
    )


def _follows(position: Position, price: Decimal) -> bool:
    trailing = position.ladder.trailing
    if trailing is None:
        return False
    rung = trailing.start.rung
    if position.best_price is None and rung is not None:
        return position.rungs_hit >= rung
    next_price = next_trail_price(position)
    return next_price is not None and at_or_beyond(position.side, price, next_price)
