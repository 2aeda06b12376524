"""Take-profit rungs and the stop-loss: a position's state machine.

One price advances a ladder as far as it reaches. The stop is judged first, on the state before
the price; a stop never loosens; and because a rung sends the stop strictly behind itself,
judging a price twice is harmless. A person may tighten the stop under the same rules. SHORT
mirrors LONG. A price exactly at a trigger has reached it.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

from trading.closing import part_closed, rest_closed
from trading.costs import gross_pnl
from trading.events import Event
from trading.events.positions import PositionOpened, RungHit, StopMoved
from trading.model import (
    CloseReason,
    CostRates,
    Denial,
    DenialReason,
    Ladder,
    Position,
    PositionStatus,
    Rung,
    Side,
    StopTarget,
)
from trading.money import (
    HUNDRED,
    PRICE_MAX,
    ZERO,
    is_price,
    money,
    plain,
    price_scale,
    product,
    quotient,
    total,
    trimmed,
)
from trading.signals import opener_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Triggers:
    """The two prices that concern a position next: at or below `low`, at or above `high`.

    None where nothing waits on that side (a ladder whose rungs are all hit).
    """

    low: Decimal | None
    high: Decimal | None

    def reached_by(self, price: Decimal) -> bool:
        """Whether a price is at or beyond either trigger."""
        return (self.low is not None and price <= self.low) or (
            self.high is not None and price >= self.high
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Advance:
    """The result of a price or command for a position: its new state, and each step as an event."""

    position: Position
    events: tuple[Event, ...]


def opened(
    *,
    position_id: int,
    account: str,
    symbol: str,
    side: Side,
    quantity: Decimal,
    entry_price: Decimal,
    entry_time_us: int,
    ladder: Ladder,
    rates: CostRates,
    idempotency_key: str | None = None,
    request: str | None = None,
) -> Advance:
    """A position as it is opened, at version 1.

    Raises:
        ValueError: if a level of the ladder does not lie strictly on its side of the entry, as
            for a SHORT with a take-profit of 100 % or a distance too small for the price's scale.
    """
    levels = tuple(_level(side, entry_price, rung.distance_pct) for rung in ladder.rungs)
    stop_price = _level(side, entry_price, ladder.stop_loss_pct.copy_negate())
    path = (stop_price, entry_price, *levels)
    rising = path if side is Side.LONG else tuple(reversed(path))
    if rising[0] <= ZERO or any(a >= b for a, b in pairwise(rising)):
        raise ValueError(_not_guarded(side, path))
    if rising[-1] > PRICE_MAX:
        raise ValueError(
            f"{_not_guarded(side, path)}; no price above {plain(PRICE_MAX)} is ever accepted"
        )
    hold = money(product(entry_price, quantity))
    position = Position(
        position_id=position_id,
        account=account,
        symbol=symbol,
        side=side,
        ladder=ladder,
        rates=rates,
        quantity=quantity,
        entry_price=entry_price,
        entry_time_us=entry_time_us,
        take_profit_prices=levels,
        stop_price=stop_price,
        open_quantity=quantity,
        hold=hold,
        idempotency_key=idempotency_key,
        request=request,
    )
    event = PositionOpened(
        account=account,
        position_id=position_id,
        symbol=symbol,
        side=side,
        quantity=quantity,
        entry_price=entry_price,
        hold=hold,
        stop_price=stop_price,
        take_profit_prices=levels,
        time_us=entry_time_us,
        opened_by=opener_of(idempotency_key),
    )
    return Advance(position=position, events=(event,))


def triggers(position: Position) -> Triggers:
    """The stop and the next rung as the two prices to wait for."""
    hit = position.rungs_hit
    levels = position.take_profit_prices
    next_rung = levels[hit] if hit < len(levels) else None
    if position.side is Side.LONG:
        return Triggers(low=position.stop_price, high=next_rung)
    return Triggers(low=next_rung, high=position.stop_price)


def stop_is_reached(position: Position, price: Decimal) -> bool:
    """Whether a price is at a position's stop-loss, or past it."""
    return _at_or_beyond(position.side, position.stop_price, price)


def advanced(position: Position, price: Decimal, time_us: int) -> Advance:
    """Judge one price: the stop first, then every rung that it reaches.

    The new state counts one version more than the old if anything happened.
    """
    assert position.status is PositionStatus.OPEN, f"position {position.position_id} is closed"
    if stop_is_reached(position, price):
        return closed(position, price, time_us, reason=CloseReason.STOP_LOSS)
    events: list[Event] = []
    now = position
    while now.status is PositionStatus.OPEN and now.rungs_hit < len(now.ladder.rungs):
        if not _at_or_beyond(now.side, price, now.take_profit_prices[now.rungs_hit]):
            break
        now, steps = _rung_hit(now, price, time_us)
        events.extend(steps)
    if events:
        now = replace(now, version=position.version + 1)
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


def tightened(
    position: Position, stop_price: Decimal, mark_price: Decimal, time_us: int
) -> Advance | Denial:
    """Move the stop toward profit by a person's word, at a mark price and its time.

    It may not loosen, and stays strictly behind the mark price and the next rung: neither that
    price nor one that hits the rung may reach it when it is judged once more.
    """
    assert position.status is PositionStatus.OPEN, f"position {position.position_id} is closed"
    refusal = _stop_refusal(position, stop_price, mark_price)
    if refusal is not None:
        text = f"stop-loss of position {position.position_id} not moved to {stop_price}: {refusal}"
        return Denial(reason=DenialReason.STOP_INVALID, text=text)
    stop_after = trimmed(stop_price)
    event = StopMoved(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        stop_before=position.stop_price,
        stop_after=stop_after,
        mark_price=mark_price,
        time_us=time_us,
    )
    after = replace(position, stop_price=stop_after, version=position.version + 1)
    return Advance(position=after, events=(event,))


def unrealized_pnl(position: Position, mark_price: Decimal) -> Decimal:
    """What the open quantity would earn at a mark price, before costs; in money."""
    return gross_pnl(
        position.side,
        entry_price=position.entry_price,
        exit_price=mark_price,
        quantity=position.open_quantity,
    )


def quantity_for(notional: Decimal, price: Decimal) -> Decimal:
    """The quantity that a notional buys at a price, to 18 decimals."""
    return quotient(notional, price)


def _level(side: Side, entry_price: Decimal, distance_pct: Decimal) -> Decimal:
    """The price at a distance from the entry, in percent toward profit."""
    factor = total(HUNDRED, product(side.sign, distance_pct))
    return price_scale(product(entry_price, factor, Decimal("0.01")))


def _not_guarded(side: Side, path: tuple[Decimal, ...]) -> str:
    """Why a ladder is refused, with its stop-loss, its entry and its take-profits."""
    stop, entry, *levels = map(plain, path)
    reached = f", take-profits {', '.join(levels)}" if levels else ""
    return f"ladder of {side} at {entry} cannot be guarded: stop-loss {stop}{reached}"


def _at_or_beyond(side: Side, price: Decimal, level: Decimal) -> bool:
    """Whether a price is at a level, or further toward profit."""
    return price >= level if side is Side.LONG else price <= level


def _rung_hit(position: Position, price: Decimal, time_us: int) -> tuple[Position, list[Event]]:
    index = position.rungs_hit
    rung = position.ladder.rungs[index]
    stop_after = _stop_after(position, rung)
    closed_by_now = total(*(r.close_fraction for r in position.ladder.rungs[: index + 1]))
    # Shares are rounded one by one: of dust nothing may be left before the last of them.
    share = price_scale(product(position.quantity, rung.close_fraction))
    hit = RungHit(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        rung=index + 1,
        rung_price=position.take_profit_prices[index],
        distance_pct=rung.distance_pct,
        price=price,
        stop_before=position.stop_price,
        stop_after=stop_after,
        closes_position=closed_by_now == 1 or share >= position.open_quantity,
        time_us=time_us,
    )
    moved = replace(position, rungs_hit=index + 1, stop_price=stop_after)
    if hit.closes_position:
        done, close = rest_closed(moved, price, time_us, reason=CloseReason.TAKE_PROFIT)
        return done, [hit, close]
    if share == ZERO:
        return moved, [hit]
    reduced, part = part_closed(moved, share, rung.close_fraction, price, time_us)
    return reduced, [hit, part]


def _stop_refusal(position: Position, asked: Decimal, mark_price: Decimal) -> str | None:
    """Why a stop may not move there and what to ask for instead; None if it may."""
    if not is_price(asked):
        return f"give a price above 0 and at most {PRICE_MAX}, with at most 18 decimals"
    side, held = position.side, position.stop_price
    bound, what = mark_price, "the mark price"
    if position.rungs_hit < len(position.ladder.rungs):
        next_rung = position.take_profit_prices[position.rungs_hit]
        if _at_or_beyond(side, mark_price, next_rung):
            bound, what = next_rung, "the next take-profit"
    if not _at_or_beyond(side, held, asked) and not _at_or_beyond(side, asked, bound):
        return None
    more, less = ("above", "below") if side is Side.LONG else ("below", "above")
    rule = f"that of a {side} only tightens, it is at {plain(held)}, and {what} is {plain(bound)}"
    if _at_or_beyond(side, held, bound):
        return f"{rule}: no price is left between them, close the position instead"
    return (
        f"{rule}: ask for one {more} {plain(held)} and {less} {plain(bound)}, "
        "or close the position instead"
    )


def _stop_after(position: Position, rung: Rung) -> Decimal:
    match rung.stop:
        case StopTarget.UNCHANGED:
            target = position.stop_price
        case StopTarget.BREAKEVEN:
            target = position.entry_price
        case StopTarget.PREVIOUS_RUNG:
            previous = position.rungs_hit - 1
            target = (
                position.take_profit_prices[previous] if previous >= 0 else position.entry_price
            )
    tightens = _at_or_beyond(position.side, target, position.stop_price)
    return target if tightens else position.stop_price
