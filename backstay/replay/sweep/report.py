"""A sweep's ranking: as a table for people, and as `sweep.json` and `sweep.csv`."""

import csv
import io
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.text import Text

from backstay.fitted_table import FittedTable
from backstay.formats import amount_text, number_text
from backstay.replay.report.report import (
    candle_fields,
    candle_note,
    price_fields,
    reordered_fields,
    row_notes,
    write_whole,
)
from backstay.replay.sweep.sweep import Result

OWN = "own"
"""What is shown for the part of a ladder that stays each signal's own."""

_COLUMNS = (
    ("rank",),
    ("stop-loss %", "take-profits %"),
    ("net PnL", "total balance"),
    ("max drawdown",),
    ("won", "lost"),
    ("closed", "still open"),
    ("denied", "unfilled"),
)


def ranking_table(results: Sequence[Result]) -> FittedTable:
    """The ranking, best first."""
    notes = [
        "Net PnL, total balance and its max drawdown are realized: of what was closed, after "
        "costs. The best of many ladders on one past fits that past, and proves nothing more."
    ]
    if results[0].candles is not None:
        notes.append(candle_note(results[0].candles))
    notes += row_notes(results[0].reordered, results[0].prices)
    rows = [
        (
            Text(str(rank)),
            Text(_stop_loss(result) or OWN),
            Text(_take_profits(result) or OWN),
            *(
                Text(number_text(amount))
                for amount in (result.net_pnl, result.total_balance, result.drawdown)
            ),
            *(
                Text(str(count))
                for count in (
                    *(result.wins, result.losses, result.closed, result.still_open),
                    *(result.denied, result.unfilled),
                )
            ),
        )
        for rank, result in enumerate(results, start=1)
    ]
    title = "1 ladder" if len(results) == 1 else f"{len(results)} ladders"
    return FittedTable(_COLUMNS, rows, title, " ".join(notes))


def write_sweep(results: Sequence[Result], balance: Decimal, folder: Path) -> tuple[Path, Path]:
    """Write `sweep.json` and `sweep.csv` into a folder, which is made if need be."""
    rows = [_fields(rank, result) for rank, result in enumerate(results, start=1)]
    document: dict[str, Any] = {"initial_balance": amount_text(balance), "ladders": rows}
    if results[0].candles is not None:
        document["candles"] = candle_fields(results[0].candles)
    if results[0].reordered:
        document["reordered"] = reordered_fields(results[0].reordered)
    if results[0].prices.held_back:
        document["prices"] = price_fields(results[0].prices)
    table = io.StringIO()
    writer = csv.DictWriter(table, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        pcts = row["take_profit_pcts"]
        writer.writerow(
            row
            | {
                "stop_loss_pct": row["stop_loss_pct"] or OWN,
                "take_profit_pcts": OWN if pcts is None else ";".join(pcts),
            }
        )
    return (
        write_whole(folder, "sweep.json", json.dumps(document, indent=2) + "\n"),
        write_whole(folder, "sweep.csv", table.getvalue()),
    )


def _fields(rank: int, result: Result) -> dict[str, Any]:
    pcts = result.choice.take_profit_pcts
    return {
        "rank": rank,
        "stop_loss_pct": _stop_loss(result),
        "take_profit_pcts": None if pcts is None else [number_text(pct) for pct in pcts],
        "net_pnl": amount_text(result.net_pnl),
        "total_balance": amount_text(result.total_balance),
        "max_drawdown": amount_text(result.drawdown),
        "wins": result.wins,
        "losses": result.losses,
        "closed": result.closed,
        "still_open": result.still_open,
        "denied": result.denied,
        "unfilled": result.unfilled,
        "health": str(result.health),
    }


def _stop_loss(result: Result) -> str | None:
    pct = result.choice.stop_loss_pct
    return None if pct is None else number_text(pct)


def _take_profits(result: Result) -> str | None:
    pcts = result.choice.take_profit_pcts
    return None if pcts is None else ";".join(map(number_text, pcts))
