"""All actors wired together over one store: what the service, the replay and tests start."""

import itertools
import threading
from collections.abc import Mapping
from concurrent.futures import wait
from dataclasses import dataclass
from typing import Any, Protocol

import pykka

from actors.auditor.actor import AuditorActor, BooksReader
from actors.commit.actor import CommitterActor
from actors.commit.listener import Listener, ListenerActor
from actors.commit.messages import CommitChange, Origin
from actors.commit.writer import Writer
from actors.desk.actor import DeskActor
from actors.desk.lives import Lives
from actors.desk.restore import restored
from actors.desk.starter import DeskSettings, Starter
from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher
from actors.engine.pooled import Recipient, actor_of, stop_soon
from actors.market.actor import MarketActor
from actors.messages import Reply
from actors.published import Published
from actors.signals.actor import SignalActor
from actors.wallet.messages import ReportWallet
from persistence.changes import Change
from persistence.state import State
from trading.times import SECOND_US

START_SECONDS_MAX = 60.0
REPORT_SHARE = 0.25
"""The part of a stop's time that is kept for the reports of wallets, and again for markets."""


class Database(Writer, BooksReader, Protocol):
    """What the actors need of a store; see `persistence.store.Store`."""

    def load_state(self) -> State:
        """Everything to restart from."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemSettings:
    """How the actors are run; None for an interval means never by itself."""

    desk: DeskSettings = DeskSettings()
    audit_seconds: float | None = 10.0
    renew_seconds: float | None = None


class UncommittedError(Exception):
    """The system was stopped with changes that could not be committed; `lost` lists them."""

    def __init__(self, lost: tuple[str, ...]) -> None:
        """Name each for people."""
        super().__init__(f"{len(lost)} changes were not committed: {'; '.join(lost)}")
        self.lost = lost


class _End:
    """When something must be over, in one place for all of its steps."""

    def __init__(self, clock: Clock, seconds: float) -> None:
        self._clock = clock
        self._at_us = clock.monotonic_us() + round(seconds * SECOND_US)

    def left(self, *, but: float = 0.0) -> float:
        """How many seconds are left but so many; 0 at the least."""
        return max(0.0, (self._at_us - self._clock.monotonic_us()) / SECOND_US - but)


def _described(change: Change) -> str:
    """A change that is no wallet's, for people."""
    if change.events:
        return ", ".join(event.kind for event in change.events)
    return "the markets' last prices" if change.markets else "how far notifications are"


class System:
    """The running actors of one database that this process owns.

    Edges tell commands to `desk`, with a `Reply` to wait for the answer, and read `published`.
    `fatal` is answered if something happens that no restart cures.
    """

    def __init__(
        self,
        database: Database,
        dispatcher: Dispatcher,
        *,
        epoch: int,
        settings: SystemSettings | None = None,
        listeners: Mapping[str, Listener] | None = None,
    ) -> None:
        """Restore every actor from the database and start it; listeners are named."""
        settings = settings or SystemSettings()
        state = database.load_state()
        self._dispatcher = dispatcher
        self._database = database
        self._settings = settings
        self._draining = threading.Event()
        self.fatal = Reply()
        self.directory = Directory()
        durable = restored(state)
        self.published = Published(durable.version)
        self._committer = CommitterActor(
            self.directory,
            dispatcher,
            database,
            self.published,
            epoch=epoch,
            last_commit_id=state.last_commit_id,
            last_event_id=state.last_event_id,
            renew_seconds=settings.renew_seconds,
        )
        lives = Lives()
        starter = Starter(
            self.directory,
            dispatcher,
            self.published,
            settings=settings.desk,
            lives=lives,
            position_ids=itertools.count(state.last_position_id + 1),
        )
        desk = DeskActor(
            self.directory,
            dispatcher,
            self.published,
            starter=starter,
            lives=lives,
            start_auditor=self._start_auditor,
            start_signals=self._start_signals,
            on_fatal=self.fatal,
            keep_prices_seconds=settings.desk.keep_prices_seconds,
        )
        self.directory.listeners = tuple(
            dispatcher.start(ListenerActor(name, listener))
            for name, listener in (listeners or {}).items()
        )
        self.directory.desk = desk.actor_ref
        self.directory.committer = dispatcher.start(self._committer, lane="committer")
        self._start_auditor()
        self._start_signals()
        starter.restore(durable)
        self.desk: Recipient = dispatcher.start(desk)
        for part in durable.cannot_start:
            self.desk.tell(part)
        # Prices come only after this: by then every restored position waits for its triggers.
        self.settle(START_SECONDS_MAX)

    def tell(self, command: Any) -> None:
        """Tell the Desk a command."""
        self.directory.to_desk(command)

    def market(self, symbol: str) -> MarketActor:
        """A symbol's actor itself, for who runs it on their own thread, as the replay does."""
        ref = self.directory.markets[symbol]
        assert isinstance(ref, pykka.ActorRef)
        actor = actor_of(ref)
        assert isinstance(actor, MarketActor)
        return actor

    def settle(self, timeout_seconds: float = 5.0) -> bool:
        """Wait until no message is queued or being handled; tells whether that came about."""
        return self._dispatcher.wait_until_idle(timeout_seconds)

    def drain(self, timeout_seconds: float = 5.0) -> bool:
        """Begin to stop: check no more books, and let everything that was told be committed.

        Tells whether that came about in time.
        """
        self._draining.set()
        return self.settle(timeout_seconds)

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """Let everything that was told be committed, keep the markets' last prices, and stop.

        The senders of prices and commands stop first. It takes no longer than its time, whatever
        hangs. Raises `UncommittedError` with the changes that did not make it; they are lost.
        """
        end = _End(self._dispatcher.clock, timeout_seconds)
        share = timeout_seconds * REPORT_SHARE
        self.drain(end.left(but=2 * share))
        self._keep_last_prices()
        self.settle(end.left(but=share))
        waiting = self._waiting(end.left())
        for ref in self._everybody():
            stop_soon(ref)
        self.settle(end.left())
        if waiting:
            raise UncommittedError(waiting)

    def _start_auditor(self) -> None:
        auditor = AuditorActor(
            self.directory,
            self._dispatcher,
            self._database,
            self.published,
            interval_seconds=self._settings.audit_seconds,
            draining=self._draining,
        )
        self.directory.auditor = self._dispatcher.start(auditor, lane="auditor")

    def _start_signals(self) -> None:
        signals = SignalActor(self.directory, self._dispatcher, self.published)
        self.directory.signals = self._dispatcher.start(signals)

    def _keep_last_prices(self) -> None:
        if newer := self.published.unkept_prices():
            change = Change(account=None, markets=newer)
            self.directory.to_committer(CommitChange(origin=Origin.SERVICE, change=change))

    def _waiting(self, timeout_seconds: float) -> tuple[str, ...]:
        """What is not committed; a wallet that does not answer has lost something."""
        replies = {account: Reply() for account in tuple(self.directory.wallets)}
        for account, reply in replies.items():
            self.directory.to_wallet(account, ReportWallet(reply_to=reply))
        answers = self._answers(replies, timeout_seconds)
        waiting: list[str] = []
        for account in replies:
            its = answers[account].waiting if account in answers else ("no answer from its wallet",)
            waiting.extend(f"account {account}, {what}" for what in its)
        # What a commit under way is made of, and what was told behind it, only its thread knows.
        if self._committer.actor_inbox.scheduled:
            waiting.append("whatever else the commit writes that does not end")
        if self.published.damaged:
            waiting.append("whatever was committed to the database that is damaged")
        # What no wallet knows of: pauses, events, last prices, cursors.
        return (*waiting, *map(_described, self._committer.undone))

    def _answers(self, replies: Mapping[str, Reply], timeout_seconds: float) -> dict[str, Any]:
        """The answers that come in time, by the actors' names; a dead actor gives none."""
        futures = [reply.future for reply in replies.values()]
        # Once every actor is idle no further answer comes; one that waits for a database never is.
        if not self.settle(0):
            wait(futures, timeout=timeout_seconds)
        return {name: reply.get(0) for name, reply in replies.items() if reply.future.done()}

    def _everybody(self) -> list[Recipient]:
        directory = self.directory
        singles = (directory.desk, directory.signals, directory.auditor, directory.committer)
        return [
            *directory.positions.values(),
            *directory.markets.values(),
            *directory.wallets.values(),
            *(ref for ref in singles if ref is not None),
            *directory.listeners,
        ]
