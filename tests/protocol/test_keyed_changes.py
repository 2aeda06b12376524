"""Changes of positions under idempotency keys, while actors fail: done once, answered once."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from actors.commit.messages import PositionRead, ReadPosition
from actors.engine.pooled import Recipient
from actors.market.messages import Arm, QuotePrice
from actors.messages import Denied
from actors.position.messages import (
    BookingRefused,
    ChangePosition,
    ClosePosition,
    RequestKey,
)
from actors.probe import TestProbe
from actors.wallet.messages import BookPosition, KeyedAnswer, PositionGone
from persistence.changes import ChangeKey
from tests.protocol.guarded import ID, quote
from tests.protocol.office import POSITION, Office
from tests.protocol.stage import ACCOUNT, Stage
from tests.protocol.test_desk_restarts import a_reread
from tests.protocol.trading_floor import Floor
from tests.unit.accounts import TIME_US, a_record, walked
from trading.exits.level import Level
from trading.model import Denial, DenialReason, MarketPrice
from trading.positions.changing import Changes, PartToClose, part_closed_by_hand

KEY = RequestKey(account=ACCOUNT, key="k")
NEW = replace(KEY, is_new=True)
HALF = PartToClose(share=Decimal("0.5"))


def half(client: Recipient, key: RequestKey = KEY, position_id: int = ID) -> ClosePosition:
    """A close of half a position under a key."""
    return ClosePosition(position_id=position_id, part=HALF, key=key, reply_to=client)


def stop(client: Recipient, price: str, key: RequestKey = KEY) -> ChangePosition:
    """Another stop-loss under a key."""
    changes = Changes(stop_loss=Level(Decimal(price)))
    return ChangePosition(position_id=ID, changes=changes, key=key, reply_to=client)


@pytest.fixture
def floor(stage: Stage) -> Floor:
    """A wallet with an account of 100."""
    floor = Floor(stage)
    floor.open_account(100)
    return floor


def passed_on(stage: Stage) -> Any:
    """What the wallet has passed on to the Desk."""
    return stage.desk.expect(ClosePosition)


# --- A position ----------------------------------------------------------------------------------


def test_what_is_asked_again_is_judged_once(stage: Stage, position: Recipient) -> None:
    """Its wallet asks again for what the Desk had kept: a denial holds for both."""
    client = stage.probe("client")
    for _ in range(2):
        position.tell(stop(client, "94", NEW))
    position.tell(quote(102))
    assert client.expect(Denied).denial.reason is DenialReason.STOP_INVALID
    stage.market.expect(QuotePrice)
    stage.market.expect(Arm)
    stage.market.expect_nothing()
    client.expect_nothing()


def test_callers_of_one_key_are_denied_together(stage: Stage, position: Recipient) -> None:
    """A second caller came by the wallet's next life: what is denied to one is not done for it."""
    first, second = stage.probe("first"), stage.probe("second")
    position.tell(stop(first, "94", NEW))
    position.tell(stop(second, "94", NEW))
    position.tell(quote(102))
    assert first.expect(Denied) == second.expect(Denied)


def test_a_key_that_was_taken_meanwhile_leaves_its_callers_to_the_wallet(
    stage: Stage, position: Recipient
) -> None:
    """The wallet knows what the key has done; who came without a key is denied."""
    keyed, other = stage.probe("keyed"), stage.probe("other")
    position.tell(half(keyed, NEW))
    position.tell(ClosePosition(position_id=ID, reply_to=other))
    position.tell(quote(102))
    denial = Denial(reason=DenialReason.KEY_CONFLICT, text="taken")
    position.tell(BookingRefused(denial=denial))
    assert other.expect(Denied).denial == denial
    keyed.expect_nothing()


# --- A wallet ------------------------------------------------------------------------------------


def test_a_wallet_asks_again_before_the_row_is_read(stage: Stage, floor: Floor) -> None:
    """So the Desk has it before the row that the position's next life begins with."""
    client = stage.probe("client")
    floor.wallet.tell(half(client))
    first = passed_on(stage)
    read = ReadPosition(position_id=ID, reply_to=stage.desk, life=1)
    order: list[type] = []
    stage.directory.send = recording(stage.directory.send, order)  # type: ignore[method-assign]
    floor.wallet.tell(read)
    assert passed_on(stage) == first
    stage.committer.expect(ReadPosition)
    assert order == [ClosePosition, ReadPosition]


def test_a_second_answer_to_what_was_asked_again_is_dropped(stage: Stage, floor: Floor) -> None:
    """The callers have their answer; one that a former life had passed on still gets its own."""
    client = stage.probe("client")
    floor.wallet.tell(half(client))
    command = passed_on(stage)
    denied = Denied(denial=Denial(reason=DenialReason.POSITION_CLOSED, text="closed"))
    command.reply_to.tell(denied)
    command.reply_to.tell(denied)
    assert client.expect(Denied) == denied
    client.expect_nothing()
    floor.wallet.tell(KeyedAnswer(key="k", life=object(), reply_to=client, answer=denied))
    assert client.expect(Denied) == denied


def test_a_wallet_asks_again_for_a_position_that_is_gone(stage: Stage, floor: Floor) -> None:
    """The Desk answers in its place."""
    floor.wallet.tell(half(stage.probe("client")))
    first = passed_on(stage)
    floor.wallet.tell(PositionGone(position_id=ID))
    assert passed_on(stage) == first


def test_the_key_of_a_change_answers_for_no_open(stage: Stage, floor: Floor) -> None:
    """Even the very open that has made the changed position is another request."""
    position = floor.opened(25, key="first")
    booking = half_booking(position, stage.probe("position"))
    floor.wallet.tell(booking)
    floor.confirm(floor.change())
    client = floor.tell_open(25, key="k")
    read = stage.committer.expect(ReadPosition)
    read.reply_to.tell(
        PositionRead(position_id=position.position_id, record=a_record(booking.position))
    )
    assert floor.denied(client).reason is DenialReason.KEY_CONFLICT


def test_a_key_that_a_change_takes_opens_nothing(stage: Stage, floor: Floor) -> None:
    """The change came by a former life of the wallet, so that this one did not know of it."""
    position = floor.opened(25, key="first")
    opening = floor.send_open(25, key="k")
    floor.wallet.tell(half_booking(position, stage.probe("position")))
    floor.quote(opening)
    floor.confirm(floor.change())
    assert floor.denied(opening.client).reason is DenialReason.KEY_CONFLICT


def test_a_key_changes_one_position_once(stage: Stage, floor: Floor) -> None:
    """A booking under a key that was taken meanwhile is refused: its position begins again."""
    first, second = floor.opened(25, key="first"), floor.opened(25, key="second")
    actors = [stage.probe("one"), stage.probe("other")]
    for position, actor in zip((first, second), actors, strict=True):
        floor.wallet.tell(half_booking(position, actor))
    change = floor.change()
    assert [key.position_id for key in change.change.keys] == [first.position_id]
    floor.confirm(change)
    refused = actors[1].expect(BookingRefused)
    assert refused.denial.reason is DenialReason.KEY_CONFLICT


# --- The Desk ------------------------------------------------------------------------------------


def test_a_wallet_is_told_of_a_failed_position_that_is_closed(stage: Stage) -> None:
    """It asks again for what had a key: the Desk then answers by the row."""
    office = Office(stage).start()
    office.open_position()
    office.fail("position", ID)
    read = stage.wallet.expect(ReadPosition)
    read.reply_to.tell(a_reread(read, walked(POSITION, 110).position))
    assert stage.wallet.expect(PositionGone) == PositionGone(position_id=ID)


def test_a_wallet_is_told_of_a_position_that_is_set_aside(stage: Stage) -> None:
    """It asks again for what had a key: the Desk then denies it."""
    office = Office(stage).start()
    office.open_position()
    for _ in range(7):
        office.fail("position", ID)
        stage.dispatcher.advance(1)
    assert stage.wallet.expect(PositionGone) == PositionGone(position_id=ID)


# --- Details -------------------------------------------------------------------------------------


def half_booking(position: Any, reply_to: TestProbe) -> BookPosition:
    """Half a position closed under the key, as its actor hands it over."""
    advance = part_closed_by_hand(position, HALF, Decimal(101), TIME_US)
    assert not isinstance(advance, Denial)
    key = ChangeKey(
        account=ACCOUNT,
        key="k",
        position_id=position.position_id,
        request=half(reply_to).request,
        version=advance.position.version,
    )
    return BookPosition(
        position=advance.position,
        events=advance.events,
        price=MarketPrice(symbol=position.symbol, price=Decimal(101), time_us=TIME_US),
        reply_to=reply_to,
        key=key,
    )


def recording(send: Any, order: list[type]) -> Any:
    """A directory's `send` that notes the order of commands and reads."""

    def recorded(recipient: Any, message: Any) -> bool:
        if isinstance(message, ClosePosition | ReadPosition):
            order.append(type(message))
        return bool(send(recipient, message))

    return recorded
