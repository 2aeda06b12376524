"""One position among probes: its ladder, its closers, and what it tells again."""

from decimal import Decimal

from actors.denials import refused_write
from actors.desk.messages import PositionSettled
from actors.engine.pooled import Recipient
from actors.engine.supervised import ActorFailed
from actors.market.messages import Arm, Disarm, QuotePrice
from actors.messages import Denied, MarketRestarted
from actors.position.actor import PositionActor
from actors.position.messages import BookingRefused, CloseDone, WalletRestarted
from actors.wallet.messages import BookPosition
from tests.protocol.guarded import ID, POSITION, STALE, booked, close, hit, no_quote, quote
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.unit.accounts import TIME_US
from trading.events.positions import PositionClosed, RungHit
from trading.model import CloseReason, MarketPrice, PositionStatus
from trading.positions.judging import Triggers


def test_it_begins_by_arming_after_its_stamp(stage: Stage) -> None:
    """With the stop and the first rung."""
    stage.start(PositionActor(stage.directory, POSITION, opened_at_us=TIME_US, after=7))
    arm = stage.market.expect(Arm)
    assert (arm.position_id, arm.after) == (ID, 7)
    assert arm.triggers == Triggers(low=Decimal(95), high=Decimal(103))


def test_a_rung_arms_again_at_once_and_is_handed_over(stage: Stage, position: Recipient) -> None:
    """It does not wait for the database: the next price finds the moved stop."""
    position.tell(hit(103))
    arm = stage.market.expect(Arm)
    assert arm.triggers == Triggers(low=Decimal(100), high=Decimal(106))
    assert arm.after == 8
    booking = stage.wallet.expect(BookPosition)
    assert (booking.position.version, booking.position.rungs_hit) == (2, 1)
    assert [type(event) for event in booking.events] == [RungHit]
    price = MarketPrice(symbol=SYMBOL, price=Decimal(103), time_us=TIME_US + 8)
    assert booking.price == price


def test_a_price_that_reaches_nothing_any_more_only_arms(stage: Stage, position: Recipient) -> None:
    """Judging a price twice is harmless."""
    position.tell(hit(101))
    assert stage.market.expect(Arm).after == 8
    stage.wallet.expect_nothing()


def test_once_the_exit_is_fixed_no_price_moves_it(stage: Stage, position: Recipient) -> None:
    """Closing: the stop has been reached, and a later take-profit is nothing."""
    position.tell(hit(94))
    booking = stage.wallet.expect(BookPosition)
    assert booking.position.close_reason is CloseReason.STOP_LOSS
    position.tell(hit(120, 9))
    for probe in (stage.wallet, stage.market, stage.desk):
        probe.expect_nothing()


def test_it_settles_when_its_close_is_durable(stage: Stage, position: Recipient) -> None:
    """Only then the Desk hears of it and the market forgets it."""
    position.tell(hit(110))
    stage.desk.expect_nothing()
    position.tell(booked(2))
    assert stage.desk.expect(PositionSettled).position.status is PositionStatus.CLOSED
    stage.market.expect(Disarm)


def test_an_answer_about_an_earlier_version_settles_nothing(
    stage: Stage, position: Recipient
) -> None:
    """A rung that is booked is not the close that is not."""
    position.tell(hit(103))
    position.tell(hit(110, 9))
    position.tell(booked(2))
    stage.desk.expect_nothing()
    position.tell(booked(3))
    stage.desk.expect(PositionSettled)


def test_a_close_by_hand_asks_for_a_price_first(stage: Stage, position: Recipient) -> None:
    """Then it closes all that is left at it, with the reason MANUAL and the client's note."""
    client = close(stage, position, note="risk")
    question = stage.market.expect(QuotePrice)
    assert (question.account, question.for_open, question.force) == (ACCOUNT, False, False)
    position.tell(quote(102))
    (event,) = stage.wallet.expect(BookPosition).events
    assert isinstance(event, PositionClosed)
    assert (event.reason, event.note) == (CloseReason.MANUAL, "risk")
    assert event.exit_price == 102
    stage.market.expect(Disarm)
    client.expect_nothing()
    position.tell(booked(2))
    assert not client.expect(CloseDone).already_closed


def test_everybody_who_waits_gets_the_same_outcome(stage: Stage, position: Recipient) -> None:
    """One question to the market; the one whose close it is, and those who came too late."""
    first, second = close(stage, position), close(stage, position)
    stage.market.expect(QuotePrice)
    position.tell(quote(102))
    third = close(stage, position)
    stage.market.expect(Disarm)
    stage.market.expect_nothing()
    position.tell(booked(2))
    outcomes = [client.expect(CloseDone) for client in (first, second, third)]
    assert [done.already_closed for done in outcomes] == [False, True, True]
    assert len({id(done.position) for done in outcomes}) == 1


def test_the_ladder_may_be_faster_than_the_hand(stage: Stage, position: Recipient) -> None:
    """The quote that comes after the ladder's exit changes nothing."""
    client = close(stage, position)
    position.tell(hit(110))
    position.tell(quote(109))
    assert stage.wallet.expect(BookPosition).position.exit_price == 110
    stage.wallet.expect_nothing()
    position.tell(booked(2))
    done = client.expect(CloseDone)
    assert done.already_closed
    assert done.position.close_reason is CloseReason.TAKE_PROFIT


def test_a_close_after_the_end_gets_the_recorded_outcome(stage: Stage, position: Recipient) -> None:
    """Until the Desk has retired it, the position answers itself."""
    position.tell(hit(110))
    position.tell(booked(2))
    assert close(stage, position).expect(CloseDone).already_closed


def test_a_denied_quote_denies_those_who_wait(stage: Stage, position: Recipient) -> None:
    """The position stays open, guarded as before, and may be closed later."""
    first, second = close(stage, position), close(stage, position)
    stage.market.expect(QuotePrice)
    position.tell(no_quote())
    assert first.expect(Denied).denial == STALE
    assert second.expect(Denied).denial == STALE
    stage.market.expect_nothing()
    close(stage, position)
    stage.market.expect(QuotePrice)


def test_a_forced_close_is_not_denied_by_an_unforced_question(
    stage: Stage, position: Recipient
) -> None:
    """Who forces waits on for the answer to a forced question."""
    polite = close(stage, position)
    forced = close(stage, position, force=True, note="operator")
    stage.market.expect(QuotePrice)
    position.tell(no_quote())
    polite.expect(Denied)
    assert stage.market.expect(QuotePrice).force
    position.tell(quote(102, note="forced: BTCUSDT is stale", question=2))
    (event,) = stage.wallet.expect(BookPosition).events
    assert isinstance(event, PositionClosed)
    assert event.note == "operator; forced: BTCUSDT is stale"
    position.tell(booked(2))
    assert not forced.expect(CloseDone).already_closed


def test_even_a_forced_close_needs_a_price(stage: Stage, position: Recipient) -> None:
    """A denied forced question denies who forced."""
    forced = close(stage, position, force=True)
    stage.market.expect(QuotePrice)
    position.tell(no_quote())
    assert forced.expect(Denied).denial == STALE


def test_a_new_wallet_is_told_again_what_is_not_booked(stage: Stage, position: Recipient) -> None:
    """In order, and nothing that is booked already."""
    position.tell(hit(103))
    position.tell(hit(106, 9))
    position.tell(hit(110, 10))
    position.tell(booked(2))
    stage.dispatcher.run_until_idle()
    told = [stage.wallet.expect(BookPosition) for _ in range(3)]
    position.tell(WalletRestarted(account=ACCOUNT))
    assert [stage.wallet.expect(BookPosition) for _ in range(2)] == told[1:]
    stage.wallet.expect_nothing()


def test_a_new_market_is_armed_again(stage: Stage, position: Recipient) -> None:
    """After the last price that it has judged, whatever was on its way from the old one."""
    position.tell(hit(103))
    stage.market.expect(Arm)
    position.tell(MarketRestarted(symbol=SYMBOL))
    arm = stage.market.expect(Arm)
    assert arm.triggers.low == 100
    assert arm.after == 8


def test_a_new_market_is_asked_again_for_a_price(stage: Stage, position: Recipient) -> None:
    """Who closes does not wait for a market that is gone."""
    close(stage, position, force=True)
    stage.market.expect(QuotePrice)
    position.tell(MarketRestarted(symbol=SYMBOL))
    stage.market.expect(Arm)
    assert stage.market.expect(QuotePrice).force


def test_a_closing_position_needs_no_market(stage: Stage, position: Recipient) -> None:
    """It has its price."""
    position.tell(hit(110))
    stage.market.expect_nothing()
    position.tell(MarketRestarted(symbol=SYMBOL))
    stage.market.expect_nothing()


def test_a_state_that_the_database_refuses_ends_this_life(
    stage: Stage, position: Recipient
) -> None:
    """The database holds another state: the next life begins from there."""
    position.tell(hit(103))
    booking = stage.wallet.expect(BookPosition)
    booking.reply_to.tell(BookingRefused(denial=refused_write("demo", "version 5")))
    failed = stage.desk.expect(ActorFailed)
    assert (failed.kind, failed.key) == ("position", ID)
    assert "version 5" in failed.error
