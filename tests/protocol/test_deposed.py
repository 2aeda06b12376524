"""Another owner has taken over: whoever waits hears so, and nothing is written any more."""

from decimal import Decimal

import pytest

from actors.commit.messages import ChangeReturned, CommitChange, Origin
from actors.denials import deposed
from actors.desk.messages import OwnershipLost
from actors.messages import Denied
from actors.probe import TestProbe
from actors.published import Published, Version
from actors.wallet.messages import OpenAccount, TransferFunds
from persistence.errors import Deposed, OutcomeUnknown
from tests.protocol.committing import Writer, a_change, a_committer
from tests.protocol.stage import ACCOUNT, Stage
from tests.protocol.trading_floor import Floor
from trading.model import DenialReason


@pytest.fixture
def floor(stage: Stage) -> Floor:
    """A wallet with an account of 100, whose commits the test answers."""
    floor = Floor(stage)
    floor.open_account(100)
    return floor


def transfer(stage: Stage, floor: Floor, reference: str) -> TestProbe:
    client = stage.probe(f"client of {reference}")
    floor.wallet.tell(
        TransferFunds(account=ACCOUNT, amount=Decimal(5), reference=reference, reply_to=client)
    )
    return client


def assert_deposed(client: TestProbe) -> None:
    assert client.expect(Denied).denial.reason is DenialReason.DEPOSED


def a_wallets_change(stage: Stage, floor: Floor) -> CommitChange:
    """A change with an entry, as wallets send them."""
    transfer(stage, floor, "t")
    return floor.change()


def test_a_wallet_denies_what_comes_once_it_is_deposed(stage: Stage, floor: Floor) -> None:
    """Opens, transfers and accounts; no denial is recorded, and nothing is sent."""
    quoted = floor.send_open(25)
    floor.published.ended = deposed()
    assert_deposed(floor.tell_open(25))
    assert_deposed(transfer(stage, floor, "t"))
    floor.quote(quoted)
    assert_deposed(quoted.client)
    stage.committer.expect_nothing()


def test_an_account_is_not_opened_by_a_deposed_wallet(stage: Stage) -> None:
    """There is nothing that it could be halted for."""
    floor, client = Floor(stage), stage.probe("client")
    floor.published.ended = deposed()
    floor.wallet.tell(OpenAccount(account=ACCOUNT, initial_balance=Decimal(1), reply_to=client))
    assert_deposed(client)
    stage.committer.expect_nothing()


def test_what_was_in_flight_and_what_waits_behind_it_is_denied(stage: Stage, floor: Floor) -> None:
    """As soon as the Committer gives it back unwritten."""
    first = transfer(stage, floor, "first")
    change = floor.change()
    second = transfer(stage, floor, "second")
    floor.published.ended = deposed()
    first.expect_nothing()
    floor.answer(change, ChangeReturned(change_id=change.change_id))
    assert_deposed(first)
    assert_deposed(second)
    stage.committer.expect_nothing()


def test_a_deposed_committer_gives_wallets_back_what_it_has_not_written(
    stage: Stage, floor: Floor
) -> None:
    """What it was about to write, and what comes later; the Desk and readers know, too."""
    writer, published = Writer(), Published(Version())
    message = a_wallets_change(stage, floor)
    committer = stage.start(a_committer(stage, writer, published))
    writer.failures.append(Deposed(3))
    for change_id in (1, 2):
        change = CommitChange(
            origin=Origin.WALLET,
            change_id=change_id,
            change=message.change,
            reply_to=stage.probe(f"wallet {change_id}"),
        )
        committer.tell(change)
        assert isinstance(change.reply_to, TestProbe)
        assert change.reply_to.expect(ChangeReturned).change_id == change_id
    stage.desk.expect(OwnershipLost)
    assert published.deposed
    assert writer.asked == ["commit 11 of 1"]


def test_what_may_have_been_committed_is_not_given_back(stage: Stage, floor: Floor) -> None:
    """Its outcome nobody here will know, so nobody is told that it was not done."""
    writer = Writer()
    message = a_wallets_change(stage, floor)
    unknown, behind = stage.probe("unknown"), stage.probe("behind")
    committer = stage.start(a_committer(stage, writer, Published(Version())))
    writer.failures.extend([OutcomeUnknown("broke"), Deposed(3)])
    committer.tell(
        CommitChange(origin=Origin.WALLET, change_id=1, change=message.change, reply_to=unknown)
    )
    stage.dispatcher.run_until_idle()
    committer.tell(
        CommitChange(origin=Origin.WALLET, change_id=2, change=message.change, reply_to=behind)
    )
    stage.desk.expect(OwnershipLost)
    behind.expect(ChangeReturned)
    unknown.expect_nothing(for_=60)
    assert writer.asked == ["commit 11 of 1", "was 11 committed"]


def test_a_couriers_cursor_stays_without_an_answer(stage: Stage) -> None:
    """An answer would have it send its next message, which the new owner's sends as well."""
    writer, courier = Writer(), stage.probe("courier")
    committer = stage.start(a_committer(stage, writer, Published(Version())))
    writer.failures.append(Deposed(3))
    committer.tell(a_change(courier))
    stage.desk.expect(OwnershipLost)
    courier.expect_nothing(for_=60)
