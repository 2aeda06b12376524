"""What a position's commands are answered with, by its actor or by its row."""

import structlog

from actors.denials import closed_position, deposed, unknown_position
from actors.messages import Denied
from actors.position.messages import ChangeDone, ChangePosition, CloseDone, ClosePosition
from persistence.state import PositionRecord
from trading.model import PositionStatus

log = structlog.get_logger(__name__)

PositionCommand = ClosePosition | ChangePosition
Answer = CloseDone | ChangeDone


def takes_any_price(command: PositionCommand) -> bool:
    """Whether the last accepted price will do, however old or doubtful: a stop only tightens."""
    return isinstance(command, ChangePosition) or command.force


def has_same_key(one: PositionCommand, other: PositionCommand) -> bool:
    """Whether it is the same command, or the same once more: a wallet's next life passes it on.

    That life does not know yet which request the key belongs to, so that another may come with it.
    """
    same_key = one.key is not None and other.key == one.key
    return one is other or (same_key and one.request == other.request)


def done(command: PositionCommand, record: PositionRecord, *, repeated: bool) -> Answer:
    """The answer to a command that has changed a position that is still open."""
    if isinstance(command, ChangePosition):
        return ChangeDone(record=record, repeated=repeated)
    return CloseDone(record=record, already_closed=False, repeated=repeated)


def answer_by_row(command: PositionCommand, record: PositionRecord | None) -> Denied | CloseDone:
    """The answer to a command for a position that has no actor here, by its row if there is one."""
    if record is None:
        return Denied(denial=unknown_position(command.position_id))
    if record.position.status is PositionStatus.OPEN:
        # Another owner has opened it, and this one is about to find out.
        return Denied(denial=deposed())
    if isinstance(command, ClosePosition):
        return already_closed(record)
    return Denied(denial=closed_position(command.position_id))


def already_closed(record: PositionRecord) -> CloseDone:
    """The answer to a close of a position that another request has closed."""
    position = record.position
    log.warning(
        f"Position {position.position_id} already closed, skipping",
        account=position.account,
        position=position.position_id,
    )
    return CloseDone(record=record, already_closed=True)
