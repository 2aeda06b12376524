"""All actors wired together over one store: what the service, the replay and tests start."""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pykka

from actors.auditor import AuditorActor, BooksReader
from actors.base import Recipient, actor_of, stop_soon
from actors.committer import CommitterActor
from actors.desk import DeskActor
from actors.directory import Directory
from actors.dispatcher import Dispatcher
from actors.listener import Listener, ListenerActor
from actors.lives import Lives
from actors.market import MarketActor
from actors.messages import Reply, ReportMarket
from actors.protocol import CommitChange, ReportWallet
from actors.published import MarketStatus, Published
from actors.restore import version_of
from actors.signals import SignalActor
from actors.starter import DeskSettings, Starter
from actors.writer import Writer
from persistence.changes import Change
from persistence.state import State

START_SECONDS_MAX = 60.0


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
        """Restore everybody from what is durable, and start them; listeners go by name."""
        settings = settings or SystemSettings()
        state = database.load_state()
        self._dispatcher = dispatcher
        self._database = database
        self._settings = settings
        self.fatal = Reply()
        self.directory = Directory()
        self.published = Published(version_of(state))
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
        )
        self.directory.listeners = tuple(
            dispatcher.start(ListenerActor(name, listener))
            for name, listener in (listeners or {}).items()
        )
        self.directory.desk = desk.actor_ref
        self.directory.committer = dispatcher.start(self._committer, lane="committer")
        self._start_auditor()
        self._start_signals()
        starter.restore(state)
        self.desk: Recipient = dispatcher.start(desk)
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

    def stop(self, timeout_seconds: float = 5.0) -> None:
        """Let everything that was told be committed, keep the markets' last prices, and stop.

        Whoever feeds prices and commands stops first. Raises `UncommittedError` with the changes
        that did not make it; they are lost.
        """
        self.settle(timeout_seconds)
        self._keep_last_prices()
        self.settle(timeout_seconds)
        waiting = self._waiting()
        for ref in self._everybody():
            stop_soon(ref)
        self.settle(timeout_seconds)
        if waiting:
            raise UncommittedError(waiting)

    def _start_auditor(self) -> None:
        auditor = AuditorActor(
            self.directory,
            self._dispatcher,
            self._database,
            self.published,
            interval_seconds=self._settings.audit_seconds,
        )
        self.directory.auditor = self._dispatcher.start(auditor, lane="auditor")

    def _start_signals(self) -> None:
        signals = SignalActor(self.directory, self._dispatcher, self.published)
        self.directory.signals = self._dispatcher.start(signals)

    def _keep_last_prices(self) -> None:
        """The price guard's references, as they are at the end."""
        replies = []
        for symbol in tuple(self.directory.markets):
            reply = Reply()
            self.directory.to_market(symbol, ReportMarket(reply_to=reply))
            replies.append(reply)
        self.settle()
        reports: list[MarketStatus] = [reply.get(0) for reply in replies if reply.future.done()]
        markets = tuple(report.last for report in reports if report.last is not None)
        if markets:
            change = Change(account=None, markets=markets)
            self.directory.to_committer(CommitChange(change_id=0, change=change, reply_to=None))

    def _waiting(self) -> tuple[str, ...]:
        """What is not committed; a wallet that does not answer has lost something."""
        replies = {}
        for account in tuple(self.directory.wallets):
            replies[account] = Reply()
            self.directory.to_wallet(account, ReportWallet(reply_to=replies[account]))
        self.settle()
        waiting: list[str] = []
        for account, reply in replies.items():
            its = reply.get(0).waiting if reply.future.done() else ("no answer from its wallet",)
            waiting.extend(f"account {account}, {what}" for what in its)
        return (*waiting, *self._committer.orphans)

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
