"""The words for events of the service itself."""

from typing import assert_never

from trading.events import (
    ServiceEvent,
)
from trading.events.services import PartSetAside
from trading.events.words.words import Gravity, Words


def of_service(event: ServiceEvent) -> Words:
    """The words for one of these events."""
    match event:
        case PartSetAside():
            return Words(
                Gravity.FAILURE,
                f"{event.part} is set aside",
                f"{event.part} is set aside until the next start: {event.why}",
            )
        case _:
            assert_never(event)
