"""A ladder as data: what a position's exits are, as they were asked for.

The default ladder is the specification's: stop-loss 5 % from the entry; +3 % sends the stop to the
entry price, +6 % to the first rung, and +10 % closes everything.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trading.exits.level import PERCENTAGE_MAX, Level, level_from, percent
from trading.money import HUNDRED, PRICE_MAX, ZERO, difference, is_price, plain, price_scale, total
from trading.times import SECOND_US, duration_text

RUNGS_MAX = 8
STEP_PERCENT_MIN = Decimal("0.01")
DEFAULT_STEP_PERCENT = Decimal("0.1")
CLOSE_AFTER_US_MAX = 3650 * 24 * 3600 * SECOND_US
"""Ten years: a longer time stop is a mistake."""


class StopTarget(StrEnum):
    """The place to which a rung moves the stop-loss when it is hit, unless that is a level.

    BREAKEVEN is the entry price, BREAKEVEN_NET the price at which closing costs nothing, PREVIOUS
    the rung before it (the entry price for the first).
    """

    KEEP = "keep"
    BREAKEVEN = "breakeven"
    BREAKEVEN_NET = "breakeven_net"
    PREVIOUS = "previous"


class TakeProfitFill(StrEnum):
    """The price at which a rung closes: that which triggered it, or the rung's own.

    LEVEL is what a resting limit order on an exchange gets. A stop-loss always exits at the price
    that triggered it.
    """

    PRICE = "price"
    LEVEL = "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One take-profit: its level, the share of the original quantity that it closes, its stop.

    `close_fraction` is 0 to 1. `stop` is where it sends the stop-loss; a percentage there is a
    distance from the entry toward profit.
    """

    at: Level
    stop: StopTarget | Level
    close_fraction: Decimal


@dataclass(frozen=True, slots=True)
class TrailStart:
    """When a trail begins to follow: at the open, at a rung (counted from 1), or at a level."""

    rung: int | None = None
    level: Level | None = None

    def __str__(self) -> str:
        """The notation of every edge: `entry`, `rung 2`, `65000` or `3%`."""
        if self.rung is not None:
            return f"rung {self.rung}"
        return "entry" if self.level is None else str(self.level)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trailing:
    """A stop-loss that follows the best price since `start`, at a distance behind it.

    `distance` is a percentage of the best price, or an amount of price. The best price moves only
    by `step_percent` of itself at least, so that a quiet price does nothing.
    """

    distance: Level
    start: TrailStart = TrailStart()
    step_percent: Decimal = DEFAULT_STEP_PERCENT

    def __str__(self) -> str:
        """The one-line notation: `2%/0.1% from entry`."""
        return f"{self.distance}/{percent(self.step_percent)} from {self.start}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A position's exits as they were asked for; levels become prices at the fill.

    `stop_loss` is None where a trail from the entry stands in for it. `close_after_us` counts from
    the entry (microseconds); None means no time stop.
    """

    stop_loss: Level | None
    rungs: tuple[Rung, ...]
    trailing: Trailing | None = None
    close_after_us: int | None = None
    take_profit_fill: TakeProfitFill = TakeProfitFill.PRICE


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedRung:
    """A rung as it was asked for: what is None follows the pattern of `filled_in`."""

    at: Level
    stop: StopTarget | Level | None = None
    close_fraction: Decimal | None = None


def filled_in(asked: Sequence[AskedRung], *, after: Sequence[Rung] = ()) -> tuple[Rung, ...]:
    """The rungs that were asked for, behind those of `after`, which were hit before.

    The first rung of a ladder sends the stop to breakeven, each later one to the rung before it. A
    rung without a share closes nothing, and the last one what is left.
    """
    rungs = list(after)
    for index, rung in enumerate(asked):
        fraction = rung.close_fraction
        if fraction is None:
            last = index == len(asked) - 1
            fraction = max(ZERO, untargeted_fraction(rungs)) if last else ZERO
        stop = rung.stop
        if stop is None:
            stop = StopTarget.PREVIOUS if rungs else StopTarget.BREAKEVEN
        rungs.append(Rung(at=rung.at, stop=stop, close_fraction=fraction))
    return tuple(rungs[len(after) :])


def untargeted_fraction(rungs: Sequence[Rung]) -> Decimal:
    """The share of the quantity that no rung closes: it waits for the stop or for a person."""
    return difference(Decimal(1), total(ZERO, *(rung.close_fraction for rung in rungs)))


def checked(ladder: Ladder, *, living: bool = False) -> Ladder:
    """Return the ladder if it can be guarded, as far as that is known before the fill.

    That of a `living` position may have been changed: its trail dropped, whose stop-loss stays, and
    its rungs replaced.

    Raises:
        ValueError: with the reason and the remedy.
    """
    stop = ladder.stop_loss
    trails = ladder.trailing is not None and ladder.trailing.start == TrailStart()
    if stop is None and not trails and not living:
        raise ValueError(
            "there is no stop-loss: give one such as 5%, or a trail from the entry in its place"
        )
    if stop is not None:
        check_stop_loss(stop)
    check_rungs(ladder.rungs, in_order=not living)
    if ladder.trailing is not None:
        check_trailing(ladder.trailing, len(ladder.rungs))
    if ladder.close_after_us is not None:
        check_close_after(ladder.close_after_us)
    return ladder


def check_stop_loss(stop: Level) -> None:
    """Refuse a stop-loss at which a LONG would have lost everything, or more.

    Raises:
        ValueError: with the figure and the remedy.
    """
    _check_level(stop, "stop-loss")
    if stop.is_percent and stop.value >= HUNDRED:
        raise ValueError(f"stop-loss {stop} is not below 100%; to give a price, leave out the %")


def check_rungs(
    rungs: Sequence[Rung], *, after: Sequence[Rung] = (), in_order: bool = True
) -> None:
    """Refuse rungs that cannot all be reached, or that would close more than all.

    Those of `after` were hit before. Prices and percentages are compared with each other once the
    entry price is known. A living position's rungs need not be `in_order`: where the price has come
    back, new ones may lie before those that were hit.

    Raises:
        ValueError: with the reason and the remedy.
    """
    if len(rungs) + len(after) > RUNGS_MAX:
        were_hit = f", {len(after)} of which were hit" if after else ""
        raise ValueError(
            f"{len(rungs) + len(after)} take-profits{were_hit}: a ladder has at most {RUNGS_MAX}"
        )
    distance, closed = ZERO, difference(Decimal(1), untargeted_fraction(after))
    for number, rung in enumerate(rungs, start=len(after) + 1):
        name = f"take-profit {number}"
        _check_level(rung.at, name)
        if rung.at.is_percent:
            if in_order and rung.at.value <= distance:
                raise ValueError(
                    f"{name} of {rung.at} is not beyond the {percent(distance)} before it: "
                    "take-profits rise toward profit, put them in order"
                )
            distance = rung.at.value
        if isinstance(rung.stop, Level):
            _check_level(rung.stop, f"stop of {name}")
        fraction = rung.close_fraction
        if not (fraction.is_finite() and fraction >= ZERO and fraction == price_scale(fraction)):
            raise ValueError(
                f"share {_share(fraction)} of {name} is not between 0% and 100% "
                "with at most 16 decimals"
            )
        if closed == 1:
            raise ValueError(
                f"{name} is never reached: take-profit {number - 1} closes what is left; "
                "leave one out, or give shares that come to 100% at the last"
            )
        closed = total(closed, fraction)
        if closed > 1:
            raise ValueError(
                f"the shares of the take-profits come to {_share(closed)} at number {number}: "
                "they may come to 100% at most"
            )


def check_trailing(trailing: Trailing, rungs: int) -> None:
    """Refuse a trail that could not follow.

    Raises:
        ValueError: with the reason and the remedy.
    """
    distance, step, start = trailing.distance, trailing.step_percent, trailing.start
    _check_level(distance, "trailing distance")
    if distance.is_percent and distance.value >= HUNDRED:
        raise ValueError(
            f"trailing distance {distance} is not below 100%; to give an amount of price, "
            "leave out the %"
        )
    if not (step.is_finite() and STEP_PERCENT_MIN <= step < HUNDRED and step == price_scale(step)):
        raise ValueError(
            f"trailing step {percent(step)} is not between {STEP_PERCENT_MIN}% and 100%: "
            f"leave it out for {DEFAULT_STEP_PERCENT}%"
        )
    if start.level is not None:
        _check_level(start.level, "start of the trail")
    if start.rung is not None and not 1 <= start.rung <= rungs:
        raise ValueError(
            f"the trail begins at rung {start.rung}, and the ladder has {rungs}: "
            "name one of its rungs, `entry` or a level"
        )


def check_close_after(close_after_us: int) -> None:
    """Refuse a time stop that is no time at all, or longer than ten years.

    Raises:
        ValueError: with the figure.
    """
    if not 0 < close_after_us <= CLOSE_AFTER_US_MAX:
        raise ValueError(
            f"a time stop after {duration_text(close_after_us)} is not between 1s and "
            f"{duration_text(CLOSE_AFTER_US_MAX)}"
        )


def _check_level(level: Level, name: str) -> None:
    value = level.value
    if level.is_percent:
        if not (ZERO < value <= PERCENTAGE_MAX and value == price_scale(value)):
            raise ValueError(
                f"{name} {level} is not above 0% and up to {PERCENTAGE_MAX}% "
                "with at most 18 decimals; to give a price, leave out the %"
            )
    elif not is_price(value):
        raise ValueError(
            f"{name} {level} is not a price above 0 and up to {plain(PRICE_MAX)} "
            "with at most 18 decimals"
        )


def _share(fraction: Decimal) -> str:
    return str(percent(fraction * HUNDRED)) if fraction.is_finite() else str(fraction)


def _default() -> Ladder:
    asked = [AskedRung(at=level_from(text)) for text in ("3%", "6%", "10%")]
    return checked(Ladder(stop_loss=level_from("5%"), rungs=filled_in(asked)))


DEFAULT_LADDER = _default()
"""The specification's ladder."""
