"""Positions' holds in memory against their rows: one read from a changed row must not close."""

from actors.published import Version
from persistence.state import Books
from trading.books import LedgerFold
from trading.money import ZERO, plain


def would_release_wrongly(version: Version, books: Books, ledger: LedgerFold) -> bool:
    """Whether a position began from a changed hold, which its close would book for good."""
    return any(
        hold != ledger.locked_by_position.get(position_id, ZERO)
        and position_id in version.positions
        and version.positions[position_id].hold == hold
        for position_id, hold in books.holds.items()
    )


def stale_hold(version: Version, account: str, books: Books) -> str | None:
    """Which position of a halted account holds something else than its row, put back, says."""
    for position_id, position in version.by_account.get(account, {}).items():
        hold = books.holds.get(position_id, ZERO)
        if position.hold != hold:
            return (
                f"position {position_id} holds {plain(position.hold)} in memory and "
                f"{plain(hold)} in the database: restart the service"
            )
    return None
