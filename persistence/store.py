"""The store: everything that Backstay asks of a database."""

from collections.abc import Collection, Generator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Self

from sqlalchemy import text

from persistence import owner, pages, reads, schema
from persistence.changes import Change
from persistence.commits import commit, was_committed
from persistence.divergences import Divergence, divergences
from persistence.engines import LOCK_MS_MAX, in_memory, parsed
from persistence.errors import OutcomeUnknown
from persistence.state import (
    AccountState,
    Books,
    LedgerSums,
    PositionRecord,
    State,
    StoredEntry,
    StoredEvent,
)
from persistence.transactions import Transactions
from trading.model import Position, PositionStatus
from trading.signals import Signal


class Store:
    """A database of accounts, positions, entries and events.

    One thread may write while any number of threads read. What is returned is bound to no
    session and may be used anywhere.

    Every method raises `Unavailable` where the database cannot be used now.
    """

    def __init__(self, transactions: Transactions) -> None:
        """Use `Store.open`."""
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
            # Only who has something to migrate waits without end.
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
        """Connect for reads only, beside whoever owns the database; a write is `Unavailable`.

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

        Asking costs a running owner nothing: nothing is locked before its lease looks over.

        Raises:
            OwnedElsewhere: while the lease of another holder runs that was not given up
                (PostgreSQL; a SQLite file has one process only).
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
                # Whoever holds the row longer than this is asked again, and leaves no waiter there.
                session.execute(text(f"SET LOCAL lock_timeout = {LOCK_MS_MAX}"))
            epoch = owner.acquire(session, holder, lease_seconds, others_may_run=others_may_run)
            if others_may_run:
                schema.require_current(session.connection())
        self._transactions.limit_waiting(lease_seconds)
        self._transactions.watch_files()
        return epoch

    def renew(self, epoch: int) -> None:
        """Let the lease begin anew, as every commit does.

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

        It is asked behind the fence, so that a COMMIT that still runs is waited for.

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
        """The last commit of an epoch's owner, which every later one stands on."""
        known = self._known
        return known if known is not None and known.epoch == epoch else None

    def load_state(self) -> State:
        """Everything that the actors restart from, of one moment."""
        with self._transactions.snapshot(seconds_max=None) as session:
            return reads.state(session)

    def load_account(self, account: str) -> AccountState | None:
        """Everything that one account restarts from, of one moment; None if unknown."""
        with self._transactions.snapshot(seconds_max=None) as session:
            return reads.account_state(session, account)

    def load_position(self, position_id: int) -> Position | None:
        """One position, open or closed; None if unknown."""
        with self._transactions.snapshot() as session:
            return reads.position(session, position_id)

    def read_positions(self, account: str) -> tuple[Position, ...]:
        """All positions of an account, open and closed, in ascending order of their ids."""
        with self._transactions.snapshot(seconds_max=None) as session:
            return reads.positions(session, account)

    def book_pages(self, account: str, *, after_entry: int) -> Generator[Books]:
        """An account's wallet, entries numbered above `after_entry` and holds, of one moment.

        The entries come a page at a time, each with the same wallet and holds, the last page
        maybe without any; an unknown account has no page. Close what is not read to its end: it
        holds a transaction, in memory the only one.
        """
        with self._transactions.snapshot(seconds_max=None) as session:
            yield from reads.book_pages(session, account, after_entry)

    def read_books(self, account: str, *, after_entry: int) -> Books | None:
        """All pages of `book_pages` as one; None if the account is unknown."""
        pages = tuple(self.book_pages(account, after_entry=after_entry))
        if not pages:
            return None
        return replace(pages[0], entries=tuple(chain.from_iterable(p.entries for p in pages)))

    def ledger_sums(self, account: str) -> LedgerSums | None:
        """An account's entries, summed exactly by the database; None if there are none."""
        with self._transactions.snapshot(seconds_max=None) as session:
            return reads.ledger_sums(session, account)

    def divergences(self) -> tuple[Divergence, ...]:
        """What rows say against each other, of one moment; at most 1,000 by each rule."""
        with self._transactions.snapshot(seconds_max=None) as session:
            return tuple(divergences(session))

    def read_events(self, after_id: int, limit: int) -> tuple[StoredEvent, ...]:
        """At most `limit` events with ids above `after_id`, ascending."""
        with self._transactions.snapshot() as session:
            return reads.events(session, after_id, limit)

    def last_event_id(self) -> int:
        """The id of the newest event; 0 where there is none."""
        with self._transactions.snapshot() as session:
            return reads.last_event_id(session)

    def deliveries(self) -> dict[str, int]:
        """By target of notifications, the last event up to which it has them all."""
        with self._transactions.snapshot() as session:
            return reads.deliveries(session)

    def read_position(self, position_id: int) -> PositionRecord | None:
        """One position, open or closed, with the times of its commits; None if unknown."""
        with self._transactions.snapshot() as session:
            return pages.position(session, position_id)

    def read_positions_by_id(self, ids: Sequence[int]) -> tuple[PositionRecord, ...]:
        """The positions with these ids, of one moment and by id; unknown ids have none."""
        with self._transactions.snapshot() as session:
            return pages.positions_by_id(session, ids)

    def find_positions(
        self,
        *,
        account: str | None = None,
        status: PositionStatus | None = None,
        symbol: str | None = None,
        before_id: int | None = None,
        limit: int,
    ) -> tuple[PositionRecord, ...]:
        """At most `limit` positions with ids below `before_id`, newest first."""
        with self._transactions.snapshot() as session:
            return pages.positions(
                session,
                account=account,
                status=status,
                symbol=symbol,
                before_id=before_id,
                limit=limit,
            )

    def read_entries(
        self, account: str, *, before_number: int | None = None, limit: int
    ) -> tuple[StoredEntry, ...]:
        """At most `limit` ledger entries numbered below `before_number`, newest first."""
        with self._transactions.snapshot() as session:
            return pages.entries(session, account, before_number, limit)

    def read_history(self, position_id: int) -> tuple[StoredEvent, ...]:
        """A position's events, and what happened meanwhile to prices of its symbol, by id.

        Of the symbol: prices rejected and quarantined, and quarantines ended, between the open
        and the close. Empty if the position is unknown.
        """
        with self._transactions.snapshot() as session:
            return pages.history(session, position_id)

    def load_signals(self) -> tuple[tuple[Signal, ...], int]:
        """The signals that are not finished, by id, and the highest id of all; 0 if none."""
        with self._transactions.snapshot() as session:
            return reads.signals(session)

    def signals_of(self, account: str, client_ids: Collection[str]) -> tuple[Signal, ...]:
        """The account's signals of a sender's own ids, oldest first."""
        with self._transactions.snapshot() as session:
            return pages.signals_of(session, account, client_ids)

    def recent_signals(self, account: str, since_us: int) -> tuple[Signal, ...]:
        """The account's signals received at `since_us` or later, oldest first."""
        with self._transactions.snapshot() as session:
            return pages.recent_signals(session, account, since_us)

    def accounts(self) -> tuple[str, ...]:
        """The names of all accounts, in order."""
        with self._transactions.snapshot() as session:
            return reads.accounts(session)

    def is_empty(self) -> bool:
        """Whether there is no account yet."""
        with self._transactions.snapshot() as session:
            return reads.is_empty(session)
