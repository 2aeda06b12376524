"""Signals: what to open and when, read from a CSV."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from backstay.feeds.errors import InputError
from backstay.feeds.files import InputFile
from backstay.feeds.numbers import decimal_of, time_us
from trading.ladder_shape import (
    DEFAULT_STOP_LOSS_PCT,
    DEFAULT_TAKE_PROFIT_PCTS,
    ladder_from_percentages,
)
from trading.model import Ladder, Side
from trading.money import AMOUNT_MAX, ZERO, is_money, plain, price_scale
from trading.symbols import market_name

_REQUIRED = ("id", "timestamp", "symbol", "side", "notional")
_OPTIONAL = ("stop_loss_pct", "take_profit_pcts", "close_fractions")
_NUMBER_MAX = 1_000_000_000_000
"""Far beyond any percentage: the ladder says what of it is possible."""

_SIDES = {side.value: side for side in Side}


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedSignal:
    """A wish to open a position of `notional` (money) at the first price from `time_us` on.

    `line` is where it stands in its file; `market_note` says which prices guard the position, if
    the file names a perpetual.
    """

    signal_id: str
    time_us: int
    symbol: str
    side: Side
    notional: Decimal
    ladder: Ladder
    line: int
    market_note: str | None = None


def read_signals(path: str) -> tuple[RecordedSignal, ...]:
    """Read a file of signals, sorted by time and at equal times in the file's order.

    The header names `id,timestamp,symbol,side,notional`, and may name `stop_loss_pct`,
    `take_profit_pcts` and `close_fractions` (numbers separated by `;`), in any order and case;
    an empty cell of these means the default.

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
        if name not in (*_REQUIRED, *_OPTIONAL):
            raise ValueError(
                f"header has an unknown column {name!r}; known are "
                f"{', '.join((*_REQUIRED, *_OPTIONAL))}"
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
        ladder=_ladder(cells),
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


def _ladder(cells: dict[str, str]) -> Ladder:
    stops = _percentages(cells, "stop_loss_pct")
    if stops is not None and len(stops) > 1:
        raise ValueError(f"stop_loss_pct {cells['stop_loss_pct']!r} must be one number")
    take_profit_pcts = _percentages(cells, "take_profit_pcts")
    return ladder_from_percentages(
        DEFAULT_TAKE_PROFIT_PCTS if take_profit_pcts is None else take_profit_pcts,
        stop_loss_pct=DEFAULT_STOP_LOSS_PCT if stops is None else stops[0],
        close_fractions=_percentages(cells, "close_fractions"),
    )


def _percentages(cells: dict[str, str], name: str) -> list[Decimal] | None:
    """The numbers in a cell separated by `;`, or None where it is empty or not there."""
    text = cells.get(name, "")
    if not text:
        return None
    numbers = []
    for part in text.split(";"):
        try:
            number = decimal_of(part)
        except ValueError as error:
            raise ValueError(f"{name} {text!r}: {error}; separate numbers with ;") from None
        if not (
            number.is_finite()
            and number.copy_abs() <= _NUMBER_MAX
            and number == price_scale(number)
        ):
            raise ValueError(
                f"{name} {text!r}: {part} is not up to {_NUMBER_MAX} with at most 18 decimals"
            )
        numbers.append(number)
    return numbers
