"""What a ladder may look like, as far as that is known before the fill."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.accounts import Number, a_ladder
from trading.exits.exits import Exits, Said
from trading.exits.ladder import (
    CLOSE_AFTER_US_MAX,
    DEFAULT_LADDER,
    RUNGS_MAX,
    Ladder,
    Rung,
    StopTarget,
    Trailing,
    TrailStart,
    check_close_after,
    check_trailing,
    checked,
    untargeted_fraction,
)
from trading.exits.level import Level, percent


def a_rung(at: Level, *, fraction: Number = 0, stop: StopTarget | Level = StopTarget.KEEP) -> Rung:
    return Rung(at=at, stop=stop, close_fraction=Decimal(fraction))


def price(value: Number) -> Level:
    return Level(Decimal(value))


def test_the_default_ladder_is_the_specifications() -> None:
    """Stop at 5 %, +3 % to breakeven, +6 % to the first rung, +10 % closes all."""
    expected = Ladder(
        stop_loss=percent(5),
        rungs=(
            a_rung(percent(3), stop=StopTarget.BREAKEVEN),
            a_rung(percent(6), stop=StopTarget.PREVIOUS),
            a_rung(percent(10), stop=StopTarget.PREVIOUS, fraction=1),
        ),
    )
    assert expected == DEFAULT_LADDER


@pytest.mark.parametrize("count", range(RUNGS_MAX + 1))
def test_the_pattern_holds_for_any_number_of_rungs(count: int) -> None:
    """Rung one sends the stop to breakeven, later ones to the rung before; the last closes."""
    rungs = a_ladder(*range(1, count + 1)).rungs
    assert [rung.at.value for rung in rungs] == list(range(1, count + 1))
    stops = [StopTarget.BREAKEVEN, *[StopTarget.PREVIOUS] * 7]
    assert [rung.stop for rung in rungs] == stops[:count]
    fractions = [*[0] * (count - 1), 1] if count else []
    assert [rung.close_fraction for rung in rungs] == fractions


def test_shares_may_be_given() -> None:
    """Each rung closes the share that is given for it, and the last need not close the rest."""
    rungs = a_ladder(3, 6, closes=("0.25", "0.5")).rungs
    assert [rung.close_fraction for rung in rungs] == [Decimal("0.25"), Decimal("0.5")]


@pytest.mark.parametrize(
    ("ladder", "message"),
    [
        ({"stop": 0}, "stop-loss 0% is not above 0% and up to 1000%"),
        ({"stop": 100}, "stop-loss 100% is not below 100%; to give a price, leave out the %"),
        ({"stop": -5}, "stop-loss -5% is not above 0%"),
        ({"stop": "5.0000000000000000001"}, "stop-loss 5.0000000000000000001% is not above 0%"),
        ({"stop": "62800"}, "stop-loss 62800% .* to give a price, leave out the %"),
        ({"pcts": (3, 1001)}, "take-profit 2 1001% .* to give a price, leave out the %"),
        ({"pcts": ("1E-19",)}, "take-profit 1 0.0000000000000000001% .* at most 18 decimals"),
        ({"pcts": (3,), "closes": ("1E-19",)}, "share 0.00000000000000001% of .* 16 decimals"),
        ({"pcts": range(1, 10)}, "9 take-profits: a ladder has at most 8"),
        ({"pcts": (0,)}, "take-profit 1 0% is not above 0%"),
        ({"pcts": (-3,)}, "take-profit 1 -3% is not above 0%"),
        ({"pcts": (3, 3)}, "take-profit 2 of 3% is not beyond the 3% before it: .* in order"),
        ({"pcts": (3, 6, 5)}, "take-profit 3 of 5% is not beyond the 6% before it"),
        ({"pcts": (3, 6), "closes": (0, "1.1")}, "the shares .* come to 110% at number 2"),
        ({"pcts": (3, 6), "closes": ("-0.1", 1)}, "share -10% of take-profit 1 is not between 0%"),
        ({"pcts": (3,), "closes": ("NaN",)}, "share NaN of take-profit 1"),
        ({"pcts": (3,), "closes": ("sNaN",)}, "share sNaN of take-profit 1"),
        (
            {"pcts": (3, 6), "closes": ("0.6", "0.5")},
            "the shares of the take-profits come to 110% at number 2: they may come to 100%",
        ),
        (
            {"pcts": (3, 6, 10), "closes": (0, 1, 0)},
            "take-profit 3 is never reached: take-profit 2 closes what is left; leave one out",
        ),
        (
            {"pcts": (3, 6, 10), "closes": ("0.5", "0.5", 0)},
            "take-profit 3 is never reached: take-profit 2 closes what is left",
        ),
    ],
)
def test_a_ladder_that_cannot_be_guarded_is_refused(ladder: dict[str, Any], message: str) -> None:
    """What is wrong with a ladder is said with its place, its figure and the remedy."""
    with pytest.raises(ValueError, match=f"^{message}"):
        a_ladder(
            *ladder.get("pcts", (3, 6, 10)),
            stop=ladder.get("stop", 5),
            closes=ladder.get("closes"),
        )


@pytest.mark.parametrize(
    ("stop_loss", "rung", "message"),
    [
        (price(0), None, "stop-loss 0 is not a price above 0"),
        (price("1E+13"), None, "stop-loss 10000000000000 is not a price above 0 and up to"),
        (percent(5), a_rung(price("1E-19")), "take-profit 1 .* with at most 18 decimals"),
        (percent(5), a_rung(percent(3), stop=percent(0)), "stop of take-profit 1 0% is not above"),
        (percent(5), a_rung(percent(3), stop=price(-1)), "stop of take-profit 1 -1 is not a price"),
        (None, None, "there is no stop-loss: give one such as 5%, or a trail from the entry"),
    ],
)
def test_a_level_that_is_no_level_is_refused(
    stop_loss: Level | None, rung: Rung | None, message: str
) -> None:
    """Wherever it stands: as the stop-loss, as a rung's place, as a rung's stop."""
    ladder = Ladder(stop_loss=stop_loss, rungs=() if rung is None else (rung,))
    with pytest.raises(ValueError, match=f"^{message}"):
        checked(ladder)


def test_prices_are_ordered_once_the_entry_is_known() -> None:
    """A price beside percentages tells nothing about their order before the fill."""
    rungs = (a_rung(price(65000)), a_rung(percent(3)), a_rung(price(64000)))
    assert checked(Ladder(stop_loss=percent(5), rungs=rungs)).rungs == rungs


@pytest.mark.parametrize(
    ("trailing", "message"),
    [
        (Trailing(distance=percent(0)), "trailing distance 0% is not above 0%"),
        (Trailing(distance=percent(100)), "trailing distance 100% is not below 100%; to give an"),
        (Trailing(distance=price(0)), "trailing distance 0 is not a price above 0"),
        (
            Trailing(distance=percent(2), step_percent=Decimal("0.009")),
            "trailing step 0.009% is not between 0.01% and 100%: leave it out for 0.1%",
        ),
        (Trailing(distance=percent(2), step_percent=Decimal(100)), "trailing step 100% is not"),
        (
            Trailing(distance=percent(2), start=TrailStart(rung=4)),
            "the trail begins at rung 4, and the ladder has 3: name one of its rungs, `entry`",
        ),
        (Trailing(distance=percent(2), start=TrailStart(rung=0)), "the trail begins at rung 0"),
        (Trailing(distance=percent(2), start=TrailStart(level=percent(0))), "start of the trail 0"),
    ],
)
def test_a_trail_that_could_not_follow_is_refused(trailing: Trailing, message: str) -> None:
    """With its figure and the remedy."""
    with pytest.raises(ValueError, match=f"^{message}"):
        check_trailing(trailing, 3)


@pytest.mark.parametrize(
    ("after_us", "message"),
    [
        (0, "a time stop after 0d is not between 1s and 3650d"),
        (CLOSE_AFTER_US_MAX + 1_000_000, "a time stop after 315360001s is not between 1s"),
    ],
)
def test_a_time_stop_of_no_time_is_refused(after_us: int, message: str) -> None:
    """Nor is one that is longer than ten years."""
    with pytest.raises(ValueError, match=f"^{message}"):
        check_close_after(after_us)


def test_a_trail_from_the_entry_stands_in_for_the_stop_loss() -> None:
    """One that begins later does not: until then the position would be open without a stop."""
    trail = Trailing(distance=percent(2))
    assert Exits(stop_loss=Said.NONE, trailing=trail).over().stop_loss is None
    late = Trailing(distance=percent(2), start=TrailStart(rung=1))
    with pytest.raises(ValueError, match="there is no stop-loss"):
        Exits(stop_loss=Said.NONE, trailing=late).over()


def test_the_widest_ladder_passes() -> None:
    """Eight rungs that close less than all, and a stop of nearly 100 %, are allowed."""
    ladder = Ladder(
        stop_loss=percent("99.999"),
        rungs=tuple(a_rung(percent(number), fraction="0.12") for number in range(1, 9)),
    )
    assert checked(ladder) is ladder


@pytest.mark.parametrize(
    ("fractions", "left"), [(None, "0"), (("0.5", "0.3", "0.1"), "0.1"), ((0, 0, 0), "1")]
)
def test_the_share_without_a_take_profit_is_known(
    fractions: tuple[Number, ...] | None, left: str
) -> None:
    """It is what the shares leave, exactly."""
    assert untargeted_fraction(a_ladder(3, 6, 10, closes=fractions).rungs) == Decimal(left)
