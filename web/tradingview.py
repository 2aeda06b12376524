"""TradingView's alerts: from a webhook's body to what it asks for, by pure rules.

A body is a JSON object, or pairs such as `action=buy symbol=BINANCE:BTCUSDT notional=25`, with `=`
or `:` between key and value, and white space, commas or semicolons between pairs.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import msgspec

from trading.money import ZERO, is_money
from trading.signals import SignalAction
from trading.symbols import normalised
from trading.times import microseconds

ID_CHARS_MAX = 200
SYMBOL_CHARS_MAX = 100
MARKET_POSITIONS = ("long", "short", "flat")
YEARS = range(2000, 2100)
KEYS = ("action", "symbol", "notional", "market_position", "account", "id", "time")

_PLACEHOLDER = re.compile(r"\{\{[^{}]{0,80}\}\}")
_PAIR = re.compile(r'([A-Za-z_]+)[ \t]*[=:][ \t]*("[^"]*"|[^\s,;"]+)(?:[\s,;]+|$)')
_EXCHANGE = re.compile(r"^\w+:")
_PERPETUAL = re.compile(r"\.P$", re.IGNORECASE)


class AlertError(ValueError):
    """An alert's body cannot be understood; says what was found and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What an alert asks for; None where its body gives nothing.

    `flat` means that its strategy has no position afterwards, `sent_us` is the sender's time and
    `digest` identifies the body.
    """

    action: SignalAction
    symbol: str
    digest: str
    flat: bool = False
    notional: Decimal | None = None
    account: str | None = None
    client_id: str | None = None
    sent_us: int | None = None

    @property
    def opens(self) -> bool:
        """Whether anything is opened, so that a notional is needed."""
        return not self.action.only_closes(flat=self.flat)


class _Body(msgspec.Struct, forbid_unknown_fields=True):
    """A body's fields as they are sent."""

    action: str
    symbol: str
    notional: Decimal | None = None
    market_position: str | None = None
    account: str | None = None
    id: str | int | None = None
    time: str | None = None


def parsed(body: bytes) -> Alert:
    """Read a webhook's body.

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
    fields = _body(text)
    action = _action(fields.action)
    client_id = None if fields.id is None else str(fields.id)
    return Alert(
        action=action,
        symbol=_symbol(fields.symbol),
        digest=sha256(body).hexdigest(),
        flat=_is_flat(action, fields.market_position),
        notional=_notional(fields.notional),
        account=fields.account or None,
        client_id=_client_id(client_id) if client_id else None,
        sent_us=_time_us(fields.time) if fields.time else None,
    )


def _body(text: str) -> _Body:
    try:
        if text.startswith("{"):
            return msgspec.json.decode(text, type=_Body)
        return msgspec.convert(_pairs(text), _Body)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise AlertError(f"{error}; the fields are {', '.join(KEYS)}") from None


def _pairs(text: str) -> dict[str, str]:
    """The fields of a body that is not JSON."""
    pairs: dict[str, str] = {}
    start = 0
    while start < len(text):
        pair = _PAIR.match(text, start)
        if pair is None:
            raise AlertError(
                f"{_short(text[start:])} is no key=value pair: write "
                "action=buy symbol=BINANCE:BTCUSDT notional=25, or a JSON object"
            )
        key = pair[1].lower()
        if key in pairs:
            raise AlertError(f"{key} is given twice: {pairs[key]!r} and {pair[2]!r}")
        pairs[key] = pair[2].strip('"')
        start = pair.end()
    return pairs


def _action(text: str) -> SignalAction:
    try:
        return SignalAction(text.strip().lower())
    except ValueError:
        raise AlertError(f"action {_short(text)} is unknown: write buy, sell or close") from None


def _symbol(text: str) -> str:
    """A market's name from TradingView's: without the exchange, and without a perpetual's `.P`."""
    name = _PERPETUAL.sub("", _EXCHANGE.sub("", text.strip()))
    try:
        if len(text) > SYMBOL_CHARS_MAX:
            raise ValueError
        return normalised(name)
    except ValueError:
        raise AlertError(
            f"symbol {_short(text)} is no market's name: write BTCUSDT or BINANCE:BTCUSDT"
        ) from None


def _is_flat(action: SignalAction, market_position: str | None) -> bool:
    """Whether the strategy has nothing left.

    A buy after which it is still short, or a sell after which it is still long, closes a part:
    opening the other side for it would be the opposite of what the strategy has.
    """
    position = (market_position or "").strip().lower()
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


def _notional(value: Decimal | None) -> Decimal | None:
    if value is not None and not (is_money(value) and value > ZERO):
        raise AlertError(
            f"notional {_short(str(value))} is no amount above 0 with at most 8 decimals"
        )
    return value


def _client_id(text: str) -> str:
    if len(text) > ID_CHARS_MAX or not text.isprintable():
        raise AlertError(
            f"id {_short(text)} refused: give at most {ID_CHARS_MAX} printable characters"
        )
    return text


def _time_us(text: str) -> int:
    try:
        time = datetime.fromisoformat(text.strip())
    except ValueError:
        raise AlertError(
            f"time {_short(text)} is no time: write {{{{timenow}}}}, or 2026-01-31T12:00:00Z"
        ) from None
    time = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    # Not every database and clock knows the years at both ends.
    if time.year not in YEARS:
        raise AlertError(f"time {_short(text)} is of no year from {YEARS[0]} to {YEARS[-1]}")
    return microseconds(time)


def _short(text: str) -> str:
    """A piece of a body for an error's text."""
    return repr(text if len(text) <= 60 else text[:60] + "...")
