"""What holds whichever exits are combined, and whatever prices and people do to them."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.accounts import TIME_US, a_position
from tests.unit.lives import Change, Price, Step, end_of, exits, lived, lives, new_positions
from tests.unit.strategies import entry_prices, moved, quantities, sides
from trading.events.positions import PositionClosed, PositionReduced, StopTrailed
from trading.exits.exits import Exits
from trading.exits.notation import exits_from, exits_text
from trading.model import CloseReason, Denial, Position, PositionStatus, Side
from trading.money import ZERO, total
from trading.positions.changing import changed
from trading.positions.judging import Advance, advanced, closed, triggers

Life = tuple[Position, list[Step]]


def toward_profit(side: Side, price: Decimal) -> Decimal:
    """A price as a number that is larger where the position earns more."""
    return price * side.sign


@given(lives())
def test_the_stop_never_loosens(life: Life) -> None:
    """Neither by a rung, a trail nor a person."""
    for one in lived(*life):
        side = one.before.side
        held, now = one.before.stop_price, one.after.stop_price
        assert toward_profit(side, now) >= toward_profit(side, held)


@given(lives())
def test_a_stop_that_moves_stays_strictly_behind_the_price(life: Life) -> None:
    """So that no price stops out by a move that it made itself."""
    for one in lived(*life):
        if one.after.stop_price != one.before.stop_price:
            side = one.before.side
            assert toward_profit(side, one.after.stop_price) < toward_profit(side, one.price)


@given(lives())
def test_judging_a_price_twice_changes_nothing(life: Life) -> None:
    """Nor does the last price do anything after a person's change at it."""
    for one in lived(*life):
        if one.after.status is PositionStatus.OPEN:
            again = advanced(one.after, one.price, one.time_us)
            assert again == Advance(position=one.after, events=())


@given(lives())
def test_the_triggers_are_reached_exactly_if_a_price_does_something(life: Life) -> None:
    """So a market tells a position all that it would have done with every price, and no more."""
    for one in lived(*life):
        if isinstance(one.step, Price):
            reached = triggers(one.before).reached_by(one.price, one.time_us)
            assert isinstance(one.outcome, Advance)
            assert reached == (one.outcome.events != ())


@given(new_positions(), st.lists(st.integers(-60, 60), max_size=12), st.data())
def test_prices_near_a_trigger_are_told_from_those_at_it(
    position: Position, moves: list[int], data: st.DataObject
) -> None:
    """The price at a trigger does something, and the smallest step before it nothing."""
    position = replace(position, ladder=replace(position.ladder, close_after_us=None))
    steps: list[Step] = [Price(moved(position.entry_price, Decimal(move)), 0) for move in moves]
    now, _, time_us = end_of(position, steps)
    assume(now.status is PositionStatus.OPEN)
    waiting, tick = triggers(now), Decimal("1E-18")
    for at, beside in ((waiting.low, tick), (waiting.high, -tick)):
        if at is not None:
            assert advanced(now, at, time_us).events
            quiet = at + beside
            assert waiting.reached_by(quiet, time_us) == bool(advanced(now, quiet, time_us).events)


@given(lives())
def test_each_step_counts_one_version_or_none(life: Life) -> None:
    """One if it did anything; what is denied leaves the very same position."""
    for one in lived(*life):
        if isinstance(one.outcome, Advance):
            did = one.outcome.events != ()
            assert one.after.version == one.before.version + did
            assert did or one.after == one.before


@given(lives())
def test_a_trail_answers_only_a_price_that_moves_by_its_step(life: Life) -> None:
    """From one best price to the next it is a step at least, whatever came in between."""
    for one in lived(*life):
        if not isinstance(one.step, Price) or isinstance(one.outcome, Denial):
            continue
        followed = [event for event in one.outcome.events if isinstance(event, StopTrailed)]
        assert len(followed) <= 1
        trailing, best = one.before.ladder.trailing, one.before.best_price
        if followed and best is not None:
            assert trailing is not None
            went = toward_profit(one.before.side, followed[0].best_price - best)
            assert went * 100 >= best * trailing.step_percent


@given(lives())
def test_parts_by_rung_and_by_hand_sum_to_the_whole(life: Life) -> None:
    """Quantity, hold, gross PnL and costs: none is below zero, and none exceeds what is left."""
    position, steps = life
    parts: list[PositionReduced | PositionClosed] = []
    for one in lived(position, steps):
        if isinstance(one.outcome, Advance):
            parts += [
                event
                for event in one.outcome.events
                if isinstance(event, PositionReduced | PositionClosed)
            ]
        assert ZERO <= one.after.open_quantity <= one.before.open_quantity
        assert ZERO <= one.after.hold <= one.before.hold
    now, price, time_us = end_of(position, steps)
    if now.status is PositionStatus.OPEN:
        rest = closed(now, price, time_us, reason=CloseReason.MANUAL)
        now, events = rest.position, rest.events
        parts += [event for event in events if isinstance(event, PositionClosed)]
    assert all(part.quantity >= ZERO and part.released >= ZERO for part in parts)
    assert total(ZERO, *(part.quantity for part in parts)) == position.quantity
    assert total(ZERO, *(part.released for part in parts)) == position.hold
    assert total(ZERO, *(part.gross_pnl for part in parts)) == now.gross_pnl
    assert total(ZERO, *(part.costs.total for part in parts)) == now.costs.total


@given(lives())
def test_a_position_closes_by_time_at_the_first_price_that_is_due(life: Life) -> None:
    """Unless its stop or its last rung closes it at that price."""
    for one in lived(*life):
        due_us = triggers(one.before).due_us
        if isinstance(one.step, Price) and due_us is not None:
            if one.time_us >= due_us:
                assert one.after.status is PositionStatus.CLOSED
            else:
                assert one.after.close_reason is not CloseReason.TIME


@given(lives())
def test_a_refused_change_says_figures_and_the_position(life: Life) -> None:
    """And what is changed is changed whole."""
    for one in lived(*life):
        if isinstance(one.step, Change):
            if isinstance(one.outcome, Denial):
                assert one.outcome.text.startswith(f"position {one.before.position_id}: ")
                assert any(mark.isdigit() for mark in one.outcome.text.split(":", 1)[1])
                continue
            wishes = one.step.changes
            again = changed(one.before, wishes, one.price, one.time_us)
            assert again == one.outcome


@given(sides.flatmap(lambda side: entry_prices().flatmap(lambda entry: exits(side, entry))))
def test_the_notation_says_all_of_it(asked: Exits) -> None:
    """Written and read back, exits are the same: as they are asked for, and whole."""
    assert exits_from(exits_text(asked)) == asked
    assert exits_from(exits_text(asked)).over() == asked.over()


@given(st.data(), entry_prices(), quantities(), st.lists(st.integers(-60, 60), max_size=12))
def test_a_short_mirrors_a_long(
    data: st.DataObject, entry_price: Decimal, quantity: Decimal, path: list[int]
) -> None:
    """Over prices mirrored at the entry, on a grid that is wider than a trail's step."""
    asked = data.draw(exits(Side.LONG, entry_price, mirrors=True))
    ladder = asked.over()
    long, short = (
        a_position(side, entry_price=entry_price, quantity=quantity, ladder=ladder) for side in Side
    )
    for move in path:
        if long.status is PositionStatus.CLOSED:
            break
        up = moved(entry_price, Decimal(move) / 2)
        rising = advanced(long, up, TIME_US)
        falling = advanced(short, 2 * entry_price - up, TIME_US)
        assert [type(event) for event in rising.events] == [type(event) for event in falling.events]
        long, short = rising.position, falling.position
        assert long.stop_price + short.stop_price == 2 * entry_price
        assert (long.hold, long.open_quantity) == (short.hold, short.open_quantity)
        assert long.close_reason == short.close_reason
