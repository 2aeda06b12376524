"""Keyed changes whose position or wallet fails meanwhile: done once, and answered."""

import pytest
from immutables import Map

from actors.commit.messages import ReadPosition
from actors.denials import closed_position, refused_write
from actors.desk.lives import FAILURES_MAX
from actors.messages import Denied
from actors.position.messages import (
    BookingRefused,
    CloseDone,
    ClosePosition,
    RequestKey,
)
from actors.probe import TestProbe
from actors.wallet.memory import Held, Memory
from actors.wallet.messages import PositionGone
from tests.protocol.keyed_closes import HALF, KEY, ask, carried_out, done, passed_on, read, taken
from tests.protocol.office import ID, Office
from tests.protocol.stage import ACCOUNT, Stage
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


def test_a_position_that_begins_anew_is_asked_again_before_its_row_is_read(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """So that the Desk has the command when the next life begins; its caller waits on."""
    client = ask(floor, position)
    passed_on(stage)
    floor.wallet.tell(ReadPosition(position_id=position.position_id, reply_to=stage.desk, life=1))
    again = passed_on(stage)
    stage.committer.expect(ReadPosition)
    again.reply_to.tell(done(carried_out(stage, again, position)))
    assert not client.expect(CloseDone).repeated


def test_what_a_former_life_had_booked_is_not_asked_again(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """Its key is taken: both callers are told what it has changed."""
    first, second = ask(floor, position), ask(floor, position)
    booking = carried_out(stage, passed_on(stage), position)
    floor.wallet.tell(booking)
    floor.wallet.tell(ReadPosition(position_id=position.position_id, reply_to=stage.desk, life=1))
    floor.confirm(floor.change())
    read(stage, booking)
    assert first.expect(CloseDone).position == booking.position
    assert second.expect(CloseDone).repeated
    stage.desk.expect_nothing(for_=0)


def test_a_position_that_is_gone_has_its_callers_answered(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """The Desk is asked again, and says by the row or the shelf what has become of it."""
    client = ask(floor, position)
    passed_on(stage)
    floor.wallet.tell(PositionGone(position_id=position.position_id))
    denial = closed_position(position.position_id)
    passed_on(stage).reply_to.tell(Denied(denial=denial))
    assert client.expect(Denied).denial == denial


def test_a_denial_is_not_believed_of_a_key_that_is_taken(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """What was handed over is booked, and only its position's answer was lost."""
    first, second = ask(floor, position), ask(floor, position)
    command = passed_on(stage)
    booking = carried_out(stage, command, position)
    floor.wallet.tell(booking)
    floor.confirm(floor.change())
    command.reply_to.tell(Denied(denial=refused_write(ACCOUNT, "begin again")))
    for client in (first, second):
        read(stage, booking)
        assert client.expect(CloseDone).position == booking.position


def test_a_booking_under_a_key_that_is_taken_is_refused(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """A change that two lives of a wallet have passed on is made once."""
    booking = taken(stage, floor, position)
    second = carried_out(
        stage,
        ClosePosition(
            position_id=position.position_id,
            part=HALF,
            key=RequestKey(account=ACCOUNT, key=KEY),
            reply_to=stage.probe("client"),
        ),
        booking.position,
    )
    floor.wallet.tell(second)
    actor = second.reply_to
    assert isinstance(actor, TestProbe)
    assert "idempotency key k was taken meanwhile" in actor.expect(BookingRefused).denial.text
    stage.committer.expect_nothing(for_=0)


def test_an_open_under_a_key_that_a_change_has_taken_meanwhile_is_denied(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """A former life of the wallet had passed the change on, and this one begins the open."""
    opening = floor.send_open(25, key=KEY)
    command = ClosePosition(
        position_id=position.position_id,
        part=HALF,
        key=RequestKey(account=ACCOUNT, key=KEY),
        reply_to=stage.probe("client"),
    )
    floor.wallet.tell(carried_out(stage, command, position))
    floor.confirm(floor.change())
    floor.quote(opening)
    assert floor.denied(opening.client).reason is DenialReason.KEY_CONFLICT


def test_the_next_life_of_a_wallet_answers_what_the_former_one_passed_on(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """The caller of before, and one that has asked the next life meanwhile."""
    first = ask(floor, position)
    command = passed_on(stage)
    booking = carried_out(stage, command, position)
    next_life = next_wallet(stage, floor, position)
    second = ask(next_life, position)
    again = passed_on(stage)
    command.reply_to.tell(done(booking))
    assert not first.expect(CloseDone).repeated
    second.expect_nothing(for_=0)
    again.reply_to.tell(CloseDone(record=a_record(booking.position), already_closed=False))
    second.expect(CloseDone)


def test_between_two_lives_of_a_wallet_a_caller_is_answered_without_it(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """Also where the wallet is set aside, and comes no more."""
    client = ask(floor, position)
    command = passed_on(stage)
    del stage.directory.wallets[ACCOUNT]
    denial = Denial(reason=DenialReason.SET_ASIDE, text="account demo is set aside")
    command.reply_to.tell(Denied(denial=denial))
    assert client.expect(Denied).denial == denial


def next_wallet(stage: Stage, floor: Floor, *positions: Position) -> Floor:
    """The wallet's next life: it begins from what is durable, and knows none of the callers."""
    wallet = floor.reported()
    held = Map({open_.position_id: Held.of(open_) for open_ in positions})
    return Floor(stage, Memory(wallet=wallet, held=held), former_life=True)


def test_an_answer_that_comes_again_is_told_to_nobody(
    stage: Stage, floor: Floor, position: Position
) -> None:
    """What was asked again may be answered twice; its caller has its answer."""
    client = ask(floor, position)
    command = passed_on(stage)
    answer = done(carried_out(stage, command, position))
    command.reply_to.tell(answer)
    command.reply_to.tell(answer)
    client.expect(CloseDone)
    client.expect_nothing()


@pytest.mark.parametrize("is_open", [True, False])
def test_a_wallet_that_is_set_aside_answers_for_its_keys(stage: Stage, is_open: bool) -> None:
    """Also a key for a position that is closed, which only that wallet could answer."""
    office = Office(stage).start()
    if is_open:
        office.open_position()

    def ask_desk() -> TestProbe:
        client, key = stage.probe("client"), RequestKey(account=ACCOUNT, key=KEY)
        office.desk.tell(ClosePosition(position_id=ID, part=HALF, key=key, reply_to=client))
        return client

    office.fail("wallet", ACCOUNT)
    waiting = ask_desk()
    for _ in range(FAILURES_MAX[0][0]):
        office.fail("wallet", ACCOUNT)
    for client in (waiting, ask_desk()):
        assert client.expect(Denied).denial.reason is DenialReason.SET_ASIDE
