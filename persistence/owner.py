"""The owner's row: its epoch and its lease decide which process may write.

The epoch counts the owners. A transaction that begins with `fence` holds the row to its end, so
that no other process takes over within it, and a deposed owner's transactions find no row.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, CursorResult, Row, Select, select, update
from sqlalchemy.orm import Session

from persistence.columns import database_clock
from persistence.errors import Behind, Deposed, Lease, OwnedElsewhere
from persistence.tables import CommitRow, OwnerRow
from trading.times import SECOND_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A commit that is known to be durable: a database without it is in an earlier state."""

    epoch: int
    commit_id: int
    committed_us: int


def require_free(asked: Session | Connection, holder: str | None = None) -> None:
    """Check that no lease but `holder`'s own runs; takes no lock, so it cannot delay the owner.

    Raises:
        OwnedElsewhere: while another owner's lease runs and was not given up.
    """
    _judge(asked.execute(_found()).one(), holder)


def acquire(session: Session, holder: str, lease_seconds: int, *, others_may_run: bool) -> int:
    """Begin the next epoch; see `Store.acquire`.

    `others_may_run` says whether another owner can be alive.
    """
    former = _locked(session)
    if others_may_run:
        _judge(former, holder)
    epoch: int = former.epoch + 1
    _update_owned(
        session,
        former.epoch,
        epoch=epoch,
        holder=holder,
        lease_seconds=lease_seconds,
        renewed_at=database_clock(),
        released=False,
    )
    return epoch


def make_way(connection: Connection) -> None:
    """Keep every process from owning the database until this transaction ends.

    An owner that stopped renewing is deposed, so that it never writes to the changed database.

    Raises:
        OwnedElsewhere: while any owner's lease runs and was not given up.
    """
    require_free(connection)
    former = _locked(connection)
    _judge(former, None)
    if not former.released:
        _update_owned(connection, former.epoch, epoch=former.epoch + 1, released=True)


def fence(session: Session, epoch: int, known: Known | None = None) -> None:
    """Renew the lease, and hold the owner's row until the transaction ends.

    Raises:
        Deposed: if another owner has taken over.
        Behind: if the commit that is `known` to be durable is gone.
    """
    _update_owned(session, epoch, known, renewed_at=database_clock())


def lost(asked: Session | Connection, epoch: int) -> Deposed:
    """The error of an epoch that once owned the database and may no longer write."""
    found = asked.execute(select(OwnerRow.epoch).where(OwnerRow.id == 1)).scalar()
    return Deposed(epoch) if found is not None and found > epoch else Behind(epoch)


def release(session: Session, epoch: int) -> None:
    """Give ownership up.

    Raises:
        Deposed: if another owner has taken over.
    """
    _update_owned(session, epoch, released=True)


def _found() -> Select[*tuple[Any, ...]]:
    return select(
        OwnerRow.epoch,
        OwnerRow.holder,
        OwnerRow.lease_seconds,
        OwnerRow.released,
        OwnerRow.renewed_at,
        database_clock().label("now"),
    ).where(OwnerRow.id == 1)


def _locked(asked: Session | Connection) -> Row[Any]:
    # The row is locked first, so that the clock is read, and the lease judged, after any wait.
    asked.execute(select(OwnerRow.id).where(OwnerRow.id == 1).with_for_update())
    return asked.execute(_found()).one()


def _judge(owner: Row[Any], holder: str | None) -> None:
    left_us = owner.renewed_at + owner.lease_seconds * SECOND_US - owner.now
    if owner.released or owner.holder == holder or left_us <= 0:
        return
    lease = Lease(
        epoch=owner.epoch,
        renewed_at_us=owner.renewed_at,
        asked_at_us=owner.now,
        seconds_left=left_us / SECOND_US,
    )
    raise OwnedElsewhere(owner.holder, lease)


def _update_owned(
    asked: Session | Connection, epoch: int, known: Known | None = None, /, **values: object
) -> None:
    statement = update(OwnerRow).where(OwnerRow.id == 1, OwnerRow.epoch == epoch).values(**values)
    if known is not None:
        its_commit = select(CommitRow.id).where(
            CommitRow.epoch == known.epoch,
            CommitRow.id == known.commit_id,
            CommitRow.committed_at == known.committed_us,
        )
        statement = statement.where(its_commit.exists())
    result = asked.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    if result.rowcount == 0:
        raise lost(asked, epoch)
