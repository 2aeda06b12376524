"""TradingView's alerts: from the fields of a webhook's body to what they ask for, by pure rules."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from hashlib import sha256
from typing import Any

from backstay.web.hooks.body import AlertError, Fields, fields_of, objects_of, short, text_of
from backstay.web.hooks.exits import exits_of, said
from trading.exits.exits import NOTHING_SAID, Exits
from trading.exits.level import number_from
from trading.exits.notation import EXIT_FIELDS, share_from
from trading.money import QUANTITY_MAX, ZERO, difference, is_money, is_quantity, plain, quotient
from trading.signals import SignalAction
from trading.symbols import MarketName, market_name
from trading.times import microseconds

ALERTS_MAX = 100
ID_CHARS_MAX = 200
SYMBOL_CHARS_MAX = 100
NOTED_FIELDS_MAX = 10
MARKET_POSITIONS = ("long", "short", "flat")
YEARS = range(2000, 2100)
SIZES = ("market_position_size", "prev_market_position_size")
KEYS = (
    *("action", "symbol", "notional", "market_position", *SIZES, "account", "id", "time"),
    *("share", *EXIT_FIELDS),
)
_LIKE_AN_EXIT = re.compile(r"sl|stop|tp|take|target|trail|close_")
SHORT_NAMES = {
    "sl": "stop_loss",
    "tp": "take_profits",
    "trail": "trailing",
    "after": "close_after",
    "fill": "take_profit_fill",
}
"""The short names of fields."""
ACTIONS = {
    "buy": SignalAction.BUY,
    "long": SignalAction.BUY,
    "sell": SignalAction.SELL,
    "short": SignalAction.SELL,
    "close": SignalAction.CLOSE,
    "exit": SignalAction.CLOSE,
    "flat": SignalAction.CLOSE,
}

_AMOUNT = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?")
_EPOCH = re.compile(r"([0-9]{10}|[0-9]{13})(\.[0-9]{1,9})?")
_SECONDS_DIGITS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An alert's order; None for what its body leaves out.

    `flat` means that its strategy has no position afterwards, `share` is the part that it closes (0
    to 1), `exits` are those of what it opens, `sent_us` is the sender's time and
    `digest` identifies the body. `notes` say what the sender should know: fields that were
    ignored, and which prices guard a perpetual.
    """

    action: SignalAction
    symbol: str
    digest: str
    flat: bool = False
    notional: Decimal | None = None
    share: Decimal | None = None
    exits: Exits = NOTHING_SAID
    account: str | None = None
    client_id: str | None = None
    sent_us: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def opens(self) -> bool:
        """Whether anything is opened, so that a notional is needed."""
        return not self.action.only_closes(flat=self.flat, share=self.share)


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
    objects, is_batch = objects_of(body)
    if is_batch:
        return Alerts(items=_batch(objects), is_batch=True)
    return Alerts(items=(_alert(objects[0], body),), is_batch=False)


def _batch(bodies: Sequence[Any]) -> tuple[Alert, ...]:
    if not 1 <= len(bodies) <= ALERTS_MAX:
        raise AlertError(f"the batch has {len(bodies)} alerts: send 1 to {ALERTS_MAX}")
    alerts: list[Alert] = []
    numbers: dict[tuple[str | None, str], int] = {}
    for number, body in enumerate(bodies, start=1):
        try:
            fields = fields_of(body)
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


def _alert(sent: Fields, body: bytes) -> Alert:
    fields = _renamed(sent)
    action = _action(_required(fields, "action"))
    market = _market(_required(fields, "symbol"))
    client_id, time = text_of(fields, "id"), text_of(fields, "time")
    position = _market_position(fields)
    notes = (_ignored(fields), market.note)
    return Alert(
        action=action,
        symbol=market.symbol,
        digest=sha256(body).hexdigest(),
        flat=position == "flat",
        share=_share(fields, action, position),
        exits=exits_of(fields),
        notional=_notional(fields.get("notional")),
        account=text_of(fields, "account"),
        client_id=None if client_id is None else _client_id(client_id),
        sent_us=None if time is None else _time_us(time),
        notes=tuple(note for note in notes if note is not None),
    )


def _required(fields: Fields, key: str) -> str:
    text = text_of(fields, key)
    if text is None:
        raise AlertError(f"{key} is missing; the fields are {', '.join(KEYS)}")
    return text


def _renamed(sent: Fields) -> Fields:
    """The fields by their whole names: each has a short one as well."""
    fields: dict[str, Any] = {}
    for name, value in sent.items():
        key = SHORT_NAMES.get(name, name)
        if key in fields:
            raise AlertError(f"{key} is given twice, once as {short(name)}: leave one out")
        fields[key] = value
    return fields


def _ignored(fields: Fields) -> str | None:
    """A note of the fields that mean nothing here.

    One that looks like an exit is refused: a position that is opened without it would be guarded
    by the default in its place, and senders do not read notes.
    """
    unknown = [short(key) for key in fields if key not in KEYS]
    if exits := [short(key) for key in fields if key not in KEYS and _LIKE_AN_EXIT.match(key)]:
        raise AlertError(
            f"{', '.join(exits[:NOTED_FIELDS_MAX])} is not a field: the exits are "
            f"{', '.join(EXIT_FIELDS)}, or {', '.join(SHORT_NAMES)} for short"
        )
    if not unknown:
        return None
    more = len(unknown) - NOTED_FIELDS_MAX
    named = ", ".join(unknown[:NOTED_FIELDS_MAX]) + (f" and {more} more" if more > 0 else "")
    return f"ignored: {named}; the fields are {', '.join(KEYS)}"


def _action(text: str) -> SignalAction:
    action = ACTIONS.get(text.lower())
    if action is None:
        raise AlertError(f"action {short(text)} is unknown: write {', '.join(ACTIONS)}")
    return action


def _market(text: str) -> MarketName:
    try:
        if len(text) > SYMBOL_CHARS_MAX:
            raise ValueError
        return market_name(text)
    except ValueError:
        raise AlertError(
            f"symbol {short(text)} does not name a market: write BTCUSDT or BINANCE:BTCUSDT"
        ) from None


def _market_position(fields: Fields) -> str | None:
    """The strategy's position after its order."""
    position = (text_of(fields, "market_position") or "").lower()
    if position and position not in MARKET_POSITIONS:
        raise AlertError(f"market_position {short(position)} is unknown: write long, short or flat")
    return position or None


def _share(fields: Fields, action: SignalAction, position: str | None) -> Decimal | None:
    """The share that is closed; None where everything is, or nothing.

    A buy after which its strategy is still short, or a sell after which it is still long, closes a
    part: opening the other side for it would be the opposite of what the strategy has.
    """
    text = text_of(fields, "share")
    still = {SignalAction.BUY: "short", SignalAction.SELL: "long"}.get(action)
    if text is not None:
        if action is not SignalAction.CLOSE and position != still:
            raise AlertError(f"share {short(text)} is for action=close: {action} opens")
        return _above_zero(said("share", share_from, text), action)
    if position is None or position != still:
        return None
    now, before = (_size(fields, name, action, position) for name in SIZES)
    if not ZERO < now < before:
        raise AlertError(
            f"{action} refused: the strategy is still {position} after it, with "
            f"market_position_size {plain(now)} after prev_market_position_size {plain(before)}, "
            "which closes no part"
        )
    return _above_zero(quotient(difference(before, now), before), action)


def _above_zero(share: Decimal, action: SignalAction) -> Decimal:
    if share == ZERO:
        raise AlertError(f"{action} refused: a share of 0% closes nothing")
    return share


def _size(fields: Fields, name: str, action: SignalAction, position: str) -> Decimal:
    """The size of a strategy's position, in units."""
    text = text_of(fields, name)
    if text is None:
        raise AlertError(
            f"{action} refused: the strategy is still {position} after it, and how much it has "
            f"closed is not said: add share=50%, or {name}={{{{strategy.{name}}}}}"
        )
    size: Decimal = said(name, partial(number_from, wanted="a size such as 0.5"), text)
    if not is_quantity(size):
        raise AlertError(
            f"{name} {short(text)} refused: a size is at most {plain(QUANTITY_MAX)}, with at most "
            "18 decimals"
        )
    return size


def _notional(value: object) -> Decimal | None:
    """An amount; a JSON number may have an exponent, text is digits with at most one point."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        text = value.strip()
        value = Decimal(text) if _AMOUNT.fullmatch(text) else text
    if not (isinstance(value, Decimal) and is_money(value) and value > ZERO):
        raise AlertError(
            f"notional {short(str(value))} is not an amount above 0 with at most 8 decimals: "
            "write 25 or 12.50"
        )
    return value


def _client_id(text: str) -> str:
    if len(text) > ID_CHARS_MAX:
        raise AlertError(f"id {short(text)} refused: give at most {ID_CHARS_MAX} characters")
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
            f"time {short(text)} is not a time: write {{{{timenow}}}}, 2026-01-31T12:00:00Z, or "
            "the milliseconds since 1970"
        ) from None
    time = time if time.tzinfo is not None else time.replace(tzinfo=UTC)
    # Not every database and clock knows the years at both ends.
    if time.year not in YEARS:
        raise AlertError(f"time {short(text)} is not in a year from {YEARS[0]} to {YEARS[-1]}")
    return microseconds(time)
