"""How far a venue's clock is ahead of ours."""

import pytest

from backstay.feeds.venues.venue_clock import VenueClock

NOW_US = 1_700_000_000_000_000


def clock_after(*ahead_at: tuple[float, float]) -> VenueClock:
    """After trades that were so far ahead of our clock when they came, at these seconds."""
    clock = VenueClock()
    for ahead, at in ahead_at:
        clock.note(NOW_US + round(ahead * 1_000_000), NOW_US, at)
    return clock


def test_the_least_late_trade_counts() -> None:
    """One that was held up on its way says nothing about clocks."""
    assert clock_after((-0.2, 0), (-9, 1), (-0.1, 2), (-4, 3)).ahead_seconds == -0.1


def test_what_is_twenty_seconds_old_is_forgotten() -> None:
    """So that a clock that was set shows soon."""
    was_wrong = [(3_600.0, 0.0), (3_600.0, 9.0)]
    assert clock_after(*was_wrong, (-0.1, 11)).ahead_seconds == 3_600
    assert clock_after(*was_wrong, (-0.1, 11), (-0.2, 21.5)).ahead_seconds == -0.1


@pytest.mark.parametrize(
    ("ahead", "words"),
    [
        (5.1, "stamped 5.1 s ahead of this machine's clock"),
        (3_600, "set the clock"),
        (-31, "come 31.0 s late by this machine's clock"),
    ],
)
def test_clocks_that_disagree_by_much_are_told(ahead: float, words: str) -> None:
    """Ahead by more than a market takes, or late as no venue is."""
    trouble = clock_after((ahead, 0)).trouble()
    assert trouble is not None
    assert words in trouble


@pytest.mark.parametrize("ahead", [5, 0, -0.5, -30])
def test_clocks_that_agree_well_enough_are_no_trouble(ahead: float) -> None:
    """A venue's prices take their time."""
    assert clock_after((ahead, 0)).trouble() is None
    assert VenueClock().trouble() is None
