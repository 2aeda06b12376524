"""Ladders as data: the standard pattern from percentages, and what can be guarded at all."""

from collections.abc import Sequence
from decimal import Decimal

from trading.model import Ladder, Rung, StopTarget
from trading.money import HUNDRED, ZERO, difference, plain, price_scale, total

RUNGS_MAX = 8
PERCENTAGE_MAX = Decimal(1_000)
"""The furthest take-profit, in percent from the entry: what is larger is a price by mistake."""

DEFAULT_STOP_LOSS_PCT = Decimal(5)
DEFAULT_TAKE_PROFIT_PCTS = (Decimal(3), Decimal(6), Decimal(10))


def ladder_from_percentages(
    take_profit_pcts: Sequence[Decimal] = DEFAULT_TAKE_PROFIT_PCTS,
    *,
    stop_loss_pct: Decimal = DEFAULT_STOP_LOSS_PCT,
    close_fractions: Sequence[Decimal] | None = None,
) -> Ladder:
    """Build the standard ladder for any number of percentages.

    The first rung sends the stop to breakeven, each later one to the rung before it. Without
    `close_fractions` only the last rung closes, and all of it.

    Raises:
        ValueError: with the reason, for a ladder that cannot be guarded.
    """
    count = len(take_profit_pcts)
    if close_fractions is None:
        close_fractions = [ZERO] * (count - 1) + [Decimal(1)] * min(count, 1)
    if len(close_fractions) != count:
        raise ValueError(
            f"{len(close_fractions)} close fractions for {count} take-profit percentages: "
            "give one for each"
        )
    rungs = tuple(
        Rung(
            distance_pct=distance_pct,
            stop=StopTarget.BREAKEVEN if index == 0 else StopTarget.PREVIOUS_RUNG,
            close_fraction=fraction,
        )
        for index, (distance_pct, fraction) in enumerate(
            zip(take_profit_pcts, close_fractions, strict=True)
        )
    )
    return checked(Ladder(stop_loss_pct=stop_loss_pct, rungs=rungs))


def checked(ladder: Ladder) -> Ladder:
    """Return the ladder if it can be guarded.

    Raises:
        ValueError: with the reason: more than 8 rungs, distances that do not rise, fractions
            outside 0 to 1 or above 1 in sum, a rung behind the one that closes everything, a
            number too long for exact arithmetic.
    """
    if not (_is_short(ladder.stop_loss_pct) and ZERO < ladder.stop_loss_pct < HUNDRED):
        raise ValueError(
            f"stop_loss_pct {ladder.stop_loss_pct} is not between 0 and 100 "
            f"with at most 18 decimals{_if_a_price(ladder.stop_loss_pct, HUNDRED)}"
        )
    if len(ladder.rungs) > RUNGS_MAX:
        raise ValueError(f"{len(ladder.rungs)} take-profit rungs: at most {RUNGS_MAX}")
    distance, closed = ZERO, ZERO
    for number, rung in enumerate(ladder.rungs, start=1):
        if not (_is_short(rung.distance_pct) and rung.distance_pct > distance):
            raise ValueError(
                f"take-profit percentage {rung.distance_pct} of rung {number} must be above "
                f"{distance}, up to {PERCENTAGE_MAX} with at most 18 decimals: percentages "
                f"rise from 0{_if_a_price(rung.distance_pct, PERCENTAGE_MAX)}"
            )
        if not (_is_short(rung.close_fraction) and ZERO <= rung.close_fraction <= 1):
            raise ValueError(
                f"close fraction {rung.close_fraction} of rung {number} is not between 0 and 1 "
                "with at most 18 decimals"
            )
        if closed == 1:
            raise ValueError(f"rung {number} is never reached: rung {number - 1} closes the rest")
        distance = rung.distance_pct
        closed = total(closed, rung.close_fraction)
        if closed > 1:
            raise ValueError(f"close fractions sum to {closed} at rung {number}: at most 1")
    return ladder


def untargeted_fraction(ladder: Ladder) -> Decimal:
    """The share of the quantity that no rung closes: it waits for the stop or for a person."""
    return difference(Decimal(1), total(ZERO, *(rung.close_fraction for rung in ladder.rungs)))


def _if_a_price(percentage: Decimal, percentage_max: Decimal) -> str:
    """The question to ask about a percentage that is too large."""
    if not (percentage.is_finite() and percentage > percentage_max):
        return ""
    return (
        f"; is {plain(percentage)} a price? Write its distance from the entry in percent, such as 3"
    )


def _is_short(value: Decimal) -> bool:
    """Whether a percentage or fraction has few enough digits for exact levels and shares."""
    return value.is_finite() and value.copy_abs() <= PERCENTAGE_MAX and value == price_scale(value)
