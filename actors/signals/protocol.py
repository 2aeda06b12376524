"""What the SignalActor asks of the database, and what it hears."""

from dataclasses import dataclass

from actors.engine.pooled import Recipient
from trading.signals import Signal, SignalOrder


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
class FindSignal:
    """Look for a signal that came before, behind everything queued before.

    It is one that `order` repeats; where its sender gave no id, one that was received at
    `since_us` or later.
    """

    order: SignalOrder
    since_us: int
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFound:
    """The signal that came before, if there is one."""

    signal: Signal | None
