"""The words for events of accounts."""

from decimal import Decimal
from typing import assert_never

from trading.events import (
    AccountEvent,
)
from trading.events.accounts import (
    AccountOpened,
    CostsSet,
    ExitsSet,
    FundsTransferred,
    HealthMismatchFound,
    HealthRestored,
    ShortfallCovered,
    TradingPaused,
    TradingResumed,
    WalletRepaired,
)
from trading.events.words.words import Gravity, Words, amount
from trading.money import HUNDRED, plain


def of_account(event: AccountEvent) -> Words:
    """The words for one of these events."""
    match event:
        case AccountOpened():
            balance = f"{amount(event.initial_balance)} {event.currency}"
            return Words(
                Gravity.INFO,
                f"account {event.account} opened",
                f"Account {event.account} opened with {balance}",
            )
        case FundsTransferred():
            return Words(
                Gravity.INFO,
                f"transfer of {event.account} booked",
                f"{amount(event.amount)} transferred, reference {event.reference}",
            )
        case CostsSet():
            named = {
                "fee": event.fee_rate,
                "spread": event.spread_rate,
                "slippage": event.slippage_rate,
            }
            rates = ", ".join(
                f"{name} {amount(rate * HUNDRED)}%"
                for name, rate in named.items()
                if rate is not None
            )
            return Words(
                Gravity.INFO,
                f"cost rates of {event.account} set",
                f"Cost rates of the next opens of {event.account}: "
                f"{rates or 'those of the service'}",
            )
        case ExitsSet():
            return Words(
                Gravity.INFO,
                f"default exits of {event.account} set",
                f"Default exits of the next opens of {event.account}: "
                f"{event.exits or 'those of the service'}",
            )
        case ShortfallCovered():
            return Words(
                Gravity.FAILURE,
                f"shortfall of {event.account} covered",
                f"The loss went beyond the wallet: a shortfall of {amount(event.amount)} "
                "was covered",
            )
        case TradingPaused():
            scope = _scope(event.account)
            return Words(
                Gravity.WARNING,
                f"opens of {scope} paused",
                f"Opens of {scope} are refused: {event.reason}",
            )
        case TradingResumed():
            scope = _scope(event.account)
            return Words(
                Gravity.INFO,
                f"opens of {scope} allowed again",
                f"Opens of {scope} are allowed again: {event.reason}",
            )
        case HealthMismatchFound() | HealthRestored() | WalletRepaired():
            return _of_books(event)
        case _:
            assert_never(event)


def _of_books(event: HealthMismatchFound | HealthRestored | WalletRepaired) -> Words:
    match event:
        case HealthMismatchFound():
            return Words(
                Gravity.FAILURE,
                f"books of {event.account} do not balance",
                f"Books of {event.account} do not balance, its opens are refused: "
                f"{', '.join(event.failed_checks)} failed, expected {plain(event.expected)}, "
                f"actual {plain(event.actual)}",
            )
        case HealthRestored():
            return Words(
                Gravity.GAIN,
                f"books of {event.account} balance again",
                f"Books of {event.account} balance again, its opens are allowed",
            )
        case WalletRepaired():
            pairs = {
                "initial balance": (event.initial_balance_before, event.initial_balance_after),
                "total": (event.total_before, event.total_after),
                "locked": (event.locked_before, event.locked_after),
                "entries": (Decimal(event.entries_before), Decimal(event.entries_after)),
            }
            figures = ", ".join(
                f"{name} {amount(before)} -> {amount(after)}"
                for name, (before, after) in pairs.items()
                if before != after
            )
            return Words(
                Gravity.WARNING,
                f"wallet of {event.account} repaired",
                f"Wallet of {event.account} restored from its ledger, {figures}: {event.reason}",
            )
        case _:
            assert_never(event)


def _scope(account: str | None) -> str:
    return account or "all accounts"
