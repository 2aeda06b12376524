"""The stop-loss moved by a person's word: examples, and what holds for any of them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.accounts import TIME_US, Number, a_ladder, a_position, walked
from tests.unit.strategies import moved, moves, positions_underway
from trading.events.positions import StopMoved
from trading.exits.exits import Said
from trading.exits.ladder import DEFAULT_LADDER, Trailing
from trading.exits.level import Level
from trading.exits.notation import asked_rungs_from, trailing_from
from trading.model import Denial, DenialReason, Position, Side
from trading.money import price_scale
from trading.positions.changing import Changes, changed
from trading.positions.judging import Advance, advanced, triggers


def to(position: Position, stop: Number, mark: Number = 102) -> Advance | Denial:
    return changed(position, Changes(stop_loss=Level(Decimal(stop))), Decimal(mark), TIME_US)


def trail(text: str) -> Trailing:
    trailing = trailing_from(text)
    assert isinstance(trailing, Trailing)
    return trailing


def denial_text(outcome: Advance | Denial) -> str:
    assert isinstance(outcome, Denial)
    assert outcome.reason is DenialReason.STOP_INVALID
    return outcome.text


def test_a_stop_is_moved_and_told() -> None:
    """The position counts a version more, and nothing else of it changes."""
    before = a_position()
    outcome = to(before, "98.50")
    assert isinstance(outcome, Advance)
    (event,) = outcome.events
    assert isinstance(event, StopMoved)
    assert [event.stop_before, event.stop_after, event.mark_price] == [95, Decimal("98.5"), 102]
    assert event.time_us == TIME_US
    after = outcome.position
    assert (after.version, str(after.stop_price)) == (2, "98.5")
    assert triggers(after).low == Decimal("98.5")
    assert triggers(after).high == triggers(before).high


def test_rungs_and_the_trail_that_began_at_one_change_together() -> None:
    """The trail that is replaced, or dropped, does not keep the rungs from being fewer."""
    position = a_position(ladder=replace(DEFAULT_LADDER, trailing=trail("2% from rung 3")))
    fewer = asked_rungs_from("104")
    refused = changed(position, Changes(take_profits=fewer), Decimal(102), TIME_US)
    assert isinstance(refused, Denial)
    assert "the trail begins at rung 3, and the ladder has 1" in refused.text
    for trailing in (Said.NONE, trail("2%")):
        wishes = Changes(take_profits=fewer, trailing=trailing)
        outcome = changed(position, wishes, Decimal(102), TIME_US)
        assert isinstance(outcome, Advance)
        assert outcome.position.take_profit_prices == (Decimal(104),)


def test_take_profits_are_no_further_than_an_amount_can_pay() -> None:
    """As at the open: a close that far away could never be booked."""
    wishes = Changes(take_profits=asked_rungs_from("100000000000"))
    assert isinstance(changed(a_position(), wishes, Decimal(102), TIME_US), Advance)
    wishes = Changes(take_profits=asked_rungs_from("1000000000000"))
    refused = changed(a_position(), wishes, Decimal(102), TIME_US)
    assert isinstance(refused, Denial)
    assert refused.text == (
        "position 401: at a price of 2 times its last take-profit it would gain 499999999975.001, "
        "and no amount may be beyond 90000000000: give nearer take-profits"
    )


def test_a_trail_that_is_set_begins_at_a_price() -> None:
    """As at the open."""
    refused = changed(
        a_position(Side.SHORT), Changes(trailing=trail("2% from 150%")), Decimal(99), TIME_US
    )
    assert isinstance(refused, Denial)
    assert "the trail begins at -50 (150%)" in refused.text


@pytest.mark.parametrize("stop", [94, 95, 102, 103, 500])
def test_a_stop_neither_loosens_nor_passes_the_mark_price(stop: int) -> None:
    """The text says what was asked, what is held, and what may be asked for."""
    assert denial_text(to(a_position(), stop)) == (
        f"position 401: stop-loss not moved to {stop}: that of a LONG only tightens, it is at "
        "95, and the mark price is 102: ask for one above 95 and below 102, or close the position "
        "instead"
    )


def test_a_short_is_the_mirror_image() -> None:
    """Its stop moves down, and stays above the mark price."""
    short = a_position(Side.SHORT)
    assert isinstance(to(short, 101, mark=99), Advance)
    assert denial_text(to(short, 99, mark=99)).endswith(
        "that of a SHORT only tightens, it is at 105, and the mark price is 99: ask for one below "
        "105 and above 99, or close the position instead"
    )


def test_a_stop_stays_behind_the_next_take_profit() -> None:
    """Even where the mark price is beyond it, as a restart may have left it unjudged."""
    assert isinstance(to(a_position(), "102.99", mark=104), Advance)
    text = denial_text(to(a_position(), 103, mark=104))
    assert "the next take-profit is 103: ask for one above 95 and below 103" in text


def test_a_ladder_without_rungs_knows_the_mark_price_only() -> None:
    """As one whose rungs are all hit."""
    assert isinstance(to(a_position(ladder=a_ladder()), 199, mark=200), Advance)


def test_where_no_price_is_left_a_close_is_the_way() -> None:
    """The mark price is behind the stop, which was not there to judge it."""
    text = denial_text(to(a_position(), 96, mark=94))
    assert text.endswith("no price is left between them, close the position instead")


@pytest.mark.parametrize("stop", ["0", "-1", "0.0000000000000000001", "10000000000000"])
def test_a_stop_is_a_price(stop: str) -> None:
    """What the database could not keep is refused before anything else."""
    assert denial_text(to(a_position(), stop)) == (
        f"position 401: stop-loss not moved to {stop}: give a price above 0 and at most "
        "1000000000000, with at most 18 decimals"
    )


@st.composite
def moved_stops(draw: st.DrawFn) -> tuple[Position, Position, Decimal]:
    """A position underway, the same with a stop moved by hand, and the mark price of that."""
    before = draw(positions_underway())
    mark = price_scale(moved(before.entry_price, draw(moves())))
    share = Decimal(draw(st.integers(-200, 1_200))).scaleb(-3)
    asked = price_scale(before.stop_price + (mark - before.stop_price) * share)
    outcome = to(before, asked, mark)
    assume(isinstance(outcome, Advance))
    assert isinstance(outcome, Advance)
    return before, outcome.position, mark


@given(moved_stops())
def test_no_word_loosens_a_stop(drawn: tuple[Position, Position, Decimal]) -> None:
    """It lies strictly further toward profit, and behind the mark price."""
    before, after, mark = drawn
    sign = before.side.sign
    assert before.stop_price * sign < after.stop_price * sign < mark * sign


@given(moved_stops(), moves())
def test_judging_a_price_twice_stays_harmless(
    drawn: tuple[Position, Position, Decimal], move: Decimal
) -> None:
    """The mark price and any price that hits a rung do nothing more when they come again."""
    _, position, mark = drawn
    for price in (mark, moved(position.entry_price, move)):
        once = walked(position, price)
        assert walked(once.position, price).events == ()


@given(moved_stops(), moves())
def test_rungs_never_undo_it(drawn: tuple[Position, Position, Decimal], move: Decimal) -> None:
    """Whatever a later price does, the stop stays there or further toward profit."""
    _, position, _ = drawn
    later = advanced(position, moved(position.entry_price, move), TIME_US).position
    assert later.stop_price * later.side.sign >= position.stop_price * position.side.sign


@given(st.integers(-600, 600), st.integers(-600, 600))
def test_long_and_short_mirror_each_other(stop: int, mark: int) -> None:
    """The same distances from the entry are allowed to one where they are to the other."""
    outcomes = []
    for side in Side:
        position, sign = a_position(side, entry_price=1000), side.sign
        outcomes.append(to(position, 1000 + sign * stop, 1000 + sign * mark))
    assert len({isinstance(outcome, Denial) for outcome in outcomes}) == 1
    stops = [1000 - o.position.stop_price for o in outcomes if isinstance(o, Advance)]
    assert not stops or stops[0] == -stops[1]
