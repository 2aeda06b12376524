"""What holds for any ladder over any walk of the price."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.accounts import TIME_US, a_position, walked
from tests.unit.strategies import (
    entry_prices,
    ladders,
    moved,
    moves,
    positions,
    positions_underway,
    quantities,
    walks,
)
from trading.events import Event
from trading.events.positions import PositionClosed, PositionReduced, RungHit
from trading.exits.ladder import Ladder
from trading.model import CloseReason, Costs, Position, PositionStatus, Side
from trading.money import ZERO, is_money, money, product, total
from trading.positions.judging import advanced, closed, triggers


def toward_profit(side: Side, price: Decimal) -> Decimal:
    """A price as a number that is larger where the position earns more."""
    return price if side is Side.LONG else -price


@st.composite
def positions_with_a_walk(
    draw: st.DrawFn, *, closing: bool | None = None
) -> tuple[Position, list[Decimal]]:
    position = draw(positions(closing=closing))
    return position, draw(walks(position.entry_price))


@st.composite
def positions_underway_with_a_price(draw: st.DrawFn) -> tuple[Position, Decimal]:
    """The price is often exactly one of the position's triggers."""
    position = draw(positions_underway())
    waiting = triggers(position)
    exact = [price for price in (waiting.low, waiting.high) if price is not None]
    near = moves().map(lambda move: moved(position.entry_price, move))
    return position, draw(near | st.sampled_from(exact))


@given(positions_with_a_walk())
def test_a_stop_never_loosens(drawn: tuple[Position, list[Decimal]]) -> None:
    """Over any walk each stop lies where the one before it was, or further toward profit."""
    position, prices = drawn
    stops = [position.stop_price]
    for price in prices:
        if position.status is PositionStatus.OPEN:
            step = advanced(position, price, TIME_US)
            for hit in (event for event in step.events if isinstance(event, RungHit)):
                assert hit.stop_before == stops[-1]
                stops.append(hit.stop_after)
            position = step.position
            stops.append(position.stop_price)
    assert all(
        toward_profit(position.side, before) <= toward_profit(position.side, after)
        for before, after in pairwise(stops)
    )


@given(positions_with_a_walk())
def test_a_rungs_stop_lies_strictly_behind_it(drawn: tuple[Position, list[Decimal]]) -> None:
    """The stop that a rung sets is never at the rung or beyond, nor at the price that hit it."""
    position, prices = drawn
    for hit in walked(position, *prices).events:
        if isinstance(hit, RungHit):
            stop = toward_profit(position.side, hit.stop_after)
            assert stop < toward_profit(position.side, hit.rung_price)
            assert stop < toward_profit(position.side, hit.price)


@given(positions_underway(), moves(), st.lists(st.integers(1, 99), max_size=5))
def test_a_gap_reaches_what_its_steps_would(
    position: Position, move: Decimal, percents: list[int]
) -> None:
    """One price far away leaves rungs, stop and open part as all prices on the way to it do."""
    far = moved(position.entry_price, move)
    levels = position.take_profit_prices[position.rungs_hit :]
    start = levels[0] if levels else position.entry_price
    between = [*levels, *(start + (far - start) * percent / 100 for percent in percents)]
    near, beyond = sorted([position.stop_price, far])
    path = sorted(price for price in between if near < price < beyond)
    if far < position.stop_price:
        path.reverse()
    jump, steps = walked(position, far).position, walked(position, *path, far).position
    assert jump.rungs_hit == steps.rungs_hit
    assert jump.stop_price == steps.stop_price
    assert (jump.open_quantity, jump.hold) == (steps.open_quantity, steps.hold)
    assert jump.close_reason == steps.close_reason


@given(positions_underway_with_a_price())
def test_judging_a_price_twice_changes_nothing(drawn: tuple[Position, Decimal]) -> None:
    """A price that was judged and left the position open finds nothing more to do."""
    position, price = drawn
    once = advanced(position, price, TIME_US).position
    assume(once.status is PositionStatus.OPEN)
    again = advanced(once, price, TIME_US)
    assert again.events == ()
    assert again.position == once


@given(positions_underway_with_a_price())
def test_triggers_tell_which_prices_act(drawn: tuple[Position, Decimal]) -> None:
    """A price reaches the triggers exactly if judging it does something."""
    position, price = drawn
    assert triggers(position).reached_by(price, TIME_US) == (
        advanced(position, price, TIME_US).events != ()
    )


@given(positions_underway())
def test_a_price_exactly_at_a_trigger_has_reached_it(position: Position) -> None:
    """At the stop a position closes, and at the next rung it hits that rung."""
    at_stop = advanced(position, position.stop_price, TIME_US)
    assert at_stop.position.close_reason is CloseReason.STOP_LOSS
    if position.rungs_hit < len(position.take_profit_prices):
        rung_price = position.take_profit_prices[position.rungs_hit]
        at_rung = advanced(position, rung_price, TIME_US)
        assert at_rung.position.rungs_hit == position.rungs_hit + 1


@given(positions_underway(), moves(low=0))
def test_the_stop_is_judged_first(position: Position, beyond: Decimal) -> None:
    """A price at or beyond the stop closes everything there and then, and hits no rung."""
    price = position.stop_price - position.side.sign * position.entry_price * beyond / 100
    step = advanced(position, price, TIME_US)
    assert step == closed(position, price, TIME_US, reason=CloseReason.STOP_LOSS)
    assert [type(event) for event in step.events] == [PositionClosed]
    assert step.position.rungs_hit == position.rungs_hit


@given(positions_with_a_walk())
def test_rungs_are_hit_in_order_and_once(drawn: tuple[Position, list[Decimal]]) -> None:
    """The rungs that are reported count up from 1, each at its own level."""
    position, prices = drawn
    step = walked(position, *prices)
    hits = [event for event in step.events if isinstance(event, RungHit)]
    assert [hit.rung for hit in hits] == list(range(1, step.position.rungs_hit + 1))
    assert tuple(hit.rung_price for hit in hits) == position.take_profit_prices[: len(hits)]


@given(positions_with_a_walk())
def test_every_change_counts_one_version(drawn: tuple[Position, list[Decimal]]) -> None:
    """A price counts one version if it did anything, and none if it did nothing."""
    position, prices = drawn
    for price in prices:
        if position.status is PositionStatus.OPEN:
            step = advanced(position, price, TIME_US)
            assert step.position.version == position.version + (1 if step.events else 0)
            position = step.position


@given(entry_prices(), quantities(), ladders(mirrors=True), st.lists(moves(), max_size=12))
def test_a_short_mirrors_a_long(
    entry_price: Decimal, quantity: Decimal, ladder: Ladder, path: list[Decimal]
) -> None:
    """Over prices mirrored at the entry, a SHORT does and grosses what a LONG does."""
    long, short = (
        a_position(side, entry_price=entry_price, quantity=quantity, ladder=ladder) for side in Side
    )
    up = [moved(entry_price, move) for move in path]
    down = [2 * entry_price - price for price in up]
    rising, falling = walked(long, *up), walked(short, *down)
    assert [type(event) for event in rising.events] == [type(event) for event in falling.events]
    assert rising.position.rungs_hit == falling.position.rungs_hit
    assert rising.position.gross_pnl == falling.position.gross_pnl
    assert rising.position.hold == falling.position.hold
    assert rising.position.close_reason == falling.position.close_reason
    assert rising.position.stop_price + falling.position.stop_price == 2 * entry_price


def parts_of(events: tuple[Event, ...]) -> list[PositionReduced | PositionClosed]:
    return [event for event in events if isinstance(event, PositionReduced | PositionClosed)]


@given(positions_with_a_walk(), moves())
def test_parts_sum_to_the_whole(drawn: tuple[Position, list[Decimal]], last: Decimal) -> None:
    """However a position is closed, its parts add up to its notional, quantity, PnL and costs."""
    position, prices = drawn
    end = walked(position, *prices)
    if end.position.status is PositionStatus.OPEN:
        price = moved(position.entry_price, last)
        by_hand = closed(end.position, price, TIME_US, reason=CloseReason.MANUAL)
        end = replace(by_hand, events=end.events + by_hand.events)
    parts = parts_of(end.events)
    assert total(ZERO, *(part.released for part in parts)) == position.notional == position.hold
    assert total(ZERO, *(part.quantity for part in parts)) == position.quantity
    assert sum(part.gross_pnl for part in parts) == end.position.gross_pnl
    assert sum((part.costs for part in parts), Costs()) == end.position.costs
    close = parts[-1]
    assert isinstance(close, PositionClosed)
    assert sum(part.net_pnl for part in parts) == close.net_pnl_total == end.position.net_pnl
    assert close.notional == position.notional
    assert (end.position.hold, end.position.open_quantity) == (ZERO, ZERO)


@given(positions_with_a_walk())
def test_a_part_is_its_fraction_of_the_original(drawn: tuple[Position, list[Decimal]]) -> None:
    """A rung releases and closes its fraction of what was opened, not of what is left."""
    position, prices = drawn
    for part in walked(position, *prices).events:
        if isinstance(part, PositionReduced):
            assert part.rung is not None
            fraction = position.ladder.rungs[part.rung - 1].close_fraction
            assert abs(part.released - product(position.notional, fraction)) <= Decimal("1E-8")
            assert abs(part.quantity - product(position.quantity, fraction)) <= Decimal("1E-17")


@given(positions_with_a_walk(closing=True))
def test_no_part_is_negative_and_all_is_money(drawn: tuple[Position, list[Decimal]]) -> None:
    """Whatever closes, releases and quantities are never below zero, and money has 8 decimals."""
    position, prices = drawn
    for part in parts_of(walked(position, *prices).events):
        assert part.released >= ZERO
        assert part.quantity >= ZERO
        assert all(is_money(figure) for figure in (part.released, part.gross_pnl, part.net_pnl))


@given(positions(closing=True))
def test_the_rung_that_closes_what_is_left_closes_the_position(position: Position) -> None:
    """A price at the last rung of a ladder that closes everything ends in a take-profit."""
    end = walked(position, position.take_profit_prices[-1])
    assert end.position.close_reason is CloseReason.TAKE_PROFIT
    assert [hit.closes_position for hit in end.events if isinstance(hit, RungHit)] == [
        *[False] * (len(position.take_profit_prices) - 1),
        True,
    ]


@given(positions())
def test_the_hold_is_the_value_at_the_entry_rounded_once(position: Position) -> None:
    """The hold of a fresh position is entry price times quantity, to 8 decimals."""
    exact = product(position.entry_price, position.quantity)
    assert position.hold == position.notional == money(exact)
    assert abs(position.hold - exact) <= Decimal("5E-9")
