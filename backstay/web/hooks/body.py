"""A webhook's body: the fields of its alerts by name, as they are sent.

A body is a JSON object, a JSON array of them, or pairs such as
`action=buy symbol=BINANCE:BTCUSDT tp=65000@40%,66000`, with `=` or `:` between key and value, and
white space, commas or semicolons between pairs. A value goes on until the next key, so that it may
have separators of its own; in double quotes it goes on until the closing one.
"""

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Fields = Mapping[str, Any]
"""An alert's fields by their names in lower case, as they are sent."""

_PLACEHOLDER = re.compile(r"\{\{[^{}]{0,80}\}\}")
_KEY = re.compile(r"([A-Za-z_][A-Za-z0-9_]*+)[ \t]*+[=:]", re.ASCII)
_QUOTED = re.compile(r'[ \t]*+"([^"]*)"(?=[\s,;]|$)')
_SEPARATORS = re.compile(r"[\s,;]*+")
# After `sl= ` a key with `=` follows an empty value; BINANCE: after `symbol: ` begins the value.
_NEXT_KEY = re.compile(
    r"(?<![\s,;])(?!(?<=[=:])[ \t]++[A-Za-z_][A-Za-z0-9_]*+[ \t]*+:)"
    r"[\s,;]++(?=[A-Za-z_][A-Za-z0-9_]*+[ \t]*+[=:])",
    re.ASCII,
)
_AROUND = " \t\r\n\f\v,;"


class AlertError(ValueError):
    """An alert's body cannot be understood; says what was found and what to write instead."""


def objects_of(body: bytes) -> tuple[list[Fields], bool]:
    """The fields of a body's alerts, in its order, and whether it is a batch.

    Raises:
        AlertError: saying what is wrong, and what to write instead.
    """
    try:
        text = body.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise AlertError(f"the body is not UTF-8 text: {error.reason}") from None
    if placeholder := _PLACEHOLDER.search(text):
        raise AlertError(
            f"TradingView has not replaced {placeholder[0]}: a strategy's placeholders work in a "
            "strategy's alert only"
        )
    try:
        if text.startswith("["):
            return _json(text), True
        return [_object(_json(text)) if text.startswith("{") else _pairs(text)], False
    except RecursionError:
        raise AlertError("the body is nested too deeply: send an object with fields") from None


def fields_of(value: Any) -> Fields:
    """An object's fields; raises `AlertError` for anything else."""
    return _object(value)


def is_object(value: Any) -> bool:
    """Whether a value is a JSON object, which is kept as a list of its pairs."""
    return isinstance(value, _Pairs)


def text_of(fields: Fields, key: str) -> str | None:
    """A field as a line of text; None where it is missing, null or empty."""
    return line_of(fields.get(key), key)


def line_of(value: object, key: str) -> str | None:
    """A value as a line of text; None where it is null or empty."""
    if value is None:
        return None
    if not isinstance(value, str | Decimal):
        raise AlertError(f"{key} is not text or a number: write it as a string")
    text = (format(value, "f") if _is_short(value) else str(value)).strip()
    if not text.isprintable():
        raise AlertError(f"{key} {short(text)} refused: write printable characters")
    return text or None


def _is_short(value: str | Decimal) -> bool:
    """Whether a JSON number can be written without its exponent, such as 1e5."""
    if isinstance(value, str):
        return False
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and -30 <= exponent <= 30


def short(text: str) -> str:
    """A piece of a body for an error's text."""
    return repr(text if len(text) <= 60 else text[:60] + "...")


def _json(text: str) -> Any:
    """A body's JSON, its objects as lists of pairs; its numbers are exact."""
    try:
        return json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_int=Decimal,
            parse_float=Decimal,
            parse_constant=_no_constant,
        )
    except (ValueError, ArithmeticError) as error:
        raise AlertError(f"the body is not JSON: {error}") from None


class _Pairs(list[tuple[str, Any]]):
    """A JSON object's keys and values, with keys that are given twice."""


def _no_constant(text: str) -> None:
    raise ValueError(f"{text} is not a number of JSON")


def _object(value: Any) -> Fields:
    if not isinstance(value, _Pairs):
        raise AlertError(f"{short(str(value))} is not an alert: send a JSON object with fields")
    return _unique(value)


def _pairs(text: str) -> Fields:
    """The fields of a body that is not JSON."""
    pairs: list[tuple[str, str]] = []
    start = 0
    while start < len(text):
        key = _KEY.match(text, start)
        if key is None:
            raise AlertError(
                f"{short(text[start:])} is not a key=value pair: write "
                "action=buy symbol=BINANCE:BTCUSDT notional=25, or a JSON object"
            )
        if quoted := _QUOTED.match(text, key.end()):
            value, end = quoted[1], quoted.end()
        else:
            following = _NEXT_KEY.search(text, key.end())
            end = len(text) if following is None else following.start()
            value = text[key.end() : end].strip(_AROUND)
        pairs.append((key[1], value))
        separators = _SEPARATORS.match(text, end)
        start = end if separators is None else separators.end()
    return _unique(pairs)


def _unique(pairs: list[tuple[str, Any]]) -> Fields:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        key = name.lower()
        if key in fields:
            raise AlertError(
                f"{short(key)} is given twice: {short(str(fields[key]))} and {short(str(value))}"
            )
        fields[key] = value
    return fields
