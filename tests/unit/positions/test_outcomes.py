"""What a position would come to at its stop-loss and its take-profits, before it happens."""

from decimal import Decimal

from hypothesis import given

from tests.unit.accounts import TIME_US, a_ladder, a_position, walked
from tests.unit.strategies import positions_underway
from trading.model import CloseReason, Position, PositionStatus, Side
from trading.positions.judging import advanced, closed
from trading.positions.outcomes import at_stop, at_targets


def test_the_specification_s_ladder_is_foreseen_to_the_last_digit() -> None:
    """The golden close at +10 % is there before it happens; TP1 and TP2 only move the stop."""
    position = a_position()

    outcomes = at_targets(position)

    assert [(one.price, one.distance_pct, one.quantity) for one in outcomes] == [
        (Decimal(103), Decimal(3), Decimal(0)),
        (Decimal(106), Decimal(6), Decimal(0)),
        (Decimal(110), Decimal(10), Decimal("0.25")),
    ]
    assert outcomes[2].net_pnl == Decimal("2.32225")
    assert [one.stop and one.stop.price for one in outcomes] == [100, 103, None]
    stop = at_stop(position)
    assert (stop.price, stop.distance_pct) == (Decimal(95), Decimal(-5))
    assert stop.net_pnl == walked(position, 95).position.net_pnl


def test_a_short_s_distances_are_toward_its_profit() -> None:
    """The same percentages as a LONG's, and its stop-loss is below 0 too."""
    position = a_position(Side.SHORT, ladder=a_ladder(3, 6, closes=("0.5", "0.5")))

    assert [one.distance_pct for one in at_targets(position)] == [3, 6]
    assert [one.quantity for one in at_targets(position)] == [Decimal("0.125")] * 2
    assert at_stop(position).distance_pct == -5


@given(positions_underway())
def test_what_is_foreseen_is_what_the_rules_then_book(position: Position) -> None:
    """At the stop-loss, and at each take-profit ahead when the price meets one after another."""
    if position.status is PositionStatus.CLOSED:
        return
    stopped = advanced(position, position.stop_price, TIME_US).position
    assert stopped.close_reason is CloseReason.STOP_LOSS
    assert at_stop(position).net_pnl == stopped.net_pnl

    now = position
    for outcome in at_targets(position):
        now = advanced(now, outcome.price, position.entry_time_us).position
        assert now.rungs_hit == outcome.rung
        if outcome.stop is None:
            assert now.status is PositionStatus.CLOSED
            assert outcome.net_pnl == now.net_pnl
            break
        assert outcome.stop == at_stop(now)
        by_hand = closed(now, outcome.price, TIME_US, reason=CloseReason.MANUAL).position
        assert outcome.net_pnl == by_hand.net_pnl
