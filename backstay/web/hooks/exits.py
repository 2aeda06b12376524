"""The exits of an alert: the one-line notation, or JSON's lists and objects."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from backstay.web.hooks.body import (
    AlertError,
    Fields,
    fields_of,
    is_object,
    line_of,
    short,
    text_of,
)
from trading.exits.exits import Exits, Said
from trading.exits.ladder import RUNGS_MAX, AskedRung, Rung, Trailing, check_rungs, filled_in
from trading.exits.notation import (
    asked_rung,
    asked_rungs_from,
    close_after_from,
    fill_from,
    stop_loss_from,
    take_profits_from,
    trailing_from,
    trailing_of,
)

T = TypeVar("T")


def exits_of(fields: Fields) -> Exits:
    """What an alert says about exits; raises `AlertError` with the field and the remedy."""
    return Exits(
        stop_loss=_read(fields, "stop_loss", stop_loss_from),
        take_profits=_take_profits(fields),
        trailing=_trailing(fields),
        close_after_us=_read(fields, "close_after", close_after_from),
        take_profit_fill=_read(fields, "take_profit_fill", fill_from),
    )


def said(name: str, read: Callable[..., T], *texts: Any, **named: Any) -> T:
    """Read texts; what is wrong with them is told with the field's name."""
    try:
        return read(*texts, **named)
    except AlertError:
        raise
    except ValueError as error:
        raise AlertError(f"{name}: {error}") from None


def _read(fields: Fields, name: str, read: Callable[[str], T]) -> T | None:
    text = text_of(fields, name)
    return None if text is None else said(name, read, text)


def _take_profits(fields: Fields) -> tuple[Rung, ...] | None:
    given = fields.get("take_profits")
    if not isinstance(given, list):
        return _read(fields, "take_profits", take_profits_from)
    if is_object(given):
        raise AlertError('take_profits: write a list, as [{"at": "65000", "close": "40%"}]')
    if len(given) > RUNGS_MAX:
        raise AlertError(f"take_profits: {len(given)} take-profits: give at most {RUNGS_MAX}")
    asked = [_asked_rung(one, number) for number, one in enumerate(given, start=1)]
    rungs = filled_in(asked)
    said("take_profits", check_rungs, rungs)
    return rungs


def _asked_rung(given: Any, number: int) -> AskedRung:
    name = f"take_profits, number {number}"
    if isinstance(given, str | Decimal):
        (rung,) = said(name, _one, line_of(given, name) or "")
        return rung
    at, close, stop = _parts(given, name, ("at", "close", "stop"))
    return said(name, asked_rung, at=at or "", close=close, stop=stop)


def _one(text: str) -> tuple[AskedRung, ...]:
    rungs = asked_rungs_from(text)
    if len(rungs) != 1:
        raise ValueError(f"{text!r} is not one take-profit, such as 65000@40%")
    return rungs


def _trailing(fields: Fields) -> Trailing | Said | None:
    given = fields.get("trailing")
    if not isinstance(given, list):
        return _read(fields, "trailing", trailing_from)
    distance, start, step = _parts(given, "trailing", ("distance", "from", "step"))
    return said("trailing", trailing_of, distance=distance or "", step=step, start=start)


def _parts(given: Any, name: str, known: tuple[str, str, str]) -> tuple[str | None, ...]:
    """The texts of an object's fields; the first of them must be there."""
    try:
        parts = fields_of(given)
    except AlertError as error:
        raise AlertError(f"{name}: {error}") from None
    unknown = [short(key) for key in parts if key not in known]
    if unknown or parts.get(known[0]) is None:
        wrong = f"{', '.join(unknown)} is unknown" if unknown else f"{known[0]} is missing"
        raise AlertError(f"{name}: {wrong}; the fields are {', '.join(known)}")
    return tuple(line_of(parts.get(key), f"{name}, {key}") for key in known)
