"""Who may write: the owner's row, its epoch, its lease.

The epoch counts the owners. A transaction that begins with `fence` holds the row to its end, so
that nobody takes over in its middle, and a deposed owner's transactions find no row.
"""

from sqlalchemy import CursorResult, select, update
from sqlalchemy.orm import Session

from persistence.columns import database_clock
from persistence.errors import Deposed, OwnedElsewhere
from persistence.tables import OwnerRow

_MICROSECONDS = 1_000_000


def acquire(session: Session, holder: str, lease_seconds: int, *, others_may_run: bool) -> int:
    """Begin the next epoch; see `Store.acquire`.

    `others_may_run` is whether another owner can be alive at all.
    """
    # The row is locked first, so that the clock is read, and the lease judged, after any wait.
    row = session.execute(
        select(OwnerRow.epoch, OwnerRow.holder, OwnerRow.lease_seconds, OwnerRow.released)
        .where(OwnerRow.id == 1)
        .with_for_update()
    ).one()
    renewed_at, now = session.execute(
        select(OwnerRow.renewed_at, database_clock()).where(OwnerRow.id == 1)
    ).one()
    left_us = renewed_at + row.lease_seconds * _MICROSECONDS - now
    if others_may_run and not row.released and row.holder != holder and left_us > 0:
        raise OwnedElsewhere(row.holder, left_us / _MICROSECONDS)
    epoch: int = row.epoch + 1
    _update_owned(
        session,
        row.epoch,
        epoch=epoch,
        holder=holder,
        lease_seconds=lease_seconds,
        renewed_at=database_clock(),
        released=False,
    )
    return epoch


def fence(session: Session, epoch: int) -> None:
    """Renew the lease, and hold the owner's row until the transaction ends.

    Raises:
        Deposed: if another owner has taken over.
    """
    _update_owned(session, epoch, renewed_at=database_clock())


def release(session: Session, epoch: int) -> None:
    """Give ownership up.

    Raises:
        Deposed: if another owner has taken over.
    """
    _update_owned(session, epoch, released=True)


def _update_owned(session: Session, epoch: int, /, **values: object) -> None:
    statement = update(OwnerRow).where(OwnerRow.id == 1, OwnerRow.epoch == epoch).values(**values)
    result = session.execute(statement.execution_options(synchronize_session=False))
    assert isinstance(result, CursorResult)
    if result.rowcount == 0:
        raise Deposed(epoch)
