"""The gate through which all web commands reach the actors; closed to drain the service."""

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from actors.engine.directory import Directory
from actors.messages import Denied, Reply
from actors.published import Published
from actors.signals.messages import NoteRefusal
from trading.model import Denial, DenialReason

_CLOSED = Denied(
    denial=Denial(
        reason=DenialReason.SHUTTING_DOWN,
        text="the service is shutting down and takes no more commands: send it again once the "
        "service is back",
    )
)
_GIVEN_UP = Denied(
    denial=Denial(
        reason=DenialReason.SHUTTING_DOWN,
        text="the service stopped before the answer was known, and the command may still be "
        "carried out: send it again once the service is back; with the same key or reference it "
        "is carried out once",
    )
)


class Gate:
    """Passes commands on; once closed, or without a database for good, it denies them.

    A command that passed before `close` returned is in a mailbox, and the drain commits it.
    """

    def __init__(self, directory: Directory, published: Published) -> None:
        """Begin open, unless the published state says that the actors never write again."""
        self._directory = directory
        self._published = published
        self._lock = threading.Lock()
        self._closed = False
        self._unanswered: set[Reply] = set()

    def close(self) -> None:
        """Let no more commands through."""
        with self._lock:
            self._closed = True

    def give_up(self) -> None:
        """Tell every caller that still waits that the outcome is unknown; call it after `close`."""
        ended = self._published.ended
        answer = _GIVEN_UP if ended is None else Denied(denial=ended)
        for reply in tuple(self._unanswered):
            reply.tell(answer)

    def tell(self, command: Any) -> None:
        """Tell the Desk a command."""
        self._pass(command, self._directory.to_desk)

    def to_market(self, symbol: str, command: Any) -> bool:
        """Tell a symbol's MarketActor; returns whether it took the message."""
        return self._pass(command, partial(self._directory.to_market, symbol))

    def to_signals(self, command: Any) -> bool:
        """Tell the SignalActor; returns whether it took the message."""
        return self._pass(command, self._directory.to_signals)

    def note(self, notice: NoteRefusal) -> None:
        """Tell the SignalActor what no caller waits for; after the close it is only in the log."""
        with self._lock:
            if not self._closed:
                self._directory.to_signals(notice)

    def _pass(self, command: Any, send: Callable[[Any], bool]) -> bool:
        reply: Reply = command.reply_to
        if self._published.ended is not None:
            reply.tell(Denied(denial=self._published.ended))
            return True
        with self._lock:
            if not self._closed:
                self._unanswered.add(reply)
                reply.future.add_done_callback(lambda _done: self._unanswered.discard(reply))
                return send(command)
        reply.tell(_CLOSED)
        return True
