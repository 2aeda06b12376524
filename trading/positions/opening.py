"""Opening a position: its ladder's levels become prices, or it is refused with the figures."""

from decimal import Decimal
from itertools import pairwise

from trading.events.positions import PositionOpened
from trading.exits.ladder import Ladder, Rung, Trailing, TrailStart
from trading.exits.notation import ladder_line
from trading.exits.prices import (
    at_or_beyond,
    level_price,
    rung_stop_price,
    stop_loss_price,
    trailed_stop_price,
)
from trading.model import CostRates, Position, Side
from trading.money import PRICE_MAX, ZERO, is_price, money, plain, product, quotient
from trading.positions.judging import Advance
from trading.positions.trailing import with_best_price
from trading.signals import opener_of


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
        ValueError: with the figures, if a level of the ladder does not lie strictly on its side of
            the entry: a stop-loss on the wrong side, a take-profit that the entry has passed.
    """
    levels = tuple(level_price(side, entry_price, rung.at) for rung in ladder.rungs)
    stop_price = _stop_price(side, entry_price, ladder)
    check_path(side, entry_price, stop_price, levels)
    check_rung_stops(side, entry_price, rates, ladder.rungs, levels)
    if ladder.trailing is not None:
        check_trail_start(side, entry_price, ladder.trailing)
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
    if ladder.trailing is not None and ladder.trailing.start == TrailStart():
        position = with_best_price(position, entry_price, version=position.version)
    event = PositionOpened(
        account=account,
        position_id=position_id,
        symbol=symbol,
        side=side,
        quantity=quantity,
        entry_price=entry_price,
        hold=hold,
        stop_price=position.stop_price,
        take_profit_prices=levels,
        time_us=entry_time_us,
        opened_by=opener_of(idempotency_key),
        asked=ladder_line(ladder),
    )
    return Advance(position=position, events=(event,))


def quantity_for(notional: Decimal, price: Decimal) -> Decimal:
    """The quantity that a notional buys at a price, to 18 decimals."""
    return quotient(notional, price)


def check_path(
    side: Side, entry_price: Decimal, stop_price: Decimal, levels: tuple[Decimal, ...]
) -> None:
    """Refuse a stop-loss and take-profits that do not rise strictly toward profit.

    Raises:
        ValueError: with the figures, and which of them is out of order.
    """
    path = (stop_price, entry_price, *levels)
    lowest, highest = min(path), max(path)
    wrong = next(
        (index for index, (a, b) in enumerate(pairwise(path)) if at_or_beyond(side, a, b)), None
    )
    if wrong is not None:
        raise ValueError(f"{_refused(side, path)}: {_why(side, path, wrong)}")
    if lowest <= ZERO or highest > PRICE_MAX:
        raise ValueError(f"{_refused(side, path)}: prices lie above 0 and up to {plain(PRICE_MAX)}")


def check_ahead(
    side: Side, mark_price: Decimal, levels: tuple[Decimal, ...], *, first: int
) -> None:
    """Refuse take-profits, the first of which has this number, that do not lie ahead of a price.

    Raises:
        ValueError: with the figures.
    """
    above = "above" if side is Side.LONG else "below"
    before, what = mark_price, "the mark price"
    for number, level in enumerate(levels, start=first):
        if at_or_beyond(side, before, level) or not is_price(level):
            raise ValueError(
                f"take-profit {number} at {plain(level)} is not {above} {what} of "
                f"{plain(before)}: ask for one {above} it"
            )
        before, what = level, f"take-profit {number}"


def check_rung_stops(
    side: Side,
    entry_price: Decimal,
    rates: CostRates,
    rungs: tuple[Rung, ...],
    levels: tuple[Decimal, ...],
    first: int = 0,
) -> None:
    """Refuse a rung, from the index `first` on, whose stop is not strictly behind it.

    Raises:
        ValueError: with the figures.
    """
    for index in range(first, len(rungs)):
        previous = levels[index - 1] if index else None
        stop = rung_stop_price(side, entry_price, rates, rungs[index], previous)
        if stop is None:
            continue
        if at_or_beyond(side, stop, levels[index]) or stop <= ZERO:
            raise ValueError(
                f"take-profit {index + 1} at {plain(levels[index])} sends the stop-loss to "
                f"{plain(stop)} ({rungs[index].stop}), which is not strictly behind it: "
                "give the rung another stop, or a level further toward profit"
            )


def check_trail_start(side: Side, entry_price: Decimal, trailing: Trailing) -> None:
    """Refuse a trail that begins where no price is.

    Raises:
        ValueError: with the figures.
    """
    level = trailing.start.level
    if level is None:
        return
    start = level_price(side, entry_price, level)
    if not is_price(start):
        raise ValueError(
            f"the trail begins at {plain(start)} ({level}), and prices lie above 0 and up to "
            f"{plain(PRICE_MAX)}: give a start that is nearer to the entry"
        )


def _stop_price(side: Side, entry_price: Decimal, ladder: Ladder) -> Decimal:
    if ladder.stop_loss is not None:
        return stop_loss_price(side, entry_price, ladder.stop_loss)
    assert ladder.trailing is not None, "a ladder has a stop-loss or a trail in its place"
    return trailed_stop_price(side, ladder.trailing, entry_price)


def _refused(side: Side, path: tuple[Decimal, ...]) -> str:
    stop, entry, *levels = map(plain, path)
    reached = f", take-profits {', '.join(levels)}" if levels else ""
    return f"ladder of {side} at {entry} refused: stop-loss {stop}{reached}"


def _why(side: Side, path: tuple[Decimal, ...], index: int) -> str:
    below, above = ("below", "above") if side is Side.LONG else ("above", "below")
    if index == 0:
        return f"the stop-loss of a {side} must lie {below} its entry of {plain(path[1])}"
    if index == 1:
        return (
            f"take-profit 1 at {plain(path[2])} is not {above} the entry of {plain(path[1])}, "
            "the market has passed it already"
        )
    return (
        f"take-profit {index} at {plain(path[index + 1])} is not {above} "
        f"take-profit {index - 1} at {plain(path[index])}: put them in order"
    )
