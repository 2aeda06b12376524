"""A market's guard: prices that are held back, counted, and released."""

from decimal import Decimal

import pytest

from actors.commit.messages import CommitChange
from actors.engine.pooled import Recipient
from actors.market.messages import JudgedPrice, PricesTaken, ReleaseCandidate, SetPause, TakePrices
from actors.market.settings import MarketSettings
from actors.messages import Denied
from actors.position.messages import PriceReached
from actors.published import MarketState, MarketStatus
from tests.protocol.stage import SYMBOL, Feed, Stage, a_market, arm, report, state
from trading.events.markets import (
    PriceQuarantined,
    PriceRejected,
    PriceTimesRebased,
    QuarantineEnded,
)
from trading.model import DenialReason, MarketPrice
from trading.times import iso_time


@pytest.fixture
def feed(feed: Feed) -> Feed:
    """The market's prices; the first is 100."""
    feed(100)
    return feed


def test_prices_while_paused_reach_nobody(stage: Stage, market: Recipient, feed: Feed) -> None:
    """While the venue's connection is down no trigger is evaluated; they are counted."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    market.tell(SetPause(why="its venue's connection is down"))
    feed(104, 90)
    position.expect_nothing()
    paused = report(stage)
    assert state(stage) is MarketState.PAUSED
    assert (paused.ignored, paused.accepted) == (2, 1)
    market.tell(SetPause(why=None))
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
    assert state(stage) is MarketState.QUARANTINED
    feed(40)
    assert position.expect(PriceReached).price == 40


def test_a_person_releases_a_jump_by_naming_it(stage: Stage, market: Recipient, feed: Feed) -> None:
    """Another figure releases nothing; the right one is judged like any price."""
    position, client = stage.position(1), stage.probe("client")
    market.tell(arm(1, 95, 103))
    feed(40)
    market.tell(ReleaseCandidate(price=Decimal(41), reply_to=client))
    denial = client.expect(Denied).denial
    assert denial.reason is DenialReason.CANDIDATE_UNKNOWN
    assert denial.text == "release of 41 of BTCUSDT refused: 40 waits, name it"
    position.expect_nothing(for_=0)
    market.tell(ReleaseCandidate(price=Decimal(40), reply_to=client))
    assert client.expect(MarketStatus).candidate is None
    assert position.expect(PriceReached).price == 40


def test_a_released_price_is_fresh(stage: Stage, market: Recipient, feed: Feed) -> None:
    """It is the person's word on what the price is now, however long it had waited."""
    client = stage.probe("client")
    feed(40)
    stage.dispatcher.advance(MarketSettings().price_age_seconds_max + 1)
    market.tell(ReleaseCandidate(price=Decimal(40), reply_to=client))
    client.expect(MarketStatus)
    assert state(stage) is MarketState.LIVE


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
    told = report(stage)
    assert told.last is not None
    assert told.last.price == 101
    assert told.armed == 1
    assert (told.accepted, told.rejected, told.ignored, told.quarantined) == (2, 2, 1, 1)


def judged(stage: Stage, market: Recipient, *prices: tuple[str, int]) -> list[tuple[str, str]]:
    """What becomes of prices that are stamped so many seconds from now, and why."""
    client, now_us = stage.probe("client"), stage.dispatcher.clock.now_us()
    market.tell(
        TakePrices(
            prices=[Decimal(price) for price, _ in prices],
            times_us=[now_us + seconds * 1_000_000 for _, seconds in prices],
            reply_to=client,
        )
    )
    taken = client.expect(PricesTaken)
    return [(str(one.verdict), one.why or "") for one in taken.judged]


def test_who_asks_hears_what_became_of_each_price(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """In order, with the reason why one was not accepted."""
    now = iso_time(stage.seconds() * 1_000_000)
    assert judged(
        stage, market, ("101", 0), ("0", 0), ("101", 7), ("99", -1), ("38", 0), ("102", 0)
    ) == [
        ("accepted", ""),
        (
            "rejected",
            "not a price: not above 0 and at most 1000000000000, with at most 18 decimals",
        ),
        ("rejected", "stamped 7 s ahead of our clock, at most 5 s are allowed"),
        ("ignored", f"older than the last accepted price of {now}"),
        (
            "quarantined",
            "jumps 63 % from the last accepted 101: 38 waits for 3 prices within 5 % of it",
        ),
        ("accepted", ""),
    ]


def test_a_verdict_says_when_the_market_is_paused(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Such prices are ignored, one and all."""
    market.tell(SetPause(why="its venue's connection is down"))
    why = "paused: its venue's connection is down"
    assert judged(stage, market, ("101", 0), ("0", 0)) == [("ignored", why)] * 2


def test_prices_that_are_judged_one_by_one_reach_positions_all_the_same(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """Asking for verdicts changes nothing else."""
    position = stage.position(1)
    market.tell(arm(1, 95, 103))
    judged(stage, market, ("102", 0), ("103", 0), ("104", 0))
    assert position.expect(PriceReached).price == 103
    assert report(stage).accepted == 4


def test_the_first_rejected_price_in_a_row_is_told(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """An accepted price ends the row; the event has our time, for the price's may be none.

    However often rows begin, one a minute is told: no flood where every other price is rejected.
    """
    feed("NaN", "-1")
    began_us = stage.dispatcher.clock.now_us() - 1_000_000
    (event,) = stage.committer.expect(CommitChange).change.events
    assert isinstance(event, PriceRejected)
    assert (event.price, event.time_us) == ("NaN", began_us)
    assert event.why.startswith("not a price: ")
    feed(101, 0, 101, 0, 101)
    stage.committer.expect_nothing(for_=0)
    stage.dispatcher.advance(60)
    feed(0)
    (event,) = stage.committer.expect(CommitChange).change.events
    assert isinstance(event, PriceRejected)
    assert event.price == "0"


def test_a_rejection_hides_no_rejection_for_another_reason(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """A price ahead of our clock is told though a price of 0 was told a moment ago.

    Neither is told again in the same row, however long it lasts.
    """
    now_us = stage.dispatcher.clock.now_us()
    feed.send([0, 101, 0, 101], [now_us, now_us + 7_000_000] * 2)
    whys = []
    for _ in range(2):
        (event,) = stage.committer.expect(CommitChange).change.events
        assert isinstance(event, PriceRejected)
        whys.append(event.why)
    assert whys[0].startswith("not a price: ")
    assert whys[1] == "stamped 7 s ahead of our clock, at most 5 s are allowed"
    stage.dispatcher.advance(600)
    feed.send([0], [now_us])
    stage.committer.expect_nothing(for_=0)


@pytest.mark.parametrize("seconds", [-3_600, 3_600])
def test_a_rejection_is_told_whatever_the_clock_was_set_to(
    stage: Stage, market: Recipient, feed: Feed, seconds: int
) -> None:
    """The minute in which it is not told again goes by a clock that nobody sets."""
    client = stage.probe("client")

    def refuse(*prices: str) -> None:
        decimals = [Decimal(price) for price in prices]
        market.tell(TakePrices(prices=decimals, times_us=[None] * len(prices), reply_to=client))
        client.expect(PricesTaken)

    refuse("0")
    stage.committer.expect(CommitChange)
    stage.dispatcher.virtual_clock.set_wrong(seconds * 1_000_000)
    refuse("99", "0")
    kinds = [one.kind for it in stage.committer.unread() for one in it.change.events]
    assert kinds == (["price_times_rebased"] if seconds < 0 else [])
    stage.dispatcher.advance(60)
    refuse("0")
    event = stage.committer.unread()[-1].change.events[0]
    assert isinstance(event, PriceRejected)


@pytest.mark.parametrize("seconds", [3_600, 400 * 86_400])
def test_a_clock_that_was_ahead_once_blocks_no_price(
    stage: Stage, market: Recipient, seconds: int
) -> None:
    """Prices without a time are accepted and reach their positions; it is told once and counted."""
    position, clock = stage.position(1), stage.dispatcher.virtual_clock
    market.tell(arm(1, 95, 103))
    clock.set_wrong(seconds * 1_000_000)
    assert untimed(stage, market, "100")[0].verdict == "accepted"
    clock.set_wrong(0)
    first, second = untimed(stage, market, "99", "94")
    assert first.time_us == second.time_us == clock.now_us()
    assert first.why == (
        f"times begin anew: the last accepted price was stamped {seconds} s ahead of our clock, "
        "so a clock was wrong"
    )
    assert (second.verdict, second.why) == ("accepted", None)
    hit = position.expect(PriceReached)
    assert (hit.price, hit.time_us) == (Decimal(94), clock.now_us())
    (event,) = stage.committer.expect(CommitChange).change.events
    assert event == PriceTimesRebased(
        symbol=SYMBOL, ahead_us=seconds * 1_000_000, time_us=clock.now_us()
    )
    assert report(stage).rebased == 1


def test_a_last_price_from_the_future_blocks_no_symbol_after_a_restart(stage: Stage) -> None:
    """Neither prices without a time nor ones with their sender's."""
    now_us = stage.dispatcher.clock.now_us()
    last = MarketPrice(symbol=SYMBOL, price=Decimal(100), time_us=now_us + 400 * 86_400_000_000)
    for times_us in ([None, now_us], [now_us - 1_000_000, None]):
        market = stage.start(a_market(stage, last=last))
        client = stage.probe("client")
        prices = [Decimal(101), Decimal(102)]
        market.tell(TakePrices(prices=prices, times_us=times_us, reply_to=client))
        taken = client.expect(PricesTaken)
        assert [one.verdict for one in taken.judged] == ["accepted"] * 2


def untimed(stage: Stage, market: Recipient, *prices: str) -> tuple[JudgedPrice, ...]:
    """What becomes of prices that come without a time."""
    client = stage.probe("client")
    market.tell(
        TakePrices(
            prices=[Decimal(price) for price in prices],
            times_us=[None] * len(prices),
            reply_to=client,
        )
    )
    return client.expect(PricesTaken).judged


def test_what_a_market_is_worth_can_be_read_without_asking(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """From its start on, and after whatever changes it."""
    feed(101)
    status = stage.published.markets[SYMBOL]
    assert status == report(stage)
    assert status.last == MarketPrice(
        symbol=SYMBOL, price=Decimal(101), time_us=stage.dispatcher.clock.now_us()
    )
    assert status.age_us(stage.dispatcher.clock.monotonic_us()) == 0
    market.tell(SetPause(why="its venue's connection is down"))
    assert state(stage) is MarketState.PAUSED
    assert stage.published.markets[SYMBOL].pause is not None
    market.tell(SetPause(why=None))
    assert state(stage) is MarketState.STALE
    assert stage.published.markets[SYMBOL].pause is None


def test_a_market_is_published_before_anybody_can_ask(stage: Stage) -> None:
    """Without a price, or with that of a former life, which is stale."""
    a_market(stage)
    status = stage.published.markets[SYMBOL]
    assert (status.last, status.state(0)) == (None, MarketState.STALE)


def test_what_no_candidate_waits_for_cannot_be_released(
    stage: Stage, market: Recipient, feed: Feed
) -> None:
    """The denial says that there is none."""
    client = stage.probe("client")
    market.tell(ReleaseCandidate(price=Decimal(40), reply_to=client))
    denial = client.expect(Denied).denial
    assert denial.text == "release of 40 of BTCUSDT refused: no price waits"


def test_a_paused_market_releases_nothing(stage: Stage, market: Recipient, feed: Feed) -> None:
    """Nobody knows what the price is now; the candidate goes on waiting."""
    position, client = stage.position(1), stage.probe("client")
    market.tell(arm(1, 95, 103))
    feed(40)
    market.tell(SetPause(why="its venue's connection is down"))
    market.tell(ReleaseCandidate(price=Decimal(40), reply_to=client))
    assert client.expect(Denied).denial.reason is DenialReason.PAUSED_BY_NETWORK
    position.expect_nothing(for_=0)
    assert report(stage).candidate == 40
