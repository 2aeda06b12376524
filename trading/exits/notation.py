"""The one-line notation of exits, as the hook, the command line and signals' files write them.

A take-profit is `LEVEL[@SHARE][>STOP]`, take-profits are separated by `;` or `,`:
`65000@40%>breakeven;66000@30%>keep;68000`. A trail is `DISTANCE[/STEP][ from START]`:
`2%`, `2%/0.5% from rung 2`, `600 from 65000`. A duration is a whole number and `s`, `m`, `h` or
`d`. `none` says that there is none; an empty text says nothing, and the default stands in.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import TypeVar

from trading.exits.exits import Exits, Said, exits_of
from trading.exits.ladder import (
    DEFAULT_STEP_PERCENT,
    RUNGS_MAX,
    AskedRung,
    Ladder,
    Rung,
    StopTarget,
    TakeProfitFill,
    Trailing,
    TrailStart,
    check_close_after,
    check_rungs,
    check_stop_loss,
    check_trailing,
    filled_in,
)
from trading.exits.level import Level, level_from, percent, percentage_from
from trading.money import HUNDRED, fits_price_scale, product
from trading.times import duration_from, duration_text

T = TypeVar("T")

NONE = "none"
EXIT_FIELDS = ("stop_loss", "take_profits", "trailing", "close_after", "take_profit_fill")
"""The names of an exit's fields, at every edge."""

_RUNG = re.compile(r"([^@>]+)(?:@([^@>]+))?(?:>([^@>]+))?")
_FROM = re.compile(r"(?<!\s)\s++from\s++", re.IGNORECASE)
_RUNG_START = re.compile(r"rung\s*([0-9]{1,2})")
# A comma between digit groups is a separator of thousands, not of take-profits.
_THOUSANDS = re.compile(r"(?<![0-9.,])[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])")


def exits_from(fields: Mapping[str, str]) -> Exits:
    """Read the exits out of fields by name; those that are missing or empty say nothing.

    Raises:
        ValueError: with the field's name, its text and the remedy.
    """
    return Exits(
        stop_loss=_field(fields, "stop_loss", stop_loss_from),
        take_profits=_field(fields, "take_profits", take_profits_from),
        trailing=_field(fields, "trailing", trailing_from),
        close_after_us=_field(fields, "close_after", close_after_from),
        take_profit_fill=_field(fields, "take_profit_fill", fill_from),
    )


def stop_loss_from(text: str) -> Level | Said:
    """Read a stop-loss: `62800`, `5%` or `none`."""
    if _is_none(text):
        return Said.NONE
    stop = level_from(text)
    check_stop_loss(stop)
    return stop


def take_profits_from(text: str) -> tuple[Rung, ...]:
    """Read take-profits: `65000@40%>breakeven;66000`, or `none`."""
    rungs = filled_in(asked_rungs_from(text))
    check_rungs(rungs)
    return rungs


def asked_rungs_from(text: str) -> tuple[AskedRung, ...]:
    """Read take-profits without filling in what they leave out."""
    if _is_none(text):
        return ()
    if grouped := grouped_in(text):
        raise ValueError(
            f"{grouped!r} may be one price with thousands separators or several take-profits: "
            f"write {grouped.replace(',', '')}, or separate take-profits with ;"
        )
    parts = re.split(r"[;,]", text)
    if len(parts) > RUNGS_MAX:
        raise ValueError(f"{len(parts)} take-profits: give at most {RUNGS_MAX}")
    return tuple(_asked_rung(part) for part in parts)


def grouped_in(text: str) -> str | None:
    """The first number whose commas may separate thousands, or one value from the next."""
    found = _THOUSANDS.search(text)
    return None if found is None else found[0][:60]


def trailing_from(text: str) -> Trailing | Said:
    """Read a trail: `2%`, `2%/0.5% from rung 2`, `600 from 65000` or `none`."""
    if _is_none(text):
        return Said.NONE
    what, *start = _FROM.split(text.strip(), maxsplit=1)
    distance, slash, step = what.partition("/")
    return trailing_of(
        distance=distance, step=step if slash else None, start=start[0] if start else None
    )


def trailing_of(*, distance: str, step: str | None, start: str | None) -> Trailing:
    """A trail of its three texts."""
    trailing = Trailing(
        distance=level_from(distance),
        step_percent=DEFAULT_STEP_PERCENT if step is None else percentage_from(step),
        start=TrailStart() if start is None else trail_start_from(start),
    )
    check_trailing(trailing, RUNGS_MAX)
    return trailing


def trail_start_from(text: str) -> TrailStart:
    """Read when a trail begins: `entry`, `rung 2` or a level."""
    bare = text.strip().lower()
    if bare == "entry":
        return TrailStart()
    if found := _RUNG_START.fullmatch(bare):
        return TrailStart(rung=int(found[1]))
    try:
        return TrailStart(level=level_from(bare))
    except ValueError as error:
        raise ValueError(f"{error}, `entry` or `rung 1`") from None


def close_after_from(text: str) -> int | Said:
    """Read a time stop: `4h` or `none`."""
    if _is_none(text):
        return Said.NONE
    close_after_us = duration_from(text)
    check_close_after(close_after_us)
    return close_after_us


def fill_from(text: str) -> TakeProfitFill:
    """Read at which price a take-profit closes: `price` or `level`."""
    try:
        return TakeProfitFill(text.strip().lower())
    except ValueError:
        raise ValueError(f"{text[:60]!r} is neither `price` nor `level`") from None


def stop_target_from(text: str) -> StopTarget | Level:
    """Read where a rung sends the stop-loss: a word of `StopTarget` or a level."""
    bare = text.strip().lower()
    try:
        return StopTarget(bare)
    except ValueError:
        pass
    try:
        return level_from(bare)
    except ValueError as error:
        words = ", ".join(f"`{target}`" for target in StopTarget)
        raise ValueError(f"{error}, or one of {words}") from None


def share_from(text: str) -> Decimal:
    """Read a share such as `40%` as a fraction, 0 to 1.

    Raises:
        ValueError: with the text and the remedy.
    """
    bare = text.strip()
    try:
        share = percentage_from(bare, may_be_zero=True)
    except ValueError as error:
        raise ValueError(f"share {error}") from None
    if share > HUNDRED:
        raise ValueError(f"share {bare} is above 100%")
    fraction = product(share, Decimal("0.01"))
    if not fits_price_scale(fraction):
        raise ValueError(f"share {bare} has more than 16 decimals: round it")
    return fraction


def share_text(fraction: Decimal) -> str:
    """A fraction as `40%`."""
    return str(percent(product(fraction, HUNDRED)))


def rungs_text(rungs: Sequence[Rung]) -> str:
    """Take-profits in one line, whole."""
    return (
        ";".join(f"{rung.at}@{share_text(rung.close_fraction)}>{rung.stop}" for rung in rungs)
        or NONE
    )


def asked_rungs_text(asked: Sequence[AskedRung]) -> str:
    """Take-profits in one line, without what they leave out."""
    parts = []
    for rung in asked:
        share = "" if rung.close_fraction is None else f"@{share_text(rung.close_fraction)}"
        parts.append(f"{rung.at}{share}" + ("" if rung.stop is None else f">{rung.stop}"))
    return ";".join(parts) or NONE


def exits_text(exits: Exits) -> dict[str, str]:
    """What exits say, as fields by name; `exits_from` reads them back."""
    said: dict[str, str] = {}
    if exits.stop_loss is not None:
        said["stop_loss"] = str(exits.stop_loss)
    if exits.take_profits is not None:
        said["take_profits"] = rungs_text(exits.take_profits)
    if exits.trailing is not None:
        said["trailing"] = str(exits.trailing)
    if exits.close_after_us is not None:
        after = exits.close_after_us
        said["close_after"] = str(after) if isinstance(after, Said) else duration_text(after)
    if exits.take_profit_fill is not None:
        said["take_profit_fill"] = str(exits.take_profit_fill)
    return said


@lru_cache(maxsize=1024)
def ladder_line(ladder: Ladder) -> str:
    """A whole ladder in one line: `stop_loss 5%, take_profits 3%@0%>breakeven;10%@100%>previous`.

    What it does not have is left out, but for the stop-loss.
    """
    said = exits_text(exits_of(ladder))
    unsaid = (("take_profit_fill", str(TakeProfitFill.PRICE)),)
    return _line(
        {
            name: text
            for name, text in said.items()
            if name == "stop_loss" or (text != NONE and (name, text) not in unsaid)
        }
    )


def exits_line(exits: Exits) -> str:
    """What exits say, in one line as a ladder's; empty where they say nothing."""
    return _line(exits_text(exits))


def _line(said: Mapping[str, str]) -> str:
    return ", ".join(f"{name} {text}" for name, text in said.items())


def _asked_rung(text: str) -> AskedRung:
    found = _RUNG.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"{text.strip()[:60]!r} is not a take-profit: write LEVEL, LEVEL@SHARE or "
            "LEVEL@SHARE>STOP, such as 65000@40%>breakeven"
        )
    return asked_rung(at=found[1], close=found[2], stop=found[3])


def asked_rung(*, at: str, close: str | None, stop: str | None) -> AskedRung:
    """A rung of its three texts."""
    return AskedRung(
        at=level_from(at),
        close_fraction=None if close is None else share_from(close),
        stop=None if stop is None else stop_target_from(stop),
    )


def _field(fields: Mapping[str, str], name: str, read: Callable[[str], T]) -> T | None:
    text = fields.get(name, "").strip()
    if not text:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _is_none(text: str) -> bool:
    return text.strip().lower() == NONE
