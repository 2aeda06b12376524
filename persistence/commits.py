"""One commit: the fence, the rows, and the check that each row was as memory has it."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from persistence import owner, writing_postgresql, writing_sqlite
from persistence.batch import Batch, folded
from persistence.changes import Change
from persistence.errors import RefusalKind, Refused, StoreError, Unavailable
from persistence.failures import DRIVER_ERRORS, outage_of_statement
from persistence.owner import Known
from persistence.rows.account import wallet_from
from persistence.tables import AccountRow, CommitRow, PositionRow
from persistence.transactions import Transactions
from trading.model import Wallet
from trading.money import plain, trimmed

_WRITERS = {"postgresql": writing_postgresql.write, "sqlite": writing_sqlite.write}


class _RowsChanged(Exception):
    """An update did not find a row as memory has it."""


def commit(
    transactions: Transactions,
    changes: Sequence[Change],
    *,
    epoch: int,
    commit_id: int,
    first_event_id: int,
    now_us: int,
    known: Known | None = None,
) -> None:
    """Write changes in one transaction; see `Store.commit`."""
    batch = folded(
        changes,
        epoch=epoch,
        commit_id=commit_id,
        first_event_id=first_event_id,
        now_us=now_us,
        known=known,
    )
    try:
        with transactions.transaction() as session:
            _write(session, batch)
    except (DBAPIError, *DRIVER_ERRORS) as error:
        outage = outage_of_statement(error)
        if outage is None:
            raise
        raise outage from error
    except UnicodeError as error:  # a surrogate alone, which no encoding of text has
        raise Refused(_only_account(changes), RefusalKind.CONSTRAINT, str(error)) from error
    except Refused as refused:
        if refused.account is None:
            only = _only_account(changes)
            raise Refused(only, refused.kind, refused.detail) from refused
        raise
    except _RowsChanged:
        with transactions.snapshot() as session:
            raise _what_changed(session, batch) from None


def _only_account(changes: Sequence[Change]) -> str | None:
    accounts = {change.account for change in changes}
    return accounts.pop() if len(accounts) == 1 else None


def was_committed(session: Session, epoch: int, commit_id: int) -> bool:
    """Whether a commit is in the database, asked behind the fence."""
    found = select(CommitRow.id).where(CommitRow.epoch == epoch, CommitRow.id == commit_id)
    return session.execute(found).first() is not None


def _write(session: Session, batch: Batch) -> None:
    connection = session.connection()
    written = _WRITERS[connection.dialect.name](connection.connection, batch)
    if not written.fenced:
        raise owner.lost(session, batch.epoch)
    updated = (written.accounts, written.positions)
    if updated != (len(batch.account_updates), len(batch.position_updates)):
        raise _RowsChanged


def _what_changed(session: Session, batch: Batch) -> StoreError:
    """Find the first row that is not as memory has it, once the commit is rolled back."""
    # The program that changed a row may have restored it meanwhile.
    again = Unavailable("a row was changed while it was being written")
    return _changed_wallet(session, batch) or _changed_position(session, batch) or again


def _changed_wallet(session: Session, batch: Batch) -> Refused | None:
    found_by = AccountRow.account.in_(batch.wallets)
    rows = session.scalars(select(AccountRow).where(found_by))
    found = {row.account: _balances(wallet_from(row)) for row in rows}
    for account, step in batch.wallets.items():
        if step.before is None:
            continue
        before = _balances(step.before)
        actual = found.get(account, "no such account")
        if actual != before:
            return Refused(
                account,
                RefusalKind.WALLET_CHANGED,
                f"memory has {before}; the database has {actual}",
            )
    return None


def _balances(wallet: Wallet) -> str:
    """The figures by which a commit identifies a wallet's row, as text."""
    total, locked = plain(trimmed(wallet.total)), plain(trimmed(wallet.locked))
    initial = plain(trimmed(wallet.initial_balance))
    return (
        f"version {wallet.version}, total {total}, locked {locked}, initial balance {initial}, "
        f"{wallet.entries} entries"
    )


def _changed_position(session: Session, batch: Batch) -> Refused | None:
    columns = (PositionRow.id, PositionRow.version, PositionRow.status)
    rows = session.execute(select(*columns).where(PositionRow.id.in_(batch.positions)))
    found = {row.id: row for row in rows}
    for position_id, step in batch.positions.items():
        row = found.get(position_id)
        if step.version_before == (0 if row is None else row.version):
            continue
        actual = "no such position" if row is None else f"version {row.version}, {row.status}"
        return Refused(
            step.after.account,
            RefusalKind.POSITION_CHANGED,
            f"memory has version {step.version_before} of position {position_id}; "
            f"the database has {actual}",
        )
    return None
