"""The outcome of a replay as `report.json` and as a table for people.

Money is text with 8 decimals, prices and quantities are plain text, times are ISO 8601 in UTC;
there is no wall-clock time, address or duration in it, so that equal runs give equal bytes.
"""

import json
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_never

from rich.console import Console
from rich.table import Table

from backstay.feeds.candles import ORDER, Candles
from backstay.feeds.ordering import Disorder, Reordered
from backstay.formats import amount_text, health_fields, position_fields, wallet_fields
from backstay.replay.replay import Outcome, PriceCounts
from trading.books import HealthReport
from trading.exits.notation import ladder_line
from trading.money import ZERO
from trading.times import SECOND_US

REPORT_NAME = "report.json"


def report_of(outcome: Outcome) -> dict[str, Any]:
    """The report as plain data."""
    fields = {
        "positions": [
            {**position_fields(position), "asked": ladder_line(position.ladder)}
            for position in outcome.positions
        ],
        "denied": [
            {"signal_id": signal.signal_id, "reason": str(denial.reason), "detail": denial.text}
            for signal, denial in outcome.denied
        ],
        "unfilled": [signal.signal_id for signal in outcome.unfilled],
        "wallet": wallet_fields(outcome.wallet, _sum(p.hold for p in outcome.positions)),
        "health": _health_fields(outcome.health),
        "prices": price_fields(outcome.prices),
    }
    if outcome.reordered:
        fields["reordered"] = reordered_fields(outcome.reordered)
    if outcome.candles is not None:
        fields["candles"] = candle_fields(outcome.candles)
    return fields


def candle_fields(candles: Candles) -> dict[str, Any]:
    """The candles that were played as prices, and the order of each one's four."""
    return {
        "count": candles.count,
        "interval_seconds": candles.interval_us // SECOND_US,
        "order": ORDER,
    }


def price_fields(prices: PriceCounts) -> dict[str, int]:
    """The number of prices read, by the guard's verdict."""
    return {
        "read": prices.read,
        "accepted": prices.accepted,
        "rejected": prices.rejected,
        "ignored": prices.ignored,
        "quarantined": prices.quarantined,
    }


def reordered_fields(files: Sequence[Reordered]) -> list[dict[str, Any]]:
    """The files whose rows were put in the order of their times."""
    return [{"file": one.file, "rows": str(one.disorder), "late_rows": one.late} for one in files]


def row_notes(files: Sequence[Reordered], prices: PriceCounts) -> list[str]:
    """For people: which files were put in order, and how many prices were not acted on."""
    notes = []
    for one in files:
        match one.disorder:
            case Disorder.NEWEST_FIRST:
                notes.append(f"{one.file} is newest first: its rows were played in reverse.")
            case Disorder.MIXED:
                rows = "1 row comes" if one.late == 1 else f"{one.late:,} rows come"
                notes.append(
                    f"{one.file} is out of order: {rows} after a later one. "
                    "The rows were played by their times."
                )
            case _:
                assert_never(one.disorder)
    if prices.held_back:
        were = "price was" if prices.held_back == 1 else "prices were"
        notes.append(
            f"{prices.held_back:,} {were} not acted on: {prices.rejected:,} rejected, "
            f"{prices.ignored:,} ignored, {prices.quarantined:,} quarantined."
        )
    return notes


def candle_note(candles: Candles) -> str:
    """For people: that prices were made from candles, and what that means."""
    fields = candle_fields(candles)
    noun = "candle" if candles.count == 1 else "candles"
    return (
        f"Prices are those of {fields['count']:,} {noun} of {fields['interval_seconds']:,} s, "
        f"each played as {ORDER}: one possible path through it."
    )


def write_report(report: dict[str, Any], folder: Path) -> Path:
    """Write `report.json` into a folder, which is made if need be; whole or not at all."""
    return write_whole(folder, REPORT_NAME, json.dumps(report, indent=2) + "\n")


def write_whole(folder: Path, name: str, text: str) -> Path:
    """Write a file into a folder, which is made if need be; whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    unfinished = folder / f".{name}.unfinished"
    unfinished.write_text(text, encoding="utf-8")
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
    if outcome.candles is not None:
        console.print(candle_note(outcome.candles))
    for note in row_notes(outcome.reordered, outcome.prices):
        console.print(note, markup=False)


def _health_fields(health: HealthReport) -> dict[str, Any]:
    """A health check's figures; its details are for people, and no part of the report."""
    fields = health_fields(health)
    for check in fields["checks"]:
        del check["detail"]
    return fields


def _summary(outcome: Outcome) -> list[tuple[str, str]]:
    wallet, unit, positions = outcome.wallet, outcome.wallet.currency, outcome.positions
    wins, closed = outcome.wins, outcome.closed
    rungs = Counter(rung for p in positions for rung in range(1, p.rungs_hit + 1))
    reasons = Counter(str(position.close_reason) for position in closed)
    prices = outcome.prices
    return [
        ("prices read", f"{prices.read:,}"),
        ("  accepted", f"{prices.accepted:,}"),
        (
            "  rejected, ignored, quarantined",
            f"{prices.rejected:,}, {prices.ignored:,}, {prices.quarantined:,}",
        ),
        ("positions", f"{len(positions)} ({len(positions) - len(closed)} still open)"),
        ("  wins, losses", f"{wins}, {len(closed) - wins}"),
        ("  closed by", ", ".join(f"{k} {v}" for k, v in sorted(reasons.items())) or "none"),
        ("  rungs hit", ", ".join(f"TP{k} {v}" for k, v in sorted(rungs.items())) or "none"),
        ("signals denied, unfilled", f"{len(outcome.denied)}, {len(outcome.unfilled)}"),
        ("net PnL", f"{amount_text(outcome.net_pnl)} {unit}"),
        ("costs", f"{amount_text(_sum(p.costs.total for p in positions))} {unit}"),
        ("total balance", f"{amount_text(wallet.total)} {unit}"),
        ("locked", f"{amount_text(wallet.locked)} {unit}"),
        ("available", f"{amount_text(wallet.available)} {unit}"),
        ("health", str(outcome.health.status)),
    ]


def _sum(amounts: Any) -> Decimal:
    return sum(amounts, ZERO)
