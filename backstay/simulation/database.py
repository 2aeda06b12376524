"""The one database of a simulated world: real SQLite in memory, whose clock is the world's.

It outlives kills and is shared by all owners. The owner's row, its lease and the fence are the
real statements; the lease is held against a second account of it, kept in plain numbers.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

from actors.engine.clock import Clock
from backstay.simulation.dispatcher import Violation
from persistence import owner
from persistence.changes import Change
from persistence.commits import commit
from persistence.errors import Deposed, OwnedElsewhere, Refused, StoreError, Unavailable
from persistence.store import Store
from persistence.transactions import Transactions
from trading.times import SECOND_US

LEASE_SECONDS = 5
IDLE_SECONDS_MAX = 4
"""After so long the server ends a session that is idle inside a transaction."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A durable transaction, as the model learns of it; `asked_us` is the world's time."""

    epoch: int
    commit_id: int
    first_event_id: int
    changes: tuple[Change, ...]
    asked_us: int


@dataclass(frozen=True, slots=True)
class AskedCommit:
    """The arguments of a commit, and when it was asked for by the world's time."""

    changes: Sequence[Change]
    epoch: int
    commit_id: int
    first_event_id: int
    now_us: int
    asked_us: int


class SharedDatabase:
    """The database that every owner connects to.

    Every durable transaction is told to `on_durable` in commit order, whatever its owner is told.
    Without `failing` it is there, and has room.
    """

    def __init__(self, clock: Clock) -> None:
        """An empty database."""
        self.real = Store.open("sqlite://")
        self.failing = False
        self.on_durable: Callable[[Committed], None] = lambda _: None
        self._clock = clock
        self._transactions = self.real._transactions
        self._away_until_us = self._full_until_us = 0
        self._renewed_seconds, self._released = 0, True
        self._unfinished: list[AskedCommit] = []
        self._keep_time()

    @property
    def now_us(self) -> int:
        """The world's time."""
        return self._clock.monotonic_us()

    # --- Outages -----------------------------------------------------------------------------

    def stop(self, seconds: float) -> None:
        """The server is gone for so long."""
        self._away_until_us = self.now_us + round(seconds * SECOND_US)

    def fill_disk(self, seconds: float) -> None:
        """There is no room to write for so long; what is there can be read."""
        self._full_until_us = self.now_us + round(seconds * SECOND_US)

    def expect_there(self) -> None:
        """Raise `Unavailable` while the server is gone."""
        if self.failing and self.now_us < self._away_until_us:
            raise Unavailable("injected: the server is gone")

    @property
    def is_full(self) -> bool:
        """Whether nothing more can be written."""
        return self.failing and self.now_us < self._full_until_us

    # --- Owners ------------------------------------------------------------------------------

    def acquire(self, holder: str) -> int:
        """Become the owner, if the lease of the former one has run out or was given up.

        Raises:
            OwnedElsewhere: while it runs.
            Violation: if that is not so, or the former owner can still commit something.
        """
        self.expect_there()
        if self.is_full:
            raise Unavailable("injected: no space left on the disk")
        left = self._renewed_seconds + LEASE_SECONDS - self._seconds()
        runs = not self._released and left > 0
        try:
            with self._transactions.transaction() as session:
                epoch = owner.acquire(session, holder, LEASE_SECONDS, others_may_run=True)
        except OwnedElsewhere as refusal:
            if not runs:
                raise Violation(f"a lease that is over is not given away: {refusal}") from None
            raise
        if runs:
            raise Violation(f"{holder} has taken over {left} s before the lease is over")
        self._renew()
        late, self._unfinished = self._unfinished, []
        for attempt in late:
            self._expect_fenced(attempt, epoch)
        return epoch

    def release(self, epoch: int) -> None:
        """Give ownership up."""
        self.real.release(epoch)
        self._released = True

    def renew(self, epoch: int) -> None:
        """Renew an owner's lease."""
        self.real.renew(epoch)
        self._renew()

    def was_committed(self, epoch: int, commit_id: int) -> bool:
        """Look a commit up, behind the fence."""
        found = self.real.was_committed(epoch=epoch, commit_id=commit_id)
        self._renew()
        return found

    # --- Commits -----------------------------------------------------------------------------

    def begin(self, attempt: AskedCommit) -> None:
        """An owner is about to commit: until it has an answer, it may be frozen there."""
        self._unfinished.append(attempt)

    def finish(self, attempt: AskedCommit) -> None:
        """It has its answer."""
        if attempt in self._unfinished:
            self._unfinished.remove(attempt)

    def commit(self, attempt: AskedCommit) -> None:
        """Commit really, and tell the model."""
        self.real.commit(
            attempt.changes,
            epoch=attempt.epoch,
            commit_id=attempt.commit_id,
            first_event_id=attempt.first_event_id,
            now_us=attempt.now_us,
        )
        self._renew()
        self.on_durable(
            Committed(
                epoch=attempt.epoch,
                commit_id=attempt.commit_id,
                first_event_id=attempt.first_event_id,
                changes=tuple(attempt.changes),
                asked_us=attempt.asked_us,
            )
        )

    def break_off(self, attempt: AskedCommit, error: StoreError) -> None:
        """Write everything in a real transaction that breaks before its COMMIT; raises `error`."""
        breaking: Any = _Breaking(self._transactions, error)
        commit(
            cast(Transactions, breaking),
            attempt.changes,
            epoch=attempt.epoch,
            commit_id=attempt.commit_id,
            first_event_id=attempt.first_event_id,
            now_us=attempt.now_us,
        )

    # --- Details -----------------------------------------------------------------------------

    def _expect_fenced(self, late: AskedCommit, epoch: int) -> None:
        """Refuse from now on every commit that a former owner has sent."""
        assert late.epoch < epoch, "an epoch is used for one life"
        try:
            self.commit(late)
        except Deposed:
            return
        except Refused as refusal:
            raise Violation(f"deposed epoch {late.epoch} got past the fence: {refusal}") from None
        raise Violation(f"commit {late.commit_id} of deposed epoch {late.epoch} was taken")

    def _renew(self) -> None:
        self._renewed_seconds, self._released = self._seconds(), False

    def _seconds(self) -> int:
        """The database's time, as coarse as SQLite's."""
        return self.now_us // SECOND_US

    def _keep_time(self) -> None:
        """Have the engine's own function for its clock tell the world's time."""
        with self._transactions.transaction() as session:
            driver: Any = session.connection().connection.dbapi_connection
            driver.create_function("strftime", 2, lambda _form, _when: str(self._seconds()))


class _Breaking:
    """Transactions that break after everything was written, and are rolled back."""

    def __init__(self, transactions: Transactions, error: StoreError) -> None:
        self._transactions = transactions
        self._error = error

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with self._transactions.transaction() as session:
            yield session
            raise self._error
