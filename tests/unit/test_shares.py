"""Shares: the holder that has the most places gives way."""

import pytest

from backstay.web.access.shares import fullest


@pytest.mark.parametrize(
    ("holders", "newcomer", "gives_way"),
    [
        ("aaab", "b", "a"),
        ("aab", "b", "b"),
        ("baa", "b", "b"),
        ("abb", "c", "b"),
        ("ab", "a", "a"),
        ("", "a", "a"),
    ],
)
def test_the_holder_with_the_most_places_gives_way(
    holders: str, newcomer: str, gives_way: str
) -> None:
    """A newcomer counts with the place that it asks for, and is the one of two that are even."""
    assert fullest(holders, newcomer) == gives_way
