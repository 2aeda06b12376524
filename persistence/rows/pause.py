"""A pause of opens as a row of `pauses`."""

from persistence.rows.row import Row, in_order
from persistence.tables import PauseRow
from trading.model import Pause

_in_order = in_order(PauseRow)


def pause_scope(account: str | None) -> str:
    """The key of a pause: its account, or empty for all of them."""
    return account or ""


def pause_row(pause: Pause) -> Row:
    """A pause as a row."""
    return _in_order(
        {
            "scope": pause_scope(pause.account),
            "account": pause.account,
            "reason": pause.reason,
            "since": pause.since_us,
        }
    )


def pause_from(row: PauseRow) -> Pause:
    """The pause of a row."""
    return Pause(account=row.account, reason=row.reason, since_us=row.since)
