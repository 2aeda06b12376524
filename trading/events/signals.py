"""Events of signals from outside."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReceived:
    """A signal was stored, to be processed in order."""

    kind: ClassVar[str] = "signal_received"
    account: str
    signal_id: int
    symbol: str
    action: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFinished:
    """A signal was processed: `status` says how it ended, `outcome` what it did or why not."""

    kind: ClassVar[str] = "signal_finished"
    account: str
    signal_id: int
    symbol: str
    status: str
    outcome: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertRefused:
    """An alert was not stored as a signal: `detail` says why, `body` is the beginning of it."""

    kind: ClassVar[str] = "alert_refused"
    detail: str
    body: str
    time_us: int


SignalEvent = SignalReceived | SignalFinished | AlertRefused
