"""The Desk among probes: who is told what, who is started and who retires."""

from dataclasses import replace
from decimal import Decimal

import pytest

from actors.auditor.messages import CheckHealth
from actors.commit.messages import CommitChange, PositionRead, ReadPosition, Started
from actors.desk.messages import MarketOpened, OpenMarket, PositionSettled, PositionsStarted
from actors.desk.restore import restored
from actors.market.messages import Arm, QuotePrice, TakePrices
from actors.messages import Denied
from actors.position.messages import CloseDone, ClosePosition, PriceReached, RequestKey
from actors.wallet.messages import OpenAccount, PositionGone, TransferFunds
from persistence.state import PositionRecord, State
from tests.protocol.office import CLOSED, ID, POSITION, WALLET, Office, close
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.unit.accounts import TIME_US, a_record
from trading.model import DenialReason, MarketPrice


def started() -> PositionsStarted:
    begun = Started(position=POSITION, after=7)
    return PositionsStarted(started=(begun,), opened_at_us=TIME_US)


@pytest.fixture
def office(stage: Stage) -> Office:
    return Office(stage).start()


def test_commands_go_to_who_answers_for_them(stage: Stage, office: Office) -> None:
    """By account and by position; a health check to the Auditor."""
    position = office.open_position()
    client = stage.probe("client")
    transfer = TransferFunds(account=ACCOUNT, amount=Decimal(1), reference="t", reply_to=client)
    office.desk.tell(transfer)
    assert stage.wallet.expect(TransferFunds) == transfer
    close(office)
    position.expect(ClosePosition)
    office.desk.tell(CheckHealth(account=ACCOUNT, reply_to=client))
    stage.auditor.expect(CheckHealth)


def test_an_unknown_account_is_denied(stage: Stage, office: Office) -> None:
    """Only opening it makes its wallet."""
    client = stage.probe("client")
    office.desk.tell(
        TransferFunds(account="new", amount=Decimal(1), reference="t", reply_to=client)
    )
    assert client.expect(Denied).denial.reason is DenialReason.ACCOUNT_UNKNOWN
    office.desk.tell(OpenAccount(account="new", initial_balance=Decimal(1), reply_to=client))
    assert stage.committer.expect(CommitChange).change.account == "new"


def test_a_market_is_started_once(stage: Stage, office: Office) -> None:
    """Whoever asks is told that it is there."""
    client = stage.probe("client")
    for _ in range(2):
        office.desk.tell(OpenMarket(symbol="ETHUSDT", reply_to=client))
    client.expect(MarketOpened)
    first = stage.directory.markets["ETHUSDT"]
    client.expect(MarketOpened)
    assert stage.directory.markets["ETHUSDT"] is first


def test_a_committed_position_is_started_after_its_stamp(stage: Stage, office: Office) -> None:
    """It arms, and closes reach it."""
    office.desk.tell(started())
    arm = stage.market.expect(Arm)
    assert (arm.position_id, arm.after) == (ID, 7)


def test_restoring_starts_everybody(stage: Stage) -> None:
    """Markets with their last prices, wallets, and positions of symbols that have no price yet."""
    office = Office(stage)
    del stage.directory.markets[SYMBOL]
    del stage.directory.wallets[ACCOUNT]
    state = State(
        wallets=(WALLET,),
        open_positions=(POSITION,),
        keys=(),
        transfers=(),
        markets=(MarketPrice(symbol="ETHUSDT", price=Decimal(5), time_us=1),),
        last_position_id=ID,
        last_event_id=0,
        last_commit_id=0,
        opened_at_us={ID: TIME_US},
    )
    office.starter.restore(restored(state))
    assert stage.directory.markets.keys() == {SYMBOL, "ETHUSDT"}
    assert stage.directory.wallets.keys() == {ACCOUNT}
    assert stage.directory.positions.keys() == {ID}


def test_a_settled_position_is_retired(stage: Stage, office: Office) -> None:
    """A later close is answered from its row."""
    office.desk.tell(started())
    office.desk.tell(PositionSettled(position=CLOSED))
    client = close(office)
    stage.committer.expect(ReadPosition)
    stage.committer.reply(PositionRead(position_id=ID, record=a_record(CLOSED)))
    assert client.expect(CloseDone) == CloseDone(record=a_record(CLOSED), already_closed=True)
    assert stage.directory.positions == {}


def test_closing_an_unknown_position_is_denied_after_a_look(stage: Stage, office: Office) -> None:
    """Everybody who asked meanwhile is answered."""
    clients = [close(office, 999), close(office, 999)]
    for _ in range(2):
        stage.committer.expect(ReadPosition)
    stage.committer.reply(PositionRead(position_id=999, record=None))
    for client in clients:
        assert client.expect(Denied).denial.text == "there is no position 999"


def test_an_open_position_without_an_actor_is_another_owners(stage: Stage, office: Office) -> None:
    """A deposed owner that reads what its successor has opened does not call it closed."""
    client = close(office)
    stage.committer.expect(ReadPosition)
    stage.committer.reply(PositionRead(position_id=ID, record=a_record(POSITION)))
    assert client.expect(Denied).denial.reason is DenialReason.DEPOSED


def test_a_position_that_nobody_started_gets_no_price(stage: Stage) -> None:
    """The directory counts what it could not deliver, and raises nowhere."""
    hit = PriceReached(position_id=9, price=Decimal(1), time_us=1, number=1)
    assert not stage.directory.to_position(9, hit)
    assert stage.directory.dead_letters == 1


def test_newer_prices_are_kept_every_while(stage: Stage) -> None:
    """So that a crash loses few of them; what has not moved is not written again."""
    office = Office(stage, keep_prices_seconds=10).start()
    stage.dispatcher.run_until_idle()
    office.starter.market("ETHUSDT")
    market = stage.directory.markets["ETHUSDT"]
    market.tell(TakePrices(prices=[Decimal(5)], times_us=[1]))
    stage.dispatcher.advance(10.5)
    change = stage.committer.expect(CommitChange).change
    assert change.markets == (MarketPrice(symbol="ETHUSDT", price=Decimal(5), time_us=1),)
    office.publish(change)
    stage.dispatcher.advance(10)
    stage.committer.expect_nothing(for_=0)
    market.tell(TakePrices(prices=[Decimal(6)], times_us=[2]))
    stage.dispatcher.advance(10)
    assert [m.price for m in stage.committer.expect(CommitChange).change.markets] == [6]


def test_a_command_with_a_key_goes_to_the_wallet_first(stage: Stage, office: Office) -> None:
    """Keys belong to the account; once the wallet knows it as new, the position gets it."""
    position = office.open_position()
    key = RequestKey(account=ACCOUNT, key="k")
    command = ClosePosition(position_id=ID, key=key, reply_to=stage.probe("client"))
    office.desk.tell(command)
    assert stage.wallet.expect(ClosePosition) == command
    position.expect_nothing(for_=0)
    new = replace(command, key=replace(key, is_new=True))
    office.desk.tell(new)
    assert position.expect(ClosePosition) == new


def test_a_new_key_waits_for_a_position_between_two_lives(stage: Stage, office: Office) -> None:
    """The wallet asks again before the row is read: the next life gets the command."""
    office.open_position()
    office.fail("position", ID)
    read = stage.wallet.expect(ReadPosition)
    key = RequestKey(account=ACCOUNT, key="k", is_new=True)
    client = stage.probe("client")
    office.desk.tell(ClosePosition(position_id=ID, key=key, reply_to=client))
    stage.market.expect_nothing(for_=0)
    record = a_record(POSITION)
    read.reply_to.tell(PositionRead(position_id=ID, record=record, life=read.life))
    stage.market.expect(Arm)
    assert stage.market.expect(QuotePrice).position_id == ID
    client.expect_nothing(for_=0)


@pytest.mark.parametrize("record", [a_record(CLOSED), a_record(POSITION)], ids=["closed", "open"])
def test_a_wallet_hears_of_a_position_that_begins_no_more(
    stage: Stage, office: Office, record: PositionRecord
) -> None:
    """So that callers with keys are answered by its row; one that lives on is no news."""
    office.open_position()
    office.fail("position", ID)
    read = stage.wallet.expect(ReadPosition)
    read.reply_to.tell(PositionRead(position_id=ID, record=record, life=read.life))
    if record.closed_at_us is None:
        stage.wallet.expect_nothing()
    else:
        assert stage.wallet.expect(PositionGone).position_id == ID
