"""One price and a position: its rungs and its stop-loss, example by example."""

from decimal import Decimal

import pytest

from tests.unit.accounts import TIME_US, Number, a_ladder, a_position, walked
from trading.events.positions import PositionClosed, PositionReduced, RungHit
from trading.exits.ladder import Ladder, Rung, StopTarget, checked
from trading.exits.level import percent
from trading.model import CloseReason, Position, PositionStatus, Side
from trading.money import ZERO
from trading.positions.judging import Advance, Triggers, advanced, closed, triggers, unrealized_pnl


def a_rung(distance: Number, *, fraction: Number = 0) -> Rung:
    return Rung(
        at=percent(str(distance)),
        stop=StopTarget.KEEP,
        close_fraction=Decimal(fraction),
    )


def test_a_quiet_price_changes_nothing() -> None:
    """A price between the triggers leaves the very same position, without an event."""
    position = a_position()
    assert walked(position, "95.00000001", "102.99999999").events == ()
    assert advanced(position, Decimal(100), TIME_US).position == position


def hit_and_stop(position: Position) -> tuple[int, str]:
    return position.rungs_hit, str(position.stop_price)


@pytest.mark.parametrize(
    ("price", "expected"),
    [("103", (1, "100")), ("105.99", (1, "100")), ("106", (2, "103")), ("109.99", (2, "103"))],
)
def test_a_price_reaches_every_rung_up_to_it(price: str, expected: tuple[int, str]) -> None:
    """A price exactly at a rung has reached it, and one beyond several reaches them all."""
    assert hit_and_stop(walked(a_position(), price).position) == expected


def test_a_gap_past_the_last_rung_reports_each_and_closes_on_that_price() -> None:
    """One price from the entry past +10 % hits three rungs and closes on the price that came."""
    step = walked(a_position(), "123.45")
    assert [type(event) for event in step.events] == [RungHit, RungHit, RungHit, PositionClosed]
    hits = [event for event in step.events if isinstance(event, RungHit)]
    assert [hit.price for hit in hits] == [Decimal("123.45")] * 3
    assert [hit.rung_price for hit in hits] == [103, 106, 110]
    assert [hit.distance_pct for hit in hits] == [3, 6, 10]
    assert [hit.closes_position for hit in hits] == [False, False, True]
    assert step.position.exit_price == Decimal("123.45")
    assert step.position.close_reason is CloseReason.TAKE_PROFIT
    assert step.position.version == 2


def test_each_price_that_acts_counts_one_version() -> None:
    """A version counts prices that changed the position, not the rungs that one price reached."""
    assert [walked(a_position(), *path).position.version for path in (["103", "106"], ["106"])] == [
        3,
        2,
    ]


@pytest.mark.parametrize(
    ("side", "path", "reason"),
    [
        (Side.LONG, ["95"], "stop-loss at 95 reached"),
        (Side.LONG, ["94.99"], "stop-loss at 95 reached"),
        (Side.LONG, ["103", "100"], "stop-loss at 100 reached"),
        (Side.LONG, ["106", "80"], "stop-loss at 103 reached"),
        (Side.SHORT, ["105"], "stop-loss at 105 reached"),
        (Side.SHORT, ["97", "100"], "stop-loss at 100 reached"),
        (Side.SHORT, ["94", "120"], "stop-loss at 97 reached"),
        (Side.LONG, ["110"], "TP3 (+10%) reached"),
        (Side.SHORT, ["90"], "TP3 (-10%) reached"),
    ],
)
def test_a_close_says_what_closed_it(side: Side, path: list[str], reason: str) -> None:
    """The close names its stop or rung, and its exit price is the price that triggered."""
    step = walked(a_position(side), *path)
    close = the_close(step)
    assert close.reason_text == reason
    assert close.exit_price == step.position.exit_price == Decimal(path[-1])
    assert step.position.status is PositionStatus.CLOSED
    assert step.position.hold == step.position.open_quantity == ZERO
    assert step.position.exit_time_us == close.time_us == TIME_US


def test_a_rung_may_leave_the_stop() -> None:
    """A rung whose stop is `unchanged` reports the same stop before and after."""
    ladder = checked(Ladder(stop_loss=percent(5), rungs=(a_rung(3), a_rung(6))))
    hits = walked(a_position(ladder=ladder), 103, 106).events
    assert all(isinstance(hit, RungHit) and hit.stop_before == hit.stop_after for hit in hits)


@pytest.mark.parametrize("first", [StopTarget.PREVIOUS, StopTarget.BREAKEVEN])
def test_what_is_before_the_first_rung_is_the_entry(first: StopTarget) -> None:
    """For the first rung the rung before it is breakeven."""
    rung = Rung(at=percent(3), stop=first, close_fraction=Decimal(0))
    ladder = checked(Ladder(stop_loss=percent(5), rungs=(rung,)))
    assert walked(a_position(ladder=ladder), 103).position.stop_price == 100


def test_a_later_rung_to_breakeven_does_not_loosen_the_stop() -> None:
    """A stop that an earlier rung moved beyond breakeven stays there."""
    stops = (StopTarget.BREAKEVEN, StopTarget.PREVIOUS, StopTarget.BREAKEVEN)
    rungs = tuple(
        Rung(at=percent(str(distance)), stop=stop, close_fraction=Decimal(0))
        for distance, stop in zip((3, 6, 10), stops, strict=True)
    )
    position = a_position(ladder=checked(Ladder(stop_loss=percent(5), rungs=rungs)))
    assert walked(position, 106, 110).position.stop_price == 103


def test_a_ladder_whose_rungs_are_all_hit_waits_for_its_stop_alone() -> None:
    """What no rung closed stays open behind the last stop."""
    position = a_position(ladder=a_ladder(3, 6, closes=("0.5", "0.4")))
    rest = walked(position, 1000).position
    assert rest.status is PositionStatus.OPEN
    assert triggers(rest) == Triggers(low=Decimal(103), high=None)
    assert walked(rest, 10**9).events == ()
    assert walked(rest, 103).position.close_reason is CloseReason.STOP_LOSS


def test_a_gap_closes_parts_and_the_rest_on_one_price() -> None:
    """Each part of a gap is told in order: its rung, then what it closed."""
    ladder = a_ladder(3, 6, 10, closes=("0.25", 0, "0.75"))
    steps = walked(a_position(ladder=ladder), 111).events
    kinds = [RungHit, PositionReduced, RungHit, RungHit, PositionClosed]
    assert [type(step) for step in steps] == kinds
    reduced = steps[1]
    assert isinstance(reduced, PositionReduced)
    assert reduced.rung == 1
    assert reduced.distance_pct == 3
    assert reduced.exit_price == 111


def test_shares_that_round_up_never_exceed_what_is_left() -> None:
    """Of five smallest units eight shares of 0.6 take one each: the fifth closes the position."""
    ladder = a_ladder(*range(1, 9), closes=("0.12",) * 8)
    dust = a_position(entry_price=10**10, quantity="5E-18", ladder=ladder)
    after = walked(dust, 2 * 10**10)
    parts = [e for e in after.events if isinstance(e, PositionReduced | PositionClosed)]
    assert [part.released for part in parts] == [Decimal("1E-8")] * 5
    assert [part.quantity for part in parts] == [Decimal("1E-18")] * 5
    assert after.position.status is PositionStatus.CLOSED
    assert after.position.hold == after.position.open_quantity == ZERO


def test_shares_that_round_up_never_exceed_the_hold() -> None:
    """Of dust the money runs out before the quantity does: the last shares release what is left."""
    ladder = a_ladder(1, 2, 3, 4, closes=("0.3333336", "0.3333336", "0.3333327", "0.0000001"))
    position = a_position(entry_price=1, quantity="0.01", ladder=ladder)
    now, released = position, []
    for price in ("1.01", "1.02", "1.03", "1.04"):
        step = walked(now, price)
        now, part = step.position, step.events[-1]
        assert isinstance(part, PositionReduced | PositionClosed)
        released.append(part.released)
        assert now.hold >= 0
    assert released == [Decimal("0.00333334"), Decimal("0.00333334"), Decimal("0.00333332"), ZERO]
    assert now.close_reason is CloseReason.TAKE_PROFIT


def test_a_close_by_hand_says_who_asked() -> None:
    """A manual close takes the price it is given and carries its note."""
    position = walked(a_position(), 103).position
    plain = closed(position, Decimal(104), TIME_US, reason=CloseReason.MANUAL)
    noted = closed(position, Decimal(104), TIME_US, reason=CloseReason.MANUAL, note="stale price")
    assert the_close(plain).reason_text == "closed by hand"
    assert the_close(noted).reason_text == "closed by hand: stale price"
    assert noted.position.close_note == "stale price"
    assert noted.position.version == position.version + 1
    assert noted.position.stop_price == position.stop_price


def the_close(step: Advance) -> PositionClosed:
    *_, close = step.events
    assert isinstance(close, PositionClosed)
    return close


@pytest.mark.parametrize("note", ["TradingView signal 6", "TradingView signal 6; price 70 s old"])
def test_what_a_signal_closed_says_so(note: str) -> None:
    """Not "by hand"."""
    done = closed(a_position(), Decimal(100), TIME_US, reason=CloseReason.MANUAL, note=note)
    assert the_close(done).reason_text == f"closed by {note}"


def test_a_closed_position_takes_no_price() -> None:
    """CLOSED is terminal: judging a price, or closing again, is a bug and says so."""
    position = walked(a_position(), 110).position
    with pytest.raises(AssertionError, match="position 401 is closed"):
        advanced(position, Decimal(108), TIME_US)
    with pytest.raises(AssertionError, match="position 401 is closed"):
        closed(position, Decimal(100), TIME_US, reason=CloseReason.MANUAL)


def test_triggers_are_stop_and_next_rung() -> None:
    """A LONG waits for its stop below and its rung above, a SHORT the other way round."""
    assert triggers(a_position()) == Triggers(low=Decimal(95), high=Decimal(103))
    assert triggers(a_position(Side.SHORT)) == Triggers(low=Decimal(97), high=Decimal(105))


@pytest.mark.parametrize(("side", "earned"), [(Side.LONG, "1.25"), (Side.SHORT, "-1.25")])
def test_unrealized_pnl_is_of_what_is_still_open(side: Side, earned: str) -> None:
    """A mark price values the open quantity, before costs."""
    assert unrealized_pnl(a_position(side), Decimal(105)) == Decimal(earned)
    assert unrealized_pnl(walked(a_position(), 111).position, Decimal(105)) == 0
