"""The only writer: one transaction for all queued changes."""

from collections import deque
from dataclasses import dataclass
from typing import assert_never

import structlog

from actors.commit.inbox import CommitterMessage, Flush, RenewLease, Retry
from actors.commit.messages import (
    Announced,
    ChangeCommitted,
    ChangeRefused,
    ChangeReturned,
    CommitChange,
    FindSignals,
    Origin,
    ReadAccount,
    ReadChange,
    ReadPosition,
    ReadSignals,
)
from actors.commit.ownership import Ownership
from actors.commit.writer import Read, SafeWriter, Writer
from actors.desk.messages import OwnershipLost, PositionsStarted
from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher, Timer
from actors.engine.stats import CommitFailure
from actors.engine.supervised import ActorKind, SupervisedActor
from actors.messages import Ping, Pong
from actors.published import Published
from persistence.changes import Change
from persistence.errors import Damaged, Deposed, OutcomeUnknown, RefusalKind, Refused, Unavailable

log = structlog.get_logger(__name__)

BATCH_CHANGES_MAX = 1_000
RETRY_SECONDS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One transaction: its id, the time that it stamps, and the changes it is made of."""

    commit_id: int
    now_us: int
    batch: tuple[CommitChange, ...]


class CommitterActor(SupervisedActor):
    """Writes changes in the order in which they came; all that wait share one transaction.

    After a COMMIT it publishes the new state, has the Desk start new positions, then answers and
    announces. It retries a lost connection without end. It looks up a transaction whose outcome is
    unknown before anything else. It runs a transaction that is refused, or that fails because of a
    value, again change by change, so that one bad change fails alone. It returns a change that
    opens positions unwritten if its deadline has passed or a pause is durable. Once another owner
    has taken over, it returns every wallet's change that is not written.
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
        """Continue the former life's numbers; renew the lease when idle for `renew_seconds`."""
        super().__init__(directory, "committer")
        self._dispatcher = dispatcher
        self._writer = SafeWriter(writer)
        self._published = published
        self._owner = Ownership(published)
        self._epoch = epoch
        self._commit_id = last_commit_id
        self._event_id = last_event_id
        self._renew_seconds = renew_seconds
        self._queue: deque[CommitChange | Read] = deque()
        self._flushing = False
        self._unknown: Attempt | None = None
        self._one_by_one = 0
        self._failures = 0
        self._retry: Timer | None = None

    def on_start(self) -> None:
        """Begin to renew the lease."""
        self._renew_later()

    def on_receive(self, message: CommitterMessage) -> None:
        """Handle one message."""
        match message:
            case Flush():
                self._flushing = False
                self._flush()
            case Retry():
                self._flush()
            case RenewLease():
                self._renew()
            case Ping():
                self.directory.send(message.reply_to, Pong())
            case CommitChange() | ReadPosition() | ReadAccount() | ReadChange():
                self._enqueue(message)
            case ReadSignals() | FindSignals():
                self._enqueue(message)
            case _:
                assert_never(message)

    def _enqueue(self, message: CommitChange | Read) -> None:
        self._queue.append(message)
        self._flush_soon()

    @property
    def waiting(self) -> int:
        """The number of changes and reads that are not done yet."""
        unknown = self._unknown  # read once: metrics ask on another thread
        return len(self._queue) + (len(unknown.batch) if unknown else 0)

    @property
    def undone(self) -> tuple[Change, ...]:
        """The changes that are not known to be written, except those that wallets list."""
        waiting = (*(self._unknown.batch if self._unknown else ()), *self._queue)
        changes = (each for each in waiting if isinstance(each, CommitChange))
        return tuple(each.change for each in changes if each.origin is not Origin.WALLET)

    def _flush_soon(self) -> None:
        # A message to oneself comes behind all that has arrived: they share one transaction.
        if not self._flushing and self._retry is None:
            self._flushing = True
            self.actor_ref.tell(Flush())

    def _flush(self) -> None:
        """Do what is queued, in order, until it is done or the database fails."""
        if self._retry is not None:  # this is the retry
            self._retry.cancel()
            self._retry = None
        if self._owner.ended:
            self._give_back()
            return
        try:
            self._look_up()
            while self._queue:
                changes = self._next_changes()
                if changes:
                    self._commit(changes)
                elif self._queue:  # all changes taken may have been returned
                    self._read_next()
            self._make_sure()
        except (Unavailable, OutcomeUnknown) as error:
            self._retry_later(error)
        except (Deposed, Damaged) as error:
            self._end(error)

    def _end(self, error: Deposed | Damaged) -> None:
        self._owner.end(error)
        if isinstance(error, Deposed):
            self.directory.to_desk(OwnershipLost(detail=str(error)))
        self._give_back()

    def _give_back(self) -> None:
        """Return wallets' changes, which are certainly not written; leave the rest unanswered.

        A target's cursor must stay unanswered: its courier would go on to the next message.
        """
        queued, self._queue = self._queue, deque()
        for message in queued:
            if isinstance(message, CommitChange) and message.origin is Origin.WALLET:
                self.directory.send(message.reply_to, ChangeReturned(change_id=message.change_id))
            else:
                self._queue.append(message)

    def _make_sure(self) -> None:
        """Where no change is left to write, renew the lease to learn whether an outage is over.

        Reads do not show it: a database that cannot be written may still be readable.
        """
        if self._owner.is_away:
            self._writer.renew(self._epoch)
            self._answered()

    def _next_changes(self) -> tuple[CommitChange, ...]:
        """Take the changes at the head of the queue, up to one that begins or ends a pause."""
        taken: list[CommitChange] = []
        now_us = self._dispatcher.clock.monotonic_us()
        limit = 1 if self._one_by_one else BATCH_CHANGES_MAX
        while self._queue and len(taken) < limit:
            head = self._queue[0]
            if not isinstance(head, CommitChange):
                break
            self._queue.popleft()
            self._one_by_one = max(0, self._one_by_one - 1)
            if self._goes_back(head, now_us):
                self.directory.send(head.reply_to, ChangeReturned(change_id=head.change_id))
                continue
            taken.append(head)
            if head.change.pauses:
                break
        return tuple(taken)

    def _goes_back(self, message: CommitChange, now_us: int) -> bool:
        """Whether a change opens positions and may no longer; its wallet decides again."""
        if message.deadline_us is not None and now_us > message.deadline_us:
            return True
        account = message.change.account
        if not message.started or account is None:
            return False
        return self._published.version.pause_of(account) is not None

    def _commit(self, batch: tuple[CommitChange, ...]) -> None:
        """Write a batch in one transaction; a refused one change by change."""
        try:
            self._write(batch)
        except Refused as refusal:
            self.directory.stats.commit_failures[CommitFailure.REFUSED] += 1
            self._answered()
            if len(batch) == 1:
                self._refuse(batch[0], refusal)
                return
            self._queue.extendleft(reversed(batch))
            self._one_by_one = len(batch)

    def _write(self, batch: tuple[CommitChange, ...]) -> None:
        # An id is used for one attempt only, so that a look-up is unambiguous.
        self._commit_id += 1
        clock = self._dispatcher.clock
        attempt, began_us = Attempt(self._commit_id, clock.now_us(), batch), clock.monotonic_us()
        try:
            self._writer.commit(
                tuple(message.change for message in batch),
                epoch=self._epoch,
                commit_id=attempt.commit_id,
                first_event_id=self._event_id + 1,
                now_us=attempt.now_us,
            )
        except OutcomeUnknown:
            self._unknown = attempt
            raise
        except (Unavailable, Deposed):
            self._queue.extendleft(reversed(batch))
            raise
        self.directory.stats.transaction(len(batch), clock.monotonic_us() - began_us)
        self._answered()
        self._conclude(attempt)

    def _look_up(self) -> None:
        """Find out what became of a transaction whose outcome is unknown."""
        if self._unknown is None:
            return
        attempt = self._unknown
        committed = self._writer.was_committed(epoch=self._epoch, commit_id=attempt.commit_id)
        self._unknown = None
        if committed:
            self._conclude(attempt)
        else:
            self._queue.extendleft(reversed(attempt.batch))

    def _conclude(self, attempt: Attempt) -> None:
        """Publish first, then start positions, then answer: clients rely on this order."""
        batch = attempt.batch
        changes, first_event_id = tuple(each.change for each in batch), self._event_id + 1
        self._event_id += sum(len(change.events) for change in changes)
        accepted_us = [each_us for message in batch for each_us in message.accepted_us]
        self.directory.stats.closed(accepted_us, self._dispatcher.clock.monotonic_us())
        self._published.publish(attempt.commit_id, changes, attempt.now_us)
        started = tuple(started for message in batch for started in message.started)
        if started:
            self.directory.to_desk(PositionsStarted(started=started, opened_at_us=attempt.now_us))
        for message in batch:
            if message.reply_to is not None:
                answer = ChangeCommitted(change_id=message.change_id, committed_us=attempt.now_us)
                self.directory.send(message.reply_to, answer)
        self.directory.announce(
            Announced(commit_id=attempt.commit_id, first_event_id=first_event_id, changes=changes)
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
        read = self._queue[0]
        assert not isinstance(read, CommitChange), "changes at the head are written first"
        self.directory.send(read.reply_to, self._writer.answer(read))
        self._queue.popleft()

    def _retry_later(self, error: Unavailable | OutcomeUnknown) -> None:
        unknown = isinstance(error, OutcomeUnknown)
        kind = CommitFailure.UNKNOWN if unknown else CommitFailure.UNAVAILABLE
        what = "outcome unknown" if unknown else str(kind)
        self.directory.stats.commit_failures[kind] += 1
        seconds = RETRY_SECONDS[min(self._failures, len(RETRY_SECONDS) - 1)]
        self._failures += 1
        self._owner.failed(f"{what}: {error}")
        told = {"error": str(error), "waiting": self.waiting, "retry_seconds": seconds}
        log.warning(f"database {what}", **told)
        self._retry = self._dispatcher.after(seconds, self.actor_ref, Retry())

    def _renew_later(self) -> None:
        if self._renew_seconds is not None and not self._owner.ended:
            self._dispatcher.after(self._renew_seconds, self.actor_ref, RenewLease())

    def _renew(self) -> None:
        try:
            self._writer.renew(self._epoch)
        except (Unavailable, OutcomeUnknown) as error:
            self._owner.failed(f"lease not renewed: {error}")
            log.warning("lease not renewed", error=str(error))
        except (Deposed, Damaged) as error:
            self._end(error)
        else:
            if self._owner.is_away:
                # The owner's row is small, so only a waiting change shows that the outage is over.
                self._flush()
        self._renew_later()

    def _answered(self) -> None:
        """The database has answered the writer: an outage is over."""
        self._owner.answered(self._failures)
        self._failures = 0
