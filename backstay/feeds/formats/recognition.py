"""Find a file's layout from its first lines."""

import csv
import re
from collections.abc import Sequence
from dataclasses import replace

from backstay.feeds.formats.headed import column_name, headed_layout
from backstay.feeds.formats.headless import headless_layout
from backstay.feeds.formats.layout import Layout

HEAD_LINES = 4
"""Lines needed to recognise a format: an address and a header, or yfinance's three headers."""

_DELIMITERS = (",", ";", "\t", "|")
_SHOWN_LENGTH_MAX = 60
_ADDRESS = re.compile(r"https?://[^\s,;]+[\s,;]*")


def layout_of(lines: Sequence[str]) -> Layout:
    """Recognise the format of a file by its first lines (`HEAD_LINES`, or all that it has).

    Raises:
        ValueError: if its format is not known, with the line and the remedy.
    """
    skipped = 1 if _ADDRESS.fullmatch(lines[0]) and len(lines) > 1 else 0
    lines = lines[skipped:]
    delimiter = max(_DELIMITERS, key=lines[0].count)
    table = [fields_of(line, delimiter) for line in lines[:1]]
    layout = headless_layout(table[0])
    if layout is None:
        layout = _yfinance_layout(lines, delimiter) or headed_layout(
            [column_name(cell) for cell in table[0]]
        )
    if layout is None:
        raise ValueError(_unknown(lines[0]))
    return replace(layout, delimiter=delimiter, skipped=skipped + layout.skipped)


def fields_of(line: str, delimiter: str) -> list[str]:
    """Cut one line into its fields.

    Raises:
        ValueError: if a quoted field does not end on the line, or the like.
    """
    try:
        return next(csv.reader([line], delimiter=delimiter, strict=True), [])
    except csv.Error as error:
        raise ValueError(f"row is not CSV: {error}; a field must end on its line") from None


def _yfinance_layout(lines: Sequence[str], delimiter: str) -> Layout | None:
    """The layout of yfinance's three headers: prices, tickers (in either order), and the time."""
    heads = [line.split(delimiter) for line in lines[:3]]
    firsts = [column_name(head[0]) for head in heads]
    if sorted(firsts[:2]) != ["price", "ticker"] or firsts[2:] not in (["date"], ["datetime"]):
        return None
    prices, tickers = (heads[firsts.index(name)] for name in ("price", "ticker"))
    symbols = sorted({cell.strip() for cell in tickers[1:]})
    if len(symbols) != 1:
        raise ValueError(
            f"yfinance's file holds {len(symbols)} tickers ({', '.join(symbols)}); "
            "give each a file of its own"
        )
    layout = headed_layout([firsts[2], *map(column_name, prices[1:])])
    return None if layout is None else replace(layout, skipped=3, whole_file=symbols[0])


def _unknown(line: str) -> str:
    shown = line[:_SHOWN_LENGTH_MAX] + "..." * (len(line) > _SHOWN_LENGTH_MAX)
    return (
        f"{shown!r} is neither a header with the columns timestamp and price (and symbol) or "
        "timestamp, open, high, low and close, "
        "nor a row of a known format (docs/replay.md); add such a header"
    )
