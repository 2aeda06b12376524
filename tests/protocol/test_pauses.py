"""A pause on its way: the Desk hands it over, the Committer and the wallets heed it."""

import pytest

from actors.commit.messages import (
    ChangeCommitted,
    ChangeRefused,
    ChangeReturned,
    CommitChange,
    Origin,
)
from actors.desk.messages import SetTrading, TradingSet
from actors.engine.pooled import Recipient
from actors.messages import Denied, Ping, Pong
from actors.published import Published, Version
from persistence.changes import Change
from tests.protocol.committing import Writer, a_change, a_committer
from tests.protocol.office import Office
from tests.protocol.stage import ACCOUNT, Stage
from tests.protocol.trading_floor import Floor
from tests.unit.accounts import TIME_US
from trading.events.accounts import TradingPaused, TradingResumed
from trading.model import DenialReason, Pause

NOW_US = 1_760_000_000_000_000
OF_ALL = Pause(account=None, reason="exchange maintenance", since_us=NOW_US)
OF_ONE = Pause(account=ACCOUNT, reason="losing streak", since_us=NOW_US)


@pytest.fixture
def writer() -> Writer:
    """A writer that takes everything."""
    return Writer()


@pytest.fixture
def published() -> Published:
    """What readers see."""
    return Published(Version())


@pytest.fixture
def committer(stage: Stage, writer: Writer, published: Published) -> Recipient:
    """It goes on after commit 10 and event 100 of epoch 3."""
    return stage.start(a_committer(stage, writer, published))


def a_pause(pause: Pause) -> CommitChange:
    return CommitChange(origin=Origin.PAUSE, change=Change(account=None, pauses=(pause,)))


def answer(asked: CommitChange, message: ChangeCommitted | ChangeRefused) -> None:
    assert asked.reply_to is not None
    asked.reply_to.tell(message)


@pytest.mark.parametrize("pause", [OF_ALL, OF_ONE])
def test_an_open_behind_a_pause_goes_back_unwritten(
    stage: Stage, committer: Recipient, writer: Writer, pause: Pause
) -> None:
    """Even where both wait for the same transaction; what came before it is written with it."""
    committer.tell(a_change(stage.wallet, 1, opens=True))
    committer.tell(a_pause(pause))
    committer.tell(a_change(stage.wallet, 2, opens=True))
    committer.tell(a_change(stage.wallet, 3))
    stage.dispatcher.run_until_idle()
    answers = [(type(message), message.change_id) for message in stage.wallet.unread()]
    assert sorted(answers, key=lambda answer: answer[1]) == [
        (ChangeCommitted, 1),
        (ChangeReturned, 2),
        (ChangeCommitted, 3),
    ]
    assert [commit[1] for commit in writer.commits] == [2, 1]


def test_another_accounts_pause_holds_up_nobody(stage: Stage, committer: Recipient) -> None:
    """A pause has the scope that it was given."""
    other = Pause(account="other", reason="tired", since_us=NOW_US)
    committer.tell(a_pause(other))
    committer.tell(a_change(stage.wallet, 1, opens=True))
    assert stage.wallet.expect(ChangeCommitted).change_id == 1


def test_the_desk_has_a_pause_written_and_answers_once_it_is(stage: Stage) -> None:
    """Not before: who is answered relies on it."""
    office = Office(stage).start()
    client = stage.probe("client")
    office.desk.tell(SetTrading(account=None, paused=True, reason="maintenance", reply_to=client))
    asked = stage.committer.expect(CommitChange)
    (event,) = asked.change.events
    assert isinstance(event, TradingPaused)
    assert [pause.reason for pause in asked.change.pauses] == ["maintenance"]
    client.expect_nothing(for_=1)
    answer(asked, ChangeCommitted(change_id=0, committed_us=TIME_US))
    assert client.expect(TradingSet) == TradingSet(account=None, paused=True)


def test_the_desk_has_a_pause_ended(stage: Stage) -> None:
    """The same way."""
    office = Office(stage).start()
    office.open_position()
    client = stage.probe("client")
    office.desk.tell(SetTrading(account=ACCOUNT, paused=False, reason="over", reply_to=client))
    asked = stage.committer.expect(CommitChange)
    assert asked.change.resumed == (ACCOUNT,)
    assert isinstance(asked.change.events[0], TradingResumed)
    answer(asked, ChangeCommitted(change_id=0, committed_us=TIME_US))
    assert client.expect(TradingSet) == TradingSet(account=ACCOUNT, paused=False)


def test_a_pause_that_the_database_refuses_is_denied(stage: Stage) -> None:
    """With its word."""
    office = Office(stage).start()
    client = stage.probe("client")
    office.desk.tell(SetTrading(account=None, paused=True, reason="maintenance", reply_to=client))
    asked = stage.committer.expect(CommitChange)
    answer(asked, ChangeRefused(change_id=0, wallet_changed=False, detail="no room"))
    assert client.expect(Denied).denial.reason is DenialReason.WRITE_REFUSED


def test_an_unknown_account_cannot_be_paused(stage: Stage) -> None:
    """A typing error must not look like safety."""
    office = Office(stage).start()
    client = stage.probe("client")
    office.desk.tell(SetTrading(account="dmeo", paused=True, reason="stop!", reply_to=client))
    assert client.expect(Denied).denial.reason is DenialReason.ACCOUNT_UNKNOWN


def test_a_wallet_denies_opens_while_a_pause_is_published(stage: Stage) -> None:
    """Without asking for a price, and with the operator's reason; afterwards it opens again."""
    floor = Floor(stage)
    floor.open_account(100)
    floor.published.publish(1, (Change(account=None, pauses=(OF_ALL,)),), NOW_US)
    denial = floor.denied(floor.tell_open(25))
    assert denial.reason is DenialReason.TRADING_PAUSED
    assert denial.text == (
        "opens are refused: trading of all accounts is paused: exchange maintenance"
    )
    stage.market.expect_nothing(for_=0)
    floor.published.publish(2, (Change(account=None, resumed=(None,)),), NOW_US)
    assert floor.opened(25).hold == 25


def test_the_desk_and_the_committer_say_that_they_move(stage: Stage, committer: Recipient) -> None:
    """What the liveness check asks."""
    client = stage.probe("client")
    Office(stage).start().desk.tell(Ping(reply_to=client))
    client.expect(Pong)
    committer.tell(Ping(reply_to=client))
    client.expect(Pong)
