"""The texts of denials: what was asked, what was held, and what to do."""

from trading.model import Denial, DenialReason, Pause
from trading.repair import Irreparable

SHUTTING_DOWN = Denial(
    reason=DenialReason.SHUTTING_DOWN,
    text="no books are checked while the service is shutting down: ask again once it is back",
)


def unknown_account(account: str) -> Denial:
    """The denial of a command for an account that is not there."""
    return Denial(
        reason=DenialReason.ACCOUNT_UNKNOWN,
        text=f"there is no account {account}: open it first "
        f"(`backstay account open {account} --balance ...`, or POST /api/v1/accounts)",
    )


def no_market(symbol: str) -> Denial:
    """An open of an unknown symbol."""
    return Denial(
        reason=DenialReason.PRICE_UNKNOWN,
        text=f"no price of {symbol} has been accepted yet",
    )


def unreadable_position(what: str, detail: str) -> Denial:
    """The denial of a command that needs a position's row, which is damaged."""
    return Denial(
        reason=DenialReason.BOOKS_MISMATCH,
        text=f"{what}: its position's row cannot be read ({detail}); restore a backup",
    )


def deposed() -> Denial:
    """A command to a process that may write nothing any more; maybe it came before that."""
    return Denial(
        reason=DenialReason.DEPOSED,
        text="another process has taken the database over, or an earlier state of it has taken its "
        "place, and this one takes no more commands; "
        "nothing here says that this was done: ask the owner, with the same key or reference it "
        "is done once",
    )


def database_damaged() -> Denial:
    """A command to a process whose database will not be written again; maybe it came before."""
    return Denial(
        reason=DenialReason.DATABASE_DAMAGED,
        text="the database's files were damaged, deleted or replaced, and nothing is written to "
        "them any more; nothing here says that this was done: ask again once the operator has "
        "restored the database, with the same key or reference it is done once",
    )


def unknown_position(position_id: int) -> Denial:
    """The denial of a command for a position that never was."""
    return Denial(reason=DenialReason.POSITION_UNKNOWN, text=f"there is no position {position_id}")


def refused_write(account: str, detail: str) -> Denial:
    """The denial of a change that the database does not take."""
    return Denial(
        reason=DenialReason.WRITE_REFUSED,
        text=f"the database refused this change of account {account}: {detail}",
    )


def unplannable(account: str, detail: str) -> Denial:
    """The denial of a command that no change could be planned for."""
    return Denial(
        reason=DenialReason.WRITE_REFUSED,
        text=f"a command for account {account} failed, and nothing was done: {detail}",
    )


def nothing_to_repair(account: str) -> Denial:
    """The denial of a repair where the row is what the ledger leads to."""
    return Denial(
        reason=DenialReason.NOTHING_TO_REPAIR,
        text=f"repair of account {account} refused: its row is what its ledger leads to, there is "
        "nothing to repair",
    )


def repair_impossible(account: str, irreparable: Irreparable) -> Denial:
    """The denial of a repair that would not make the books balance."""
    return Denial(
        reason=DenialReason.REPAIR_IMPOSSIBLE,
        text=f"repair of account {account} refused, no row makes its books balance: "
        f"{irreparable.why}; restore a backup",
    )


def repair_refused(account: str, detail: str) -> Denial:
    """The denial of a repair that was not written, because the wallet's row changed meanwhile."""
    return Denial(
        reason=DenialReason.WRITE_REFUSED,
        text=f"account {account} was not repaired, and nothing was changed: {detail}; ask again",
    )


def closed_position(position_id: int) -> Denial:
    """The denial of a change of a position that is closed."""
    return Denial(
        reason=DenialReason.POSITION_CLOSED,
        text=f"position {position_id} not changed: it is closed",
    )


def trading_paused(pause: Pause) -> Denial:
    """The denial of an open while an operator has paused trading."""
    scope = "all accounts" if pause.account is None else f"account {pause.account}"
    return Denial(
        reason=DenialReason.TRADING_PAUSED,
        text=f"opens are refused: trading of {scope} is paused: {pause.reason}",
    )


def books_mismatch(why: str) -> Denial:
    """The denial of an open while the account's books are in doubt."""
    return Denial(reason=DenialReason.BOOKS_MISMATCH, text=why)
