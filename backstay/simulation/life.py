"""One owner's life: a process with its connection, its actors, and what it tells outside."""

import random
from collections.abc import Sequence
from typing import Any

from actors.commit.courier import Courier, Errand
from actors.commit.messages import Announced, ChangeCommitted
from actors.engine.clock import VirtualClock
from actors.engine.directory import Directory
from actors.messages import Reply
from actors.system import System, SystemSettings
from backstay.simulation.connection import OwnerConnection
from backstay.simulation.dispatcher import SimulatedDispatcher, Violation, Watcher
from backstay.simulation.model import Model
from backstay.simulation.phone import TARGET, Phone, is_wanted
from backstay.simulation.watching import ModelWatcher
from persistence.errors import Unavailable
from persistence.state import StoredEvent

RENEW_SECONDS = 2.0
SETTINGS = SystemSettings(audit_seconds=10.0, renew_seconds=RENEW_SECONDS)
LINES_MAX = 5
"""A message of the phone's has no more: the events behind them wait for the next one."""


class Life:
    """One owner's system: it begins with an epoch and ends when no process runs it any more."""

    def __init__(
        self,
        *,
        epoch: int,
        connection: OwnerConnection,
        clock: VirtualClock,
        order: random.Random,
        model: Model,
        violations: list[str],
        phone: Phone,
    ) -> None:
        """Start everything over a database that this epoch owns."""
        self.epoch = epoch
        self.connection = connection
        self.dispatcher = SimulatedDispatcher(
            order, clock, violations, lambda: connection.kill_wanted
        )
        self.watcher = ModelWatcher(model, self.dispatcher)
        self.dispatcher.watcher = self.watcher
        self.announced_to = model.events
        self._model = model
        self._announced_commit = 0
        self._phone = phone
        self._courier = Courier(
            TARGET,
            cursor=connection.last_delivered(TARGET),
            reader=connection,
            wanted=is_wanted,
            compose=_composed,
        )
        self._remembering: Reply | None = None
        self._has_told = False
        self.is_deposed = False
        self.system = System(
            connection,
            self.dispatcher,
            epoch=epoch,
            settings=SETTINGS,
            listeners={"announcements": self._announced},
        )
        _observe_sends(self.system.directory, self.dispatcher)

    @property
    def has_found_out(self) -> bool:
        """Whether it knows that it was deposed, and would end its process."""
        return self.system.fatal.future.done()

    def depose(self) -> None:
        """Another owner has taken over, which this one does not know."""
        self.is_deposed = True
        # What it still does in memory has no effect.
        self.dispatcher.watcher = Watcher()

    def tell_phone(self, *, arrives: bool) -> str:
        """Go on by a message to the phone, if the one before is remembered."""
        if self._remembering is not None:
            if not self._remembering.future.done():
                return "the last message to the phone is not remembered yet"
            if not isinstance(self._remembering.get(0), ChangeCommitted):
                raise Violation(f"a cursor is refused: {self._remembering.get(0)}")
            self._remembering = None
        try:
            errand = self._courier.next()
        except Unavailable:
            return "the phone's events cannot be read"
        if errand is None:
            return "the phone knows everything"
        return self._go(errand, arrives=arrives)

    def _go(self, errand: Errand[tuple[int, ...]], *, arrives: bool) -> str:
        if errand.message is not None:
            if not arrives:
                return "a message to the phone does not arrive"
            if self.is_deposed:
                self._phone.take_late(self.epoch)
            else:
                self._phone.take(errand.message, is_first=not self._has_told)
            self._has_told = True
        self._courier.done(errand)
        if errand.remember:
            self._remembering = Reply()
            self.system.directory.to_committer(self._courier.remembering(self._remembering))
        return f"the phone is told of events {errand.message}"

    def _announced(self, message: Announced) -> None:
        """Every commit is announced once, in order, and only once it is durable."""
        events = sum(len(change.events) for change in message.changes)
        last = message.first_event_id + events - 1
        if message.commit_id <= self._announced_commit:
            self.dispatcher.violate(f"commit {message.commit_id} is announced twice")
        if message.first_event_id != self.announced_to + 1:
            self.dispatcher.violate(
                f"event {message.first_event_id} is announced after event {self.announced_to}"
            )
        if last > self._model.events:
            self.dispatcher.violate(f"event {last} is announced and not durable")
        self._announced_commit, self.announced_to = message.commit_id, last


def _composed(events: Sequence[StoredEvent]) -> tuple[tuple[int, ...], int]:
    told = tuple(event.id for event in events[:LINES_MAX])
    return told, len(told)


def _observe_sends(directory: Directory, dispatcher: SimulatedDispatcher) -> None:
    """Make every send known to the dispatcher, so that an actor can fail in its middle."""
    send = directory.send

    def observed(recipient: Any, message: Any) -> bool:
        dispatcher.sending(message)
        return send(recipient, message)

    directory.send = observed  # type: ignore[method-assign]
