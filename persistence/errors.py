"""The errors of a store."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class StoreError(Exception):
    """The database did not do what it was asked; the transaction is rolled back."""


class RefusalKind(StrEnum):
    """Why the database refused changes; a closed set."""

    WALLET_CHANGED = "wallet_changed"
    """The wallet's row differs from memory: another version or other balances."""

    POSITION_CHANGED = "position_changed"
    """The position's row differs from memory: another version, or no row."""

    CONSTRAINT = "constraint"
    """A constraint or trigger of the database forbids the row, or a column cannot hold it."""

    UNEXPECTED = "unexpected"
    """The change could not be written for an unexpected reason; see the log."""


class Refused(StoreError):
    """The database works, and forbids these changes; nothing of them was written."""

    def __init__(self, account: str | None, kind: RefusalKind, detail: str) -> None:
        """`account` is None where the database does not name the change's account."""
        super().__init__(f"changes of account {account} refused ({kind}): {detail}")
        self.account = account
        self.kind = kind
        self.detail = detail


class Unavailable(StoreError):
    """The database cannot be used now, and nothing was committed; the same may work later."""


class SharedSessions(StoreError):
    """A pool shares PostgreSQL's sessions between transactions, and an owner needs its own."""

    def __init__(self) -> None:
        super().__init__(
            "the database's address leads to a pool that gives each transaction another session, "
            "as pgbouncer does with pool_mode = transaction; the service needs a session of its "
            "own: give PostgreSQL's own address, or set pool_mode = session for this database"
        )


class Locked(Unavailable):
    """Another session held a needed lock for too long."""


class NotThere(StoreError):
    """The database's file, or its folder, does not exist: name another."""


class Damaged(StoreError):
    """The database's files are damaged, deleted or replaced: writes to them would not last."""

    def __init__(self, detail: str) -> None:
        super().__init__(
            f"the database is damaged ({detail}): stop the service, and restore a backup with "
            "`backstay restore FILE`"
        )


class UnfitBackup(StoreError):
    """The file to restore is not a sound database of Backstay."""

    def __init__(self, backup: Path, why: str) -> None:
        super().__init__(f"restore of {backup} refused: it is not a backup of Backstay ({why})")


class ForeignLog(StoreError):
    """The log beside a SQLite database was not written for it; replaying it would damage both."""

    def __init__(self, database: Path, why: str) -> None:
        super().__init__(
            f"{database}-wal does not belong to {database} ({why}): a killed service left the "
            f"log, and its database was replaced by a copy. Nothing was changed. Restore the copy "
            f"with `backstay restore FILE`, which moves the old files aside, or put the former "
            f"database back"
        )


UNREADABLE = (Unavailable, Damaged)
"""The errors of a read; the writer reports a damaged database."""


class NotUtf8(StoreError):
    """The database's encoding cannot store every text."""

    def __init__(self, database: str, encoding: str) -> None:
        super().__init__(
            f"database {database} has the encoding {encoding}, and not UTF8: make another with "
            "CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0, and copy this one into it "
            "with `pg_dump --encoding=UTF8` and psql"
        )
        self.encoding = encoding


class OutcomeUnknown(StoreError):
    """The connection broke during COMMIT: ask `was_committed` before anything else."""


class Deposed(StoreError):
    """Another owner has taken over: this epoch will never write again."""

    def __init__(self, epoch: int) -> None:
        super().__init__(f"epoch {epoch} was deposed: another owner has taken over the database")
        self.epoch = epoch


class Behind(Deposed):
    """The database lacks commits that this epoch has written: it is in an earlier state."""

    def __init__(self, epoch: int) -> None:
        StoreError.__init__(
            self,
            f"the database lacks commits that epoch {epoch} has written, and may write no more: a "
            "replica without them has taken its place, or an earlier state was restored; start "
            "the service again to continue from this state",
        )
        self.epoch = epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A running lease as it was read, by the database's clock alone."""

    epoch: int
    renewed_at_us: int
    asked_at_us: int
    seconds_left: float

    def renewed_since(self, former: "Lease") -> bool:
        """Whether an owner, the same or another, has renewed the lease since.

        A dead owner's transaction may commit late; its renewal is older than this look.
        """
        return self.epoch != former.epoch or self.renewed_at_us > former.asked_at_us


class OwnedElsewhere(StoreError):
    """Another owner holds the database; if it has a lease, until the lease runs out."""

    def __init__(self, holder: str, lease: Lease | None = None) -> None:
        left = f", whose lease runs for {lease.seconds_left:.1f} s more" if lease else ""
        super().__init__(f"the database is owned by {holder}{left}: stop that owner first")
        self.holder = holder
        self.lease = lease


class SchemaTooNew(StoreError):
    """A later version of Backstay has migrated the database."""

    def __init__(self, found: str, known: str) -> None:
        super().__init__(
            f"the database is at schema revision {found}, this version of Backstay knows "
            f"{known}: upgrade Backstay"
        )
        self.found = found
        self.known = known


class SchemaTooOld(StoreError):
    """The database needs migrations, and a reader does not run them."""

    def __init__(self, found: str | None, known: str) -> None:
        at = "has no schema of Backstay" if found is None else f"is at schema revision {found}"
        super().__init__(
            f"the database {at}, reading it takes {known}: migrate it first, as the service "
            "does when it starts"
        )
        self.found = found
        self.known = known
