"""A market and its positions: who is told which price, and that none is lost."""

from dataclasses import replace
from decimal import Decimal

import pytest

from actors.engine.pooled import Recipient
from actors.market.messages import Disarm, PriceQuoted, QuotePrice, ReleaseQuotes
from actors.position.messages import PriceReached
from tests.protocol.stage import ACCOUNT, Feed, Stage, arm, report


@pytest.fixture
def feed(feed: Feed) -> Feed:
    """The market's prices; the first is 100."""
    feed(100)
    return feed


def quote(stage: Stage, position_id: int) -> QuotePrice:
    return QuotePrice(
        account=ACCOUNT, position_id=position_id, for_open=True, reply_to=stage.wallet
    )


def test_a_quiet_price_is_told_to_nobody(stage: Stage, market: Recipient, feed: Feed) -> None:
    """Between the triggers nothing happens, however many prices come."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    feed(101, 99, 102)
    position.expect_nothing()


def test_a_price_is_told_to_whom_it_reaches(stage: Stage, market: Recipient, feed: Feed) -> None:
    """With its number and its exchange time; to nobody else."""
    near, far = stage.position(1), stage.position(2)
    market.tell(arm(1, 95, 103))
    market.tell(arm(2, 95, 110))
    feed(103)
    hit = near.expect(PriceReached)
    now_us = stage.dispatcher.clock.now_us()
    assert hit == PriceReached(position_id=1, price=Decimal(103), time_us=now_us, number=2)
    far.expect_nothing()


def test_a_told_position_is_told_no_more_until_it_arms(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """One hit at a time: it first answers with what it waits for next."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    feed(103, 110, 90)
    position.expect(PriceReached)
    position.expect_nothing()


def test_what_a_life_sent_at_its_start_does_not_answer_a_price_that_it_was_told(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """It is armed by a former life still, and told before its own arming: it arms once more."""
    position = stage.position(1)
    market.tell(arm(1, 95, 110))
    feed(111, 94)
    hit = position.expect(PriceReached)
    market.tell(replace(arm(1, 90, 120), sender=position))
    position.expect_nothing()
    market.tell(arm(1, 105, 120, after=hit.number))
    assert position.expect(PriceReached).price == 94


def test_no_price_is_lost_between_a_hit_and_the_arming(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """The prices in between are looked through: the first that matters is told."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    feed(103, 104, 107, 99)
    hit = position.expect(PriceReached)
    market.tell(arm(1, 100, 106, after=hit.number))
    again = position.expect(PriceReached)
    assert again.price == 107
    assert again.number == hit.number + 2
    market.tell(arm(1, 103, 110, after=again.number))
    assert position.expect(PriceReached).price == 99


def test_no_price_is_lost_between_a_stamp_and_the_arming(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """An open that is being committed misses nothing that comes after its price."""
    position = stage.position(1)
    market.tell(quote(stage, 1))
    feed(103, 101)
    market.tell(arm(1, 95, 103, after=1))
    assert position.expect(PriceReached).price == 103


def test_a_price_before_the_stamp_is_no_business_of_the_position(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Even where an older question has it kept."""
    older, younger = stage.position(1), stage.position(2)
    market.tell(quote(stage, 1))
    feed(104, 100)
    market.tell(quote(stage, 2))
    feed(101)
    market.tell(arm(2, 95, 103, after=3))
    younger.expect_nothing()
    market.tell(arm(1, 95, 103, after=1))
    assert older.expect(PriceReached).price == 104


def test_arming_without_a_number_goes_on_after_the_last_price_sent(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """A position's next life does not know what its former life was told; the market does."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    feed(103, 108, 101)
    position.expect(PriceReached)
    market.tell(arm(1, 95, 103))
    assert position.expect(PriceReached).price == 108


def test_arming_without_a_number_and_without_a_former_life_begins_now(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """After a restart the next accepted price decides."""
    position = stage.position(1)
    feed(110, 100)
    market.tell(arm(1, 95, 103))
    position.expect_nothing()
    feed(103)
    position.expect(PriceReached)


def test_a_hit_that_nobody_took_is_told_when_the_position_arms(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """A position that is being restarted gets the price that found it away."""
    market.tell(arm(1, 95, 103))
    feed(104, 100)
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    assert position.expect(PriceReached).price == 104


def test_an_undelivered_hit_that_no_longer_matters_is_dropped(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """The restarted position is further than the price; what came after is looked through."""
    market.tell(arm(1, 95, 103))
    feed(104, 107)
    position = stage.position(1)
    market.tell(arm(1, 100, 106))
    assert position.expect(PriceReached).price == 107


def test_a_disarmed_position_is_told_nothing(stage: Stage, market: Recipient, feed: Feed) -> None:
    """Neither a new price nor one that was undelivered."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    market.tell(Disarm(position_id=1))
    feed(110)
    position.expect_nothing()
    assert report(stage).armed == 0


@pytest.mark.parametrize(
    "release",
    [
        ReleaseQuotes(account=ACCOUNT, opened=frozenset()),
        Disarm(position_id=1),
    ],
    ids=["ReleaseQuotes", "Disarm"],
)
def test_a_released_quote_keeps_nothing(
    stage: Stage,
    market: Recipient,
    feed: Feed,
    release: ReleaseQuotes | Disarm,
) -> None:
    """What came after the stamp of an open that was not made is forgotten."""
    position = stage.position(1)
    market.tell(quote(stage, 1))
    feed(110, 100)
    market.tell(release)
    market.tell(arm(1, 95, 103, after=1))
    position.expect_nothing()


@pytest.mark.parametrize(
    "release",
    [
        ReleaseQuotes(account=ACCOUNT, opened=frozenset({1})),
        ReleaseQuotes(account="other", opened=frozenset()),
    ],
    ids=["opened", "other account"],
)
def test_a_quote_that_still_counts_is_kept(
    stage: Stage, market: Recipient, feed: Feed, release: ReleaseQuotes
) -> None:
    """A wallet's next life releases its own quotes, and not those that became positions."""
    position = stage.position(1)
    market.tell(quote(stage, 1))
    feed(110, 100)
    market.tell(release)
    market.tell(arm(1, 95, 103, after=1))
    assert position.expect(PriceReached).price == 110


def test_several_prices_in_one_message_are_judged_one_by_one(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """The first that reaches somebody is told, the later ones are kept for them."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    now_us = stage.dispatcher.clock.now_us()
    feed.send([101, 103, 104, 111, 99], [now_us + step for step in range(5)])
    hit = position.expect(PriceReached)
    assert hit.price == 103
    assert hit.number == 3
    market.tell(arm(1, 103, 110, after=hit.number))
    assert position.expect(PriceReached).price == 111


def test_an_arm_that_crosses_a_hit_waits_for_the_next(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """It was sent before the position has judged the hit; when it has, it arms again."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    feed(103)
    hit = position.expect(PriceReached)
    market.tell(arm(1, 95, 103, after=hit.number - 1))
    feed(110)
    position.expect_nothing()
    market.tell(arm(1, 100, 106, after=hit.number))
    assert position.expect(PriceReached).price == 110


def test_a_price_to_close_at_waits_until_the_position_has_judged_its_hit(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """A hand does not overtake the ladder: first the hit, then the newest price."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    feed(103)
    hit = position.expect(PriceReached)
    market.tell(QuotePrice(account=ACCOUNT, position_id=1, for_open=False, reply_to=position))
    feed(104)
    position.expect_nothing()
    market.tell(arm(1, 100, 106, after=hit.number))
    assert position.expect(PriceQuoted).price == 104


def test_a_position_that_closes_on_its_hit_needs_no_quote(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """It disarms, and the question that waited is forgotten."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    feed(103)
    position.expect(PriceReached)
    market.tell(QuotePrice(account=ACCOUNT, position_id=1, for_open=False, reply_to=position))
    market.tell(Disarm(position_id=1))
    feed(104)
    position.expect_nothing()
