"""Signals: stored before they are answered, then carried out one after another."""

from decimal import Decimal
from typing import Any

import pytest

from actors.commit.messages import CommitChange
from actors.position.messages import CloseDone, ClosePosition
from actors.wallet.messages import OpenPosition
from tests.protocol.signal_box import (
    ID,
    LONG,
    OTHER,
    SHORT,
    SHORT_2,
    SignalBox,
    a_signal,
    answer_to,
    live_market,
)
from tests.protocol.stage import SYMBOL, Stage
from tests.unit.accounts import a_record
from trading.events.signals import SignalFinished
from trading.exits.exits import NOTHING_SAID
from trading.model import DenialReason, Position, Side
from trading.positions.changing import PartToClose
from trading.signals import SignalAction, SignalStatus

BUY, SELL, CLOSE = SignalAction
SECOND_US = 1_000_000


@pytest.fixture
def box(stage: Stage) -> SignalBox:
    """A SignalActor that no earlier life has left anything."""
    return SignalBox(stage).start()


@pytest.mark.parametrize(
    ("action", "opposite", "side"), [(BUY, SHORT, Side.LONG), (SELL, LONG, Side.SHORT)]
)
def test_a_signal_closes_the_other_side_and_then_opens(
    box: SignalBox, action: SignalAction, opposite: Position, side: Side
) -> None:
    """Of its symbol only, with the default ladder and a key of its own."""
    box.open_positions(LONG, SHORT, OTHER)
    box.stored(action)
    box.close(opposite)
    asked = box.opened()
    assert (asked.side, asked.exits) == (side, NOTHING_SAID)
    assert asked.notional == 25
    assert (asked.symbol, asked.idempotency_key) == (SYMBOL, f"signal {ID}")
    assert asked.deadline_us == 60 * SECOND_US
    box.desk.expect_nothing(for_=0)
    finished = box.commit()
    outcome = f"closed {opposite.position_id}; opened 406"
    assert (finished.status, finished.outcome) == (SignalStatus.DONE, outcome)


def test_the_end_is_an_event(box: SignalBox) -> None:
    """With what the signal did."""
    box.stored()
    box.opened()
    (event,) = box.committer.expect(CommitChange).change.events
    assert isinstance(event, SignalFinished)
    assert (event.signal_id, event.status, event.outcome) == (ID, "DONE", "opened 406")


def test_nothing_is_opened_before_the_last_close(box: SignalBox) -> None:
    """All closes are asked for at once."""
    box.open_positions(SHORT, SHORT_2)
    box.stored()
    box.close(SHORT_2)
    box.desk.expect(ClosePosition)
    box.desk.expect_nothing(for_=0)


@pytest.mark.parametrize("fields", [{"action": CLOSE}, {"action": BUY, "flat": True}])
def test_a_signal_to_close_closes_both_sides_and_opens_nothing(
    box: SignalBox, fields: dict[str, Any]
) -> None:
    """It needs no amount."""
    box.open_positions(LONG, SHORT)
    box.stored(**fields, notional=None)
    box.close(SHORT)
    box.close(LONG)
    assert box.commit().outcome == "closed 401, 402"
    box.desk.expect_nothing(for_=0)


def test_a_signal_that_finds_nothing_to_close_is_done(box: SignalBox) -> None:
    """And says so."""
    box.stored(CLOSE)
    finished = box.commit()
    assert (finished.status, finished.outcome) == (SignalStatus.DONE, "nothing was open")


def test_what_a_stop_has_closed_meanwhile_is_not_claimed(box: SignalBox) -> None:
    """The signal goes on all the same."""
    box.open_positions(SHORT)
    box.stored()
    box.close(SHORT, by="stop-loss")
    box.opened()
    assert box.commit().outcome == "opened 406"


def test_a_part_that_was_gone_already_is_not_claimed(box: SignalBox) -> None:
    """A part that was closed leaves no note on the position: its answer says who closed it."""
    box.open_positions(SHORT, LONG)
    box.stored(CLOSE, share=Decimal("0.5"), notional=None)
    for position, already_closed in ((LONG, False), (SHORT, True)):
        asked = box.desk.expect(ClosePosition)
        assert (asked.position_id, asked.part) == (
            position.position_id,
            PartToClose(share=Decimal("0.5")),
        )
        box.desk.reply(CloseDone(record=a_record(position), already_closed=already_closed))
    assert box.commit().outcome == "closed 50% of 401"


def test_a_denied_close_ends_the_signal(box: SignalBox) -> None:
    """No position may be opened above an opposite one that stays."""
    box.open_positions(SHORT, SHORT_2)
    box.stored()
    box.close(SHORT)
    box.desk.expect(ClosePosition)
    box.deny(DenialReason.PRICE_STALE, "the last price is 90 s old")
    finished = box.commit()
    assert finished.status is SignalStatus.DENIED
    assert finished.outcome == "closed 402; position 404 not closed: the last price is 90 s old"
    box.desk.expect_nothing(for_=0)


def test_a_denied_open_is_the_outcome(box: SignalBox) -> None:
    """What was closed stays closed."""
    box.open_positions(SHORT)
    box.stored()
    box.close(SHORT)
    box.desk.expect(OpenPosition)
    box.deny(DenialReason.TRADING_PAUSED, "paused")
    finished = box.commit()
    assert finished.status is SignalStatus.DENIED
    assert finished.outcome == "closed 402; not opened: paused"


def test_signals_are_carried_out_one_after_another(box: SignalBox) -> None:
    """The next one begins when the end of the one before it is durable."""
    box.stored()
    second = box.take(SELL, client_id="b")
    box.new()
    box.commit()
    assert answer_to(second).signal.signal_id == ID + 1
    box.opened()
    box.desk.expect_nothing(for_=0)
    assert box.commit().signal_id == ID
    assert box.desk.expect(OpenPosition).side is Side.SHORT


def test_an_outcome_that_the_database_refuses_holds_nobody_up(box: SignalBox) -> None:
    """The next one goes on."""
    box.stored()
    box.stored(SELL, client_id="b")
    box.opened()
    box.refuse()
    assert box.desk.expect(OpenPosition).side is Side.SHORT


def test_what_is_not_answered_is_asked_again(box: SignalBox) -> None:
    """Whoever was asked may have failed; an answer that comes twice counts once."""
    box.open_positions(SHORT)
    box.stored()
    box.desk.expect(ClosePosition)
    box.desk.expect_nothing(for_=4.9)
    box.stage.dispatcher.advance(0.2)
    box.close(SHORT)
    box.desk.reply(CloseDone(record=a_record(SHORT), already_closed=True))
    box.desk.expect(OpenPosition)
    box.stage.dispatcher.advance(5)
    again = box.opened()
    assert again.idempotency_key == f"signal {ID}"
    assert box.commit().outcome == "closed 402; opened 406"
    box.stage.dispatcher.advance(1_000)
    assert box.desk.unread() == ()


def test_a_signal_that_waited_too_long_expires(box: SignalBox) -> None:
    """It closes nothing; its open is asked for past its deadline, as an earlier life may have."""
    box.open_positions(SHORT)
    box.stored(CLOSE, client_id="a")
    box.desk.expect(ClosePosition)
    box.stored(client_id="b")
    box.stage.dispatcher.advance(61)
    box.close(SHORT)
    assert box.commit().status is SignalStatus.DONE
    late = box.desk.expect(OpenPosition)
    assert late.deadline_us is not None
    assert late.deadline_us < box.stage.dispatcher.clock.monotonic_us()
    box.deny(DenialReason.DEADLINE_PASSED)
    finished = box.commit()
    assert finished.status is SignalStatus.EXPIRED
    assert finished.outcome == "not finished within 60 s of receipt"


@pytest.mark.parametrize(("sent_seconds", "left_seconds"), [(70, 30), (200, 60), (None, 60)])
def test_a_signal_lives_from_when_it_was_sent(
    box: SignalBox, sent_seconds: int | None, left_seconds: int
) -> None:
    """But no longer for a sender whose clock is ahead."""
    box.stage.dispatcher.advance(100)
    box.stored(sent_us=None if sent_seconds is None else sent_seconds * SECOND_US)
    assert box.desk.expect(OpenPosition).deadline_us == (100 + left_seconds) * SECOND_US


def test_a_signal_that_was_sent_long_ago_has_expired(box: SignalBox) -> None:
    """Even one that only closes."""
    box.stage.dispatcher.advance(100)
    box.open_positions(SHORT)
    box.stored(CLOSE, sent_us=39 * SECOND_US)
    assert box.commit().status is SignalStatus.EXPIRED
    box.desk.expect_nothing(for_=0)


def test_a_signal_that_closes_nothing_because_it_is_late_opens_nothing(box: SignalBox) -> None:
    """At its last instant too: its open is past its deadline when it is asked for."""
    box.open_positions(SHORT)
    box.stage.dispatcher.advance(100)
    box.stored(sent_us=40 * SECOND_US)
    late = box.desk.expect(OpenPosition)
    assert late.deadline_us is not None
    assert late.deadline_us < box.stage.dispatcher.clock.monotonic_us()


# --- The next life ---------------------------------------------------------------------------


def test_an_earlier_lifes_signals_come_first(stage: Stage) -> None:
    """In their order, with the keys that their opens had."""
    stage.published.markets[SYMBOL] = live_market()
    box = SignalBox(stage)
    early = box.take()
    box.start(a_signal(signal_id=8), a_signal(SELL, signal_id=9))
    box.new()
    assert box.commit().signal_id == ID
    answer_to(early)
    assert box.opened().idempotency_key == "signal 8"
    assert box.commit().outcome == "opened 406; resumed after a restart"
    assert box.opened().idempotency_key == "signal 9"
    box.commit()
    assert box.opened().idempotency_key == f"signal {ID}"


def test_an_earlier_lifes_signal_waits_for_a_price(stage: Stage) -> None:
    """Its market has none yet when the actors start: that denies nothing."""
    box = SignalBox(stage).start(a_signal())
    box.desk.expect_nothing(for_=10)
    stage.published.markets[SYMBOL] = live_market(received_us=10 * SECOND_US)
    box.opened()
    assert box.commit().status is SignalStatus.DONE


def test_an_earlier_lifes_signal_expires_where_no_price_comes(stage: Stage) -> None:
    """Unless it has opened its position: its key tells."""
    box = SignalBox(stage).start(a_signal())
    box.desk.expect_nothing(for_=59)
    stage.dispatcher.advance(2)
    box.desk.expect(OpenPosition)
    box.deny(DenialReason.PRICE_STALE)
    assert box.commit().status is SignalStatus.EXPIRED


def test_an_earlier_lifes_open_is_found_by_its_key(stage: Stage) -> None:
    """However late it is."""
    stage.dispatcher.advance(1_000)
    box = SignalBox(stage).start(a_signal())
    box.opened()
    assert box.commit().status is SignalStatus.DONE
