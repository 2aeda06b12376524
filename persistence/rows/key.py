"""The idempotency key of a change of a position as a row of `change_keys`."""

from persistence.changes import ChangeKey
from persistence.rows.row import Row, in_order
from persistence.tables import KeyRow

_in_order = in_order(KeyRow)


def key_row(key: ChangeKey, commit_id: int) -> Row:
    """A key as a row."""
    return _in_order(
        {
            "account": key.account,
            "key": key.key,
            "position_id": key.position_id,
            "request": key.request,
            "version": key.version,
            "commit_id": commit_id,
        }
    )


def key_from(row: KeyRow) -> ChangeKey:
    """The key of a row."""
    return ChangeKey(
        account=row.account,
        key=row.key,
        position_id=row.position_id,
        request=row.request,
        version=row.version,
    )
