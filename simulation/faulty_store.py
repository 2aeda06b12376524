"""A database that fails as a seed says: before, during and after a COMMIT, and when it is read."""

import random
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from persistence.changes import Change
from persistence.commits import commit
from persistence.errors import Deposed, OutcomeUnknown, Refused, StoreError, Unavailable
from persistence.state import AccountState, Books, State
from persistence.store import Store
from persistence.transactions import Transactions
from simulation.dispatcher import Violation
from trading.model import Position
from trading.signals import Signal


class Fault(StrEnum):
    """What can happen to a commit."""

    BEFORE = "unavailable before anything"
    DURING = "unavailable, rolled back"
    UNKNOWN_DONE = "outcome unknown, committed"
    UNKNOWN_LOST = "outcome unknown, not committed"
    KILL_BEFORE = "killed before COMMIT"
    KILL_AFTER = "killed after COMMIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRates:
    """How likely fails: a commit, a look-up, a read; and how likely a commit is a kill."""

    commit: float = 0.0
    look_up: float = 0.0
    read: float = 0.0
    kill: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """A transaction that is durable, as the model is told of it."""

    epoch: int
    commit_id: int
    first_event_id: int
    changes: tuple[Change, ...]
    now_us: int


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The arguments of a commit, to be tried again by an owner that was deposed."""

    changes: tuple[Change, ...]
    epoch: int
    commit_id: int
    first_event_id: int
    now_us: int


class FaultyStore:
    """A store in memory that outlives kills, with the same methods as the real one.

    Every durable transaction is told to `on_durable` in commit order, whatever the committer is
    told. Without `failing`, nothing fails.
    """

    def __init__(self, seed: int, rates: FaultRates) -> None:
        self.real = Store.open("sqlite://")
        self.failing = True
        self.kill_wanted = False
        self.reads_failed = 0
        self.faults = 0
        self.on_durable: Callable[[Committed], None] = lambda _: None
        self._random = random.Random(f"faults {seed}")
        self._rates = rates
        self._unfinished: _Attempt | None = None

    def next_life(self, holder: str) -> int:
        """Begin a new epoch, and see that nothing of the one before can be committed any more."""
        epoch = self.real.acquire(holder)
        self.kill_wanted = False
        late, self._unfinished = self._unfinished, None
        if late is not None:
            assert late.epoch < epoch, "an epoch is used for one life"
            try:
                self._commit_really(late)
            except Deposed:
                return epoch
            except Refused as refusal:
                raise Violation(
                    f"deposed epoch {late.epoch} got past the fence: {refusal}"
                ) from None
            raise Violation(f"commit {late.commit_id} of deposed epoch {late.epoch} was taken")
        return epoch

    def commit(
        self,
        changes: Sequence[Change],
        *,
        epoch: int,
        commit_id: int,
        first_event_id: int,
        now_us: int,
    ) -> None:
        """Commit, or fail as the seed says."""
        attempt = _Attempt(tuple(changes), epoch, commit_id, first_event_id, now_us)
        self._unfinished = attempt
        match self._fault():
            case None:
                self._commit_really(attempt)
                self._unfinished = None
            case Fault.BEFORE:
                raise Unavailable("injected: no connection")
            case Fault.DURING:
                self._begin_and_fail(attempt, Unavailable("injected: lost before COMMIT"))
            case Fault.UNKNOWN_LOST:
                self._begin_and_fail(attempt, OutcomeUnknown("injected: lost in COMMIT"))
            case Fault.UNKNOWN_DONE:
                self._commit_really(attempt)
                raise OutcomeUnknown("injected: lost after COMMIT")
            case Fault.KILL_BEFORE:
                self.kill_wanted = True
                raise Unavailable("injected: killed before COMMIT")
            case Fault.KILL_AFTER:
                self._commit_really(attempt)
                self.kill_wanted = True
                raise OutcomeUnknown("injected: killed after COMMIT")

    def was_committed(self, *, epoch: int, commit_id: int) -> bool:
        """Look a commit up, or be unavailable."""
        self._maybe_unavailable(self._rates.look_up)
        return self.real.was_committed(epoch=epoch, commit_id=commit_id)

    def renew(self, epoch: int) -> None:
        """Renew the lease, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        self.real.renew(epoch)

    def load_state(self) -> State:
        """Everything; starting is not made to fail, for the service would only try again."""
        return self.real.load_state()

    def load_account(self, account: str) -> AccountState | None:
        """An account, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self.real.load_account(account)

    def load_position(self, position_id: int) -> Position | None:
        """A position, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self.real.load_position(position_id)

    def load_signals(self) -> tuple[tuple[Signal, ...], int]:
        """The unfinished signals, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self.real.load_signals()

    def find_signal(self, account: str, client_id: str) -> Signal | None:
        """A signal, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self.real.find_signal(account, client_id)

    def recent_signals(self, account: str, since_us: int) -> tuple[Signal, ...]:
        """The latest signals, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self.real.recent_signals(account, since_us)

    def book_pages(self, account: str, *, after_entry: int) -> Generator[Books]:
        """Books, or be unavailable."""
        self._count_failed_read()
        return self.real.book_pages(account, after_entry=after_entry)

    def accounts(self) -> tuple[str, ...]:
        """All accounts, or be unavailable."""
        self._count_failed_read()
        return self.real.accounts()

    def _fault(self) -> Fault | None:
        if not self.failing:
            return None
        drawn = self._random.random()
        if drawn < self._rates.kill:
            return self._random.choice((Fault.KILL_BEFORE, Fault.KILL_AFTER))
        if drawn < self._rates.kill + self._rates.commit:
            self.faults += 1
            return self._random.choice(
                (Fault.BEFORE, Fault.DURING, Fault.UNKNOWN_DONE, Fault.UNKNOWN_LOST)
            )
        return None

    def _count_failed_read(self) -> None:
        try:
            self._maybe_unavailable(self._rates.read)
        except Unavailable:
            self.reads_failed += 1
            raise

    def _maybe_unavailable(self, rate: float) -> None:
        if self.failing and self._random.random() < rate:
            self.faults += 1
            raise Unavailable("injected: no connection")

    def _commit_really(self, attempt: _Attempt) -> None:
        self.real.commit(
            attempt.changes,
            epoch=attempt.epoch,
            commit_id=attempt.commit_id,
            first_event_id=attempt.first_event_id,
            now_us=attempt.now_us,
        )
        self.on_durable(
            Committed(
                epoch=attempt.epoch,
                commit_id=attempt.commit_id,
                first_event_id=attempt.first_event_id,
                changes=attempt.changes,
                now_us=attempt.now_us,
            )
        )

    def _begin_and_fail(self, attempt: _Attempt, error: StoreError) -> None:
        """Write everything in a real transaction that breaks before its COMMIT."""
        breaking: Any = _Breaking(self.real._transactions, error)
        commit(
            cast(Transactions, breaking),
            attempt.changes,
            epoch=attempt.epoch,
            commit_id=attempt.commit_id,
            first_event_id=attempt.first_event_id,
            now_us=attempt.now_us,
        )


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
