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
from trading.exits.notation import EXIT_FIELDS

OWN = "own"
"""The text for the part of a ladder that stays each signal's own."""

_USUAL = ("stop_loss", "take_profits")

_COLUMNS = (
    ("rank",),
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
    shown = _shown(results)
    columns = (_COLUMNS[0], tuple(name.replace("_", " ") for name in shown), *_COLUMNS[1:])
    rows = [
        (
            Text(str(rank)),
            *(Text(_said(result)[name] or OWN) for name in shown),
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
    return FittedTable(columns, rows, title, " ".join(notes))


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
        writer.writerow(row | {name: row[name] or OWN for name in EXIT_FIELDS})
    return (
        write_whole(folder, "sweep.json", json.dumps(document, indent=2) + "\n"),
        write_whole(folder, "sweep.csv", table.getvalue()),
    )


def _fields(rank: int, result: Result) -> dict[str, Any]:
    return {
        "rank": rank,
        **_said(result),
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


def _said(result: Result) -> dict[str, str | None]:
    """The chosen value of each field of the exits; None where it is each signal's own."""
    return {name: result.choice.said.get(name) for name in EXIT_FIELDS}


def _shown(results: Sequence[Result]) -> list[str]:
    """The fields of the exits that the table shows: the usual ones, and those that are swept."""
    swept = {name for result in results for name in result.choice.said}
    return [name for name in EXIT_FIELDS if name in swept or name in _USUAL]
