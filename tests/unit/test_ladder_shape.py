"""What a ladder may look like, and where its levels lie."""

from decimal import Decimal
from typing import Any

import pytest

from tests.unit.accounts import Number, a_ladder, a_position, ladder_from_percentages
from trading.exits.ladder import RUNGS_MAX, Ladder, Rung, StopTarget, checked, untargeted_fraction
from trading.exits.level import percent
from trading.model import Side
from trading.money import PRICE_MAX


def a_rung(distance: Number, *, fraction: Number = 0) -> Rung:
    return Rung(
        at=percent(str(distance)),
        stop=StopTarget.KEEP,
        close_fraction=Decimal(fraction),
    )


def test_the_default_ladder_is_the_specifications() -> None:
    """Without settings: stop at 5 %, +3 % to breakeven, +6 % to the first rung, +10 % closes."""
    assert ladder_from_percentages() == Ladder(
        stop_loss=percent(5),
        rungs=(
            Rung(at=percent(str(3)), stop=StopTarget.BREAKEVEN, close_fraction=Decimal(0)),
            Rung(at=percent(str(6)), stop=StopTarget.PREVIOUS, close_fraction=Decimal(0)),
            Rung(at=percent(str(10)), stop=StopTarget.PREVIOUS, close_fraction=Decimal(1)),
        ),
    )


@pytest.mark.parametrize("count", range(RUNGS_MAX + 1))
def test_the_pattern_holds_for_any_number_of_rungs(count: int) -> None:
    """Rung one sends the stop to breakeven, later ones to the rung before; the last closes."""
    rungs = a_ladder(*range(1, count + 1)).rungs
    assert [rung.at.value for rung in rungs] == list(range(1, count + 1))
    stops = [StopTarget.BREAKEVEN, *[StopTarget.PREVIOUS] * 7]
    assert [rung.stop for rung in rungs] == stops[:count]
    fractions = [*[0] * (count - 1), 1] if count else []
    assert [rung.close_fraction for rung in rungs] == fractions


def test_fractions_may_be_given() -> None:
    """Each rung closes the fraction that is given for it, and the last need not close the rest."""
    rungs = a_ladder(3, 6, closes=("0.25", "0.5")).rungs
    assert [rung.close_fraction for rung in rungs] == [Decimal("0.25"), Decimal("0.5")]


@pytest.mark.parametrize(
    ("ladder", "message"),
    [
        ({"stop": 0}, "stop_loss_pct 0 is not between 0 and 100"),
        ({"stop": 100}, "stop_loss_pct 100 "),
        ({"stop": -5}, "stop_loss_pct -5 "),
        ({"stop": "NaN"}, "stop_loss_pct NaN "),
        ({"stop": "sNaN"}, "stop_loss_pct sNaN "),
        ({"stop": "Infinity"}, "stop_loss_pct Infinity "),
        ({"stop": "5.0000000000000000001"}, "stop_loss_pct 5.0000000000000000001 "),
        ({"pcts": (3, 1000001)}, "take-profit percentage 1000001 of rung 2 "),
        ({"pcts": ("1E-19",)}, "take-profit percentage 1E-19 of rung 1 "),
        ({"pcts": (3,), "closes": ("1E-19",)}, "close fraction 1E-19 of rung 1 "),
        ({"pcts": range(1, 10)}, "9 take-profit rungs: at most 8"),
        ({"pcts": (0,)}, "take-profit percentage 0 of rung 1 must be above 0"),
        ({"pcts": (-3,)}, "take-profit percentage -3 of rung 1 must be above 0"),
        ({"pcts": (3, 3)}, "take-profit percentage 3 of rung 2 must be above 3"),
        ({"pcts": (3, 6, 5)}, "take-profit percentage 5 of rung 3 must be above 6"),
        ({"pcts": (3, "NaN")}, "take-profit percentage NaN of rung 2 "),
        ({"pcts": (3, "sNaN")}, "take-profit percentage sNaN of rung 2 "),
        ({"pcts": (3, "Infinity")}, "take-profit percentage Infinity of rung 2 "),
        ({"pcts": (3, 6), "closes": (0, "1.1")}, "close fraction 1.1 of rung 2 is not between"),
        ({"pcts": (3, 6), "closes": ("-0.1", 1)}, "close fraction -0.1 of rung 1 is not between"),
        ({"pcts": (3,), "closes": ("NaN",)}, "close fraction NaN of rung 1 "),
        ({"pcts": (3,), "closes": ("sNaN",)}, "close fraction sNaN of rung 1 "),
        ({"pcts": (3, 6), "closes": ("0.6", "0.5")}, "close fractions sum to 1.1 at rung 2"),
        (
            {"pcts": (3, 6, 10), "closes": (0, 1, 0)},
            "rung 3 is never reached: rung 2 closes the rest",
        ),
        (
            {"pcts": (3, 6, 10), "closes": ("0.5", "0.5", 0)},
            "rung 3 is never reached: rung 2 closes the rest",
        ),
        ({"pcts": (3, 6), "closes": (1,)}, "1 close fractions for 2 take-profit percentages"),
        ({"pcts": (), "closes": (1,)}, "1 close fractions for 0 take-profit percentages"),
    ],
)
def test_a_ladder_that_cannot_be_guarded_is_refused(ladder: dict[str, Any], message: str) -> None:
    """What is wrong with a ladder is said with its place and its figure."""
    with pytest.raises(ValueError, match=f"^{message}"):
        a_ladder(
            *ladder.get("pcts", (3, 6, 10)),
            stop=ladder.get("stop", 5),
            closes=ladder.get("closes"),
        )


def test_the_widest_ladder_passes() -> None:
    """Eight rungs that close less than all, and a stop of nearly 100 %, are allowed."""
    ladder = Ladder(
        stop_loss=percent("99.999"),
        rungs=tuple(a_rung(number, fraction="0.12") for number in range(1, 9)),
    )
    assert checked(ladder) is ladder


@pytest.mark.parametrize(
    ("side", "stop", "rungs"),
    [(Side.LONG, "95", ["103", "106", "110"]), (Side.SHORT, "105", ["97", "94", "90"])],
)
def test_levels_lie_at_their_distance_from_the_entry(
    side: Side, stop: str, rungs: list[str]
) -> None:
    """Rungs lie toward profit and the stop toward loss, mirrored for a SHORT."""
    position = a_position(side)
    assert position.stop_price == Decimal(stop)
    assert [str(level) for level in position.take_profit_prices] == rungs


@pytest.mark.parametrize(
    ("side", "entry_price", "stop", "rung"),
    [
        (Side.LONG, "0.000000000000000100", "95E-18", "103E-18"),
        (Side.LONG, "0.000000000000000033", "31E-18", "34E-18"),
        (Side.SHORT, "0.000000000000000100", "105E-18", "97E-18"),
        (Side.LONG, "0.00001234", "0.000011723", "0.0000127102"),
    ],
)
def test_levels_of_tiny_prices_keep_18_decimals(
    side: Side, entry_price: str, stop: str, rung: str
) -> None:
    """Levels are rounded to 18 decimals, so that the smallest coins have ladders too."""
    position = a_position(side, entry_price=entry_price, ladder=a_ladder(3))
    assert position.stop_price == Decimal(stop)
    assert position.take_profit_prices == (Decimal(rung),)


@pytest.mark.parametrize(
    ("side", "entry_price", "ladder"),
    [
        (Side.SHORT, "100", a_ladder(3, 100)),
        (Side.SHORT, "100", a_ladder(3, 250)),
        (Side.LONG, "1E-18", a_ladder(3)),
        (Side.LONG, "20E-18", a_ladder(6, "6.1")),
        (Side.SHORT, "1E-17", a_ladder(10, stop="0.001")),
    ],
    ids=["at zero", "below zero", "rung on the entry", "rungs on each other", "stop on the entry"],
)
def test_levels_must_lie_strictly_in_order(side: Side, entry_price: str, ladder: Ladder) -> None:
    """A ladder whose levels meet, or come to nothing, is refused with its levels."""
    with pytest.raises(ValueError, match=f"ladder of {side} at .* cannot be guarded: stop-loss"):
        a_position(side, entry_price=entry_price, ladder=ladder)


@pytest.mark.parametrize(
    ("side", "entry_price", "ladder"),
    [
        (Side.SHORT, "1000000000000", a_ladder(3, 6)),
        (Side.SHORT, "952380952381", a_ladder(3)),
        (Side.LONG, "1000000000000", a_ladder(3)),
        (Side.LONG, "100000000000", a_ladder(3, 1000)),
    ],
)
def test_a_level_above_the_largest_price_is_refused(
    side: Side, entry_price: str, ladder: Ladder
) -> None:
    """No accepted price could reach it: its stop or take-profit would guard nothing."""
    why = f"{side} at {entry_price} cannot be guarded.*no price above 1000000000000 is ever"
    with pytest.raises(ValueError, match=why):
        a_position(side, entry_price=entry_price, ladder=ladder)


def test_a_stop_at_the_largest_price_guards() -> None:
    """The largest price is accepted, and so it is reached."""
    short = a_position(Side.SHORT, entry_price="800000000000", ladder=a_ladder(3, stop=25))
    assert short.stop_price == PRICE_MAX


@pytest.mark.parametrize("percentages", [(65000, 66000, 68000), ("3", "1000.1")])
def test_a_take_profit_above_1000_percent_asks_whether_it_is_a_price(
    percentages: tuple[Number, ...],
) -> None:
    """A target typed as a price would otherwise lie where the market never comes."""
    first_wrong = percentages[-1] if percentages[0] == "3" else percentages[0]
    with pytest.raises(ValueError, match=f"is {first_wrong} a price\\? Write its distance"):
        ladder_from_percentages([Decimal(each) for each in percentages])


def test_a_stop_loss_above_100_percent_asks_whether_it_is_a_price() -> None:
    """The same question for the stop."""
    with pytest.raises(ValueError, match=r"62800 is not between 0 and 100 .*is 62800 a price\?"):
        ladder_from_percentages(stop_loss_pct=Decimal(62800))


@pytest.mark.parametrize(
    ("fractions", "left"), [(None, "0"), (("0.5", "0.3", "0.1"), "0.1"), ((0, 0, 0), "1")]
)
def test_the_share_without_a_take_profit_is_known(
    fractions: tuple[Number, ...] | None, left: str
) -> None:
    """It is what the close fractions leave, exactly."""
    given = None if fractions is None else [Decimal(each) for each in fractions]
    ladder = ladder_from_percentages(close_fractions=given)
    assert untargeted_fraction(ladder.rungs) == Decimal(left)


def test_a_long_may_aim_beyond_100_percent() -> None:
    """A LONG's take-profit may be up to ten times its entry away."""
    assert a_position(ladder=a_ladder(100, 900)).take_profit_prices == (Decimal(200), Decimal(1000))
