"""One position among probes: its stop-loss moved by hand."""

from decimal import Decimal

import pytest

from actors.desk.messages import PositionSettled
from actors.engine.pooled import Recipient
from actors.market.messages import Arm, QuotePrice
from actors.messages import Denied, MarketRestarted
from actors.position.messages import ChangeDone, CloseDone, WalletRestarted
from actors.wallet.messages import BookPosition
from tests.protocol.guarded import ID, booked, close, hit, move_stop, no_quote, quote
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from trading.events.positions import StopMoved
from trading.model import Denial, DenialReason
from trading.positions.judging import Triggers

UNKNOWN = Denial(reason=DenialReason.PRICE_UNKNOWN, text="no price of BTCUSDT")


def test_a_tighter_stop_is_armed_at_once_and_answered_when_it_is_durable(
    stage: Stage, position: Recipient
) -> None:
    """It holds for every price after the quoted one; any price will do to judge it by."""
    client = move_stop(stage, position, 98)
    question = stage.market.expect(QuotePrice)
    assert (question.account, question.for_open, question.force) == (ACCOUNT, False, True)
    position.tell(quote(102))
    arm = stage.market.expect(Arm)
    assert arm.triggers == Triggers(low=Decimal(98), high=Decimal(103))
    assert arm.after == 9
    booking = stage.wallet.expect(BookPosition)
    (event,) = booking.events
    assert isinstance(event, StopMoved)
    assert [event.stop_before, event.stop_after, event.mark_price] == [95, 98, 102]
    client.expect_nothing()
    position.tell(booked(2))
    assert client.expect(ChangeDone).position == booking.position


def test_a_stop_that_may_not_move_leaves_everything_as_it_was(
    stage: Stage, position: Recipient
) -> None:
    """But the quote took the position out of the trigger book: it arms again."""
    client = move_stop(stage, position, 94)
    position.tell(quote(102))
    denial = client.expect(Denied).denial
    assert denial.reason is DenialReason.STOP_INVALID
    arm = stage.market.expect(Arm)
    assert arm.triggers.low == 95
    assert arm.after == 9
    stage.wallet.expect_nothing()


def test_without_a_price_no_stop_moves(stage: Stage, position: Recipient) -> None:
    """Nothing tells whether it would lie behind the mark price."""
    client = move_stop(stage, position, 98)
    stage.market.expect(QuotePrice)
    position.tell(no_quote(UNKNOWN))
    assert client.expect(Denied).denial == UNKNOWN
    stage.market.expect_nothing()


def test_a_closing_position_has_no_stop_to_move(stage: Stage, position: Recipient) -> None:
    """Who asks while it closes hears of it when the close is durable; who asks later, at once."""
    position.tell(hit(94))
    client = move_stop(stage, position, 98)
    client.expect_nothing()
    position.tell(booked(2))
    stage.desk.expect(PositionSettled)
    for late in (client, move_stop(stage, position, 98)):
        assert late.expect(Denied).denial.reason is DenialReason.POSITION_CLOSED


def test_commands_ask_for_their_prices_one_after_another(stage: Stage, position: Recipient) -> None:
    """A stop, a worse one, and a close: each in its turn, at a price of its own."""
    first, second = move_stop(stage, position, 98), move_stop(stage, position, 97)
    closer = close(stage, position)
    for question, price in ((1, 102), (2, 101), (3, 100)):
        assert stage.market.expect(QuotePrice).question == question
        assert [m for m in stage.market.unread() if isinstance(m, QuotePrice)] == []
        position.tell(quote(price, question=question))
    position.tell(booked(3))
    assert first.expect(ChangeDone).position.stop_price == 98
    assert second.expect(Denied).denial.reason is DenialReason.STOP_INVALID
    assert closer.expect(CloseDone).position.exit_price == 100


def test_a_stop_waits_on_where_only_a_fresh_price_is_denied(
    stage: Stage, position: Recipient
) -> None:
    """A stale market denies the close that was asked politely, and no stop."""
    polite, client = close(stage, position), move_stop(stage, position, 98)
    position.tell(no_quote())
    polite.expect(Denied)
    position.tell(quote(102, question=2))
    position.tell(booked(2))
    client.expect(ChangeDone)


def test_a_second_answer_to_one_question_only_arms(stage: Stage, position: Recipient) -> None:
    """A market's next life was asked again, and its former one had answered."""
    move_stop(stage, position, 98)
    position.tell(MarketRestarted(symbol=SYMBOL))
    stage.dispatcher.run_until_idle()
    questions = [m for m in stage.market.unread() if isinstance(m, QuotePrice)]
    assert [question.question for question in questions] == [1, 1]
    position.tell(quote(102))
    closer = close(stage, position)
    position.tell(quote(101))
    stage.dispatcher.run_until_idle()
    assert stage.wallet.expect(BookPosition).position.stop_price == 98
    stage.wallet.expect_nothing()
    arms = [m for m in stage.market.unread() if isinstance(m, Arm)]
    assert [arm.triggers.low for arm in arms] == [95, 98, 98]
    assert [arm.after for arm in arms] == [7, 9, 9]
    closer.expect_nothing()


def test_no_price_before_the_quote_may_judge_the_new_stop(
    stage: Stage, position: Recipient
) -> None:
    """A market's next life looks through its prices after that one only."""
    move_stop(stage, position, 98)
    position.tell(quote(102))
    stage.market.expect(Arm)
    position.tell(MarketRestarted(symbol=SYMBOL))
    assert stage.market.expect(Arm).after == 9


@pytest.mark.parametrize("version", [2, 3])
def test_a_new_wallet_is_told_of_the_stop_again(
    stage: Stage, position: Recipient, version: int
) -> None:
    """The client is answered when it has booked that version, or a later one with it."""
    client = move_stop(stage, position, 98)
    position.tell(quote(102))
    position.tell(hit(103, 10))
    told = [stage.wallet.expect(BookPosition) for _ in range(2)]
    position.tell(WalletRestarted(account=ACCOUNT))
    assert [stage.wallet.expect(BookPosition) for _ in range(2)] == told
    position.tell(booked(version))
    done = client.expect(ChangeDone).position
    assert (done.position_id, done.version, done.rungs_hit) == (ID, 2, 0)
