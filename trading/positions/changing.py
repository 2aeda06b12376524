"""What a person changes on a living position: its stop, the rungs ahead, its trail, its time stop.

A change is taken whole or refused whole, with the figures. It happens at a mark price and its
time, and whatever it asks for, the stop-loss only tightens and stays strictly behind that price.
"""

from dataclasses import dataclass, replace
from decimal import Decimal

from trading.events import Event
from trading.events.positions import (
    StopMoved,
    TargetsReplaced,
    TimeStopSet,
    TrailingSet,
)
from trading.exits.exits import Said
from trading.exits.ladder import (
    AskedRung,
    StopTarget,
    Trailing,
    TrailStart,
    check_close_after,
    check_rungs,
    check_trailing,
    filled_in,
)
from trading.exits.level import Level
from trading.exits.notation import asked_rungs_text, rungs_text
from trading.exits.prices import (
    at_or_beyond,
    breakeven_net_price,
    level_price,
    stop_loss_price,
)
from trading.headroom import check_gain
from trading.model import CloseReason, Denial, DenialReason, Position, PositionStatus, Side
from trading.money import (
    PRICE_MAX,
    ZERO,
    is_price,
    is_quantity,
    plain,
    price_scale,
    product,
    trimmed,
)
from trading.positions.closing import part_closed
from trading.positions.judging import Advance, closed, time_stop_us
from trading.positions.opening import check_ahead, check_rung_stops, check_trail_start
from trading.positions.trailing import followed, trailed
from trading.times import SECOND_US, duration_text

StopWish = Level | StopTarget
"""A stop-loss that a person asks for: a level, or `breakeven` or `breakeven_net`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a person wants to be different; None leaves it as it is.

    `take_profits` replace the rungs that are still ahead.
    """

    stop_loss: StopWish | None = None
    take_profits: tuple[AskedRung, ...] | None = None
    trailing: Trailing | Said | None = None
    close_after_us: int | Said | None = None

    def __post_init__(self) -> None:
        """Refuse what no position could take; raises `ValueError`."""
        if self.stop_loss in (StopTarget.KEEP, StopTarget.PREVIOUS):
            raise ValueError(
                f"stop-loss `{self.stop_loss}` is for a rung: give a price, a percentage, "
                "`breakeven` or `breakeven_net`"
            )
        wishes = (self.stop_loss, self.take_profits, self.trailing, self.close_after_us)
        if all(wish is None for wish in wishes):
            raise ValueError(
                "nothing to change: give a stop_loss, take_profits, trailing or close_after"
            )

    def said(self) -> dict[str, str]:
        """What is to change, by name in the one-line notation."""
        said: dict[str, str] = {}
        if self.stop_loss is not None:
            said["stop_loss"] = str(self.stop_loss)
        if self.take_profits is not None:
            said["take_profits"] = asked_rungs_text(self.take_profits)
        if self.trailing is not None:
            said["trailing"] = str(self.trailing)
        if self.close_after_us is not None:
            after = self.close_after_us
            said["close_after"] = str(after) if isinstance(after, Said) else duration_text(after)
        return said


@dataclass(frozen=True, slots=True, kw_only=True)
class PartToClose:
    """How much of a position to close: a share of what is open (0 to 1), or a quantity."""

    share: Decimal | None = None
    quantity: Decimal | None = None

    def __post_init__(self) -> None:
        """Refuse what no position could take; raises `ValueError`."""
        if (self.share is None) == (self.quantity is None):
            raise ValueError("a part is either a share or a quantity: give one of them")
        if self.share is not None and not (self.share.is_finite() and ZERO < self.share <= 1):
            raise ValueError("a share to close is above 0% and at most 100%")
        if self.quantity is not None and not is_quantity(self.quantity):
            raise ValueError(f"quantity {self.quantity} is not above 0 with at most 18 decimals")

    @property
    def is_all(self) -> bool:
        """Whether it is all that is open."""
        return self.share == 1


def changed(
    position: Position, changes: Changes, mark_price: Decimal, time_us: int
) -> Advance | Denial:
    """Change a living position as a person wants, at a mark price and its time."""
    assert position.status is PositionStatus.OPEN, f"position {position.position_id} is closed"
    now: Position = position
    events: list[Event] = []
    reason = DenialReason.LADDER_INVALID
    try:
        if changes.take_profits is not None:
            now, steps = _targets_replaced(now, changes.take_profits, mark_price, time_us)
            events += steps
            if changes.trailing is None and now.ladder.trailing is not None:
                check_trailing(now.ladder.trailing, len(now.ladder.rungs))
            check_gain(now)
        if changes.trailing is not None:
            now, steps = _trailing_set(now, changes.trailing, mark_price, time_us)
            events += steps
        if changes.close_after_us is not None:
            now, steps = _time_stop_set(now, changes.close_after_us, mark_price, time_us)
            events += steps
        reason = DenialReason.STOP_INVALID
        if changes.stop_loss is not None:
            now, steps = _stop_moved(now, changes.stop_loss, mark_price, time_us)
            events += steps
    except ValueError as error:
        return Denial(reason=reason, text=f"position {position.position_id}: {error}")
    after = replace(now, version=position.version + 1)
    return Advance(position=after, events=tuple(events))


def part_closed_by_hand(
    position: Position, part: PartToClose, price: Decimal, time_us: int, *, note: str | None = None
) -> Advance | Denial:
    """Close a part at a price; all that is left where the part is as much."""
    assert position.status is PositionStatus.OPEN, f"position {position.position_id} is closed"
    held = position.open_quantity
    quantity = part.quantity
    if quantity is None:
        assert part.share is not None, "a part is a share or a quantity"
        quantity = price_scale(product(held, part.share))
    refused = f"position {position.position_id} not reduced by {plain(quantity)}: "
    if quantity == ZERO:
        text = f"{refused}the share comes to nothing of the {plain(held)} that are open"
        return Denial(reason=DenialReason.AMOUNT_INVALID, text=text)
    if quantity > held:
        text = f"{refused}{plain(held)} are open, ask for no more"
        return Denial(reason=DenialReason.AMOUNT_INVALID, text=text)
    if quantity == held:
        return closed(position, price, time_us, reason=CloseReason.MANUAL, note=note)
    version = position.version + 1
    after, event = part_closed(
        position, quantity, price, time_us, by_rung=False, version=version, note=note
    )
    return Advance(position=replace(after, version=version), events=(event,))


def _stop_moved(
    position: Position, wish: StopWish, mark_price: Decimal, time_us: int
) -> tuple[Position, list[Event]]:
    asked = _stop_price(position, wish)
    refusal = _stop_refusal(position, asked, mark_price)
    if refusal is not None:
        raise ValueError(f"stop-loss not moved to {plain(asked)}: {refusal}")
    stop_after = trimmed(asked)
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
    return replace(position, stop_price=stop_after), [event]


def _stop_price(position: Position, wish: StopWish) -> Decimal:
    side, entry = position.side, position.entry_price
    match wish:
        case Level():
            return stop_loss_price(side, entry, wish)
        case StopTarget.BREAKEVEN_NET:
            return breakeven_net_price(side, entry, position.rates)
        case _:
            return entry


def _stop_refusal(position: Position, asked: Decimal, mark_price: Decimal) -> str | None:
    """Why a stop may not move there and what to ask for instead; None if it may."""
    if not is_price(asked):
        return f"give a price above 0 and at most {PRICE_MAX}, with at most 18 decimals"
    side, held = position.side, position.stop_price
    bound, what = mark_price, "the mark price"
    if position.rungs_hit < len(position.ladder.rungs):
        next_rung = position.take_profit_prices[position.rungs_hit]
        if at_or_beyond(side, mark_price, next_rung):
            bound, what = next_rung, "the next take-profit"
    if not at_or_beyond(side, held, asked) and not at_or_beyond(side, asked, bound):
        return None
    more, less = ("above", "below") if side is Side.LONG else ("below", "above")
    rule = f"that of a {side} only tightens, it is at {plain(held)}, and {what} is {plain(bound)}"
    if at_or_beyond(side, held, bound):
        return f"{rule}: no price is left between them, close the position instead"
    return (
        f"{rule}: ask for one {more} {plain(held)} and {less} {plain(bound)}, "
        "or close the position instead"
    )


def _targets_replaced(
    position: Position, asked: tuple[AskedRung, ...], mark_price: Decimal, time_us: int
) -> tuple[Position, list[Event]]:
    """Replace the rungs that are ahead; those that were hit stay as they are."""
    hit, side, entry = position.rungs_hit, position.side, position.entry_price
    kept = position.ladder.rungs[:hit]
    ahead = filled_in(asked, after=kept)
    rungs = (*kept, *ahead)
    check_rungs(ahead, after=kept)
    levels = (
        *position.take_profit_prices[:hit],
        *(level_price(side, entry, rung.at) for rung in ahead),
    )
    check_ahead(side, mark_price, levels[hit:], first=hit + 1)
    check_rung_stops(side, entry, position.rates, rungs, levels, first=hit)
    event = TargetsReplaced(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=side,
        targets_before=rungs_text(position.ladder.rungs[hit:]),
        targets_after=rungs_text(ahead),
        take_profit_prices=levels[hit:],
        mark_price=mark_price,
        time_us=time_us,
    )
    ladder = replace(position.ladder, rungs=rungs)
    return replace(position, ladder=ladder, take_profit_prices=levels), [event]


def _trailing_set(
    position: Position, wish: Trailing | Said, mark_price: Decimal, time_us: int
) -> tuple[Position, list[Event]]:
    """Set a trail that begins anew, or drop it; the stop-loss stays where it has come to.

    One from the entry begins with the mark price, because no price before it is known; so does
    one from a rung that was hit, or from a level that the mark price is beyond.
    """
    trailing = None if isinstance(wish, Said) else wish
    if trailing is not None:
        check_trailing(trailing, len(position.ladder.rungs))
        check_trail_start(position.side, position.entry_price, trailing)
    before = position.ladder.trailing
    now = replace(position, ladder=replace(position.ladder, trailing=trailing), best_price=None)
    event = TrailingSet(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        trailing_before=None if before is None else str(before),
        trailing_after=None if trailing is None else str(trailing),
        mark_price=mark_price,
        time_us=time_us,
    )
    if trailing is None or trailing.start != TrailStart():
        now, step = trailed(now, mark_price, time_us, version=now.version)
        return now, [event] if step is None else [event, step]
    now, begun = followed(now, mark_price, time_us, version=now.version)
    return now, [event, begun]


def _time_stop_set(
    position: Position, wish: int | Said, mark_price: Decimal, time_us: int
) -> tuple[Position, list[Event]]:
    """Set the time stop, counted from the entry, or drop it."""
    after_us = None if isinstance(wish, Said) else wish
    if after_us is not None:
        check_close_after(after_us)
    now = replace(position, ladder=replace(position.ladder, close_after_us=after_us))
    due_us = time_stop_us(now)
    if due_us is not None and due_us <= time_us:
        open_for = duration_text((time_us - position.entry_time_us) // SECOND_US * SECOND_US)
        asked = duration_text(due_us - position.entry_time_us)
        raise ValueError(
            f"time stop not set to {asked} after the entry: the position is open for {open_for} "
            "already, close it instead"
        )
    event = TimeStopSet(
        account=position.account,
        position_id=position.position_id,
        symbol=position.symbol,
        side=position.side,
        close_after_us=after_us,
        mark_price=mark_price,
        time_us=time_us,
    )
    return now, [event]
