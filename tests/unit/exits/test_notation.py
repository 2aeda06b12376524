"""The one line of every edge: what it says, and what it refuses."""

import re
import time
from decimal import Decimal

import pytest

from trading.exits.exits import NOTHING_SAID, Exits, Said
from trading.exits.ladder import (
    DEFAULT_LADDER,
    Rung,
    StopTarget,
    TakeProfitFill,
    Trailing,
    TrailStart,
)
from trading.exits.level import Level, percent
from trading.exits.notation import (
    asked_rungs_from,
    asked_rungs_text,
    exits_from,
    exits_line,
    exits_text,
    ladder_line,
    share_from,
    trailing_from,
)


def price(value: int) -> Level:
    return Level(Decimal(value))


def test_take_profits_say_level_share_and_stop() -> None:
    """What is left out follows the pattern: the last closes what is left."""
    assert exits_from({"take_profits": "65000@40%>breakeven; 66000@30%>keep ,68000"}) == Exits(
        take_profits=(
            Rung(at=price(65000), stop=StopTarget.BREAKEVEN, close_fraction=Decimal("0.4")),
            Rung(at=price(66000), stop=StopTarget.KEEP, close_fraction=Decimal("0.3")),
            Rung(at=price(68000), stop=StopTarget.PREVIOUS, close_fraction=Decimal("0.3")),
        )
    )


@pytest.mark.parametrize(
    ("text", "distance", "step", "start"),
    [
        ("2%", percent(2), "0.1", TrailStart()),
        ("2%/0.5% from rung 2", percent(2), "0.5", TrailStart(rung=2)),
        ("600 from 65000", price(600), "0.1", TrailStart(level=price(65000))),
        ("600/0.01% FROM 3%", price(600), "0.01", TrailStart(level=percent(3))),
        ("1.5 % from entry", percent("1.5"), "0.1", TrailStart()),
    ],
)
def test_a_trail_says_distance_step_and_start(
    text: str, distance: Level, step: str, start: TrailStart
) -> None:
    """The step and the start may be left out."""
    trailing = trailing_from(text)
    assert not isinstance(trailing, Said)
    assert (trailing.distance, trailing.start) == (distance, start)
    assert trailing.step_percent == Decimal(step)
    assert trailing_from(str(trailing)) == trailing


def test_none_says_that_there_is_none_and_empty_says_nothing() -> None:
    """What says nothing leaves the field to the default."""
    fields = ("stop_loss", "take_profits", "trailing", "close_after")
    assert exits_from(dict.fromkeys(fields, " None ")) == Exits(
        stop_loss=Said.NONE, take_profits=(), trailing=Said.NONE, close_after_us=Said.NONE
    )
    assert exits_from(dict.fromkeys(fields, "  ")) == exits_from({}) == NOTHING_SAID
    assert exits_text(NOTHING_SAID) == {}
    assert exits_line(NOTHING_SAID) == ""


def test_a_whole_ladder_is_one_line() -> None:
    """It tells what there is; the stop-loss always."""
    assert ladder_line(DEFAULT_LADDER) == (
        "stop_loss 5%, take_profits 3%@0%>breakeven;6%@0%>previous;10%@100%>previous"
    )
    asked = {"stop_loss": "none", "take_profits": "none", "trailing": "2%", "close_after": "240m"}
    assert ladder_line(exits_from(asked).over()) == (
        "stop_loss none, trailing 2%/0.1% from entry, close_after 4h"
    )


def test_rungs_are_written_as_they_were_asked_for() -> None:
    """Without what they leave out."""
    for text in ("65000@40%>keep;3%>1%;68000", "none", "5%@0%"):
        assert asked_rungs_text(asked_rungs_from(text)) == text


def test_what_closes_at_which_price_is_a_word() -> None:
    """The trigger's price, or the level's."""
    assert exits_from({"take_profit_fill": " LEVEL"}).take_profit_fill is TakeProfitFill.LEVEL


@pytest.mark.parametrize(
    ("field", "text", "why"),
    [
        ("stop_loss", "62,800", "'62,800' has thousands separators: write 62800"),
        ("stop_loss", "0%", "'0%' is not above 0: give a percentage such as 3%"),
        ("stop_loss", "65000%", "65000% is above 1000%; to give a price, leave out the %"),
        (
            "take_profits",
            "65,000",
            "'65,000' may be one price with thousands separators or several take-profits: write "
            "65000, or separate take-profits with ;",
        ),
        ("take_profits", "3%@40", "share '40' is not a percentage: write it with its sign"),
        ("take_profits", "3%@140%", "share 140% is above 100%"),
        ("take_profits", "3%@", "'3%@' is not a take-profit: write LEVEL, LEVEL@SHARE or"),
        ("take_profits", "3%;;6%", "'' is not a take-profit"),
        ("take_profits", "3%>up", "'up' is not a price such as 62800 or a percentage such as 5%"),
        ("take_profits", "3%>up", "or one of `keep`, `breakeven`, `breakeven_net`, `previous`"),
        ("take_profits", "3%@60%;6%@60%", "come to 120% at number 2: they may come to 100%"),
        ("take_profits", "6%;3%", "take-profit 2 of 3% is not beyond the 6% before it"),
        ("take_profits", ";".join(f"{n}%" for n in range(1, 41)), "40 take-profits: give at most"),
        ("trailing", "0", "'0' is not above 0: give a price such as 62800"),
        ("trailing", "2%/0.001%", "trailing step 0.001% is not between 0.01% and 100%"),
        ("trailing", "2%/5", "'5' is not a percentage: write it with its sign"),
        ("trailing", "2% from rung 9", "the trail begins at rung 9, and the ladder has 8"),
        ("trailing", "2% from noon", "'noon' is not a price such as 62800"),
        ("trailing", "2% from noon", "`entry` or `rung 1`"),
        ("close_after", "4", "'4' is not a duration: write a whole number and its unit"),
        ("close_after", "4.5h", "'4.5h' is not a duration"),
        ("close_after", "0h", "a time stop after 0d is not between 1s and 3650d"),
        ("close_after", "99999d", "a time stop after 99999d is not between 1s and 3650d"),
        ("take_profit_fill", "best", "'best' is neither `price` nor `level`"),
    ],
)
def test_what_cannot_be_read_is_refused(field: str, text: str, why: str) -> None:
    """With the field's name, the text and the remedy."""
    with pytest.raises(ValueError, match=rf"^{field}: .*{re.escape(why)}"):
        exits_from({field: text})


def test_a_trail_begins_at_the_first_from() -> None:
    """White space around it may be of any kind and length."""
    expected = Trailing(distance=percent(2), start=TrailStart(rung=2))
    assert trailing_from("2% \t from   rung 2 ") == expected


def test_a_share_has_as_many_decimals_as_a_row_keeps() -> None:
    """A fraction has 18, and so a percentage 16."""
    assert share_from("33.3333333333333333%") == Decimal("0.333333333333333333")
    with pytest.raises(ValueError, match="has more than 16 decimals: round it"):
        share_from("33.33333333333333333%")


@pytest.mark.parametrize("text", ["2%" + " " * 250_000 + "x", "2%" + "\t from" * 50_000])
def test_a_long_text_is_refused_at_once(text: str) -> None:
    """In time that grows with its length only, and in an error that stays short."""
    began = time.process_time()
    with pytest.raises(ValueError, match="is not a ") as caught:
        trailing_from(text)
    assert time.process_time() - began < 1
    assert len(str(caught.value)) < 300
