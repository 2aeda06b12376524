"""What a SignalActor is told and answers, and what it asks of the database."""

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
        """Check what a change can hold; raises `ValueError`."""
        if len({order.account for order in self.orders}) != 1:
            raise ValueError("signals that are stored together are of one account")

    @property
    def account(self) -> str:
        """Whose signals they are."""
        return self.orders[0].account


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRefusal:
    """Keep that an alert was refused, where its sender can find it; nothing is answered."""

    event: AlertRefused


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalStored:
    """A signal is durable; `repeated` when it is one that came before."""

    signal: Signal
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsStored:
    """What became of each order of a `TakeSignals`, in their order."""

    signals: tuple[SignalStored, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadSignals:
    """Read what a SignalActor begins with, behind everything queued before."""

    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsRead:
    """The signals that are not finished, by id, and the highest id that was given out."""

    unfinished: tuple[Signal, ...]
    last_signal_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FindSignals:
    """Look for signals of an account that new orders may repeat, behind everything queued before.

    They are those with one of `client_ids`, and those that were received at `since_us` or later;
    none of these if it is None.
    """

    account: str
    client_ids: frozenset[str]
    since_us: int | None
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsFound:
    """The signals that came before, oldest first."""

    signals: tuple[Signal, ...]
