"""The numbers of a connection's frames: which ones tell that others were lost."""

from typing import cast

import pytest

from backstay.feeds.venues.connection import VenueConnection
from backstay.feeds.venues.link import Link, Timing
from tests.unit.test_venue_subscriptions import VENUE


class Silent:
    """A connection on which nothing was heard yet."""

    heard_at = 0.0


@pytest.fixture
def link() -> Link:
    """A connection that has numbered no frame."""
    return Link(cast(VenueConnection, Silent()), VENUE, ["A"], Timing())


def test_a_gap_in_the_numbers_counts_the_frames_that_were_lost(link: Link) -> None:
    """A connection may begin with any number."""
    assert [link.missed(number) for number in (7, 8, 11, 12)] == [0, 0, 2, 0]


def test_a_frame_that_comes_late_makes_no_gap(link: Link) -> None:
    """A lower number, or a repeated one, neither counts as a loss nor sets the count back."""
    assert [link.missed(number) for number in (7, 8, 3, 8, 9)] == [0, 0, 0, 0, 0]
