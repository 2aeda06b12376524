"""What people do to a living position of the model: change its exits, close a part of it."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from backstay.simulation.arithmetic import exact, price
from backstay.simulation.model_exits import (
    PRICE_MAX,
    breakeven_net,
    level_price,
    microseconds_of,
    profits,
    rungs_can_be_asked,
    rungs_of,
    rungs_text,
    trail_can_be_asked,
    trail_of,
)
from backstay.simulation.model_position import Happening, ModelPosition

Step = tuple[ModelPosition, list[Happening]]


class RefusedChange(Exception):
    """A change is refused; its text is the reason's code."""


def changed(
    position: ModelPosition, wishes: Mapping[str, str], mark: Decimal, time_us: int
) -> Step | str:
    """A living position once its exits are changed, or the code of the refusal."""
    now, happenings = position.next_version(), list[Happening]()
    try:
        for name, change in (
            ("take_profits", _replace_rungs),
            ("trailing", _set_trail),
            ("close_after", _set_time_stop),
            ("stop_loss", _move_stop),
        ):
            if name in wishes:
                change(now, wishes[name], mark, time_us, happenings)
            # A trail that is replaced as well may begin at a rung that is no more.
            if name == "trailing" and not (
                trail_can_be_asked(now.ladder.trail, now.ladder.rungs) and now.trail_can_begin
            ):
                raise RefusedChange("ladder_invalid")
    except RefusedChange as refusal:
        return str(refusal)
    return now, happenings


def part_closed(
    position: ModelPosition,
    share: Decimal | None,
    quantity: Decimal | None,
    at: Decimal,
    time_us: int,
) -> Step | str:
    """A living position once a part is closed, or all of it; or the code of the refusal."""
    held = position.open_quantity
    if quantity is None:
        quantity = held if share is None else price(exact(held) * exact(share))
    if quantity == 0 or quantity > held:
        return "amount_invalid"
    now, happenings = position.next_version(), list[Happening]()
    if quantity == held:
        now.close(at, time_us, "MANUAL", happenings)
    else:
        now.reduce(quantity, at, time_us, happenings, rung=None)
    return now, happenings


def _replace_rungs(
    now: ModelPosition, text: str, mark: Decimal, time_us: int, happenings: list[Happening]
) -> None:
    hit, before = now.rungs_hit, now.ladder.rungs
    kept, ahead = before[:hit], rungs_of(text, before[:hit])
    rungs = (*kept, *ahead)
    levels = [level_price(now.side, now.entry, rung.at) for rung in ahead]
    path = [mark, *levels] if now.side == "LONG" else [mark, *levels][::-1]
    now.ladder = replace(now.ladder, rungs=rungs)
    now.levels = [*now.levels[:hit], *levels]
    if (
        not rungs_can_be_asked(ahead, kept)
        or any(a >= b for a, b in pairwise(path))
        or any(not 0 < level <= PRICE_MAX for level in levels)
        or not now.rung_stops_lie_behind(hit)
    ):
        raise RefusedChange("ladder_invalid")
    happenings.append(
        {
            "kind": "targets_replaced",
            "position_id": now.position_id,
            "targets_before": rungs_text(before[hit:]),
            "targets_after": rungs_text(ahead),
            "take_profit_prices": tuple(levels),
            "mark_price": mark,
            "time_us": time_us,
        }
    )


def _set_trail(
    now: ModelPosition, text: str, mark: Decimal, time_us: int, happenings: list[Happening]
) -> None:
    before, after = now.ladder.trail, trail_of(text)
    now.ladder, now.best = replace(now.ladder, trail=after), None
    happenings.append(
        {
            "kind": "trailing_set",
            "position_id": now.position_id,
            "trailing_before": None if before is None else str(before),
            "trailing_after": None if after is None else str(after),
            "mark_price": mark,
            "time_us": time_us,
        }
    )
    if after is not None and after.start == "entry":
        now.follow(mark, time_us, happenings)
    else:
        now.trail(mark, time_us, happenings)


def _set_time_stop(
    now: ModelPosition, text: str, mark: Decimal, time_us: int, happenings: list[Happening]
) -> None:
    now.ladder = replace(now.ladder, close_after_us=microseconds_of(text))
    if now.is_due(time_us):
        raise RefusedChange("ladder_invalid")
    happenings.append(
        {
            "kind": "time_stop_set",
            "position_id": now.position_id,
            "close_after_us": now.ladder.close_after_us,
            "mark_price": mark,
            "time_us": time_us,
        }
    )


def _move_stop(
    now: ModelPosition, text: str, mark: Decimal, time_us: int, happenings: list[Happening]
) -> None:
    match text:
        case "breakeven":
            stop = now.entry
        case "breakeven_net":
            stop = breakeven_net(now.side, now.entry, now.rates)
        case _:
            stop = level_price(now.side, now.entry, text, toward_loss=True)
    bounds = [mark, *now.levels[now.rungs_hit : now.rungs_hit + 1]]
    if (
        not 0 < stop <= PRICE_MAX
        or stop != price(stop)
        or profits(now.side, now.stop, stop)
        or any(profits(now.side, stop, bound) for bound in bounds)
    ):
        raise RefusedChange("stop_invalid")
    before, now.stop = now.stop, stop
    happenings.append(
        {
            "kind": "stop_moved",
            "position_id": now.position_id,
            "stop_before": before,
            "stop_after": stop,
            "mark_price": mark,
            "time_us": time_us,
        }
    )
