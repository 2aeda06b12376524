"""The Desk when somebody fails: the next life, and the end."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from actors.auditor.messages import CheckHealth
from actors.commit.messages import (
    AccountRead,
    CommitChange,
    PositionRead,
    ReadAccount,
    ReadPosition,
)
from actors.desk.actor import FatalError
from actors.desk.messages import OwnershipLost
from actors.desk.starter import MARKET_LIFE_PRICES
from actors.market.messages import Arm, Disarm, PriceQuoted, QuotePrice, TakePrices
from actors.messages import MarketRestarted
from actors.position.messages import CloseDone, WalletRestarted
from actors.published import MarketPause, MarketStatus
from actors.wallet.messages import TransferFunds
from persistence.changes import Change
from tests.protocol.office import CLOSED, ID, POSITION, Office, close, read_account
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage, report
from tests.unit.accounts import a_record
from trading.model import MarketPrice, Position


def a_reread(read: ReadPosition, position: Position) -> PositionRead:
    """The answer to a read that a failed position begins again from."""
    return PositionRead(position_id=ID, record=a_record(position), life=read.life)


@pytest.fixture
def office(stage: Stage) -> Office:
    return Office(stage).start()


def test_a_failed_position_is_read_through_its_wallet(stage: Stage, office: Office) -> None:
    """Behind what its former life had handed over; then it begins again, and closes go on."""
    office.open_position()
    office.fail("position", ID)
    read = stage.wallet.expect(ReadPosition)
    client = close(office)
    stage.market.expect_nothing()
    read.reply_to.tell(a_reread(read, POSITION))
    assert stage.market.expect(Arm).after is None
    assert client.unread() == ()


def test_what_was_read_for_an_earlier_life_starts_nobody(stage: Stage, office: Office) -> None:
    """That row may be older than what the last life had handed over: only its own read counts."""
    office.open_position()
    office.fail("position", ID)
    earlier = stage.wallet.expect(ReadPosition)
    office.fail("position", ID)
    own = stage.wallet.expect(ReadPosition)
    earlier.reply_to.tell(a_reread(earlier, POSITION))
    stage.market.expect_nothing()
    own.reply_to.tell(a_reread(own, POSITION))
    stage.market.expect(Arm)


def test_a_failed_position_that_is_closed_by_now_stays_so(stage: Stage, office: Office) -> None:
    """Its triggers go, and who waited to close it gets the outcome."""
    office.open_position()
    office.fail("position", ID)
    client = close(office)
    read = stage.wallet.expect(ReadPosition)
    read.reply_to.tell(a_reread(read, CLOSED))
    stage.market.expect(Disarm)
    assert client.expect(CloseDone).already_closed
    assert ID not in stage.directory.positions


def test_a_failed_wallet_is_read_behind_its_former_changes(stage: Stage, office: Office) -> None:
    """Commands wait for the next life; positions tell it again; the books are checked."""
    position = office.open_position()
    client = stage.probe("client")
    office.fail("wallet", ACCOUNT)
    stage.committer.expect(ReadAccount)
    office.desk.tell(
        TransferFunds(account=ACCOUNT, amount=Decimal(1), reference="t", reply_to=client)
    )
    stage.wallet.expect_nothing()
    stage.committer.reply(read_account())
    change = stage.committer.expect(CommitChange)
    assert [entry.operation for entry in change.change.entries] == ["transfer:t"]
    assert position.expect(WalletRestarted).account == ACCOUNT
    assert stage.auditor.expect(CheckHealth).account == ACCOUNT


def test_a_position_that_closed_durably_hears_of_its_new_wallet(
    stage: Stage, office: Office
) -> None:
    """The commit of its close was answered to the former wallet: it must ask the next one."""
    position = office.open_position()
    office.fail("wallet", ACCOUNT)
    stage.committer.expect(ReadAccount)
    office.publish(Change(account=ACCOUNT, positions=(CLOSED,)))
    stage.committer.reply(read_account())
    position.expect(WalletRestarted)


def test_positions_of_other_accounts_are_left_alone(stage: Stage, office: Office) -> None:
    """They have nothing to do with a wallet that failed."""
    position = office.open_position()
    stage.directory.wallets["other"] = stage.probe("other")
    office.fail("wallet", "other")
    stage.committer.expect(ReadAccount)
    stage.committer.reply(AccountRead(account="other", state=None))
    position.expect_nothing()


def test_a_position_that_fails_with_its_wallet_is_read_when_that_is_back(
    stage: Stage, office: Office
) -> None:
    """Its question to the old wallet is lost; the Desk asks again."""
    office.open_position()
    office.fail("wallet", ACCOUNT)
    office.fail("position", ID)
    stage.committer.expect(ReadAccount)
    stage.committer.reply(read_account())
    assert stage.committer.expect(ReadPosition).position_id == ID


def fail_market(
    office: Office, *, last: MarketPrice | None = None, pause: MarketPause | None = None
) -> None:
    """Let a market fail that has published this."""
    office.published.markets[SYMBOL] = MarketStatus(
        symbol=SYMBOL, last=last, received_us=None, price_age_us_max=60_000_000, pause=pause
    )
    office.fail("market", SYMBOL)
    office.stage.dispatcher.run_until_idle()


def test_a_failed_market_begins_as_it_was(stage: Stage, office: Office) -> None:
    """With the last price that it has published, kept with a commit or not, and paused."""
    position = office.open_position()
    last = MarketPrice(symbol=SYMBOL, price=Decimal(100), time_us=1)
    pause = MarketPause(why="connection lost", since_us=1)
    fail_market(office, last=last, pause=pause)
    assert position.expect(MarketRestarted).symbol == SYMBOL
    assert stage.wallet.expect(MarketRestarted).symbol == SYMBOL
    assert stage.directory.markets[SYMBOL] is not stage.market
    status = report(stage)
    assert (status.last, status.pause, status.received_us) == (last, pause, None)


@pytest.mark.parametrize("why", ["connection lost", None])
def test_a_failed_market_hears_what_its_feed_said_last(
    stage: Stage, office: Office, why: str | None
) -> None:
    """Paused or served while nobody was there to take it: its next life begins with that."""
    former = None if why else MarketPause(why="connection lost", since_us=1)
    office.published.feed_pauses[SYMBOL] = why
    fail_market(office, pause=former)
    pause = report(stage).pause
    assert (pause and pause.why) == why


def test_the_prices_of_a_markets_lives_are_numbered_one_after_another(
    stage: Stage, office: Office
) -> None:
    """Whoever remembers a number of a former life finds every price of the next above it."""
    fail_market(office)
    market = stage.directory.markets[SYMBOL]
    market.tell(TakePrices(prices=[Decimal(100)], times_us=[1]))
    market.tell(QuotePrice(account=ACCOUNT, position_id=9, for_open=True, reply_to=stage.wallet))
    quote = stage.wallet.expect(PriceQuoted)
    assert MARKET_LIFE_PRICES < quote.number < 2 * MARKET_LIFE_PRICES


def test_wallets_hear_of_a_market_that_failed_after_it_was_retired(
    stage: Stage, office: Office
) -> None:
    """Its mailbox is lost: they ask again for what it had not answered, and find it gone."""
    office.fail("market", SYMBOL)
    assert stage.wallet.expect(MarketRestarted).symbol == SYMBOL
    assert SYMBOL not in stage.directory.markets


def test_a_failed_auditor_is_started_again(office: Office) -> None:
    """At once."""
    office.fail("auditor", "auditor")
    office.stage.dispatcher.run_until_idle()
    assert office.auditors_started == 1


def test_a_failed_signal_actor_is_started_again(office: Office) -> None:
    """It reads for itself where its former life was."""
    office.fail("signals", "signals")
    office.stage.dispatcher.run_until_idle()
    assert office.signals_started == 1


def test_lives_follow_one_another_ever_slower(stage: Stage, office: Office) -> None:
    """At once, then after 0.05, 0.2, 0.5 and 1 second."""
    started_at = []
    for _ in range(6):
        office.fail("auditor", "auditor")
        before = office.auditors_started
        began_us = stage.dispatcher.clock.monotonic_us()
        stage.dispatcher.run_until_idle()
        while office.auditors_started == before:
            stage.dispatcher.advance(0.01)
        started_at.append((stage.dispatcher.clock.monotonic_us() - began_us) // 1_000)
    assert started_at == [0, 50, 200, 500, 1000, 1000]


def test_failures_far_apart_set_nobody_aside(stage: Stage, office: Office) -> None:
    """One in ten minutes is overcome each time."""
    for _ in range(30):
        office.fail("auditor", "auditor")
        stage.dispatcher.run_until_idle()
        stage.dispatcher.advance(600)
    assert office.published.set_aside == {}
    assert office.auditors_started == 30


@pytest.mark.parametrize(
    "tell",
    [
        lambda office: office.fail("committer", "committer"),
        lambda office: office.desk.tell(OwnershipLost(detail="deposed")),
        lambda office: office.desk.tell("a message that nobody knows"),
    ],
    ids=["committer", "ownership", "desk"],
)
def test_what_no_restart_cures_is_fatal(office: Office, tell: Callable[[Office], None]) -> None:
    """The only writer, the ownership of the database, the Desk itself."""
    tell(office)
    office.fatal.expect(FatalError)
