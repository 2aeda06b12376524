"""Positions whose changes have keys, while actors fail: done once, answered by the Desk too."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from actors.commit.messages import PositionRead, ReadPosition
from actors.engine.pooled import Recipient
from actors.market.messages import Arm, QuotePrice
from actors.messages import Denied
from actors.position.messages import (
    ChangePosition,
    ClosePosition,
    RequestKey,
)
from actors.probe import TestProbe
from actors.wallet.messages import BookPosition, PositionGone
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


# --- A wallet ------------------------------------------------------------------------------------


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
