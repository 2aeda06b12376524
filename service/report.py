"""What a replay came to, as `report.json` and as a table for people.

Money is text with 8 decimals, prices and quantities are plain text, times are ISO 8601 in UTC;
there is no wall-clock time, address or duration in it, so that equal runs give equal bytes.
"""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from service.replay import Outcome
from service.times import iso_time
from trading.books import HealthReport
from trading.model import Position, PositionStatus, Wallet
from trading.money import ZERO, money, plain, trimmed

REPORT_NAME = "report.json"


def report_of(outcome: Outcome) -> dict[str, Any]:
    """The report as plain data."""
    return {
        "positions": [_position(position) for position in outcome.positions],
        "denied": [
            {"signal_id": signal.signal_id, "reason": str(denial.reason), "detail": denial.text}
            for signal, denial in outcome.denied
        ],
        "unfilled": [signal.signal_id for signal in outcome.unfilled],
        "wallet": _wallet(outcome.wallet, outcome.positions),
        "health": _health(outcome.health),
        "prices": {
            "read": outcome.prices.read,
            "accepted": outcome.prices.accepted,
            "rejected": outcome.prices.rejected,
            "ignored": outcome.prices.ignored,
            "quarantined": outcome.prices.quarantined,
        },
    }


def write_report(outcome: Outcome, folder: Path) -> Path:
    """Write `report.json` into a folder, which is made if need be; whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / REPORT_NAME
    unfinished = folder / f".{REPORT_NAME}.unfinished"
    unfinished.write_text(json.dumps(report_of(outcome), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)
    return path


def print_summary(outcome: Outcome, console: Console) -> None:
    """Print the outcome as a table."""
    table = Table(show_header=False, title=f"Replay of account {outcome.wallet.account}")
    table.add_column(style="bold")
    table.add_column(justify="right")
    for name, value in _summary(outcome):
        table.add_row(name, value)
    console.print(table)


def _summary(outcome: Outcome) -> list[tuple[str, str]]:
    wallet, unit, positions = outcome.wallet, outcome.wallet.currency, outcome.positions
    ended = [p for p in positions if p.status is PositionStatus.CLOSED]
    wins = sum(1 for position in ended if position.net_pnl > ZERO)
    rungs = Counter(rung for p in positions for rung in range(1, p.rungs_hit + 1))
    reasons = Counter(str(position.close_reason) for position in ended)
    prices = outcome.prices
    return [
        ("prices read", f"{prices.read:,}"),
        ("  accepted", f"{prices.accepted:,}"),
        (
            "  rejected, ignored, quarantined",
            f"{prices.rejected:,}, {prices.ignored:,}, {prices.quarantined:,}",
        ),
        ("positions", f"{len(positions)} ({len(positions) - len(ended)} still open)"),
        ("  wins, losses", f"{wins}, {len(ended) - wins}"),
        ("  closed by", ", ".join(f"{k} {v}" for k, v in sorted(reasons.items())) or "none"),
        ("  rungs hit", ", ".join(f"TP{k} {v}" for k, v in sorted(rungs.items())) or "none"),
        ("signals denied, unfilled", f"{len(outcome.denied)}, {len(outcome.unfilled)}"),
        ("net PnL", f"{_amount(_sum(p.net_pnl for p in positions))} {unit}"),
        ("costs", f"{_amount(_sum(p.costs.total for p in positions))} {unit}"),
        ("total balance", f"{_amount(wallet.total)} {unit}"),
        ("locked", f"{_amount(wallet.locked)} {unit}"),
        ("available", f"{_amount(wallet.available)} {unit}"),
        ("health", str(outcome.health.status)),
    ]


def _position(position: Position) -> dict[str, Any]:
    return {
        "id": position.position_id,
        "signal_id": position.idempotency_key,
        "symbol": position.symbol,
        "side": str(position.side),
        "status": str(position.status),
        "quantity": _number(position.quantity),
        "notional": _amount(position.notional),
        "entry_price": _number(position.entry_price),
        "entry_time": iso_time(position.entry_time_us),
        "exit_price": None if position.exit_price is None else _number(position.exit_price),
        "exit_time": None if position.exit_time_us is None else iso_time(position.exit_time_us),
        "close_reason": None if position.close_reason is None else str(position.close_reason),
        "rungs_hit": position.rungs_hit,
        "stop_loss": _number(position.stop_price),
        "take_profit_prices": [_number(price) for price in position.take_profit_prices],
        "gross_pnl": _amount(position.gross_pnl),
        "costs": _amount(position.costs.total),
        "net_pnl": _amount(position.net_pnl),
    }


def _wallet(wallet: Wallet, positions: tuple[Position, ...]) -> dict[str, str]:
    return {
        "initial_balance": _amount(wallet.initial_balance),
        "total_balance": _amount(wallet.total),
        "locked_balance": _amount(wallet.locked),
        "used_balance": _amount(_sum(position.hold for position in positions)),
        "available_balance": _amount(wallet.available),
    }


def _health(health: HealthReport) -> dict[str, Any]:
    return {
        "status": str(health.status),
        "expected": _amount(health.expected),
        "actual": _amount(health.actual),
        "difference": _amount(health.difference),
        "checks": [
            {
                "name": check.name,
                "expected": _amount(check.expected),
                "actual": _amount(check.actual),
                "difference": _amount(check.difference),
                "passed": check.passed,
            }
            for check in health.checks
        ],
        "first_divergent_entry": health.first_divergent_entry,
    }


def _sum(amounts: Any) -> Decimal:
    return sum(amounts, ZERO)


def _amount(amount: Decimal) -> str:
    return plain(money(amount))


def _number(value: Decimal) -> str:
    return plain(trimmed(value))
