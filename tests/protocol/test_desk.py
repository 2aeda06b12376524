"""The Desk among probes: who is told what, and how who failed gets a next life."""

import itertools
from collections.abc import Callable
from decimal import Decimal

import pytest

from actors.base import Recipient
from actors.desk import DeskActor, DeskSettings, FatalError
from actors.messages import (
    CheckHealth,
    CloseDone,
    ClosePosition,
    Denied,
    MarketOpened,
    OpenAccount,
    OpenMarket,
    TransferFunds,
)
from actors.probe import TestProbe
from actors.protocol import (
    AccountRead,
    ActorFailed,
    Arm,
    CommitChange,
    Disarm,
    MarketRestarted,
    OwnershipLost,
    PositionRead,
    PositionSettled,
    PositionsStarted,
    PriceReached,
    ReadAccount,
    ReadPosition,
    Started,
    WalletRestarted,
)
from actors.published import Published, Version
from persistence.changes import Change
from persistence.state import AccountState, State
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.unit.accounts import Account, a_position, walked
from trading.model import DenialReason, MarketPrice

POSITION = a_position()
CLOSED = walked(POSITION, 110).position
ID = POSITION.position_id
WALLET = Account(100).wallet


class Office:
    """A Desk whose committer, and whoever it has already started, are probes."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.published = Published(Version())
        self.fatal = stage.probe("fatal")
        self.auditors_started = 0
        self.actor = DeskActor(
            stage.directory,
            stage.dispatcher,
            self.published,
            settings=DeskSettings(),
            position_ids=itertools.count(402),
            start_auditor=self._start_auditor,
            on_fatal=self.fatal,
        )
        stage.directory.desk = self.actor.actor_ref
        self.desk: Recipient = self.actor.actor_ref

    def start(self) -> "Office":
        self.stage.start(self.actor)
        return self

    def publish(self, change: Change) -> None:
        self.published.publish(self.published.version.commit_id + 1, (change,))

    def open_position(self) -> TestProbe:
        """A position that is durably open, whose actor is a probe."""
        self.publish(Change(account=ACCOUNT, wallet_after=WALLET, positions=(POSITION,)))
        return self.stage.position(ID)

    def fail(self, kind: str, key: str | int) -> None:
        self.desk.tell(ActorFailed(kind=kind, key=key, error="as the test says"))

    def _start_auditor(self) -> None:
        self.auditors_started += 1


@pytest.fixture
def office(stage: Stage) -> Office:
    return Office(stage).start()


def close(office: Office, position_id: int = ID) -> TestProbe:
    client = office.stage.probe("client")
    office.desk.tell(ClosePosition(position_id=position_id, reply_to=client))
    return client


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
    office.desk.tell(PositionsStarted(started=(Started(position=POSITION, after=7),)))
    arm = stage.market.expect(Arm)
    assert (arm.position_id, arm.after) == (ID, 7)


def test_restoring_starts_everybody(stage: Stage) -> None:
    """Markets with their last prices, wallets, and positions of symbols that have no price yet."""
    office = Office(stage)
    del stage.directory.markets[SYMBOL]
    del stage.directory.wallets[ACCOUNT]
    office.actor.restore(
        State(
            wallets=(WALLET,),
            open_positions=(POSITION,),
            keys=(),
            transfers=(),
            markets=(MarketPrice(symbol="ETHUSDT", price=Decimal(5), time_us=1),),
            last_position_id=ID,
            last_event_id=0,
            last_commit_id=0,
        )
    )
    assert stage.directory.markets.keys() == {SYMBOL, "ETHUSDT"}
    assert stage.directory.wallets.keys() == {ACCOUNT}
    assert stage.directory.positions.keys() == {ID}


def test_a_settled_position_is_retired(stage: Stage, office: Office) -> None:
    """A later close is answered from its row."""
    office.desk.tell(PositionsStarted(started=(Started(position=POSITION, after=7),)))
    office.desk.tell(PositionSettled(position=CLOSED))
    client = close(office)
    stage.committer.expect(ReadPosition)
    stage.committer.reply(PositionRead(position_id=ID, position=CLOSED))
    assert client.expect(CloseDone) == CloseDone(position=CLOSED, already_closed=True)
    assert stage.directory.positions == {}


def test_closing_an_unknown_position_is_denied_after_a_look(stage: Stage, office: Office) -> None:
    """Everybody who asked meanwhile is answered."""
    clients = [close(office, 999), close(office, 999)]
    for _ in range(2):
        stage.committer.expect(ReadPosition)
    stage.committer.reply(PositionRead(position_id=999, position=None))
    for client in clients:
        assert client.expect(Denied).denial.text == "there is no position 999"


def test_a_failed_position_is_read_through_its_wallet(stage: Stage, office: Office) -> None:
    """Behind what its former life had handed over; then it begins again, and closes go on."""
    office.open_position()
    office.fail("position", ID)
    read = stage.wallet.expect(ReadPosition)
    client = close(office)
    stage.market.expect_nothing()
    read.reply_to.tell(PositionRead(position_id=ID, position=POSITION))
    assert stage.market.expect(Arm).after is None
    assert client.unread() == ()


def test_a_failed_position_that_is_closed_by_now_stays_so(stage: Stage, office: Office) -> None:
    """Its triggers go, and who waited to close it gets the outcome."""
    office.open_position()
    office.fail("position", ID)
    client = close(office)
    stage.wallet.expect(ReadPosition)
    stage.wallet.reply(PositionRead(position_id=ID, position=CLOSED))
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


def read_account() -> AccountRead:
    state = AccountState(wallet=WALLET, open_positions=(), keys=(), transfers=())
    return AccountRead(account=ACCOUNT, state=state)


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


def test_a_failed_market_begins_with_the_last_price_that_was_kept(
    stage: Stage, office: Office
) -> None:
    """Positions of its symbol and all wallets hear of it."""
    position = office.open_position()
    last = MarketPrice(symbol=SYMBOL, price=Decimal(100), time_us=1)
    office.publish(Change(account=None, markets=(last,)))
    office.fail("market", SYMBOL)
    assert position.expect(MarketRestarted).symbol == SYMBOL
    assert stage.wallet.expect(MarketRestarted).symbol == SYMBOL
    assert stage.directory.markets[SYMBOL] is not stage.market


def test_a_failed_auditor_is_started_again(office: Office) -> None:
    """At once."""
    office.fail("auditor", "auditor")
    office.stage.dispatcher.run_until_idle()
    assert office.auditors_started == 1


def test_lives_follow_one_another_ever_slower(stage: Stage, office: Office) -> None:
    """At once, then after 0.05, 0.2, 1 and 5 seconds."""
    started_at = []
    for _ in range(6):
        office.fail("auditor", "auditor")
        before = office.auditors_started
        began_us = stage.dispatcher.clock.monotonic_us()
        stage.dispatcher.run_until_idle()
        while office.auditors_started == before:
            stage.dispatcher.advance(0.01)
        started_at.append((stage.dispatcher.clock.monotonic_us() - began_us) // 1_000)
    assert started_at == [0, 50, 200, 1000, 5000, 5000]


def test_the_eleventh_failure_within_a_minute_is_fatal(stage: Stage, office: Office) -> None:
    """It names who failed, and the last error."""
    for _ in range(10):
        office.fail("auditor", "auditor")
    office.fatal.expect_nothing(for_=0)
    office.fail("auditor", "auditor")
    error = office.fatal.expect(FatalError)
    assert str(error) == (
        "auditor auditor failed more than 10 times in 60 s, at last with as the test says"
    )


def test_failures_far_apart_are_never_fatal(stage: Stage, office: Office) -> None:
    """Ten a minute are too many; one in ten minutes is not."""
    for _ in range(30):
        office.fail("auditor", "auditor")
        stage.dispatcher.run_until_idle()
        stage.dispatcher.advance(600)
    office.fatal.expect_nothing()
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


def test_a_position_that_nobody_started_gets_no_price(stage: Stage) -> None:
    """The directory counts what it could not deliver, and raises nowhere."""
    hit = PriceReached(position_id=9, price=Decimal(1), time_us=1, number=1)
    assert not stage.directory.to_position(9, hit)
    assert stage.directory.dead_letters == 1
