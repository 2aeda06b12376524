"""Signals, read from a CSV: the positions to open, and when."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from backstay.feeds.errors import InputError
from backstay.feeds.files import InputFile
from backstay.feeds.numbers import decimal_of, time_us
from trading.exits.exits import Exits
from trading.exits.notation import EXIT_FIELDS, exits_from
from trading.model import Side
from trading.money import AMOUNT_MAX, ZERO, is_money, plain
from trading.symbols import market_name

_REQUIRED = ("id", "timestamp", "symbol", "side", "notional")
_FORMER = {
    "stop_loss_pct": "stop_loss, with cells such as 5% or 62800",
    "take_profit_pcts": "take_profits, with cells such as 3%;6%;10% or 65000@40%;66000",
    "close_fractions": "take_profits, with cells such as 3%@25%;6%@75%",
}
"""The columns for percentages only, and what stands in their place."""

_SIDES = {side.value: side for side in Side}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSignal:
    """A request to open a position of `notional` (money) at the first price from `time_us` on.

    `line` is its line in the file; `market_note` says which prices guard the position, if the file
    names a perpetual.
    """

    signal_id: str
    time_us: int
    symbol: str
    side: Side
    notional: Decimal
    exits: Exits
    line: int
    market_note: str | None = None


def read_signals(path: str) -> tuple[RecordedSignal, ...]:
    """Read a file of signals, sorted by time and at equal times in the file's order.

    The header names `id,timestamp,symbol,side,notional`, and may name `stop_loss`, `take_profits`,
    `trailing`, `close_after` and `take_profit_fill`, in any order and case; an empty cell of these
    means the default. `trading.exits.notation` says how they are written.

    Raises:
        InputError: naming the line of the first row that cannot be taken, with the remedy.
    """
    reader = csv.reader(io.StringIO(_text(path), newline=""), strict=True)
    signals: list[RecordedSignal] = []
    lines_by_id: dict[str, int] = {}
    names: list[str] = []
    line = 1
    try:
        for fields in reader:
            line = reader.line_num
            if not any(field.strip() for field in fields):
                continue
            if not names:
                names = _header(fields)
                continue
            signal = _signal(names, fields, line)
            first_line = lines_by_id.setdefault(signal.signal_id, line)
            if first_line != line:
                raise ValueError(
                    f"id {signal.signal_id!r} was already given in line {first_line}; "
                    "give each signal an id of its own"
                )
            signals.append(signal)
    except csv.Error as error:
        reason = f"row is not CSV: {error}; correct or remove the row"
        raise InputError(reason, file=path, line=reader.line_num) from None
    except ValueError as error:
        raise InputError(str(error), file=path, line=line) from None
    if not names:
        raise InputError(f"is empty; begin with the header {','.join(_REQUIRED)}", file=path)
    return tuple(sorted(signals, key=lambda signal: signal.time_us))


def _text(path: str) -> str:
    file = InputFile(path)
    try:
        chunks = []
        while chunk := file.read(1 << 20):
            chunks.append(chunk)
    finally:
        file.close()
    data = b"".join(chunks)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            "is not UTF-8 text; save it as UTF-8",
            file=path,
            line=data.count(b"\n", 0, error.start) + 1,
        ) from None


def _header(fields: Sequence[str]) -> list[str]:
    names = [field.strip().lower() for field in fields]
    for name in names:
        if name in _FORMER:
            raise ValueError(f"column {name} is now {_FORMER[name]}; rename it")
        if name not in (*_REQUIRED, *EXIT_FIELDS):
            raise ValueError(
                f"header has an unknown column {name!r}; known are "
                f"{', '.join((*_REQUIRED, *EXIT_FIELDS))}"
            )
        if names.count(name) > 1:
            raise ValueError(f"header names {name!r} twice; remove one")
    if missing := [name for name in _REQUIRED if name not in names]:
        raise ValueError(f"header lacks {', '.join(missing)}; it needs {','.join(_REQUIRED)}")
    return names


def _signal(names: Sequence[str], fields: Sequence[str], line: int) -> RecordedSignal:
    if len(fields) != len(names):
        raise ValueError(
            f"row has {len(fields)} fields where the header has {len(names)}; "
            "leave a cell empty for a default, but keep its comma"
        )
    cells = {name: field.strip() for name, field in zip(names, fields, strict=True)}
    if not cells["id"]:
        raise ValueError("id is empty; give each signal an id of its own")
    side = _SIDES.get(cells["side"].upper())
    if side is None:
        raise ValueError(f"side {cells['side']!r} is neither LONG nor SHORT; write one of them")
    market = market_name(cells["symbol"])
    return RecordedSignal(
        signal_id=cells["id"],
        time_us=time_us(cells["timestamp"]),
        symbol=market.symbol,
        side=side,
        notional=_notional(cells["notional"]),
        exits=exits_from(cells),
        line=line,
        market_note=market.note,
    )


def _notional(text: str) -> Decimal:
    try:
        notional = decimal_of(text)
    except ValueError as error:
        raise ValueError(f"notional {error}; write an amount of money, as 25 or 12.50") from None
    if not (is_money(notional) and notional > ZERO):
        raise ValueError(
            f"notional {text} is not an amount above 0 with at most 8 decimals, up to "
            f"{plain(AMOUNT_MAX)}; correct it"
        )
    return notional
