"""Record the events of a replay's positions, in order, as a listener of its commits."""

from actors.commit.messages import Announced
from trading.events.accounts import AccountOpened, ShortfallCovered
from trading.events.positions import (
    PositionClosed,
    PositionOpened,
    PositionReduced,
    RungHit,
    StopMoved,
    StopTrailed,
)

TapedEvent = (
    AccountOpened
    | PositionOpened
    | RungHit
    | StopMoved
    | StopTrailed
    | PositionReduced
    | PositionClosed
    | ShortfallCovered
)


class EventTape:
    """Keeps the events that a report draws."""

    def __init__(self) -> None:
        """Begin with no events."""
        self.events: list[TapedEvent] = []

    def take(self, message: Announced) -> None:
        """Take one commit; a listener (`listeners={"report": tape.take}`)."""
        self.events += [
            event
            for change in message.changes
            for event in change.events
            if isinstance(event, TapedEvent)
        ]
