"""docs/ladder.md: its examples, figures, pictures and JSON are what the rules say."""

import json
import re

import pytest

from backstay.web.api.position_requests import OpenRequest
from harness.ladder_page.drawing import drawing
from harness.ladder_page.page import PAGE, PICTURES, Block, blocks, filled
from trading.exits.notation import exits_from

TEXT = PAGE.read_text()
PICTURED = {block.picture: block for block in blocks(TEXT) if block.picture is not None}

GOLDEN = (
    ("prices and percentages", "Closed at 110", "2.32225"),
    ("prices of a SHORT", "Closed at 90", "2.34275"),
    ("a price, a percentage, a price", "Closed at 64199", "4.6885893"),
    ("breakeven net", "Closed at 100.67", "-0.00068675"),
    ("breakeven net of a SHORT", "Closed at 99.34", "-0.0018235"),
    ("a rung's stop at a distance", "Closed at 105", "1.077375"),
    ("a trail from the entry", "Closed at 205.8", "1.109055"),
    ("a trail of a SHORT", "Closed at 191.76", "1.733446"),
    ("a trail from a rung", "Closed at 107.9", "4.757655"),
    ("a trail by an amount, from a level", "Closed at 65400", "9.6546"),
    ("a time stop", "Closed at 101.2", "0.13127"),
    ("a rung and the time at one price", "Closed at 104", "0.8284"),
    ("a gap filled at the levels", "Closed at 106", "3.81155"),
    ("a gap filled at the price", "Closed at 107", "6.3013"),
)
"""What was worked out by hand: the last close and the net PnL of the whole position."""


def test_the_examples_say_what_the_rules_answer() -> None:
    """`python -m harness.ladder_page` writes them anew; each price is judged twice on the way."""
    assert filled(TEXT) == TEXT


@pytest.mark.parametrize(
    ("close", "net"), [case[1:] for case in GOLDEN], ids=[c[0] for c in GOLDEN]
)
def test_a_figure_worked_out_by_hand_is_on_the_page(close: str, net: str) -> None:
    """A mistake in a rule cannot pass by writing the page anew."""
    ends = re.findall(r"(Closed at \S+),(?:(?!Closed at).)*? in all (\S+)", " ".join(TEXT.split()))
    assert (close, net) in ends


@pytest.mark.parametrize("name", sorted(PICTURED))
def test_a_picture_shows_its_example(name: str) -> None:
    """It is drawn from the example above it, by the same command."""
    block: Block = PICTURED[name]
    assert (PICTURES / f"{name}.svg").read_text() == drawing(block.example)
    assert f"](pictures/{name}.svg)" in TEXT


def test_no_picture_is_left_of_an_example_that_is_gone() -> None:
    """What nothing draws would grow old unseen."""
    assert {path.stem for path in PICTURES.glob("ladder-*.svg")} == set(PICTURED)


def test_the_json_says_the_same_as_the_line_below_it() -> None:
    """The API reads it, and it comes to the exits of the one-line notation."""
    body = re.search(r"^```json open\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    line = re.search(r"^```exits\n(.*?)\n```", TEXT, re.MULTILINE | re.DOTALL)
    assert body is not None
    assert line is not None
    exits = OpenRequest.model_validate(json.loads(body[1])).exits()
    fields = dict(part.split(" ", 1) for part in line[1].split(", "))
    assert exits == exits_from(fields)
