"""The Committer while the database is away, silent, or another's."""

import pytest

from actors.commit.inbox import RenewLease, Retry
from actors.commit.messages import (
    Announced,
    ChangeCommitted,
    ChangeRead,
    ChangeReturned,
    PositionRead,
    ReadChange,
    ReadPosition,
)
from actors.desk.messages import OwnershipLost
from actors.engine.pooled import Recipient
from actors.published import Published, Version
from persistence.errors import Deposed, OutcomeUnknown
from tests.protocol.committing import GONE, POSITION, Writer, a_change, a_committer
from tests.protocol.stage import ACCOUNT, Stage
from tests.unit.accounts import a_record


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


def test_an_unavailable_database_is_tried_again_with_growing_waits(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """0.05, 0.1, 0.2, 0.5, 1, 2, 5, and 5 seconds from then on."""
    writer.failures.extend([GONE] * 9)
    committer.tell(a_change(stage.wallet))
    stage.dispatcher.run_until_idle()
    tried_at = []
    while len(writer.asked) < 10:
        before = len(writer.asked)
        stage.dispatcher.advance(0.05)
        if len(writer.asked) > before:
            tried_at.append(stage.dispatcher.clock.now_us() // 1_000)
    waits = [b - a for a, b in zip([0, *tried_at], tried_at, strict=False)]
    assert waits == [50, 100, 200, 500, 1000, 2000, 5000, 5000, 5000]
    assert stage.wallet.expect(ChangeCommitted).change_id == 1


def test_what_comes_during_an_outage_waits_in_its_order(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """And joins the same transaction."""
    writer.failures.append(GONE)
    committer.tell(a_change(stage.wallet, 1))
    stage.dispatcher.run_until_idle()
    committer.tell(a_change(stage.wallet, 2))
    stage.wallet.expect_nothing(for_=0.01)
    assert [stage.wallet.expect(ChangeCommitted).change_id for _ in range(2)] == [1, 2]
    assert writer.commits == [(12, 2, 101)]


@pytest.mark.parametrize("carried_out", [True, False])
def test_an_unknown_outcome_is_looked_up_before_anything_else(
    stage: Stage, committer: Recipient, writer: Writer, *, carried_out: bool
) -> None:
    """Carried out, it is answered; not carried out, it is written under a new id."""
    writer.failures.extend([OutcomeUnknown("broke"), GONE])
    writer.committed = {11} if carried_out else set()
    committer.tell(a_change(stage.wallet, 1))
    committer.tell(ReadPosition(position_id=5, reply_to=stage.desk))
    assert stage.wallet.expect(ChangeCommitted).change_id == 1
    stage.desk.expect(PositionRead)
    again = [] if carried_out else ["commit 12 of 1"]
    sure = ["renew 3"] if carried_out else []
    assert writer.asked == [
        "commit 11 of 1",
        "was 11 committed",
        "was 11 committed",
        *again,
        "read 5",
        *sure,
    ]
    assert stage.listener.expect(Announced).first_event_id == 101


def test_a_change_past_its_deadline_goes_back_unwritten(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """Its neighbours are written."""
    stage.dispatcher.advance(10)
    committer.tell(a_change(stage.wallet, 1, deadline_us=9_999_999))
    committer.tell(a_change(stage.wallet, 2, deadline_us=10_000_000))
    assert stage.wallet.expect(ChangeReturned).change_id == 1
    assert stage.wallet.expect(ChangeCommitted).change_id == 2
    assert writer.commits == [(11, 1, 101)]


def test_a_deadline_passes_during_an_outage(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """Nothing else is queued, and the database is still away: it is told nevertheless."""
    writer.failures.extend([GONE] * 100)
    committer.tell(a_change(stage.wallet, 1, deadline_us=100_000))
    assert stage.wallet.expect(ChangeReturned, within=2).change_id == 1
    stage.dispatcher.advance(60)
    assert writer.commits == []


def test_a_read_is_tried_again(stage: Stage, committer: Recipient, writer: Writer) -> None:
    """An outage loses no question."""
    writer.failures.extend([GONE, GONE])
    committer.tell(ReadPosition(position_id=5, reply_to=stage.desk))
    assert stage.desk.expect(PositionRead).position == POSITION
    assert writer.asked == [*["read 5"] * 3, "renew 3"]


def test_a_deposed_committer_writes_nothing_more(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """The Desk is told, nobody is answered, and what was queued still counts as waiting."""
    writer.failures.append(Deposed(3))
    committer.tell(a_change(stage.wallet, 1))
    assert "epoch 3 was deposed" in stage.desk.expect(OwnershipLost).detail
    committer.tell(a_change(stage.wallet, 2))
    stage.wallet.expect_nothing(for_=60)
    assert writer.asked == ["commit 11 of 1"]


def test_a_deposed_committers_queue_counts_as_waiting(
    stage: Stage, writer: Writer, published: Published
) -> None:
    """Whoever stops the system learns how much was lost."""
    actor = a_committer(stage, writer, published)
    committer = stage.start(actor)
    writer.failures.append(Deposed(3))
    committer.tell(a_change(stage.wallet, 1))
    committer.tell(a_change(stage.wallet, 2))
    stage.desk.expect(OwnershipLost)
    assert actor.waiting == 2


def test_an_idle_committer_renews_its_lease(
    stage: Stage, writer: Writer, published: Published
) -> None:
    """Every so many seconds; an outage does not end that, a takeover does."""
    stage.start(a_committer(stage, writer, published, renew_seconds=2.0))
    writer.failures.extend([None, GONE, OutcomeUnknown("broke"), Deposed(3)])
    stage.dispatcher.advance(7)
    stage.desk.expect_nothing(for_=0)
    stage.dispatcher.advance(60)
    assert writer.asked == ["renew 3"] * 4
    stage.desk.expect(OwnershipLost)


def test_an_outage_ends_only_when_the_database_answers(
    stage: Stage, committer: Recipient, writer: Writer, published: Published
) -> None:
    """What goes back past its deadline proves nothing; with nothing to write, the lease does."""
    writer.failures.extend([GONE] * 3)
    deadline_us = stage.dispatcher.clock.monotonic_us() + 100_000
    committer.tell(a_change(stage.wallet, opens=True, deadline_us=deadline_us))
    assert stage.wallet.expect(ChangeReturned, within=0.2).change_id == 1
    assert published.database_away == "unavailable: no route"
    stage.dispatcher.advance(1)
    assert writer.asked == ["commit 11 of 1", "commit 12 of 1", "renew 3", "renew 3"]
    assert published.database_away is None


def test_a_database_that_can_be_read_is_not_back(
    stage: Stage, committer: Recipient, writer: Writer, published: Published
) -> None:
    """A read-only one answers every question: commands had better go elsewhere."""
    deadline_us = stage.dispatcher.clock.monotonic_us() + 10_000
    writer.failures.extend([GONE, None, GONE])
    committer.tell(a_change(stage.wallet, opens=True, deadline_us=deadline_us))
    committer.tell(ReadPosition(position_id=5, reply_to=stage.desk))
    stage.desk.expect(PositionRead, within=0.1)
    assert writer.asked == ["commit 11 of 1", "read 5", "renew 3"]
    assert published.database_away == "unavailable: no route"


def test_a_renewed_lease_ends_no_outage_but_has_the_commit_tried_at_once(
    stage: Stage, writer: Writer, published: Published
) -> None:
    """A full disk may have room for the owner's row, and for nothing else."""
    committer = stage.start(a_committer(stage, writer, published, renew_seconds=0.6))
    writer.failures.extend([*[GONE] * 4, None, GONE])
    committer.tell(a_change(stage.wallet))
    stage.dispatcher.run_until_idle()
    stage.dispatcher.advance(0.7)
    assert writer.asked[3:] == ["commit 14 of 1", "renew 3", "commit 15 of 1"]
    assert published.database_away == "unavailable: no route"
    stage.dispatcher.advance(0.6)
    assert stage.wallet.expect(ChangeCommitted).change_id == 1
    assert published.database_away is None


def test_an_outage_has_one_next_try_however_it_was_found(
    stage: Stage, writer: Writer, published: Published
) -> None:
    """A change that comes between two renewals asks for no second row of tries."""
    committer = stage.start(a_committer(stage, writer, published))
    writer.failures.append(GONE)
    committer.tell(RenewLease())
    stage.dispatcher.run_until_idle()
    writer.failures.extend([None, *[GONE] * 20])
    committer.tell(a_change(stage.wallet))
    committer.tell(RenewLease())
    stage.dispatcher.run_until_idle()
    waiting = [due.timer for due in stage.dispatcher._due if isinstance(due.timer.message, Retry)]
    assert len([timer for timer in waiting if not timer.cancelled]) == 1


def test_a_lease_that_cannot_be_renewed_is_an_outage(
    stage: Stage, writer: Writer, published: Published
) -> None:
    """Nobody may have asked for anything meanwhile."""
    stage.start(a_committer(stage, writer, published, renew_seconds=1))
    writer.failures.append(GONE)
    stage.dispatcher.run_until_idle()
    stage.dispatcher.advance(1.5)
    assert published.database_away == "lease not renewed: no route"
    stage.dispatcher.advance(1)
    assert published.database_away is None


def test_what_a_key_has_changed_is_read_once_the_database_is_back(
    stage: Stage, committer: Recipient, writer: Writer
) -> None:
    """Whichever of its two rows could not be read: an outage says nothing of the key."""
    writer.failures.extend([GONE, None, GONE])
    committer.tell(ReadChange(account=ACCOUNT, key="k", position_id=5, reply_to=stage.wallet))
    read = stage.wallet.expect(ChangeRead, within=60)
    assert (read.change, read.record) == (None, a_record(POSITION))
    key, row = f"read key k of {ACCOUNT}", "read 5"
    assert writer.asked[:5] == [key, key, row, key, row]
