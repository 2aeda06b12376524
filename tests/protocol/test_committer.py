"""The Committer among probes: batches, their order, and who is told what after a commit."""

import pytest

from actors.commit.actor import BATCH_CHANGES_MAX
from actors.commit.messages import (
    AccountRead,
    Announced,
    ChangeCommitted,
    ChangeRefused,
    CommitChange,
    Origin,
    ReadAccount,
    ReadFailed,
)
from actors.desk.messages import PositionsStarted
from actors.engine.pooled import Recipient
from actors.published import Published, Version
from persistence.errors import OutcomeUnknown, RefusalKind, Refused
from tests.protocol.committing import POSITION, REFUSED, Writer, a_change, a_committer
from tests.protocol.stage import ACCOUNT, Stage


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


def test_what_waits_together_is_one_transaction(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """Each is answered, and what was committed is announced with its numbers."""
    for number in range(1, 4):
        committer.tell(a_change(stage.wallet, number, events=2))
    assert [stage.wallet.expect(ChangeCommitted).change_id for _ in range(3)] == [1, 2, 3]
    assert writer.commits == [(11, 3, 101)]
    announced = stage.listener.expect(Announced)
    assert (announced.commit_id, announced.first_event_id) == (11, 101)
    assert len(announced.changes) == 3
    committer.tell(a_change(stage.wallet, 4))
    stage.wallet.expect(ChangeCommitted)
    assert writer.commits[-1] == (12, 1, 107)


def test_the_order_after_a_commit(stage: Stage, writer: Writer, published: Published) -> None:
    """First it is published, then positions start, then it is answered, then announced."""
    told: list[tuple[str, int]] = []

    class Note:
        def __init__(self, who: str) -> None:
            self._who = who

        def tell(self, message: object) -> None:
            told.append((self._who, published.version.commit_id))

    stage.directory.desk = Note("desk")
    stage.directory.listeners = (Note("listener"),)
    committer = stage.start(a_committer(stage, writer, published))
    change = a_change(None, opens=True)
    committer.tell(
        CommitChange(
            origin=Origin.WALLET,
            change_id=1,
            change=change.change,
            started=change.started,
            reply_to=Note("wallet"),
        )
    )
    stage.dispatcher.run_until_idle()
    assert told == [("desk", 11), ("wallet", 11), ("listener", 11)]
    assert published.version.positions[POSITION.position_id] == POSITION


def test_new_positions_are_told_to_the_desk(stage: Stage, committer: Recipient) -> None:
    """With the numbers of the prices that they were opened at."""
    committer.tell(a_change(stage.wallet, opens=True))
    (started,) = stage.desk.expect(PositionsStarted).started
    assert (started.position, started.after) == (POSITION, 7)


def test_a_batch_has_a_limit(stage: Stage, committer: Recipient, writer: Writer) -> None:
    """More than that is the next transaction's."""
    for number in range(BATCH_CHANGES_MAX + 1):
        committer.tell(a_change(None, number))
    stage.dispatcher.run_until_idle()
    assert [count for _, count, _ in writer.commits] == [BATCH_CHANGES_MAX, 1]


def test_one_bad_change_fails_alone(stage: Stage, committer: Recipient, writer: Writer) -> None:
    """A refused transaction is run again change by change."""
    writer.refuses = lambda changes: any(len(change.events) == 5 for change in changes)
    committer.tell(a_change(stage.wallet, 1))
    committer.tell(a_change(stage.wallet, 2, events=5))
    committer.tell(a_change(stage.wallet, 3))
    refused = stage.wallet.expect(ChangeRefused)
    assert (refused.change_id, refused.wallet_changed) == (2, False)
    assert refused.detail == "available is negative"
    assert [stage.wallet.expect(ChangeCommitted).change_id for _ in range(2)] == [1, 3]
    assert writer.commits == [(12, 1, 101), (14, 1, 102)]


@pytest.mark.parametrize(
    "error", [UnicodeEncodeError("ascii", "ü", 0, 1, "not ASCII"), AssertionError("no wallet")]
)
def test_a_change_that_fails_unexpectedly_fails_alone(
    stage: Stage, committer: Recipient, writer: Writer, error: Exception
) -> None:
    """Whatever a value does to the writer, it takes nobody else out, and no process ends."""
    writer.failures += [error, None, error, None]
    for number in range(1, 4):
        committer.tell(a_change(stage.wallet, number))
    refused = stage.wallet.expect(ChangeRefused)
    assert (refused.change_id, refused.wallet_changed) == (2, False)
    assert refused.detail.startswith(type(error).__name__)
    assert [stage.wallet.expect(ChangeCommitted).change_id for _ in range(2)] == [1, 3]


def test_a_read_that_fails_unexpectedly_fails_alone(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """A row that somebody has damaged is that row's trouble."""
    writer.failures.append(ValueError("no such status"))
    read = ReadAccount(account=ACCOUNT, reply_to=stage.desk)
    committer.tell(read)
    failed = stage.desk.expect(ReadFailed)
    assert (failed.read, failed.detail) == (read, "ValueError: no such status")
    committer.tell(a_change(stage.wallet))
    stage.wallet.expect(ChangeCommitted)


def test_a_look_up_that_fails_unexpectedly_is_an_outage(
    stage: Stage, committer: Recipient, writer: Writer, published: Published
) -> None:
    """Nothing is known yet: it is asked again until it is."""
    writer.failures += [OutcomeUnknown("lost"), TypeError("no number")]
    writer.committed.add(11)
    committer.tell(a_change(stage.wallet))
    stage.dispatcher.run_until_idle()
    stage.dispatcher.advance(0.05)
    assert published.database_away == "unavailable: TypeError: no number"
    stage.dispatcher.advance(10)
    assert stage.wallet.expect(ChangeCommitted).change_id == 1


def test_a_recipient_that_fails_does_not_end_the_committer(
    stage: Stage, committer: Recipient
) -> None:
    """It runs on the Committer's thread, which has done nothing wrong."""

    class Breaks:
        def tell(self, _message: object) -> None:
            raise AssertionError("a taken key has a position")

    committer.tell(ReadAccount(account=ACCOUNT, reply_to=Breaks()))
    committer.tell(a_change(stage.wallet))
    stage.wallet.expect(ChangeCommitted)


def test_after_a_refusal_what_waits_together_is_one_transaction_again(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """Only what was refused together is run one by one; the same goes for what came behind it."""
    writer.failures.append(REFUSED)
    for number in range(3):
        committer.tell(a_change(None, number))
    stage.dispatcher.run_until_idle()
    assert [count for _, count, _ in writer.commits] == [1, 1, 1]
    for number in range(3, 7):
        committer.tell(a_change(None, number))
    stage.dispatcher.run_until_idle()
    assert [count for _, count, _ in writer.commits] == [1, 1, 1, 4]


def test_a_changed_wallet_is_told_as_such(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """The wallet must halt, not repeat."""
    writer.failures.append(Refused(ACCOUNT, RefusalKind.WALLET_CHANGED, "version 9"))
    committer.tell(a_change(stage.wallet))
    assert stage.wallet.expect(ChangeRefused).wallet_changed


def test_a_read_sees_what_was_queued_before_it(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """And not what was queued behind it."""
    committer.tell(a_change(None, 1))
    committer.tell(ReadAccount(account=ACCOUNT, reply_to=stage.desk))
    committer.tell(a_change(None, 2))
    assert stage.desk.expect(AccountRead).account == ACCOUNT
    assert writer.asked == ["commit 11 of 1", "read demo", "commit 12 of 1"]


def test_a_change_that_nobody_waits_for_may_be_refused(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """The next one is written as if nothing had been."""
    writer.failures.append(REFUSED)
    committer.tell(a_change(None, 0))
    stage.dispatcher.run_until_idle()
    committer.tell(a_change(stage.wallet, 2))
    assert stage.wallet.expect(ChangeCommitted).change_id == 2
    assert writer.commits == [(12, 1, 101)]
