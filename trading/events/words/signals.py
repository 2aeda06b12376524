"""The words for events of signals."""

from typing import assert_never

from trading.events import (
    SignalEvent,
)
from trading.events.signals import AlertRefused, SignalFinished, SignalReceived
from trading.events.words.words import Gravity, Words
from trading.signals import SignalStatus


def of_signal(event: SignalEvent) -> Words:
    """The words for one of these events."""
    match event:
        case SignalReceived():
            return Words(
                Gravity.INFO,
                f"signal {event.signal_id} of {event.account} received",
                f"Signal {event.signal_id} received: {event.action} {event.symbol}",
            )
        case SignalFinished():
            name = f"signal {event.signal_id}"
            return Words(
                Gravity.INFO if event.status == SignalStatus.DONE else Gravity.WARNING,
                f"{name} of {event.account} {event.status.lower()}",
                f"{name.capitalize()} {event.status.lower()}: {event.outcome}",
            )
        case AlertRefused():
            return Words(
                Gravity.WARNING,
                "alert refused",
                f"Alert refused: {event.detail}; it began with {event.body}",
            )
        case _:
            assert_never(event)
