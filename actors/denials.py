"""The texts of denials: what was asked, what was held, and what to do."""

from decimal import Decimal

from actors.market.price_age import PriceAge
from actors.messages import (
    AccountReady,
    ChangePosition,
    ClosePosition,
    Denied,
    OpenAccount,
    OpenPosition,
)
from actors.published import MarketPause
from trading.model import Denial, DenialReason, Pause, Wallet
from trading.money import plain
from trading.price_guard import Candidate, PriceGuard
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


def market_in_use(symbol: str, open_positions: int, undecided: int) -> Denial:
    """The denial of retiring a market that positions need."""
    return Denial(
        reason=DenialReason.MARKET_IN_USE,
        text=f"market {symbol} not retired: {open_positions} positions are open on it and "
        f"{undecided} commands wait for its price; close them first",
    )


def bad_balance(message: OpenAccount) -> Denial:
    """An account whose initial balance is not an amount of money."""
    return Denial(
        reason=DenialReason.AMOUNT_INVALID,
        text=f"account {message.account} refused: initial balance {message.initial_balance} is not "
        "an amount from 0 with at most 8 decimals",
    )


def key_conflict(message: OpenPosition) -> Denial:
    """An open whose idempotency key belongs to another request."""
    return Denial(
        reason=DenialReason.KEY_CONFLICT,
        text=f"open of {message.symbol} in account {message.account} refused: idempotency key "
        f"{message.idempotency_key} was used for another request",
    )


def changed_key_conflict(message: ClosePosition | ChangePosition) -> Denial:
    """The denial of a change whose idempotency key belongs to another request."""
    key = "" if message.key is None else message.key.key
    return Denial(
        reason=DenialReason.KEY_CONFLICT,
        text=f"position {message.position_id} not changed: idempotency key {key} was used for "
        "another request",
    )


def key_without_row(message: OpenPosition, position_id: int) -> Denial:
    """The denial of an open whose key has opened a position that is not in the database."""
    return Denial(
        reason=DenialReason.BOOKS_MISMATCH,
        text=f"open of {message.symbol} in account {message.account} refused: idempotency key "
        f"{message.idempotency_key} has opened position {position_id}, which the database lacks",
    )


def unreadable_position(what: str, detail: str) -> Denial:
    """The denial of a command that needs a position's row, which is damaged."""
    return Denial(
        reason=DenialReason.BOOKS_MISMATCH,
        text=f"{what}: its position's row cannot be read ({detail}); restore a backup",
    )


def account_answer(
    wallet: Wallet, message: OpenAccount, *, created: bool = False
) -> AccountReady | Denied:
    """The denial of an open of an account that exists."""
    asked = (message.account_type, message.currency, message.initial_balance, message.limits)
    has = (wallet.account_type, wallet.currency, wallet.initial_balance, wallet.limits)
    if asked == has:
        return AccountReady(wallet=wallet, created=created)
    return Denied(
        denial=Denial(
            reason=DenialReason.ACCOUNT_EXISTS,
            text=f"account {wallet.account} exists with another type, currency, initial balance "
            f"({plain(wallet.initial_balance)} {wallet.currency}) or other limits",
        )
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


def paused_by_network(symbol: str, pause: MarketPause) -> Denial:
    """The denial of a command that needs a price while the market has none."""
    return Denial(
        reason=DenialReason.PAUSED_BY_NETWORK,
        text=f"{symbol} is paused: {pause.why}",
    )


def quote_denial(
    symbol: str, guard: PriceGuard, age: PriceAge, pause: MarketPause | None
) -> Denial | None:
    """Why there is no price of a symbol to act on, if so."""
    last, candidate = guard.last_price, guard.candidate
    if last is None:
        return no_market(symbol)
    if pause is not None:
        return paused_by_network(symbol, pause)
    if candidate is not None:
        reason = DenialReason.MARKET_QUARANTINED
        text = (
            f"{symbol} is quarantined: a price of {plain(candidate.price)} "
            f"waits against the last accepted {plain(last)}"
        )
    elif age.is_stale:
        reason = DenialReason.PRICE_STALE
        text = f"{symbol} is stale: {age}"
    else:
        return None
    return Denial(reason=reason, text=text)


def unknown_candidate(symbol: str, asked: Decimal, candidate: Candidate | None) -> Denial:
    """The denial of a release that does not name the price that waits."""
    held = "no price waits" if candidate is None else f"{plain(candidate.price)} waits, name it"
    return Denial(
        reason=DenialReason.CANDIDATE_UNKNOWN,
        text=f"release of {asked} of {symbol} refused: {held}",
    )
