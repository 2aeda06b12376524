"""The store: every request to a database."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import wraps
from itertools import chain
from typing import Concatenate, ParamSpec, Self, TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from persistence import owner, pages, reads, schema
from persistence.changes import Change
from persistence.commits import commit, was_committed
from persistence.divergences import Divergence, divergences
from persistence.engines import LOCK_MS_MAX, in_memory, parsed
from persistence.errors import OutcomeUnknown
from persistence.state import Books
from persistence.transactions import READ_SECONDS_MAX, Transactions

P = ParamSpec("P")
T = TypeVar("T")


def _read(
    query: Callable[Concatenate[Session, P], T], *, seconds_max: float | None = READ_SECONDS_MAX
) -> Callable[Concatenate["Store", P], T]:
    """Make a method that answers a query within a snapshot."""

    @wraps(query)
    def method(store: "Store", /, *args: P.args, **kwargs: P.kwargs) -> T:
        with store._transactions.snapshot(seconds_max) as session:
            return query(session, *args, **kwargs)

    return method


def _whole(query: Callable[Concatenate[Session, P], T]) -> Callable[Concatenate["Store", P], T]:
    """The same for a query that grows with the database, and has no time limit."""
    return _read(query, seconds_max=None)


class Store:
    """A database of accounts, positions, entries and events.

    One thread may write while any number of threads read. Returned values are bound to no session
    and may be used on any thread.

    Every method raises `Unavailable` where the database cannot be used now.
    """

    def __init__(self, transactions: Transactions) -> None:
        """Call `Store.open` instead."""
        self._transactions = transactions
        self._known: owner.Known | None = None
        self._unsure: owner.Known | None = None

    @classmethod
    def open(cls, url: str) -> Self:
        """Connect to `sqlite:///file`, `sqlite://` (in memory) or `postgresql://...`, and migrate.

        Raises:
            ValueError: for any other kind of URL.
            SchemaTooNew: if a later version has migrated the database.
            OwnedElsewhere: if another process has the SQLite file open, or if a migration is
                missing while an owner's lease runs.
            ForeignLog: if the log beside a SQLite file was written for another one.
            SharedSessions: if a pool gives each transaction another session.
        """
        address = parsed(url)
        transactions = Transactions(address)
        prepare = schema.create if in_memory(address) else schema.migrate
        try:
            transactions.require_own_session()
            # Only a migration may wait without end.
            with transactions.transaction() as session:
                is_current = schema.is_current(session.connection())
            if not is_current:
                with transactions.transaction(seconds_max=None) as session:
                    prepare(session.connection())
        except BaseException:
            transactions.close()
            raise
        return cls(transactions)

    @classmethod
    def reading(cls, url: str) -> Self:
        """Connect for reads only, beside the database's owner; a write is `Unavailable`.

        Nothing is created, locked or migrated.

        Raises:
            ValueError: for any other kind of URL, or one in memory.
            SchemaTooOld: if migrations are missing, or it is not a database of Backstay.
            SchemaTooNew: if a later version has migrated the database.
        """
        transactions = Transactions(parsed(url), read_only=True)
        try:
            with transactions.snapshot() as session:
                schema.require_current(session.connection())
        except BaseException:
            transactions.close()
            raise
        return cls(transactions)

    def close(self) -> None:
        """Close every connection and give up the lock file; without effect if closed."""
        self._transactions.close()

    def acquire(self, holder: str, lease_seconds: int = 5) -> int:
        """Become the owner, and return the new epoch.

        Asking does not delay a running owner: nothing is locked before its lease seems over.

        Raises:
            OwnedElsewhere: while another holder's lease runs and was not given up (PostgreSQL; a
                SQLite file has one process only).
            SchemaTooNew: if a later version has migrated the database since it was opened.
            Damaged: if a file of SQLite's is gone already.
        """
        # SQLite's lock file says that no other owner is alive.
        others_may_run = self._transactions.dialect == "postgresql"
        if others_may_run:
            with self._transactions.snapshot() as session:
                owner.require_free(session, holder)
        with self._transactions.transaction() as session:
            if others_may_run:
                # If a process holds the row longer, the caller retries, and does not queue for the
                # lock.
                session.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS_MAX}"))
            epoch = owner.acquire(session, holder, lease_seconds, others_may_run=others_may_run)
            if others_may_run:
                schema.require_current(session.connection())
        self._transactions.limit_waiting(lease_seconds)
        self._transactions.watch_files()
        return epoch

    def renew(self, epoch: int) -> None:
        """Renew the lease, as every commit does.

        Raises:
            Deposed: if another owner has taken over.
        """
        with self._transactions.transaction() as session:
            owner.fence(session, epoch, self._known_of(epoch))

    def release(self, epoch: int) -> None:
        """Give ownership up, so that another may acquire it at once.

        Raises:
            Deposed: if another owner has taken over.
        """
        with self._transactions.transaction() as session:
            owner.release(session, epoch)

    def commit(
        self,
        changes: Sequence[Change],
        *,
        epoch: int,
        commit_id: int,
        first_event_id: int,
        now_us: int,
    ) -> None:
        """Write changes in one transaction, all or nothing.

        Their events are numbered from `first_event_id` in order. `now_us` becomes `opened_at`,
        `closed_at`, `created_at` and `committed_at`.

        Raises:
            Deposed: if another owner has taken over, or the last commit of this epoch is gone.
            Refused: if a row is not what memory has, or the database forbids a row.
            OutcomeUnknown: if the connection broke while COMMIT was under way.
        """
        this = owner.Known(epoch=epoch, commit_id=commit_id, committed_us=now_us)
        try:
            commit(
                self._transactions,
                changes,
                epoch=epoch,
                commit_id=commit_id,
                first_event_id=first_event_id,
                now_us=now_us,
                known=self._known_of(epoch),
            )
        except OutcomeUnknown:
            self._unsure = this
            raise
        self._known = this

    def was_committed(self, epoch: int, commit_id: int) -> bool:
        """Whether a commit whose outcome was unknown is in the database; final once answered.

        The query takes the fence first, so that it waits for a COMMIT that still runs.

        Raises:
            Deposed: if another owner has taken over.
        """
        with self._transactions.transaction() as session:
            owner.fence(session, epoch, self._known_of(epoch))
            found = was_committed(session, epoch, commit_id)
        unsure = self._unsure
        if found and unsure and (unsure.epoch, unsure.commit_id) == (epoch, commit_id):
            self._known = unsure
        return found

    def _known_of(self, epoch: int) -> owner.Known | None:
        """The last commit of an epoch's owner, which every later commit requires."""
        known = self._known
        return known if known is not None and known.epoch == epoch else None

    # Each query's docstring says what its method returns.
    load_state = _whole(reads.state)
    load_account = _whole(reads.account_state)
    read_change_key = _read(reads.change_key)
    read_positions = _whole(reads.positions)
    ledger_sums = _whole(reads.ledger_sums)
    read_events = _read(reads.events)
    last_event_id = _read(reads.last_event_id)
    deliveries = _read(reads.deliveries)
    read_position = _read(pages.position)
    read_positions_by_id = _read(pages.positions_by_id)
    find_positions = _read(pages.positions)
    read_entries = _read(pages.entries)
    read_history = _read(pages.history)
    load_signals = _read(reads.signals)
    signals_of = _read(pages.signals_of)
    recent_signals = _read(pages.recent_signals)
    accounts = _read(reads.accounts)
    is_empty = _read(reads.is_empty)

    def book_pages(self, account: str, *, after_entry: int) -> Generator[Books]:
        """An account's wallet, entries numbered above `after_entry` and holds, at one moment.

        The entries come a page at a time, each page with the same wallet and holds. The last page
        may have no entries; an unknown account has no page. Close an iterator that is not read to
        its end, because it holds a transaction, which in memory is the only one.
        """
        with self._transactions.snapshot(seconds_max=None) as session:
            yield from reads.book_pages(session, account, after_entry)

    def read_books(self, account: str, *, after_entry: int) -> Books | None:
        """All pages of `book_pages` as one; None if the account is unknown."""
        pages = tuple(self.book_pages(account, after_entry=after_entry))
        if not pages:
            return None
        return replace(pages[0], entries=tuple(chain.from_iterable(p.entries for p in pages)))

    def divergences(self) -> tuple[Divergence, ...]:
        """The contradictions between rows, at one moment; at most 1,000 by each rule."""
        with self._transactions.snapshot(seconds_max=None) as session:
            return tuple(divergences(session))
