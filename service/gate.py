"""The one door through which the web's commands reach the actors; closed to drain the service."""

import threading
from typing import Any

from actors.directory import Directory
from actors.messages import Denied
from trading.model import Denial, DenialReason

_SHUTTING_DOWN = Denied(
    denial=Denial(
        reason=DenialReason.SHUTTING_DOWN,
        text="the service is shutting down and takes no more commands: ask again once it is back",
    )
)


class Gate:
    """Passes commands on; once closed, it answers each with a denial.

    What passed before `close` returned is in a mailbox, and is committed by the drain.
    """

    def __init__(self, directory: Directory) -> None:
        """Open, before these actors."""
        self._directory = directory
        self._lock = threading.Lock()
        self._closed = False

    def close(self) -> None:
        """Let nothing more through."""
        with self._lock:
            self._closed = True

    def tell(self, command: Any) -> None:
        """Tell the Desk a command."""
        with self._lock:
            if not self._closed:
                self._directory.to_desk(command)
                return
        _deny(command)

    def to_market(self, symbol: str, command: Any) -> bool:
        """Tell a symbol's MarketActor; tells whether it was there to take it."""
        with self._lock:
            if not self._closed:
                return self._directory.to_market(symbol, command)
        return _deny(command)

    def to_signals(self, command: Any) -> bool:
        """Tell the SignalActor; tells whether it was there to take it."""
        with self._lock:
            if not self._closed:
                return self._directory.to_signals(command)
        return _deny(command)


def _deny(command: Any) -> bool:
    command.reply_to.tell(_SHUTTING_DOWN)
    return True
