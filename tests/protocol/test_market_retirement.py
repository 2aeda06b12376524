"""A market that an operator retires: only where nothing needs it, and for good."""

from decimal import Decimal

import pytest

from actors.commit.messages import ChangeCommitted, ChangeRefused, CommitChange
from actors.desk.messages import MarketEnded
from actors.engine.pooled import Recipient
from actors.market.messages import (
    MarketGone,
    PricesTaken,
    QuoteDenied,
    QuotePrice,
    RetireMarket,
    SetPause,
    TakePrices,
)
from actors.messages import Denied
from actors.probe import TestProbe
from tests.protocol.stage import ACCOUNT, SYMBOL, Feed, Stage, arm
from trading.events.markets import MarketRetired
from trading.model import DenialReason
from trading.price_guard import Verdict


@pytest.fixture
def operator(stage: Stage) -> TestProbe:
    return stage.probe("operator")


def retire(stage: Stage, market: Recipient, operator: TestProbe) -> None:
    market.tell(RetireMarket(symbol=SYMBOL, reply_to=operator))
    stage.dispatcher.run_until_idle()


def test_a_market_goes_with_its_row_and_is_answered_after_the_commit(
    stage: Stage, market: Recipient, feed: Feed, operator: TestProbe
) -> None:
    """Readers do not see it any more, the Desk forgets it, and the operator hears last."""
    feed(100)
    retire(stage, market, operator)
    assert SYMBOL not in stage.published.markets
    assert stage.desk.expect(MarketEnded).symbol == SYMBOL
    commit = stage.committer.expect(CommitChange)
    assert commit.reply_to is not None
    assert commit.change.retired == (SYMBOL,)
    assert [type(event) for event in commit.change.events] == [MarketRetired]
    operator.expect_nothing()
    commit.reply_to.tell(ChangeCommitted(change_id=0, committed_us=1))
    assert operator.expect(MarketGone).symbol == SYMBOL


def test_a_retirement_that_the_database_refuses_is_denied(
    stage: Stage, market: Recipient, operator: TestProbe
) -> None:
    """Its row is there still, and the next start begins with it."""
    retire(stage, market, operator)
    refused = ChangeRefused(change_id=0, wallet_changed=False, detail="no")
    commit = stage.committer.expect(CommitChange)
    assert commit.reply_to is not None
    commit.reply_to.tell(refused)
    assert operator.expect(Denied).denial.reason is DenialReason.WRITE_REFUSED


def test_a_market_with_an_armed_position_stays(
    stage: Stage, market: Recipient, feed: Feed, operator: TestProbe
) -> None:
    """It would not be guarded any more."""
    feed(100)
    market.tell(arm(7, "90", 110))
    retire(stage, market, operator)
    denial = operator.expect(Denied).denial
    assert denial.reason is DenialReason.MARKET_IN_USE
    assert "1 positions are open" in denial.text
    assert SYMBOL in stage.published.markets


def test_a_market_that_an_open_was_quoted_by_stays(
    stage: Stage, market: Recipient, feed: Feed, operator: TestProbe
) -> None:
    """The open may be committed at any moment."""
    feed(100)
    market.tell(
        QuotePrice(
            account=ACCOUNT, position_id=7, for_open=True, force=False, reply_to=stage.wallet
        )
    )
    retire(stage, market, operator)
    assert "1 commands wait" in operator.expect(Denied).denial.text


def test_a_market_whose_feed_is_away_stays(
    stage: Stage, market: Recipient, operator: TestProbe
) -> None:
    """Its feed would bring it back."""
    market.tell(SetPause(why="the connection is down"))
    retire(stage, market, operator)
    assert operator.expect(Denied).denial.reason is DenialReason.PAUSED_BY_NETWORK


def test_what_still_waits_for_a_retired_market_is_refused(
    stage: Stage, market: Recipient, feed: Feed, operator: TestProbe
) -> None:
    """A quote and a price that came behind the retirement come to nothing."""
    feed(100)
    market.tell(RetireMarket(symbol=SYMBOL, reply_to=operator))
    market.tell(
        QuotePrice(
            account=ACCOUNT, position_id=7, for_open=True, force=False, reply_to=stage.wallet
        )
    )
    market.tell(TakePrices(prices=[Decimal(101)], times_us=[None], reply_to=operator))
    stage.dispatcher.run_until_idle()
    assert stage.wallet.expect(QuoteDenied).position_id == 7
    [judged] = operator.expect(PricesTaken).judged
    assert judged.verdict is Verdict.IGNORED
    assert SYMBOL not in stage.published.markets
