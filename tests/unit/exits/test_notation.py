"""The one-line notation of exits, where it is long or wrong."""

import time

import pytest

from trading.exits.ladder import Trailing, TrailStart
from trading.exits.level import percent
from trading.exits.notation import trailing_from


def test_a_trail_begins_at_the_first_from() -> None:
    """White space around it may be of any kind and length."""
    expected = Trailing(distance=percent(2), start=TrailStart(rung=2))
    assert trailing_from("2% \t from   rung 2 ") == expected


@pytest.mark.parametrize("text", ["2%" + " " * 250_000 + "x", "2%" + "\t from" * 50_000])
def test_a_long_text_is_refused_at_once(text: str) -> None:
    """In time that grows with its length only, and in an error that stays short."""
    began = time.process_time()
    with pytest.raises(ValueError, match="is not a ") as caught:
        trailing_from(text)
    assert time.process_time() - began < 1
    assert len(str(caught.value)) < 300
