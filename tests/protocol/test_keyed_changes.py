"""Changes of positions that come with an idempotency key: each is done once, and answered."""

import pytest

from actors.commit.messages import ChangeRead, ReadChange, ReadFailed
from actors.messages import Denied
from actors.position.messages import (
    BookingRefused,
    ChangeDone,
    ChangePosition,
    CloseDone,
)
from actors.probe import TestProbe
from tests.protocol.keyed_closes import (
    KEY,
    QUARTER,
    ask,
    ask_stop,
    carried_out,
    done,
    passed_on,
    read,
    taken,
)
from tests.protocol.stage import Stage
from tests.protocol.trading_floor import Floor
from tests.unit.accounts import a_record
from trading.model import Denial, DenialReason, Position


@pytest.fixture
def floor(stage: Stage) -> Floor:
    """A wallet with one open position."""
    floor = Floor(stage)
    floor.open_account(100)
    return floor


@pytest.fixture
def position(floor: Floor) -> Position:
    """That position."""
    return floor.opened(25)


def test_a_new_key_is_passed_on_and_written_with_its_event(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """One change has the part's event, the position, the money and the key."""
    client = ask(floor, position)
    command = passed_on(stage)
    booking = carried_out(stage, command, position)
    floor.wallet.tell(booking)
    change = floor.change()
    assert change.change.keys == (booking.key,)
    assert change.change.positions == (booking.position,)
    assert change.change.events[-1:] == booking.events[-1:]
    assert len(change.change.entries) == 1
    client.expect_nothing(for_=0)
    floor.confirm(change)
    command.reply_to.tell(done(booking))
    answer = client.expect(CloseDone)
    assert (answer.position, answer.repeated) == (booking.position, False)


def test_callers_that_join_a_key_get_one_outcome(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """The position is asked once; the later callers are told that it was done before."""
    first, second, third = (ask(floor, position) for _ in range(3))
    command = passed_on(stage)
    stage.desk.expect_nothing(for_=0)
    command.reply_to.tell(done(carried_out(stage, command, position)))
    assert [each.expect(CloseDone).repeated for each in (first, second, third)] == [
        False,
        True,
        True,
    ]


def test_callers_that_join_a_key_share_its_denial_and_free_it(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """A change that was not made may be asked for again under its key."""
    first, second = ask(floor, position), ask(floor, position)
    denial = Denial(reason=DenialReason.PRICE_STALE, text="stale")
    passed_on(stage).reply_to.tell(Denied(denial=denial))
    assert [each.expect(Denied).denial for each in (first, second)] == [denial, denial]
    ask(floor, position)
    passed_on(stage)


def test_a_key_that_is_taken_is_answered_with_what_it_has_changed(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """The position hears nothing of it."""
    booking = taken(stage, floor, position)
    client = ask(floor, position)
    read(stage, booking)
    answer = client.expect(CloseDone)
    assert (answer.position, answer.repeated) == (booking.position, True)
    stage.desk.expect_nothing(for_=0)


def test_another_request_under_a_taken_key_is_a_conflict(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """Another share, a stop, or another position."""
    booking = taken(stage, floor, position)
    other = floor.opened(10)
    for client in (
        ask(floor, position, part=QUARTER),
        ask_stop(floor, position),
        ask(floor, other),
    ):
        read(stage, booking)
        denial = client.expect(Denied).denial
        assert denial.reason is DenialReason.KEY_CONFLICT
        assert "idempotency key k was used for another request" in denial.text
    stage.desk.expect_nothing(for_=0)


def test_another_request_under_a_key_on_its_way_is_a_conflict(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """It does not wait for the outcome of the first."""
    first = ask(floor, position)
    assert ask(floor, position, part=QUARTER).expect(Denied).denial.reason is (
        DenialReason.KEY_CONFLICT
    )
    first.expect_nothing(for_=0)


def test_the_key_of_an_open_changes_nothing(stage: Stage, floor: Floor) -> None:
    """Neither while the open is on its way, nor after it."""
    opening = floor.send_open(25, key=KEY)
    position = floor.opened(10)
    assert ask(floor, position).expect(Denied).denial.reason is DenialReason.KEY_CONFLICT
    floor.quote(opening)
    floor.confirm(floor.change())
    client = ask(floor, position)
    asked = stage.committer.expect(ReadChange)
    asked.reply_to.tell(ChangeRead(change=None, record=a_record(position)))
    assert client.expect(Denied).denial.reason is DenialReason.KEY_CONFLICT


def test_the_key_of_a_change_on_its_way_opens_nothing(floor: Floor, position: Position) -> None:
    """The open is denied at once."""
    ask(floor, position)
    assert floor.denied(floor.tell_open(key=KEY)).reason is DenialReason.KEY_CONFLICT


def test_a_refused_booking_denies_its_caller_and_frees_the_key(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """The position begins anew from what is durable, and says so."""
    client = ask(floor, position)
    command = passed_on(stage)
    booking = carried_out(stage, command, position)
    floor.wallet.tell(booking)
    floor.refuse(floor.change())
    actor = booking.reply_to
    assert isinstance(actor, TestProbe)
    denial = actor.expect(BookingRefused).denial
    command.reply_to.tell(Denied(denial=denial))
    assert client.expect(Denied).denial == denial
    ask(floor, position)
    passed_on(stage)


def test_a_taken_key_waits_for_the_database(stage: Stage, floor: Floor, position: Position) -> None:
    """Nothing is answered from memory, which does not say what was asked."""
    taken(stage, floor, position)
    client = ask(floor, position)
    asked = stage.committer.expect(ReadChange)
    client.expect_nothing()
    asked.reply_to.tell(ReadFailed(read=asked, detail="junk"))
    denial = client.expect(Denied).denial
    assert denial.reason is DenialReason.BOOKS_MISMATCH
    assert "cannot be read (junk)" in denial.text


def test_a_change_of_a_living_position_is_repeated_as_such(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """Not as a close."""
    first, second = ask_stop(floor, position), ask_stop(floor, position)
    command = passed_on(stage, ChangePosition)
    command.reply_to.tell(ChangeDone(record=a_record(position)))
    assert [each.expect(ChangeDone).repeated for each in (first, second)] == [False, True]
