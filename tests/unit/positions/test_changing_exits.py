"""Rungs, trail and time stop changed by a person, and parts closed: examples and refusals."""

from decimal import Decimal

import pytest

from tests.unit.accounts import TIME_US, Number, a_ladder, a_position, walked
from trading.exits.exits import Said
from trading.exits.ladder import Ladder
from trading.exits.notation import (
    asked_rungs_from,
    close_after_from,
    exits_from,
    share_from,
    stop_target_from,
    trailing_from,
)
from trading.model import CloseReason, Denial, DenialReason, Position, PositionStatus, Side
from trading.positions.changing import Changes, PartToClose, changed, part_closed_by_hand
from trading.positions.judging import Advance, advanced, triggers
from trading.times import SECOND_US


def wishes(**fields: str) -> Changes:
    """What a person asks for, in the one-line notation."""
    stop, targets = fields.get("stop_loss"), fields.get("take_profits")
    trail, after = fields.get("trailing"), fields.get("close_after")
    return Changes(
        stop_loss=None if stop is None else stop_target_from(stop),
        take_profits=None if targets is None else asked_rungs_from(targets),
        trailing=None if trail is None else trailing_from(trail),
        close_after_us=None if after is None else close_after_from(after),
    )


def ladder(**fields: str) -> Ladder:
    return exits_from(fields).over()


def after(position: Position, mark: Number, *, seconds: int = 60, **fields: str) -> Position:
    """The position after a change that must be taken."""
    outcome = changed(position, wishes(**fields), Decimal(mark), TIME_US + seconds * SECOND_US)
    assert isinstance(outcome, Advance), outcome
    return outcome.position


def test_rungs_that_were_hit_stay_when_those_ahead_are_replaced() -> None:
    """The new first one sends the stop to the last that was hit, as the pattern says."""
    position = after(walked(a_position(), 103).position, 104, take_profits="105@50%;8%")
    assert list(map(str, position.take_profit_prices)) == ["103", "105", "108"]
    assert [rung.close_fraction for rung in position.ladder.rungs] == [0, *[Decimal("0.5")] * 2]
    assert walked(position, 105).position.stop_price == 103


def test_without_rungs_ahead_a_position_waits_for_its_stop() -> None:
    """What no rung closes stays open."""
    position = after(a_position(), 100, take_profits="none")
    assert triggers(position).high is None
    assert triggers(position).low == 95


@pytest.mark.parametrize(
    ("side", "mark", "trail", "stop", "best"),
    [
        (Side.LONG, 102, "2%", "99.96", 102),
        (Side.SHORT, 98, "2%", "99.96", 98),
        (Side.LONG, 102, "20%", "95", 102),
        (Side.LONG, 102, "2% from 101", "99.96", 102),
        (Side.LONG, 102, "2% from 103", "95", None),
        (Side.LONG, 102, "2% from rung 1", "95", None),
    ],
)
def test_a_trail_that_is_set_begins_at_the_mark_price_or_later(
    side: Side, mark: int, trail: str, stop: str, best: int | None
) -> None:
    """At once from the entry or a level that is passed; the stop goes with it where it tightens."""
    position = after(a_position(side), mark, trailing=trail)
    assert (position.stop_price, position.best_price) == (Decimal(stop), best)


def test_a_trail_that_is_dropped_leaves_its_stop() -> None:
    """A ladder that had no stop-loss but its trail keeps the stop where it has come to."""
    position = a_position(ladder=ladder(stop_loss="none", trailing="2%", take_profits="none"))
    position = after(walked(position, 105).position, 105, trailing="none")
    assert position.stop_price == Decimal("102.9")
    assert position.ladder.trailing is None
    assert walked(position, 200).events == ()


def test_a_time_stop_counts_from_the_entry() -> None:
    """However late it is set; dropped, no time closes the position."""
    position = after(a_position(), 101, seconds=60, close_after="2m")
    due_us = TIME_US + 120 * SECOND_US
    assert triggers(position).due_us == due_us
    assert advanced(position, Decimal(101), due_us - 1).events == ()
    assert advanced(position, Decimal(101), due_us).position.close_reason is CloseReason.TIME
    dropped = after(position, 101, close_after="none")
    assert advanced(dropped, Decimal(101), due_us).events == ()


def test_several_changes_are_one() -> None:
    """They count one version, and are taken together."""
    position = a_position()
    now = after(position, 102, stop_loss="breakeven", take_profits="110", close_after="1h")
    assert (now.version, str(now.stop_price)) == (2, "100")
    assert list(map(str, now.take_profit_prices)) == ["110"]


@pytest.mark.parametrize(
    ("fields", "reason", "text"),
    [
        (
            {"take_profits": "101;110"},
            DenialReason.LADDER_INVALID,
            "take-profit 1 at 101 is not above the mark price of 102: ask for one above it",
        ),
        (
            {"take_profits": "110;105"},
            DenialReason.LADDER_INVALID,
            "take-profit 2 at 105 is not above take-profit 1 of 110: ask for one above it",
        ),
        (
            {"take_profits": "105>106"},
            DenialReason.LADDER_INVALID,
            "take-profit 1 at 105 sends the stop-loss to 106 (106), which is not strictly behind "
            "it: give the rung another stop, or a level further toward profit",
        ),
        (
            {"trailing": "2% from rung 4"},
            DenialReason.LADDER_INVALID,
            "the trail begins at rung 4, and the ladder has 3: name one of its rungs, `entry` or "
            "a level",
        ),
        (
            {"close_after": "1m"},
            DenialReason.LADDER_INVALID,
            "time stop not set to 1m after the entry: the position is open for 1m already, close "
            "it instead",
        ),
        (
            {"take_profits": "110", "stop_loss": "94"},
            DenialReason.STOP_INVALID,
            "stop-loss not moved to 94: that of a LONG only tightens, it is at 95, and the mark "
            "price is 102: ask for one above 95 and below 102, or close the position instead",
        ),
    ],
)
def test_a_change_that_cannot_be_is_refused_whole(
    fields: dict[str, str], reason: DenialReason, text: str
) -> None:
    """With what was asked for, what is held, and the remedy."""
    outcome = changed(a_position(), wishes(**fields), Decimal(102), TIME_US + 60 * SECOND_US)
    assert outcome == Denial(reason=reason, text=f"position 401: {text}")


def test_nothing_to_change_is_refused() -> None:
    """So is a word that only a rung can say."""
    with pytest.raises(ValueError, match="nothing to change: give a stop_loss, take_profits"):
        Changes()
    with pytest.raises(ValueError, match="stop-loss `keep` is for a rung: give a price"):
        wishes(stop_loss="keep")
    assert Changes(trailing=Said.NONE).said() == {"trailing": "none"}


@pytest.mark.parametrize(
    ("part", "left", "hold"),
    [
        (PartToClose(share=share_from("40%")), "0.15", "15"),
        (PartToClose(quantity=Decimal("0.1")), "0.15", "15"),
        (PartToClose(share=share_from("100%")), "0", "0"),
        (PartToClose(quantity=Decimal("0.25")), "0", "0"),
    ],
)
def test_a_part_is_of_what_is_open(part: PartToClose, left: str, hold: str) -> None:
    """All of it closes the position."""
    outcome = part_closed_by_hand(a_position(), part, Decimal(102), TIME_US)
    assert isinstance(outcome, Advance)
    position = outcome.position
    assert (position.open_quantity, position.hold) == (Decimal(left), Decimal(hold))
    closed = position.status is PositionStatus.CLOSED
    assert closed is (left == "0")
    assert position.close_reason is (CloseReason.MANUAL if closed else None)


@pytest.mark.parametrize(
    ("part", "quantity", "text"),
    [
        (PartToClose(quantity=Decimal(1)), "0.25", "1: 0.25 are open, ask for no more"),
        (
            PartToClose(share=Decimal("0.1")),
            "1E-18",
            "0: the share comes to nothing of the 0.000000000000000001 that are open",
        ),
    ],
)
def test_a_part_that_cannot_be_closed_is_refused(
    part: PartToClose, quantity: str, text: str
) -> None:
    """With what is open."""
    position = a_position(quantity=quantity)
    outcome = part_closed_by_hand(position, part, Decimal(102), TIME_US)
    assert isinstance(outcome, Denial)
    assert outcome.text == f"position 401 not reduced by {text}"


def test_a_rung_closes_no_more_than_a_person_has_left() -> None:
    """Its share is of the original quantity; where less is left, it closes the position."""
    position = a_position(ladder=a_ladder(3, 6, closes=("0.5", "0.25")))
    part = part_closed_by_hand(position, PartToClose(share=Decimal("0.6")), Decimal(100), TIME_US)
    assert isinstance(part, Advance)
    rest = walked(part.position, 103)
    assert rest.position.status is PositionStatus.CLOSED
    assert rest.position.close_reason is CloseReason.TAKE_PROFIT


@pytest.mark.parametrize(
    "part", [{"share": "0"}, {"share": "1.1"}, {"share": "NaN"}, {"quantity": "-1"}, {}]
)
def test_a_part_is_a_share_or_a_quantity(part: dict[str, str]) -> None:
    """Above nothing."""
    with pytest.raises(ValueError, match=r"share|quantity"):
        PartToClose(**{name: Decimal(value) for name, value in part.items()})
