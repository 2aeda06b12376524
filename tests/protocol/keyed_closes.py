"""Keyed closes of parts as a wallet among probes gets them, and what becomes of them."""

from decimal import Decimal
from typing import Any

from actors.commit.messages import ChangeRead, ReadChange
from actors.position.messages import (
    ChangePosition,
    CloseDone,
    ClosePosition,
    RequestKey,
)
from actors.probe import TestProbe
from actors.wallet.messages import BookPosition
from persistence.changes import ChangeKey
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.protocol.trading_floor import Floor
from tests.unit.accounts import TIME_US, a_record
from trading.exits.level import Level
from trading.model import MarketPrice, Position
from trading.positions.changing import Changes, PartToClose, part_closed_by_hand
from trading.positions.judging import Advance

HALF = PartToClose(share=Decimal("0.5"))
QUARTER = PartToClose(share=Decimal("0.25"))
KEY = "k"
Command = ClosePosition | ChangePosition


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
