"""All actors wired together over one store: what the service, the replay and tests start."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pykka

from actors.auditor import AuditorActor, BooksReader
from actors.base import PooledActor, Recipient, actor_of, stop_soon
from actors.committer import CommitterActor, Writer
from actors.desk import DeskActor, DeskSettings
from actors.directory import Directory
from actors.dispatcher import Dispatcher
from actors.market import MarketActor
from actors.messages import MarketReported, Reply, ReportMarket
from actors.protocol import CommitChange, ReportWallet
from actors.published import Published
from actors.restore import version_of
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
    """The system was stopped with changes that could not be committed."""


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
        listeners: Sequence[PooledActor] = (),
    ) -> None:
        """Restore everybody from what is durable, and start them."""
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
        desk = DeskActor(
            self.directory,
            dispatcher,
            self.published,
            settings=settings.desk,
            position_ids=itertools.count(state.last_position_id + 1),
            start_auditor=self._start_auditor,
            on_fatal=self.fatal,
        )
        self.directory.listeners = tuple(dispatcher.start(listener) for listener in listeners)
        self.directory.desk = desk.actor_ref
        self.directory.committer = dispatcher.start(self._committer, lane="committer")
        self._start_auditor()
        desk.restore(state)
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

        Whoever feeds prices and commands stops first. Raises `UncommittedError` with the number
        of changes that did not make it; they are lost.
        """
        self.settle(timeout_seconds)
        self._keep_last_prices()
        self.settle(timeout_seconds)
        waiting = max(self._committer.waiting, self._waiting_in_wallets())
        for ref in self._everybody():
            stop_soon(ref)
        self.settle(timeout_seconds)
        if waiting:
            raise UncommittedError(f"{waiting} changes were not committed")

    def _start_auditor(self) -> None:
        auditor = AuditorActor(
            self.directory,
            self._dispatcher,
            self._database,
            interval_seconds=self._settings.audit_seconds,
        )
        self.directory.auditor = self._dispatcher.start(auditor, lane="auditor")

    def _keep_last_prices(self) -> None:
        """The price guard's references, as they are at the end."""
        replies = []
        for symbol in tuple(self.directory.markets):
            reply = Reply()
            self.directory.to_market(symbol, ReportMarket(reply_to=reply))
            replies.append(reply)
        self.settle()
        reports: list[MarketReported] = [reply.get(0) for reply in replies if reply.future.done()]
        markets = tuple(report.last for report in reports if report.last is not None)
        if markets:
            change = Change(account=None, markets=markets)
            self.directory.to_committer(CommitChange(change_id=0, change=change, reply_to=None))

    def _waiting_in_wallets(self) -> int:
        """What wallets have not seen committed; one that does not answer has lost something."""
        replies = []
        for account in tuple(self.directory.wallets):
            reply = Reply()
            self.directory.to_wallet(account, ReportWallet(reply_to=reply))
            replies.append(reply)
        self.settle()
        return sum(reply.get(0).waiting if reply.future.done() else 1 for reply in replies)

    def _everybody(self) -> list[Recipient]:
        directory = self.directory
        singles = (directory.desk, directory.auditor, directory.committer)
        return [
            *directory.positions.values(),
            *directory.markets.values(),
            *directory.wallets.values(),
            *(ref for ref in singles if ref is not None),
            *directory.listeners,
        ]
