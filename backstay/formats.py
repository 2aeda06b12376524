"""How things are shown, in the API and in the replay's report alike.

Money is text with 8 decimals, prices and quantities are plain text, times are ISO 8601 in UTC.
"""

from decimal import Decimal
from typing import Any

from trading.books import Check, HealthReport
from trading.model import Position, Wallet
from trading.money import money, plain, trimmed
from trading.times import iso_time


def amount_text(amount: Decimal) -> str:
    """Money with its 8 decimals."""
    return plain(money(amount))


def number_text(value: Decimal) -> str:
    """A price or quantity without trailing zeros."""
    return plain(trimmed(value))


def position_fields(position: Position) -> dict[str, Any]:
    """A position, as far as it is known from itself."""
    return {
        "id": position.position_id,
        "signal_id": position.idempotency_key,
        "symbol": position.symbol,
        "side": str(position.side),
        "status": str(position.status),
        "quantity": number_text(position.quantity),
        "notional": amount_text(position.notional),
        "entry_price": number_text(position.entry_price),
        "entry_time": iso_time(position.entry_time_us),
        "exit_price": None if position.exit_price is None else number_text(position.exit_price),
        "exit_time": None if position.exit_time_us is None else iso_time(position.exit_time_us),
        "close_reason": None if position.close_reason is None else str(position.close_reason),
        "rungs_hit": position.rungs_hit,
        "stop_loss": number_text(position.stop_price),
        "take_profit_prices": [number_text(price) for price in position.take_profit_prices],
        "gross_pnl": amount_text(position.gross_pnl),
        "costs": amount_text(position.costs.total),
        "net_pnl": amount_text(position.net_pnl),
    }


def wallet_fields(wallet: Wallet, used: Decimal) -> dict[str, str]:
    """An account's balances; `used` is what its positions hold, summed from them."""
    return {
        "initial_balance": amount_text(wallet.initial_balance),
        "total_balance": amount_text(wallet.total),
        "locked_balance": amount_text(wallet.locked),
        "used_balance": amount_text(used),
        "available_balance": amount_text(wallet.available),
    }


def health_fields(health: HealthReport) -> dict[str, Any]:
    """What a health check found."""
    return {
        "status": str(health.status),
        "expected": amount_text(health.expected),
        "actual": amount_text(health.actual),
        "difference": amount_text(health.difference),
        "checks": [_check_fields(check) for check in health.checks],
        "first_divergent_entry": health.first_divergent_entry,
    }


def repair_fields(before: Wallet, after: Wallet) -> list[dict[str, str]]:
    """A wallet's row field by field: as it is, and as its ledger says that it should be."""
    return [
        {"name": name, "actual": is_, "expected": should_be}
        for (name, is_), should_be in zip(
            _row_fields(before).items(), _row_fields(after).values(), strict=True
        )
    ]


def _row_fields(wallet: Wallet) -> dict[str, str]:
    """What of a row the ledger knows, under the API's names."""
    return {
        "initial_balance": amount_text(wallet.initial_balance),
        "total_balance": amount_text(wallet.total),
        "locked_balance": amount_text(wallet.locked),
        "available_balance": amount_text(wallet.available),
        "entries": str(wallet.entries),
    }


def _check_fields(check: Check) -> dict[str, Any]:
    return {
        "name": check.name,
        "expected": amount_text(check.expected),
        "actual": amount_text(check.actual),
        "difference": amount_text(check.difference),
        "passed": check.passed,
        "detail": check.detail,
    }
