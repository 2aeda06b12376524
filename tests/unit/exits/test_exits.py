"""Exits that leave fields out, and the defaults that stand in for them."""

import pytest

from trading.exits.exits import NOTHING_SAID, Exits, exits_of
from trading.exits.ladder import DEFAULT_LADDER, Ladder
from trading.exits.notation import exits_from, ladder_line


def asked(**fields: str) -> Exits:
    return exits_from(fields)


def test_nothing_said_is_the_default() -> None:
    """The service's, or whichever is given."""
    own = asked(stop_loss="8%", trailing="2%", close_after="4h", take_profit_fill="level").over()
    assert NOTHING_SAID.over() == DEFAULT_LADDER
    assert NOTHING_SAID.over(own) == own


@pytest.mark.parametrize(
    ("fields", "line"),
    [
        ({"stop_loss": "62800"}, "stop_loss 62800, take_profits 4%@100%>breakeven"),
        ({"take_profits": "9%"}, "stop_loss 8%, take_profits 9%@100%>breakeven"),
        ({"take_profits": "none"}, "stop_loss 8%"),
    ],
)
def test_each_field_stands_for_itself(fields: dict[str, str], line: str) -> None:
    """What is not said is the default's, to the rest of its fields too."""
    own = asked(stop_loss="8%", take_profits="4%").over()
    assert ladder_line(asked(**fields).over(own)) == line


def test_none_takes_the_defaults_away() -> None:
    """A default's trail and time stop among them."""
    own = asked(trailing="2%", close_after="4h").over()
    assert asked(trailing="none", close_after="none").over(own) == DEFAULT_LADDER


def test_a_trail_from_a_default_s_rung_goes_with_its_rungs() -> None:
    """With other rungs it would begin elsewhere than was meant; one from the entry stays."""
    from_rung = asked(trailing="2% from rung 3").over()
    assert asked(take_profits="4%;8%;9%").over(from_rung).trailing is None
    assert asked(stop_loss="4%").over(from_rung).trailing is not None
    from_entry = asked(trailing="2%").over()
    assert asked(take_profits="4%").over(from_entry).trailing == from_entry.trailing


def test_what_comes_later_is_said_in_the_place_of_what_came_before() -> None:
    """Field by field."""
    first = asked(stop_loss="4%", take_profits="4%", close_after="1h")
    later = asked(take_profits="none", trailing="2%", take_profit_fill="level")
    assert first.and_then(later) == asked(
        stop_loss="4%",
        take_profits="none",
        trailing="2%",
        close_after="1h",
        take_profit_fill="level",
    )


@pytest.mark.parametrize(
    "ladder",
    [DEFAULT_LADDER, asked(stop_loss="none", take_profits="none", trailing="600").over()],
)
def test_a_ladder_s_exits_leave_nothing_out(ladder: Ladder) -> None:
    """Whatever the default is."""
    other = asked(stop_loss="1%", take_profits="2%", trailing="3%", close_after="4h").over()
    assert exits_of(ladder).over(other) == ladder
