"""A market and time stops: a price whose time is at or past one is told, whatever the price."""

from decimal import Decimal

import pytest

from actors.engine.pooled import Recipient
from actors.market.messages import Arm, Disarm, QuotePrice
from actors.position.messages import PriceReached
from tests.protocol.stage import ACCOUNT, Feed, Number, Stage
from trading.positions.judging import Triggers

QUIET = 101


@pytest.fixture
def feed(feed: Feed) -> Feed:
    """A market at 100."""
    feed(100)
    return feed


def now_us(stage: Stage) -> int:
    """The virtual time; the feed's next price is a second later."""
    return stage.dispatcher.clock.now_us()


def arm_due(
    stage: Stage,
    position_id: int,
    seconds: int,
    *,
    after: int | None = None,
    low: Number = 95,
    high: Number = 110,
) -> Arm:
    """Wait for two prices, and for a time so many seconds from now."""
    due_us = now_us(stage) + seconds * 1_000_000
    triggers = Triggers(low=Decimal(low), high=Decimal(high), due_us=due_us)
    return Arm(position_id=position_id, triggers=triggers, after=after)


def test_the_first_price_of_its_time_is_told_and_none_before(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """At its time exactly, a second before it not."""
    position = stage.position(1)
    market.tell(arm_due(stage, 1, 2))
    feed(QUIET)
    position.expect_nothing(for_=0)
    feed(QUIET)
    hit = position.expect(PriceReached)
    assert [hit.price, hit.time_us] == [QUIET, now_us(stage)]


def test_it_is_told_once_until_the_position_arms_again(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """A time stop does not act twice."""
    position = stage.position(1)
    market.tell(arm_due(stage, 1, 1))
    feed(QUIET, QUIET, QUIET)
    position.expect(PriceReached)
    position.expect_nothing(for_=0)


def test_a_time_that_is_reached_in_the_prices_that_were_missed_is_told_on_arming(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """The first missed price of that time, although a later one is there."""
    position = stage.position(1)
    market.tell(arm_due(stage, 1, 60, high=103))
    feed(103)
    hit = position.expect(PriceReached)
    due = arm_due(stage, 1, 2, after=hit.number)
    feed(QUIET)
    feed(QUIET)
    feed(QUIET)
    position.expect_nothing(for_=0)
    market.tell(due)
    missed = position.expect(PriceReached)
    assert missed.number == hit.number + 2
    assert missed.time_us == due.triggers.due_us


def test_a_rearmed_position_waits_for_its_new_time_alone(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Later, or none at all: the former time is nothing any more."""
    position, dropped = stage.position(1), stage.position(2)
    market.tell(arm_due(stage, 1, 1))
    market.tell(arm_due(stage, 2, 1))
    market.tell(arm_due(stage, 1, 3))
    market.tell(
        Arm(position_id=2, triggers=Triggers(low=Decimal(95), high=Decimal(110)), after=None)
    )
    feed(QUIET, QUIET)
    position.expect_nothing(for_=0)
    feed(QUIET)
    position.expect(PriceReached)
    dropped.expect_nothing(for_=0)


def test_a_disarmed_position_has_no_time(stage: Stage, market: Recipient, feed: Feed) -> None:
    """Its close by hand was first."""
    position = stage.position(1)
    market.tell(arm_due(stage, 1, 1))
    market.tell(Disarm(position_id=1))
    feed(QUIET, QUIET)
    position.expect_nothing(for_=0)


def test_a_price_that_was_told_to_nobody_counts_for_its_time(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Its position was between two lives: the next one is told that price when it arms."""
    market.tell(arm_due(stage, 1, 1))
    feed(QUIET)
    due = arm_due(stage, 1, 0)
    feed(QUIET)
    position = stage.position(1)
    market.tell(due)
    assert position.expect(PriceReached).number == 2


def test_a_position_that_is_quoted_is_told_no_time_before_it_arms(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """A change of its time stop may be under way: the new one judges what was missed."""
    position = stage.position(1)
    market.tell(arm_due(stage, 1, 1))
    market.tell(
        QuotePrice(
            account=ACCOUNT,
            position_id=1,
            for_open=False,
            force=True,
            reply_to=stage.probe("asker"),
            question=1,
        )
    )
    later = arm_due(stage, 1, 3, after=1)
    feed(QUIET, QUIET)
    position.expect_nothing(for_=0)
    market.tell(later)
    position.expect_nothing(for_=0)
    feed(QUIET)
    position.expect(PriceReached)


def test_several_prices_of_one_message_reach_a_time_one_by_one(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """The first whose time it is, in the middle of the message."""
    position = stage.position(1)
    market.tell(arm_due(stage, 1, 2))
    stage.dispatcher.advance(5)
    start_us = now_us(stage) - 5_000_000
    feed.send([101, 102, 103, 104], [start_us + n * 1_000_000 for n in (1, 2, 3, 4)])
    assert position.expect(PriceReached).price == 102
    position.expect_nothing(for_=0)
