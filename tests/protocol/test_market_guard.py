"""A market's guard: prices that are held back, counted, and released."""

from decimal import Decimal

import pytest

from actors.base import Recipient
from actors.messages import (
    MarketReported,
    PauseMarket,
    ReleaseCandidate,
    ResumeMarket,
)
from actors.protocol import (
    CommitChange,
    PriceReached,
)
from tests.protocol.stage import Feed, Stage, arm, report
from trading.events import PriceQuarantined, QuarantineEnded


@pytest.fixture
def feed(feed: Feed) -> Feed:
    """The market's prices; the first is 100."""
    feed(100)
    return feed


def test_prices_while_paused_reach_nobody(stage: Stage, market: Recipient, feed: Feed) -> None:
    """While the venue's connection is down no trigger is evaluated; they are counted."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    market.tell(PauseMarket())
    feed(104, 90)
    position.expect_nothing()
    paused = report(stage, market)
    assert (paused.state, paused.ignored, paused.accepted) == ("PAUSED", 2, 1)
    market.tell(ResumeMarket())
    feed(104)
    position.expect(PriceReached)


def test_a_jump_reaches_nobody_until_it_is_confirmed(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Three further prices near it, over a second, and the newest one is judged."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    feed(40, 40, 41)
    position.expect_nothing(for_=0)
    assert report(stage, market).state == "QUARANTINED"
    feed(40)
    assert position.expect(PriceReached).price == 40


def test_a_person_releases_a_jump_by_naming_it(stage: Stage, market: Recipient, feed: Feed) -> None:
    """Another figure releases nothing; the right one is judged like any price."""
    position, client = stage.position(1), stage.probe("client")
    market.tell(arm(1, 95, 103))
    feed(40)
    market.tell(ReleaseCandidate(price=Decimal(41), reply_to=client))
    assert client.expect(MarketReported).candidate == 40
    position.expect_nothing(for_=0)
    market.tell(ReleaseCandidate(price=Decimal(40), reply_to=client))
    assert client.expect(MarketReported).candidate is None
    assert position.expect(PriceReached).price == 40


def test_a_quarantine_begins_and_ends_with_an_event(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Handed to the Committer, so that it is written in order with everything else."""
    feed(40, 101)
    (began,) = stage.committer.expect(CommitChange).change.events
    (ended,) = stage.committer.expect(CommitChange).change.events
    assert isinstance(began, PriceQuarantined)
    assert began.price == 40
    assert began.last_price == 100
    assert isinstance(ended, QuarantineEnded)
    assert ended.outcome == "dropped"
    assert ended.candidate == 40
    assert ended.price == 101


def test_a_report_counts_what_was_made_of_the_prices(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Accepted, rejected, ignored and quarantined, and how many positions wait."""
    stage.position(1)
    market.tell(arm(1, 95, 103))
    now_us = stage.dispatcher.clock.now_us()
    feed.send([101, 0, "NaN", 102, 500], [now_us, now_us, now_us, now_us - 1, now_us])
    told = report(stage, market)
    assert told.last is not None
    assert told.last.price == 101
    assert told.armed == 1
    assert (told.accepted, told.rejected, told.ignored, told.quarantined) == (2, 2, 1, 1)
