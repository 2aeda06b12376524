"""One position among probes: changed by hand and closed in parts, with keys and without."""

from decimal import Decimal
from typing import Any

import pytest

from actors.desk.messages import PositionSettled
from actors.engine.pooled import Recipient
from actors.engine.supervised import ActorFailed
from actors.market.messages import Arm, Disarm, QuotePrice
from actors.messages import Denied
from actors.position.actor import PositionActor
from actors.position.messages import (
    BookingRefused,
    ChangeDone,
    ChangePosition,
    CloseDone,
    ClosePosition,
    RequestKey,
    Stranded,
    WalletRestarted,
)
from actors.probe import TestProbe
from actors.wallet.messages import BookPosition
from persistence.changes import ChangeKey
from tests.protocol.guarded import ID, POSITION, booked, close, hit, move_stop, quote
from tests.protocol.stage import ACCOUNT, Stage
from tests.unit.accounts import TIME_US
from trading.events.positions import (
    PositionClosed,
    PositionReduced,
    RungHit,
    StopMoved,
    StopTrailed,
    TargetsReplaced,
    TimeStopSet,
    TrailingSet,
)
from trading.exits.exits import Said
from trading.exits.ladder import AskedRung
from trading.exits.level import Level
from trading.exits.notation import trailing_from
from trading.model import CloseReason, Denial, DenialReason, PositionStatus
from trading.positions.changing import Changes, PartToClose
from trading.positions.judging import Triggers
from trading.times import SECOND_US

HALF = PartToClose(share=Decimal("0.5"))
ALL = PartToClose(share=Decimal(1))
KEY = RequestKey(account=ACCOUNT, key="k", is_new=True)
ASIDE = Denial(reason=DenialReason.SET_ASIDE, text="it is set aside")


def close_part(
    stage: Stage,
    position: Recipient,
    part: PartToClose = HALF,
    *,
    key: RequestKey | None = None,
    note: str | None = None,
) -> TestProbe:
    """Ask for a close of a part, and return who has asked."""
    client = stage.probe("client")
    position.tell(ClosePosition(position_id=ID, part=part, key=key, note=note, reply_to=client))
    return client


def change(
    stage: Stage, position: Recipient, *, key: RequestKey | None = None, **changes: Any
) -> TestProbe:
    """Ask for a change, and return who has asked."""
    client = stage.probe("client")
    command = ChangePosition(position_id=ID, changes=Changes(**changes), key=key, reply_to=client)
    position.tell(command)
    return client


def bookings(stage: Stage) -> list[BookPosition]:
    """What was handed over so far."""
    stage.dispatcher.run_until_idle()
    return [message for message in stage.wallet.unread() if isinstance(message, BookPosition)]


def test_a_part_is_answered_when_it_is_durable_and_the_rest_is_guarded(
    stage: Stage, position: Recipient
) -> None:
    """Its triggers stay; its caller sees what is left."""
    client = close_part(stage, position, note="risk")
    assert not stage.market.expect(QuotePrice).force
    position.tell(quote(102))
    arm = stage.market.expect(Arm)
    assert (arm.triggers, arm.after) == (Triggers(low=Decimal(95), high=Decimal(103)), 9)
    booking = stage.wallet.expect(BookPosition)
    (event,) = booking.events
    assert isinstance(event, PositionReduced)
    assert [event.rung, event.note, event.exit_price] == [None, "risk", 102]
    assert booking.position.open_quantity == POSITION.quantity / 2
    client.expect_nothing()
    position.tell(booked(2))
    done = client.expect(CloseDone)
    assert (done.position, done.already_closed, done.repeated) == (booking.position, False, False)
    assert done.position.status is PositionStatus.OPEN


def test_a_part_that_is_all_closes_the_position(stage: Stage, position: Recipient) -> None:
    """As a close without a part does."""
    client = close_part(stage, position, ALL)
    position.tell(quote(102))
    stage.market.expect(Disarm)
    (event,) = stage.wallet.expect(BookPosition).events
    assert isinstance(event, PositionClosed)
    position.tell(booked(2))
    assert not client.expect(CloseDone).already_closed
    stage.desk.expect(PositionSettled)


def test_a_part_that_is_too_large_is_refused_with_the_figures(
    stage: Stage, position: Recipient
) -> None:
    """Nothing is handed over, and the position arms again."""
    too_much = PartToClose(quantity=POSITION.quantity * 2)
    client = close_part(stage, position, too_much)
    position.tell(quote(102))
    denial = client.expect(Denied).denial
    assert denial.reason is DenialReason.AMOUNT_INVALID
    assert "ask for no more" in denial.text
    assert stage.market.expect(Arm).after == 9
    stage.wallet.expect_nothing()


def test_two_parts_are_closed_one_after_the_other_of_what_is_open(
    stage: Stage, position: Recipient
) -> None:
    """Half of the half is left; each caller gets its own state."""
    first, second = close_part(stage, position), close_part(stage, position)
    position.tell(quote(102))
    position.tell(quote(102, question=2))
    position.tell(booked(3))
    states = [client.expect(CloseDone).position for client in (first, second)]
    assert [state.open_quantity / POSITION.quantity for state in states] == [
        Decimal("0.5"),
        Decimal("0.25"),
    ]


def test_a_key_that_comes_twice_closes_its_part_once(stage: Stage, position: Recipient) -> None:
    """Two lives of the wallet have passed it on: before the quote, after it, and while it waits."""
    first, second = (close_part(stage, position, key=KEY) for _ in range(2))
    position.tell(quote(102))
    third = close_part(stage, position, key=KEY)
    (booking,) = bookings(stage)
    assert booking.key == ChangeKey(
        account=ACCOUNT,
        key="k",
        position_id=ID,
        request='["close","0.5",null,null]',
        version=2,
    )
    position.tell(booked(2))
    answers = [client.expect(CloseDone) for client in (first, second, third)]
    assert [answer.repeated for answer in answers] == [False, True, True]
    assert {answer.position for answer in answers} == {booking.position}


def test_a_key_that_comes_twice_and_closes_all_is_nobody_elses_close(
    stage: Stage, position: Recipient
) -> None:
    """The second caller hears that its own request was done, and a third that another was."""
    first, second = (close_part(stage, position, ALL, key=KEY) for _ in range(2))
    position.tell(quote(102))
    third = close(stage, position)
    position.tell(booked(2))
    answers = [client.expect(CloseDone) for client in (first, second, third)]
    assert [(answer.already_closed, answer.repeated) for answer in answers] == [
        (False, False),
        (False, True),
        (True, False),
    ]


def test_another_request_under_a_key_is_no_repetition(stage: Stage, position: Recipient) -> None:
    """It is handed over by itself, so that the wallet refuses it."""
    close_part(stage, position, key=KEY)
    other = close_part(stage, position, PartToClose(share=Decimal("0.25")), key=KEY)
    position.tell(quote(102))
    position.tell(quote(102, question=2))
    assert [booking.key and booking.key.request for booking in bookings(stage)] == [
        '["close","0.5",null,null]',
        '["close","0.25",null,null]',
    ]
    position.tell(booked(2))
    other.expect_nothing()


def test_a_price_that_hits_a_rung_between_question_and_quote_comes_first(
    stage: Stage, position: Recipient
) -> None:
    """Half of what the rung has left is closed, by a stop that has moved."""
    client = close_part(stage, position)
    stage.market.expect(QuotePrice)
    position.tell(hit(103))
    position.tell(quote(103))
    rung, part = bookings(stage)
    assert isinstance(rung.events[0], RungHit)
    assert (part.position.version, part.position.rungs_hit) == (3, 1)
    assert part.position.stop_price == 100
    position.tell(booked(3))
    assert client.expect(CloseDone).position == part.position


def test_rungs_are_not_replaced_under_a_price_that_has_hit_one(
    stage: Stage, position: Recipient
) -> None:
    """The hit rung stays as it was; a new one behind the price is refused, one ahead is taken."""
    behind = change(stage, position, take_profits=(AskedRung(at=Level(Decimal(103))),))
    stage.market.expect(QuotePrice)
    position.tell(hit(104))
    position.tell(quote(104))
    assert behind.expect(Denied).denial.reason is DenialReason.LADDER_INVALID
    ahead = change(stage, position, take_profits=(AskedRung(at=Level(Decimal(105))),))
    position.tell(quote(104, question=2))
    *_, replaced = bookings(stage)
    assert isinstance(replaced.events[0], TargetsReplaced)
    assert list(replaced.position.take_profit_prices) == [103, 105]
    position.tell(booked(3))
    assert ahead.expect(ChangeDone).position.rungs_hit == 1


def test_a_close_while_a_change_waits_is_the_end_of_the_change(
    stage: Stage, position: Recipient
) -> None:
    """The stop is reached first: the change and the part are told so once that is durable."""
    part, stop = close_part(stage, position, key=KEY), move_stop(stage, position, 98)
    position.tell(hit(94))
    position.tell(quote(94))
    (booking,) = bookings(stage)
    assert (booking.position.close_reason, booking.key) == (CloseReason.STOP_LOSS, None)
    part.expect_nothing(for_=0)
    position.tell(booked(2))
    assert part.expect(CloseDone).already_closed
    assert stop.expect(Denied).denial.reason is DenialReason.POSITION_CLOSED


def test_a_change_that_was_handed_over_before_the_close_is_answered_as_done(
    stage: Stage, position: Recipient
) -> None:
    """With the state that it led to, although the position is closed by now."""
    client = move_stop(stage, position, 98)
    position.tell(quote(102))
    position.tell(hit(98, 10))
    position.tell(booked(3))
    done = client.expect(ChangeDone).position
    assert [done.status, done.stop_price, done.version] == [PositionStatus.OPEN, 98, 2]
    stage.desk.expect(PositionSettled)


CHANGES = {
    "targets": (
        {"take_profits": (AskedRung(at=Level(Decimal(5), is_percent=True)),)},
        [TargetsReplaced],
        Triggers(low=Decimal(95), high=Decimal(105)),
    ),
    "trail": (
        {"trailing": trailing_from("2%/1%")},
        [TrailingSet, StopTrailed],
        Triggers(low=Decimal("99.96"), high=Decimal(103)),
    ),
    "time stop": (
        {"close_after_us": 3600 * SECOND_US},
        [TimeStopSet],
        Triggers(
            low=Decimal(95), high=Decimal(103), due_us=POSITION.entry_time_us + 3600 * SECOND_US
        ),
    ),
    "stop": (
        {"stop_loss": Level(Decimal(98))},
        [StopMoved],
        Triggers(low=Decimal(98), high=Decimal(103)),
    ),
}


@pytest.mark.parametrize(("changes", "events", "armed"), CHANGES.values(), ids=CHANGES.keys())
def test_each_change_is_one_booking_and_waits_for_its_own_triggers(
    stage: Stage,
    position: Recipient,
    changes: dict[str, Any],
    events: list[type],
    armed: Triggers,
) -> None:
    """Its event and its key are handed over with it; a new wallet is told the same again."""
    client = change(stage, position, key=KEY, **changes)
    position.tell(quote(102))
    arm = stage.market.expect(Arm)
    assert (arm.triggers, arm.after) == (armed, 9)
    booking = stage.wallet.expect(BookPosition)
    assert [type(event) for event in booking.events] == events
    assert [booking.key and booking.key.version] == [2]
    position.tell(WalletRestarted(account=ACCOUNT))
    assert stage.wallet.expect(BookPosition) == booking
    client.expect_nothing()
    position.tell(booked(2))
    assert client.expect(ChangeDone).position == booking.position


def test_a_dropped_time_stop_is_not_waited_for(stage: Stage, position: Recipient) -> None:
    """The market forgets it with the next arming."""
    change(stage, position, close_after_us=3600 * SECOND_US)
    position.tell(quote(102))
    change(stage, position, close_after_us=Said.NONE)
    position.tell(quote(102, question=2))
    arms = [stage.market.expect(Arm) for _ in range(2)]
    assert [arm.triggers.due_us is None for arm in arms] == [False, True]


def test_a_stranded_market_denies_what_waits_and_not_what_was_handed_over(stage: Stage) -> None:
    """A wallet that books makes the change durable: its caller hears that, and no denial."""
    position = stage.start(PositionActor(stage.directory, POSITION, opened_at_us=TIME_US, after=7))
    handed_over = move_stop(stage, position, 98)
    position.tell(quote(102))
    waiting = close_part(stage, position)
    position.tell(Stranded(denial=ASIDE, books=True))
    assert waiting.expect(Denied).denial == ASIDE
    handed_over.expect_nothing()
    position.tell(booked(2))
    handed_over.expect(ChangeDone)


def test_a_stranded_wallet_denies_what_was_handed_over_too(
    stage: Stage, position: Recipient
) -> None:
    """Nothing of it is booked."""
    handed_over = move_stop(stage, position, 98)
    position.tell(quote(102))
    position.tell(Stranded(denial=ASIDE, books=False))
    assert handed_over.expect(Denied).denial == ASIDE


def test_a_refused_change_denies_everybody_and_ends_this_life(
    stage: Stage, position: Recipient
) -> None:
    """Those whose changes were handed over, and those that wait; the next life begins anew."""
    stop, part = move_stop(stage, position, 98), close_part(stage, position, key=KEY)
    position.tell(quote(102))
    (booking,) = bookings(stage)
    denial = Denial(reason=DenialReason.WRITE_REFUSED, text="version 5")
    booking.reply_to.tell(BookingRefused(denial=denial))
    assert [client.expect(Denied).denial for client in (stop, part)] == [denial, denial]
    assert "version 5" in stage.desk.expect(ActorFailed).error
