"""Numbers and times as people and exchanges write them, read exactly: no float in between."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation

from trading.times import SECOND_US, microseconds

_EPOCH_TEXT = re.compile(r"\s*([+-]?\d+)(?:\.(\d*))?\s*")
_SLASHED_TEXT = re.compile(
    r"\s*(\d{4})[/-](\d{1,2})[/-](\d{1,2})"
    r"(?:[ T](\d{1,2}):(\d{2})(?::(\d{2}))?|[ ](\d{2})-(AM|PM))?\s*",
    re.ASCII,
)
_DAY_TEXT = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", re.ASCII)
_LAST_US = microseconds(datetime.max.replace(tzinfo=UTC))

# An epoch's unit by its magnitude: each bound is March 1973 in the finer unit and the year 5138
# in the coarser one.
_MILLISECONDS_MIN = 10**11
_MICROSECONDS_MIN = 10**14
_NANOSECONDS_MIN = 10**17
_NANOSECONDS_END = 10**20
_DAYS_END = 10**8
"""Above the days written as eight digits, which are not epochs of prices."""


def decimal_of(text: str) -> Decimal:
    """Read a decimal; scientific notation, infinities and NaN are numbers here.

    Raises:
        ValueError: if the text is not a number.
    """
    if "_" not in text:
        try:
            return Decimal(text)
        except InvalidOperation:
            pass
    raise ValueError(f"{text!r} is not a number")


def time_us(text: str) -> int:
    """Read a time as microseconds since 1970, UTC; finer digits are cut off.

    It is ISO 8601 (without an offset: UTC), a date as spreadsheets write it, year first
    (`2020/1/1 0:01`, also `2020-01-01 04-PM`), or an epoch whose size tells seconds from milli-,
    micro- and nanoseconds; an epoch may have a fraction.

    Raises:
        ValueError: if the text is neither, or not in the years 1970 to 9999.
    """
    if "_" not in text:
        try:
            if _DAY_TEXT.fullmatch(text):
                return _iso_us(text)
            if match := _EPOCH_TEXT.fullmatch(text):
                return _epoch_us(int(match[1]), match[2] or "")
            if match := _SLASHED_TEXT.fullmatch(text):
                return _date_us(match)
            return _iso_us(text.strip())
        except ValueError:
            pass
    raise ValueError(
        f"timestamp {text!r} is neither ISO 8601 nor an epoch in s, ms, us or ns, 1970 to 9999; "
        "write it as 2025-10-10T00:00:00Z"
    )


def times_us(texts: Sequence[str]) -> list[int]:
    """Read a column without underscores as `time_us` would, faster where all share a unit.

    Raises:
        ValueError: if a text is not a time.
    """
    try:
        numbers = list(map(int, texts))
    except ValueError:
        return list(map(time_us, texts))
    low, high = min(numbers), max(numbers)
    if low >= _MICROSECONDS_MIN and high < _NANOSECONDS_MIN:
        return numbers
    if low >= _MILLISECONDS_MIN and high < _MICROSECONDS_MIN:
        return [number * 1000 for number in numbers]
    if low < _DAYS_END:
        return list(map(time_us, texts))
    return list(map(_epoch_us, numbers))


def _epoch_us(number: int, fraction: str = "") -> int:
    if not 0 <= number < _NANOSECONDS_END:
        raise ValueError(f"epoch {number} is out of range")
    if number >= _NANOSECONDS_MIN:
        return number // 1000
    if number >= _MICROSECONDS_MIN:
        return number
    decimals, factor = (3, 1000) if number >= _MILLISECONDS_MIN else (6, SECOND_US)
    return number * factor + int(fraction[:decimals].ljust(decimals, "0"))


def _date_us(match: re.Match[str]) -> int:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if match[8] is not None:
        if not 1 <= int(match[7]) <= 12:
            raise ValueError(f"{match[7]} is not an hour of twelve")
        hour = int(match[7]) % 12 + 12 * (match[8] == "PM")
    return _us(datetime(year, month, day, hour, minute, second, tzinfo=UTC))


def _iso_us(text: str) -> int:
    when = datetime.fromisoformat(text)
    return _us(when.replace(tzinfo=UTC) if when.tzinfo is None else when)


def _us(when: datetime) -> int:
    when_us = microseconds(when)
    if not 0 <= when_us <= _LAST_US:
        raise ValueError(f"{when} is out of range")
    return when_us
