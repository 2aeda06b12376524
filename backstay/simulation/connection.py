"""One owner's way to the database, which fails as a seed says.

Before, during and after a COMMIT, and when something is read: slowly, not at all, or with the
owner frozen in the middle.
"""

import random
from collections.abc import Collection, Generator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from backstay.simulation.database import IDLE_SECONDS_MAX, AskedCommit, SharedDatabase
from persistence.changes import Change
from persistence.errors import Damaged, OutcomeUnknown, Unavailable
from persistence.state import AccountState, Books, PositionRecord, State, StoredEvent
from trading.signals import Signal
from trading.times import SECOND_US


class Fault(StrEnum):
    """The faults that can hit a commit."""

    BEFORE = "unavailable before anything"
    DURING = "unavailable, rolled back"
    UNKNOWN_DONE = "outcome unknown, committed"
    UNKNOWN_LOST = "outcome unknown, not committed"
    SLOW = "slow before and after COMMIT"
    KILL_BEFORE = "killed before COMMIT"
    KILL_AFTER = "killed after COMMIT"
    FROZEN_BEFORE = "frozen before anything"
    FROZEN_INSIDE = "frozen inside the transaction"
    FROZEN_AFTER = "frozen after COMMIT"


FAILED = (Fault.BEFORE, Fault.DURING, Fault.UNKNOWN_DONE, Fault.UNKNOWN_LOST)
KILLED = (Fault.KILL_BEFORE, Fault.KILL_AFTER)
FROZEN = (Fault.FROZEN_BEFORE, Fault.FROZEN_INSIDE, Fault.FROZEN_AFTER)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRates:
    """The likelihoods of a failing commit, look-up or read, and of a slow, killed or frozen one.

    And how likely, in a step, the server goes, this owner's connection is cut, the disk is full.
    """

    commit: float = 0.0
    look_up: float = 0.0
    read: float = 0.0
    slow: float = 0.0
    kill: float = 0.0
    freeze: float = 0.0
    stop: float = 0.0
    cut: float = 0.0
    full: float = 0.0


class Meanwhile(Protocol):
    """Steps of the world while an owner waits for the database."""

    def while_it_waits(self) -> None:
        """Some time passes; the owner's other threads go on, and so do other owners."""
        ...

    def while_it_is_frozen(self, locked_seconds: float) -> None:
        """Much time passes without this owner, and no other can lock the owner's row meanwhile."""
        ...


UNWRITABLE = "unwritable"
"""What a key or reference begins with that no connection can write."""


def _is_unwritable(change: Change) -> bool:
    keys = (position.idempotency_key or "" for position in change.positions)
    operations = (entry.operation.removeprefix("transfer:") for entry in change.entries)
    return any(text.startswith(UNWRITABLE) for text in (*keys, *operations))


class OwnerConnection:
    """The store of one owner's life."""

    def __init__(
        self,
        database: SharedDatabase,
        rates: FaultRates,
        chance: random.Random,
        meanwhile: Meanwhile,
    ) -> None:
        """`chance` draws what fails."""
        self.kill_wanted = False
        self.faults = self.reads_failed = 0
        self._database = database
        self._rates = rates
        self._random = chance
        self._meanwhile = meanwhile
        self._cut_until_us = 0
        self._files_are_others = False

    def cut(self, seconds: float) -> None:
        """This owner does not reach the database for so long; others do."""
        self._cut_until_us = self._database.now_us + round(seconds * SECOND_US)

    def lose_files(self) -> None:
        """Other files lie where this owner's were: what it writes is durable nowhere."""
        self._files_are_others = True

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
        if any(map(_is_unwritable, changes)):
            raise UnicodeEncodeError("ascii", UNWRITABLE, 0, 1, "injected: nobody foresaw it")
        asked_us = self._database.now_us
        attempt = AskedCommit(tuple(changes), epoch, commit_id, first_event_id, now_us, asked_us)
        self._database.begin(attempt)
        self._commit(attempt)
        self._database.finish(attempt)

    def _commit(self, attempt: AskedCommit) -> None:
        database, fault = self._database, self._fault()
        if self._files_are_others:
            database.break_off(attempt, Damaged("injected: its files are others"))
        if fault is Fault.FROZEN_BEFORE:
            self._meanwhile.while_it_is_frozen(0)
        elif fault is Fault.SLOW:
            self._meanwhile.while_it_waits()
        self._expect_reachable()
        if database.is_full:
            database.break_off(attempt, Unavailable("injected: no space left on the disk"))
        match fault:
            case None | Fault.FROZEN_BEFORE:
                database.commit(attempt)
            case Fault.SLOW:
                database.commit(attempt)
                self._meanwhile.while_it_waits()
            case Fault.FROZEN_AFTER:
                database.commit(attempt)
                self._meanwhile.while_it_is_frozen(0)
            case Fault.FROZEN_INSIDE:
                try:
                    database.break_off(attempt, Unavailable("injected: the server ended it"))
                finally:
                    self._meanwhile.while_it_is_frozen(IDLE_SECONDS_MAX)
            case Fault.BEFORE:
                raise Unavailable("injected: no connection")
            case Fault.DURING:
                database.break_off(attempt, Unavailable("injected: lost before COMMIT"))
            case Fault.UNKNOWN_LOST:
                database.break_off(attempt, OutcomeUnknown("injected: lost in COMMIT"))
            case Fault.UNKNOWN_DONE:
                database.commit(attempt)
                raise OutcomeUnknown("injected: lost after COMMIT")
            case Fault.KILL_BEFORE:
                self.kill_wanted = True
                raise Unavailable("injected: killed before COMMIT")
            case Fault.KILL_AFTER:
                database.commit(attempt)
                self.kill_wanted = True
                raise OutcomeUnknown("injected: killed after COMMIT")

    def was_committed(self, *, epoch: int, commit_id: int) -> bool:
        """Look a commit up, or be unavailable."""
        self._expect_its_files()
        self._maybe_unavailable(self._rates.look_up, writing=True)
        return self._database.was_committed(epoch, commit_id)

    def renew(self, epoch: int) -> None:
        """Renew the lease, or be unavailable."""
        self._expect_its_files()
        self._maybe_unavailable(self._rates.read, writing=True)
        self._database.renew(epoch)

    def load_state(self) -> State:
        """Everything; starting is not made to fail, for the service would only try again."""
        return self._database.real.load_state()

    def load_account(self, account: str) -> AccountState | None:
        """An account, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self._database.real.load_account(account)

    def read_position(self, position_id: int) -> PositionRecord | None:
        """A position, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self._database.real.read_position(position_id)

    def load_signals(self) -> tuple[tuple[Signal, ...], int]:
        """The unfinished signals, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self._database.real.load_signals()

    def signals_of(self, account: str, client_ids: Collection[str]) -> tuple[Signal, ...]:
        """The signals of some ids, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self._database.real.signals_of(account, client_ids)

    def recent_signals(self, account: str, since_us: int) -> tuple[Signal, ...]:
        """The latest signals, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self._database.real.recent_signals(account, since_us)

    def read_events(self, after_id: int, limit: int) -> tuple[StoredEvent, ...]:
        """Events, or be unavailable."""
        self._maybe_unavailable(self._rates.read)
        return self._database.real.read_events(after_id, limit)

    def last_delivered(self, target: str) -> int:
        """Up to which event a target was told, when a life begins."""
        return self._database.real.deliveries().get(target, 0)

    def book_pages(self, account: str, *, after_entry: int) -> Generator[Books]:
        """Books, or be unavailable."""
        self._count_failed_read()
        return self._database.real.book_pages(account, after_entry=after_entry)

    def accounts(self) -> tuple[str, ...]:
        """All accounts, or be unavailable."""
        self._count_failed_read()
        return self._database.real.accounts()

    def _fault(self) -> Fault | None:
        if not self._database.failing:
            return None
        rates, drawn = self._rates, self._random.random()
        for rate, faults in (
            (rates.kill, KILLED),
            (rates.commit, FAILED),
            (rates.freeze, FROZEN),
            (rates.slow, (Fault.SLOW,)),
        ):
            if drawn < rate:
                self.faults += 1
                return self._random.choice(faults)
            drawn -= rate
        return None

    def _count_failed_read(self) -> None:
        try:
            self._maybe_unavailable(self._rates.read)
        except Unavailable:
            self.reads_failed += 1
            raise

    def _maybe_unavailable(self, rate: float, *, writing: bool = False) -> None:
        self._expect_reachable()
        if writing and self._database.is_full:
            raise Unavailable("injected: no space left on the disk")
        if self._database.failing and self._random.random() < rate:
            self.faults += 1
            raise Unavailable("injected: no connection")

    def _expect_its_files(self) -> None:
        if self._files_are_others:
            raise Damaged("injected: its files are others")

    def _expect_reachable(self) -> None:
        self._database.expect_there()
        if self._database.failing and self._database.now_us < self._cut_until_us:
            raise Unavailable("injected: the connection is cut")
