"""Changes of positions that come with an idempotency key: each is done once, and answered."""

from decimal import Decimal
from typing import Any

import pytest
from immutables import Map

from actors.commit.messages import ChangeRead, ReadChange, ReadFailed, ReadPosition
from actors.denials import closed_position, refused_write
from actors.desk.lives import FAILURES_MAX
from actors.messages import Denied
from actors.position.messages import (
    BookingRefused,
    ChangeDone,
    ChangePosition,
    CloseDone,
    ClosePosition,
    RequestKey,
)
from actors.probe import TestProbe
from actors.wallet.memory import Held, Memory
from actors.wallet.messages import BookPosition, PositionGone
from persistence.changes import ChangeKey
from tests.protocol.office import ID, Office
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.protocol.trading_floor import Floor
from tests.unit.accounts import TIME_US, a_record
from trading.exits.level import Level
from trading.model import Denial, DenialReason, MarketPrice, Position
from trading.positions.changing import Changes, PartToClose, part_closed_by_hand
from trading.positions.judging import Advance

HALF = PartToClose(share=Decimal("0.5"))
QUARTER = PartToClose(share=Decimal("0.25"))
KEY = "k"
Command = ClosePosition | ChangePosition


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


def ask(floor: Floor, position: Position, *, part: PartToClose = HALF, key: str = KEY) -> TestProbe:
    """Ask for a close of a part with a key, and return who has asked."""
    client = floor.stage.probe("client")
    floor.wallet.tell(
        ClosePosition(
            position_id=position.position_id,
            part=part,
            key=RequestKey(account=ACCOUNT, key=key),
            reply_to=client,
        )
    )
    return client


def ask_stop(floor: Floor, position: Position, *, key: str = KEY) -> TestProbe:
    """Ask for a tighter stop with a key."""
    client = floor.stage.probe("client")
    floor.wallet.tell(
        ChangePosition(
            position_id=position.position_id,
            changes=Changes(stop_loss=Level(Decimal(98))),
            key=RequestKey(account=ACCOUNT, key=key),
            reply_to=client,
        )
    )
    return client


def passed_on(stage: Stage, kind: type[Command] = ClosePosition) -> Any:
    """The command as the Desk gets it: the wallet has found its key to be new."""
    command = stage.desk.expect(kind)
    assert command.key is not None
    assert command.key.is_new
    return command


def carried_out(stage: Stage, command: Any, position: Position) -> BookPosition:
    """What the position hands over when it has closed the part."""
    advance = part_closed_by_hand(position, command.part, Decimal(100), TIME_US)
    assert isinstance(advance, Advance)
    after = advance.position
    return BookPosition(
        position=after,
        events=advance.events,
        price=MarketPrice(symbol=SYMBOL, price=Decimal(100), time_us=TIME_US),
        key=ChangeKey(
            account=ACCOUNT,
            key=command.key.key,
            position_id=after.position_id,
            request=command.request,
            version=after.version,
        ),
        reply_to=stage.probe("position"),
    )


def done(booking: BookPosition) -> CloseDone:
    """What the position answers once that is durable."""
    return CloseDone(record=a_record(booking.position), already_closed=False)


def taken(stage: Stage, floor: Floor, position: Position) -> BookPosition:
    """Carry one close out under the key, all the way."""
    client = ask(floor, position)
    command = passed_on(stage)
    booking = carried_out(stage, command, position)
    floor.wallet.tell(booking)
    floor.confirm(floor.change())
    command.reply_to.tell(done(booking))
    client.expect(CloseDone)
    return booking


def read(stage: Stage, booking: BookPosition) -> None:
    """Answer the wallet's question what the key has changed."""
    asked = stage.committer.expect(ReadChange)
    assert (asked.account, asked.key) == (ACCOUNT, KEY)
    asked.reply_to.tell(ChangeRead(change=booking.key, record=a_record(booking.position)))


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
