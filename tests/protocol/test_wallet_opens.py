"""A wallet's opens among probes: quote, decision, commit, answer; keys and their repeats."""

from dataclasses import replace
from decimal import Decimal

import pytest
from immutables import Map

from actors.commit.messages import PositionRead, ReadPosition
from actors.market.messages import Disarm, PriceQuoted, QuoteDenied, QuotePrice, ReleaseQuotes
from actors.messages import Denied, MarketRestarted
from actors.wallet.memory import Held, Memory
from actors.wallet.messages import OpenDone
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.protocol.trading_floor import Floor
from tests.unit.accounts import a_record
from trading.model import Denial, DenialReason


@pytest.fixture
def floor(stage: Stage) -> Floor:
    """A wallet with an account of 100, whose market and commits the test plays."""
    floor = Floor(stage)
    floor.open_account(100)
    return floor


def test_an_open_is_quoted_decided_committed_and_answered(stage: Stage, floor: Floor) -> None:
    """In this order, and the change carries the position with its stamp."""
    opening = floor.send_open(25, key="k", deadline_us=5)
    assert (opening.question.account, opening.question.for_open) == (ACCOUNT, True)
    stage.committer.expect_nothing(for_=0)
    floor.quote(opening, price=100, number=7)
    change = floor.change()
    (started,) = change.started
    assert started.after == 7
    assert started.position.entry_price == 100
    assert change.change.positions == (started.position,)
    assert started.position.position_id == opening.question.position_id
    assert change.deadline_us == 5
    opening.client.expect_nothing(for_=0)
    floor.confirm(change)
    assert opening.client.expect(OpenDone) == OpenDone(record=a_record(started.position))


def test_a_denied_quote_denies_the_open(stage: Stage, floor: Floor) -> None:
    """With the market's own words, and nothing is kept for it."""
    opening = floor.send_open()
    denial = Denial(reason=DenialReason.PRICE_STALE, text="BTCUSDT is stale")
    opening.question.reply_to.tell(
        QuoteDenied(position_id=opening.question.position_id, denial=denial)
    )
    assert floor.denied(opening.client) == denial
    stage.committer.expect_nothing()
    stage.market.expect_nothing()


def test_an_open_that_is_not_made_releases_its_quote(stage: Stage, floor: Floor) -> None:
    """The market need not keep prices for it."""
    opening = floor.send_open(200)
    floor.quote(opening)
    denial = floor.denied(opening.client)
    assert denial.text == "position of 200.00 USDT refused: available 100.00 USDT in account demo"
    assert stage.market.expect(Disarm).position_id == opening.question.position_id
    stage.committer.expect_nothing()


def test_without_a_market_an_open_is_denied_at_once(floor: Floor) -> None:
    """Nobody would ever answer."""
    denial = floor.tell_open(symbol="NOPRICE").expect(Denied).denial
    assert denial.reason is DenialReason.PRICE_UNKNOWN


def test_opens_that_are_quoted_together_are_decided_together(stage: Stage, floor: Floor) -> None:
    """One change; the third finds no money left and is denied with it."""
    openings = [floor.send_open(40) for _ in range(3)]
    for opening in openings:
        floor.quote(opening)
    change = floor.change()
    assert len(change.started) == 2
    openings[2].client.expect_nothing(for_=0)
    floor.confirm(change)
    openings[0].client.expect(OpenDone)
    openings[1].client.expect(OpenDone)
    denial = openings[2].client.expect(Denied).denial
    assert denial.text == "position of 40.00 USDT refused: available 20.00 USDT in account demo"


@pytest.mark.parametrize("deadlines", [(5, 3, 7), (3, 7, None), (None, 7, 3), (7, None, 3)])
def test_of_opens_that_are_decided_together_the_earliest_deadline_counts(
    floor: Floor, deadlines: tuple[int | None, ...]
) -> None:
    """None of them is committed later than its client was told to wait."""
    openings = [floor.send_open(25, deadline_us=deadline) for deadline in deadlines]
    for opening in openings:
        floor.quote(opening)
    change = floor.change()
    assert (len(change.started), change.deadline_us) == (3, 3)


def test_a_second_quote_for_the_same_open_means_nothing(stage: Stage, floor: Floor) -> None:
    """A market that was restarted may answer twice; the first answer counts."""
    opening = floor.send_open()
    floor.quote(opening, price=100)
    floor.quote(opening, price=105)
    change = floor.change()
    assert change.started[0].position.entry_price == 100
    floor.confirm(change)
    stage.committer.expect_nothing()
    opening.client.expect(OpenDone)
    stage.market.expect_nothing()


def test_a_denial_after_the_quote_means_nothing(stage: Stage, floor: Floor) -> None:
    """It comes from a market's next life; the open is on its way with the price that it has."""
    opening = floor.send_open()
    floor.quote(opening)
    denial = Denial(reason=DenialReason.PRICE_STALE, text="BTCUSDT is stale")
    opening.question.reply_to.tell(
        QuoteDenied(position_id=opening.question.position_id, denial=denial)
    )
    floor.confirm(floor.change())
    opening.client.expect(OpenDone)
    opening.client.expect_nothing()


def test_a_quote_for_an_open_that_was_denied_is_released(stage: Stage, floor: Floor) -> None:
    """It comes late, from a market's next life: nothing was opened, nothing is kept."""
    opening = floor.send_open(200)
    floor.quote(opening)
    stage.market.expect(Disarm)
    floor.quote(opening)
    assert stage.market.expect(Disarm).position_id == opening.question.position_id


def test_a_new_market_is_asked_again(stage: Stage, floor: Floor) -> None:
    """For the opens that it has not quoted, and for no other symbol's."""
    waiting, quoted = floor.send_open(10), floor.send_open(10)
    floor.quote(quoted)
    floor.wallet.tell(MarketRestarted(symbol=SYMBOL))
    floor.wallet.tell(MarketRestarted(symbol="ETHUSDT"))
    assert stage.market.expect(QuotePrice) == waiting.question
    stage.market.expect_nothing()


def test_one_key_is_one_open_however_often_it_is_asked(stage: Stage, floor: Floor) -> None:
    """Whoever repeats it on the way waits for the same outcome."""
    first = floor.send_open(25, key="k")
    second = floor.tell_open(25, key="k")
    floor.quote(first)
    third = floor.tell_open(25, key="k")
    change = floor.change()
    fourth = floor.tell_open(25, key="k")
    floor.confirm(change)
    answers = [c.expect(OpenDone) for c in (first.client, second, third, fourth)]
    assert [answer.repeated for answer in answers] == [False, True, True, True]
    assert len({answer.position.position_id for answer in answers}) == 1
    stage.market.expect_nothing()
    stage.committer.expect_nothing()


def test_a_taken_key_is_answered_with_the_row_as_it_is(stage: Stage, floor: Floor) -> None:
    """Read behind what is queued, so that the answer is not older than the client's knowledge."""
    position = floor.opened(25, key="k")
    client = floor.tell_open(25, key="k")
    read = stage.committer.expect(ReadPosition)
    now = replace(position, rungs_hit=1, version=2)
    read.reply_to.tell(PositionRead(position_id=position.position_id, record=a_record(now)))
    assert client.expect(OpenDone) == OpenDone(record=a_record(now), repeated=True)


def test_another_request_under_a_key_is_a_conflict(floor: Floor, stage: Stage) -> None:
    """While the first is on its way, and after: then its row has the request."""
    opening = floor.send_open(25, key="k")
    conflict = floor.denied(floor.tell_open(30, key="k"))
    assert conflict.reason is DenialReason.KEY_CONFLICT
    floor.quote(opening)
    change = floor.change()
    floor.confirm(change)
    client = floor.tell_open(30, key="k")
    read = stage.committer.expect(ReadPosition)
    (position,) = change.change.positions
    read.reply_to.tell(PositionRead(position_id=position.position_id, record=a_record(position)))
    assert floor.denied(client) == conflict


def test_a_denial_frees_the_key(floor: Floor) -> None:
    """Everybody who waited for it is denied; the next one begins anew."""
    opening = floor.send_open(200, key="k")
    repeated = floor.tell_open(200, key="k")
    floor.quote(opening)
    denial = floor.denied(opening.client)
    assert repeated.expect(Denied).denial == denial
    assert floor.opened(25, key="k").hold == 25


def test_a_refused_write_denies_and_frees_the_key(stage: Stage, floor: Floor) -> None:
    """With the database's reason; the quote is released."""
    opening = floor.send_open(25, key="k")
    floor.quote(opening)
    floor.refuse(floor.change())
    denial = floor.denied(opening.client)
    assert denial.reason is DenialReason.WRITE_REFUSED
    assert denial.text == "the database refused this change of account demo: no"
    stage.market.expect(Disarm)
    assert floor.opened(25, key="k").hold == 25


def test_each_position_id_is_given_once(floor: Floor) -> None:
    """Also the id of an open that was denied is not given again."""
    denied = floor.send_open(200)
    floor.quote(denied)
    floor.denied(denied.client)
    assert floor.opened(25).position_id != denied.question.position_id


def test_a_next_life_tells_the_markets_which_quotes_count(stage: Stage) -> None:
    """Those of the positions that are durably open; nothing else of its account."""
    known = Held(symbol=SYMBOL, hold=Decimal(25), version=1, gain=Decimal(30))
    Floor(stage, Memory(held=Map({401: known})), former_life=True)
    release = stage.market.expect(ReleaseQuotes)
    assert (release.account, release.opened) == (ACCOUNT, frozenset({401}))


def test_a_first_life_has_no_quotes_to_release(stage: Stage) -> None:
    """Nothing is said to anybody."""
    Floor(stage)
    stage.market.expect_nothing()


def test_a_former_lifes_quote_opens_nothing(stage: Stage, floor: Floor) -> None:
    """Its client has no outcome; the key, if any, is free."""
    floor.wallet.tell(
        PriceQuoted(position_id=9, symbol=SYMBOL, price=Decimal(100), time_us=1, number=1)
    )
    assert stage.market.expect(Disarm).position_id == 9
    stage.committer.expect_nothing()
