"""The SignalActor's requests and answers."""

from dataclasses import dataclass

from actors.engine.pooled import Recipient
from trading.events.signals import AlertRefused
from trading.signals import Signal, SignalOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSignals:
    """Store an account's signals, all or none, and carry them out in their order."""

    orders: tuple[SignalOrder, ...]
    reply_to: Recipient

    def __post_init__(self) -> None:
        """Check that all signals are of one account; raises `ValueError`."""
        if len({order.account for order in self.orders}) != 1:
            raise ValueError("signals that are stored together are of one account")

    @property
    def account(self) -> str:
        """The account of the signals."""
        return self.orders[0].account


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRefusal:
    """Write down that an alert was refused, where its sender can find it; it has no answer."""

    event: AlertRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalStored:
    """A signal is durable; `repeated` if it was stored before."""

    signal: Signal
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsStored:
    """The outcome of each order of a `TakeSignals`, in their order."""

    signals: tuple[SignalStored, ...]
