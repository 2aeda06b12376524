"""docs/ladder.md: its examples, figures, pictures and JSON are what the rules say."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from backstay.web.api.position_requests import OpenRequest
from harness.ladder_page.drawing import drawing
from harness.ladder_page.page import PAGE, PICTURES, Block, blocks, filled
from trading.exits.exits import NOTHING_SAID
from trading.exits.notation import EXIT_FIELDS, exits_from

TEXT = PAGE.read_text()
PICTURED = {block.picture: block for block in blocks(TEXT) if block.picture is not None}

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "exits.json").read_text())
"""Cases that were worked out by hand."""


def test_the_examples_say_what_the_rules_answer() -> None:
    """`python -m harness.ladder_page` writes them anew; each price is judged twice on the way."""
    assert filled(TEXT) == TEXT


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_a_case_worked_out_by_hand_is_on_the_page(case: dict[str, Any]) -> None:
    """Its last close and what the position earned: a mistake in a rule cannot write them anew."""
    last = case["steps"][-1]["closed"][-1]
    ends = re.findall(r"Closed at (\S+),(?:(?!Closed at).)*? in all (\S+)", " ".join(TEXT.split()))
    assert (last["exit_price"], case["net_pnl_so_far"]) in ends


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


def test_the_notations_examples_are_read() -> None:
    """Each example of the table of fields is one that every door takes."""
    table = TEXT.split("| field | written | examples |\n", 1)[1].split("\n\n", 1)[0]
    rows = re.findall(r"^\| `(\w+)` \| .* \| ([^|]+) \|$", table, re.MULTILINE)
    assert {name for name, _ in rows} == set(EXIT_FIELDS)
    for name, examples in rows:
        for example in re.findall(r"`([^`]+)`", examples):
            assert exits_from({name: example}) != NOTHING_SAID
