"""TradingView's alerts: from a webhook's body to what it asks for, by pure rules.

A body is a JSON object, a JSON array of them, or pairs such as
`action=buy symbol=BINANCE:BTCUSDT notional=25`, with `=` or `:` between key and value, and white
space, commas or semicolons between pairs.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from trading.money import ZERO, is_money
from trading.signals import SignalAction
from trading.symbols import MarketName, market_name
from trading.times import microseconds

ALERTS_MAX = 100
ID_CHARS_MAX = 200
SYMBOL_CHARS_MAX = 100
NOTED_FIELDS_MAX = 10
MARKET_POSITIONS = ("long", "short", "flat")
YEARS = range(2000, 2100)
KEYS = ("action", "symbol", "notional", "market_position", "account", "id", "time")
ACTIONS = {
    "buy": SignalAction.BUY,
    "long": SignalAction.BUY,
    "sell": SignalAction.SELL,
    "short": SignalAction.SELL,
    "close": SignalAction.CLOSE,
    "exit": SignalAction.CLOSE,
    "flat": SignalAction.CLOSE,
}

_PLACEHOLDER = re.compile(r"\{\{[^{}]{0,80}\}\}")
_PAIR = re.compile(r'([A-Za-z_]+)[ \t]*[=:][ \t]*("[^"]*"|[^\s,;"]+)(?:[\s,;]+|$)')
_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_EPOCH = re.compile(r"([0-9]{10}|[0-9]{13})(\.[0-9]{1,9})?")
_SECONDS_DIGITS = 10

Fields = Mapping[str, Any]
"""An alert's fields by their names in lower case, as they are sent."""


class AlertError(ValueError):
    """An alert's body cannot be understood; says what was found and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert's order; None for what its body leaves out.

    `flat` means that its strategy has no position afterwards, `sent_us` is the sender's time and
    `digest` identifies the body. `notes` say what the sender should know: fields that were
    ignored, and which prices guard a perpetual.
    """

    action: SignalAction
    symbol: str
    digest: str
    flat: bool = False
    notional: Decimal | None = None
    account: str | None = None
    client_id: str | None = None
    sent_us: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def opens(self) -> bool:
        """Whether anything is opened, so that a notional is needed."""
        return not self.action.only_closes(flat=self.flat)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alerts:
    """A body's alerts in its order; `is_batch` where it is a JSON array."""

    items: tuple[Alert, ...]
    is_batch: bool


def parsed(body: bytes) -> Alerts:
    """Read a webhook's body.

    Raises:
        AlertError: saying what is wrong, and what to write instead. One alert of a batch that
            cannot be understood refuses the batch.
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
            return Alerts(items=_batch(text), is_batch=True)
        fields = _object(_json(text)) if text.startswith("{") else _pairs(text)
        return Alerts(items=(_alert(fields, body),), is_batch=False)
    except RecursionError:
        raise AlertError("the body is nested too deeply: send an object with fields") from None


def _batch(text: str) -> tuple[Alert, ...]:
    bodies = _json(text)
    if not 1 <= len(bodies) <= ALERTS_MAX:
        raise AlertError(f"the batch has {len(bodies)} alerts: send 1 to {ALERTS_MAX}")
    alerts: list[Alert] = []
    numbers: dict[tuple[str | None, str], int] = {}
    for number, body in enumerate(bodies, start=1):
        try:
            fields = _object(body)
            alert = _alert(fields, repr(sorted(fields.items())).encode("utf-8", "replace"))
        except AlertError as error:
            raise AlertError(f"alert {number} of {len(bodies)}: {error}") from None
        first = numbers.setdefault((alert.client_id, alert.digest), number)
        if first != number:
            raise AlertError(
                f"alerts {first} and {number} of {len(bodies)} are the same: leave one out, or "
                "give each an id of its own"
            )
        alerts.append(alert)
    return tuple(alerts)


def _alert(fields: Fields, body: bytes) -> Alert:
    action = _action(_required(fields, "action"))
    market = _market(_required(fields, "symbol"))
    client_id, time = _text(fields, "id"), _text(fields, "time")
    notes = (_ignored(fields), market.note)
    return Alert(
        action=action,
        symbol=market.symbol,
        digest=sha256(body).hexdigest(),
        flat=_is_flat(action, _text(fields, "market_position")),
        notional=_notional(fields.get("notional")),
        account=_text(fields, "account"),
        client_id=None if client_id is None else _client_id(client_id),
        sent_us=None if time is None else _time_us(time),
        notes=tuple(note for note in notes if note is not None),
    )


# --- Fields ------------------------------------------------------------------------------------


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
        raise AlertError(f"{_short(str(value))} is not an alert: send a JSON object with fields")
    return _unique(value)


def _pairs(text: str) -> Fields:
    """The fields of a body that is not JSON."""
    pairs: list[tuple[str, str]] = []
    start = 0
    while start < len(text):
        pair = _PAIR.match(text, start)
        if pair is None:
            raise AlertError(
                f"{_short(text[start:])} is not a key=value pair: write "
                "action=buy symbol=BINANCE:BTCUSDT notional=25, or a JSON object"
            )
        pairs.append((pair[1], pair[2].strip('"')))
        start = pair.end()
    return _unique(pairs)


def _unique(pairs: list[tuple[str, Any]]) -> Fields:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        key = name.lower()
        if key in fields:
            raise AlertError(
                f"{_short(key)} is given twice: {_short(str(fields[key]))} and {_short(str(value))}"
            )
        fields[key] = value
    return fields


def _text(fields: Fields, key: str) -> str | None:
    """A field as a line of text; None where it is missing, null or empty."""
    value = fields.get(key)
    if value is None:
        return None
    if not isinstance(value, str | Decimal):
        raise AlertError(f"{key} is not text or a number: write it as a string")
    text = str(value).strip()
    if not text.isprintable():
        raise AlertError(f"{key} {_short(text)} refused: write printable characters")
    return text or None


def _required(fields: Fields, key: str) -> str:
    text = _text(fields, key)
    if text is None:
        raise AlertError(f"{key} is missing; the fields are {', '.join(KEYS)}")
    return text


def _ignored(fields: Fields) -> str | None:
    """A note of the fields that mean nothing here."""
    unknown = [_short(key) for key in fields if key not in KEYS]
    if not unknown:
        return None
    more = len(unknown) - NOTED_FIELDS_MAX
    named = ", ".join(unknown[:NOTED_FIELDS_MAX]) + (f" and {more} more" if more > 0 else "")
    return f"ignored: {named}; the fields are {', '.join(KEYS)}"


# --- Values ------------------------------------------------------------------------------------


def _action(text: str) -> SignalAction:
    action = ACTIONS.get(text.lower())
    if action is None:
        raise AlertError(f"action {_short(text)} is unknown: write {', '.join(ACTIONS)}")
    return action


def _market(text: str) -> MarketName:
    try:
        if len(text) > SYMBOL_CHARS_MAX:
            raise ValueError
        return market_name(text)
    except ValueError:
        raise AlertError(
            f"symbol {_short(text)} does not name a market: write BTCUSDT or BINANCE:BTCUSDT"
        ) from None


def _is_flat(action: SignalAction, market_position: str | None) -> bool:
    """Whether the strategy has nothing left.

    A buy after which it is still short, or a sell after which it is still long, closes a part:
    opening the other side for it would be the opposite of what the strategy has.
    """
    position = (market_position or "").lower()
    if position and position not in MARKET_POSITIONS:
        raise AlertError(
            f"market_position {_short(position)} is unknown: write long, short or flat"
        )
    if (action, position) in ((SignalAction.BUY, "short"), (SignalAction.SELL, "long")):
        raise AlertError(
            f"{action} refused: the strategy is still {position} after it, and an alert cannot "
            "close a part of a position"
        )
    return position == "flat"


def _notional(value: object) -> Decimal | None:
    """An amount; a JSON number may have an exponent, text is digits with at most one point."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        text = value.strip()
        value = Decimal(text) if _AMOUNT.fullmatch(text) else text
    if not (isinstance(value, Decimal) and is_money(value) and value > ZERO):
        raise AlertError(
            f"notional {_short(str(value))} is not an amount above 0 with at most 8 decimals: "
            "write 25 or 12.50"
        )
    return value


def _client_id(text: str) -> str:
    if len(text) > ID_CHARS_MAX:
        raise AlertError(f"id {_short(text)} refused: give at most {ID_CHARS_MAX} characters")
    return text


def _time_us(text: str) -> int:
    """A time in microseconds since 1970, from ISO 8601, or from seconds or milliseconds since."""
    try:
        if epoch := _EPOCH.fullmatch(text):
            scale = 1 if len(epoch[1]) == _SECONDS_DIGITS else 1_000
            time = datetime.fromtimestamp(float(Decimal(text) / scale), UTC)
        else:
            time = datetime.fromisoformat(text)
    except ValueError:
        raise AlertError(
            f"time {_short(text)} is not a time: write {{{{timenow}}}}, 2026-01-31T12:00:00Z, or "
            "the milliseconds since 1970"
        ) from None
    time = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    # Not every database and clock knows the years at both ends.
    if time.year not in YEARS:
        raise AlertError(f"time {_short(text)} is not in a year from {YEARS[0]} to {YEARS[-1]}")
    return microseconds(time)


def _short(text: str) -> str:
    """A piece of a body for an error's text."""
    return repr(text if len(text) <= 60 else text[:60] + "...")
