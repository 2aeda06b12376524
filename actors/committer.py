"""The only writer: one transaction for what has queued up."""

from collections import deque
from dataclasses import dataclass
from typing import Protocol, assert_never

import structlog

from actors.directory import Directory
from actors.dispatcher import Dispatcher, Timer
from actors.messages import Announced
from actors.protocol import (
    AccountRead,
    ChangeCommitted,
    ChangeExpired,
    ChangeRefused,
    CommitChange,
    OwnershipLost,
    PositionRead,
    PositionsStarted,
    ReadAccount,
    ReadPosition,
)
from actors.published import Published
from actors.supervised import ActorKind, SupervisedActor
from persistence.changes import Change
from persistence.errors import Deposed, OutcomeUnknown, RefusalKind, Refused, Unavailable
from persistence.state import AccountState
from trading.model import Position

log = structlog.get_logger(__name__)

BATCH_CHANGES_MAX = 1_000
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Flush:
    """To oneself: what has queued up so far is taken, now write it."""


@dataclass(frozen=True, slots=True)
class Retry:
    """From a timer: the database may be back."""


@dataclass(frozen=True, slots=True)
class RenewLease:
    """From a timer: say that the owner lives, though nothing was written."""


CommitterMessage = CommitChange | ReadPosition | ReadAccount | Flush | Retry | RenewLease
Queued = CommitChange | ReadPosition | ReadAccount


class Writer(Protocol):
    """What the Committer needs of a store; see `persistence.store.Store`."""

    def commit(
        self,
        changes: tuple[Change, ...],
        *,
        epoch: int,
        commit_id: int,
        first_event_id: int,
        now_us: int,
    ) -> None:
        """Write changes in one transaction behind the fence."""
        ...

    def was_committed(self, *, epoch: int, commit_id: int) -> bool:
        """Whether a transaction whose outcome is unknown was committed, behind the fence."""
        ...

    def renew(self, epoch: int) -> None:
        """Renew the owner's lease."""
        ...

    def load_account(self, account: str) -> AccountState | None:
        """An account as it is durable."""
        ...

    def load_position(self, position_id: int) -> Position | None:
        """A position as it is durable."""
        ...


class CommitterActor(SupervisedActor):
    """Writes changes in the order in which they came, as many in one transaction as wait.

    After a COMMIT it publishes the new state, has the Desk start new positions, then answers and
    announces. A lost connection is retried without end; a transaction whose outcome is unknown
    is looked up before anything else; a refused one is run again change by change.
    """

    kind = ActorKind.COMMITTER

    def __init__(
        self,
        directory: Directory,
        dispatcher: Dispatcher,
        writer: Writer,
        published: Published,
        *,
        epoch: int,
        last_commit_id: int,
        last_event_id: int,
        renew_seconds: float | None = None,
    ) -> None:
        """Continue the numbers of a former life; renew the lease when idle for so long."""
        super().__init__(directory, "committer")
        self._dispatcher = dispatcher
        self._writer = writer
        self._published = published
        self._epoch = epoch
        self._commit_id = last_commit_id
        self._event_id = last_event_id
        self._renew_seconds = renew_seconds
        self._queue: deque[Queued] = deque()
        self._flushing = False
        self._unknown: tuple[int, tuple[CommitChange, ...]] | None = None
        self._one_by_one = 0
        self._failures = 0
        self._retry: Timer | None = None
        self._deposed = False

    def on_start(self) -> None:
        """Begin to renew the lease."""
        self._renew_later()

    def on_receive(self, message: CommitterMessage) -> None:
        """Handle one message."""
        match message:
            case CommitChange() | ReadPosition() | ReadAccount():
                self._queue.append(message)
                self._flush_soon()
            case Flush():
                self._flushing = False
                self._flush()
            case Retry():
                self._retry = None
                self._flush()
            case RenewLease():
                self._renew()
            case _:
                assert_never(message)

    @property
    def waiting(self) -> int:
        """How many changes and reads are not done yet."""
        return len(self._queue) + (len(self._unknown[1]) if self._unknown else 0)

    def _flush_soon(self) -> None:
        # A message to oneself comes behind all that has arrived: they share one transaction.
        if not self._flushing and self._retry is None and not self._deposed:
            self._flushing = True
            self.actor_ref.tell(Flush())

    def _flush(self) -> None:
        """Do what is queued, in order, until it is done or the database fails."""
        try:
            self._look_up()
            while self._queue and not self._deposed:
                changes = self._next_changes()
                if changes:
                    self._commit(changes)
                elif self._queue:  # what was taken may all have expired
                    self._read_next()
        except Unavailable as error:
            self._retry_later("unavailable", error)
        except OutcomeUnknown as error:
            self._retry_later("outcome unknown", error)
        except Deposed as error:
            self._deposed = True
            self.directory.to_desk(OwnershipLost(detail=str(error)))
        else:
            if self._failures:
                log.info("database is back", failures=self._failures)
            self._failures = 0

    def _next_changes(self) -> tuple[CommitChange, ...]:
        """Take the changes at the head of the queue; those past their deadline go back."""
        taken: list[CommitChange] = []
        now_us = self._dispatcher.clock.monotonic_us()
        limit = 1 if self._one_by_one else BATCH_CHANGES_MAX
        while self._queue and len(taken) < limit:
            head = self._queue[0]
            if not isinstance(head, CommitChange):
                break
            self._queue.popleft()
            self._one_by_one = max(0, self._one_by_one - 1)
            if head.deadline_us is not None and now_us > head.deadline_us:
                self.directory.send(head.reply_to, ChangeExpired(change_id=head.change_id))
            else:
                taken.append(head)
        return tuple(taken)

    def _commit(self, batch: tuple[CommitChange, ...]) -> None:
        """Write a batch in one transaction; a refused one change by change."""
        try:
            self._write(batch)
        except Refused as refusal:
            if len(batch) == 1:
                self._refuse(batch[0], refusal)
                return
            self._queue.extendleft(reversed(batch))
            self._one_by_one = len(batch)

    def _write(self, batch: tuple[CommitChange, ...]) -> None:
        # An id is used for one attempt only, so that looking it up has one meaning.
        self._commit_id += 1
        changes = tuple(message.change for message in batch)
        try:
            self._writer.commit(
                changes,
                epoch=self._epoch,
                commit_id=self._commit_id,
                first_event_id=self._event_id + 1,
                now_us=self._dispatcher.clock.now_us(),
            )
        except OutcomeUnknown:
            self._unknown = (self._commit_id, batch)
            raise
        except (Unavailable, Deposed):
            self._queue.extendleft(reversed(batch))
            raise
        self._conclude(self._commit_id, batch)

    def _look_up(self) -> None:
        """Find out what became of a transaction whose outcome is unknown."""
        if self._unknown is None:
            return
        commit_id, batch = self._unknown
        committed = self._writer.was_committed(epoch=self._epoch, commit_id=commit_id)
        self._unknown = None
        if committed:
            self._conclude(commit_id, batch)
        else:
            self._queue.extendleft(reversed(batch))

    def _conclude(self, commit_id: int, batch: tuple[CommitChange, ...]) -> None:
        """Publish first, then start positions, then answer: in the order that clients rely on."""
        changes = tuple(message.change for message in batch)
        first_event_id = self._event_id + 1
        self._event_id += sum(len(change.events) for change in changes)
        self._published.publish(commit_id, changes)
        started = tuple(started for message in batch for started in message.started)
        if started:
            self.directory.to_desk(PositionsStarted(started=started))
        for message in batch:
            if message.reply_to is not None:
                self.directory.send(message.reply_to, ChangeCommitted(change_id=message.change_id))
        self.directory.announce(
            Announced(commit_id=commit_id, first_event_id=first_event_id, changes=changes)
        )

    def _refuse(self, message: CommitChange, refusal: Refused) -> None:
        if message.reply_to is None:
            log.error("change refused", detail=refusal.detail)
            return
        answer = ChangeRefused(
            change_id=message.change_id,
            wallet_changed=refusal.kind is RefusalKind.WALLET_CHANGED,
            detail=refusal.detail,
        )
        self.directory.send(message.reply_to, answer)

    def _read_next(self) -> None:
        message = self._queue[0]
        match message:
            case ReadPosition():
                position = self._writer.load_position(message.position_id)
                answer = PositionRead(position_id=message.position_id, position=position)
                self.directory.send(message.reply_to, answer)
            case ReadAccount():
                state = self._writer.load_account(message.account)
                self.directory.send(
                    message.reply_to, AccountRead(account=message.account, state=state)
                )
            case CommitChange():
                return
        self._queue.popleft()

    def _retry_later(self, what: str, error: Exception) -> None:
        seconds = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        log.warning(
            f"database {what}", error=str(error), waiting=self.waiting, retry_seconds=seconds
        )
        self._retry = self._dispatcher.after(seconds, self.actor_ref, Retry())

    def _renew_later(self) -> None:
        if self._renew_seconds is not None and not self._deposed:
            self._dispatcher.after(self._renew_seconds, self.actor_ref, RenewLease())

    def _renew(self) -> None:
        try:
            self._writer.renew(self._epoch)
        except (Unavailable, OutcomeUnknown) as error:
            log.warning("lease not renewed", error=str(error))
        except Deposed as error:
            self._deposed = True
            self.directory.to_desk(OwnershipLost(detail=str(error)))
        self._renew_later()
