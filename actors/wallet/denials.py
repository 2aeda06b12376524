"""What a wallet denies by itself: accounts that exist otherwise, keys that are taken."""

from actors.messages import Denied
from actors.position.messages import ChangePosition, ClosePosition
from actors.wallet.messages import AccountReady, OpenAccount, OpenPosition
from persistence.changes import ChangeKey
from trading.model import Denial, DenialReason, Wallet
from trading.money import plain


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


def taken_key(key: ChangeKey) -> Denial:
    """The denial of a change under a key that another request, or this one, has taken meanwhile."""
    return Denial(
        reason=DenialReason.KEY_CONFLICT,
        text=f"position {key.position_id} not changed: idempotency key {key.key} was taken "
        "meanwhile; ask again to learn what it has changed",
    )


def key_without_row(message: OpenPosition, position_id: int) -> Denial:
    """The denial of an open whose key has opened a position that is not in the database."""
    return Denial(
        reason=DenialReason.BOOKS_MISMATCH,
        text=f"open of {message.symbol} in account {message.account} refused: idempotency key "
        f"{message.idempotency_key} has opened position {position_id}, which the database lacks",
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
