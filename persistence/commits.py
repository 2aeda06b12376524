"""One commit: the fence, the rows, and the proof that each row was as memory has it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from persistence import writing_postgresql, writing_sqlite
from persistence.batch import Batch, folded
from persistence.changes import Change
from persistence.errors import Deposed, RefusalKind, Refused
from persistence.tables import AccountRow, CommitRow, PositionRow
from persistence.transactions import Transactions
from trading.money import plain

_WRITERS = {"postgresql": writing_postgresql.write, "sqlite": writing_sqlite.write}


def commit(
    transactions: Transactions,
    changes: Sequence[Change],
    *,
    epoch: int,
    commit_id: int,
    first_event_id: int,
    now_us: int,
) -> None:
    """Write changes in one transaction; see `Store.commit`."""
    batch = folded(
        changes, epoch=epoch, commit_id=commit_id, first_event_id=first_event_id, now_us=now_us
    )
    try:
        with transactions.transaction() as session:
            _write(session, batch)
    except Refused as refused:
        accounts = {change.account for change in changes}
        if refused.account is None and len(accounts) == 1:
            raise Refused(accounts.pop(), refused.kind, refused.detail) from refused
        raise


def was_committed(session: Session, epoch: int, commit_id: int) -> bool:
    """Whether a commit is in the database, asked behind the fence."""
    found = select(CommitRow.id).where(CommitRow.epoch == epoch, CommitRow.id == commit_id)
    return session.execute(found).first() is not None


def _write(session: Session, batch: Batch) -> None:
    connection = session.connection()
    written = _WRITERS[connection.dialect.name](connection.connection, batch)
    if not written.fenced:
        raise Deposed(batch.epoch)
    if written.accounts != len(batch.account_updates):
        _refuse_changed_wallet(session, batch)
    if written.positions != len(batch.position_updates):
        _refuse_changed_position(session, batch)


def _refuse_changed_wallet(session: Session, batch: Batch) -> None:
    """Find the first wallet that its update did not find, and say what it is."""
    columns = (AccountRow.account, AccountRow.version, AccountRow.total, AccountRow.locked)
    rows = session.execute(select(*columns).where(AccountRow.account.in_(batch.wallets)))
    found = {row.account: row for row in rows}
    for account, step in batch.wallets.items():
        row, before, after = found.get(account), step.before, step.after
        if before is None or (
            row is not None
            and (row.version, row.total, row.locked) == (after.version, after.total, after.locked)
        ):
            continue
        actual = (
            "no such account"
            if row is None
            else f"version {row.version}, total {plain(row.total)}, locked {plain(row.locked)}"
        )
        raise Refused(
            account,
            RefusalKind.WALLET_CHANGED,
            f"memory has version {before.version}, total {plain(before.total)}, locked "
            f"{plain(before.locked)}; the database has {actual}",
        )
    raise AssertionError("an account's update found no row, and yet every row is as it should be")


def _refuse_changed_position(session: Session, batch: Batch) -> None:
    """Find the first position that its update did not find, and say what it is."""
    columns = (PositionRow.id, PositionRow.version, PositionRow.status)
    rows = session.execute(select(*columns).where(PositionRow.id.in_(batch.positions)))
    found = {row.id: row for row in rows}
    for position_id, step in batch.positions.items():
        row = found.get(position_id)
        if row is not None and row.version == step.after.version:
            continue
        actual = "no such position" if row is None else f"version {row.version}, {row.status}"
        raise Refused(
            step.after.account,
            RefusalKind.POSITION_CHANGED,
            f"memory has version {step.version_before} of position {position_id}; "
            f"the database has {actual}",
        )
    raise AssertionError("a position's update found no row, and yet every row is as it should be")
