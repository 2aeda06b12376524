"""A wallet among probes: one change at a time, and memory that follows the database."""

from decimal import Decimal

import pytest

from actors.auditor.messages import CheckHealth
from actors.commit.messages import ChangeCommitted, ChangeRefused, ChangeReturned, ReadPosition
from actors.messages import Denied
from actors.position.messages import BookingRefused, PositionBooked
from actors.probe import TestProbe
from actors.wallet.messages import (
    AccountReady,
    BookPosition,
    BooksJudged,
    BooksVerdict,
    OpenAccount,
    TransferDone,
    TransferFunds,
)
from tests.protocol.stage import ACCOUNT, Number, Stage
from tests.protocol.trading_floor import Floor
from tests.unit.accounts import TIME_US
from trading.model import DenialReason, MarketPrice, Position, PositionStatus
from trading.positions.judging import advanced


@pytest.fixture
def floor(stage: Stage) -> Floor:
    """A wallet with an account of 100, whose commits the test confirms."""
    floor = Floor(stage)
    floor.open_account(100)
    return floor


def booking(position: Position, price: Number, reply_to: TestProbe) -> BookPosition:
    advance = advanced(position, Decimal(price), TIME_US)
    return BookPosition(
        position=advance.position,
        events=advance.events,
        price=MarketPrice(symbol=position.symbol, price=Decimal(price), time_us=TIME_US),
        reply_to=reply_to,
    )


def transfer(stage: Stage, amount: Number, reference: str) -> tuple[TransferFunds, TestProbe]:
    client = stage.probe(f"client of {reference}")
    return (
        TransferFunds(
            account=ACCOUNT, amount=Decimal(amount), reference=reference, reply_to=client
        ),
        client,
    )


def test_an_account_is_opened_by_its_commit(stage: Stage) -> None:
    """Before it is durable nobody is told, and there is nothing in memory."""
    floor = Floor(stage)
    clients = [stage.probe("first"), stage.probe("second")]
    for client in clients:
        floor.wallet.tell(
            OpenAccount(account=ACCOUNT, initial_balance=Decimal(100), reply_to=client)
        )
    change = floor.change()
    assert change.change.wallet_before is None
    clients[0].expect_nothing()
    assert floor.report().wallet is None
    floor.confirm(change)
    assert [client.expect(AccountReady).created for client in clients] == [True, False]


def test_memory_follows_the_database(stage: Stage, floor: Floor) -> None:
    """What is in flight is not in memory; what is committed is."""
    message, client = transfer(stage, 50, "t")
    floor.wallet.tell(message)
    change = floor.change()
    assert floor.reported().total == 100
    client.expect_nothing()
    floor.confirm(change)
    assert client.expect(TransferDone).amount == 50
    assert floor.reported().total == 150


def test_at_most_one_change_is_in_flight(stage: Stage, floor: Floor) -> None:
    """What comes meanwhile waits, and becomes one change."""
    messages = [transfer(stage, 1, f"t{number}") for number in range(5)]
    floor.wallet.tell(messages[0][0])
    first = floor.change()
    for message, _ in messages[1:]:
        floor.wallet.tell(message)
    stage.committer.expect_nothing()
    floor.confirm(first)
    second = floor.change()
    assert len(second.change.entries) == 4
    assert second.change.wallet_before == first.change.wallet_after
    floor.confirm(second)
    assert floor.reported().total == 105
    for _, client in messages:
        client.expect(TransferDone)


def test_what_arrives_together_becomes_one_change(stage: Stage, floor: Floor) -> None:
    """Decided one after another: the second withdrawal finds what the first has left."""
    enough, first = transfer(stage, -60, "a")
    too_much, second = transfer(stage, -60, "b")
    floor.wallet.tell(enough)
    floor.wallet.tell(too_much)
    change = floor.change()
    assert len(change.change.entries) == 1
    second.expect_nothing()
    floor.confirm(change)
    first.expect(TransferDone)
    assert second.expect(Denied).denial.reason is DenialReason.INSUFFICIENT_BALANCE


def test_a_refused_batch_is_run_one_by_one(stage: Stage, floor: Floor) -> None:
    """The bad command fails alone, in its turn."""
    good, good_client = transfer(stage, 1, "good")
    bad, bad_client = transfer(stage, 2, "bad")
    late, late_client = transfer(stage, 4, "late")
    for message in (good, bad, late):
        floor.wallet.tell(message)
    floor.refuse(floor.change())
    alone = floor.change()
    assert [entry.operation for entry in alone.change.entries] == ["transfer:good"]
    floor.confirm(alone)
    floor.refuse(floor.change())
    assert bad_client.expect(Denied).denial.reason is DenialReason.WRITE_REFUSED
    floor.confirm(floor.change())
    good_client.expect(TransferDone)
    late_client.expect(TransferDone)
    assert floor.reported().total == 105


def test_a_refused_booking_is_told_to_its_position(stage: Stage, floor: Floor) -> None:
    """The position begins again from the database; memory keeps what it had."""
    position = floor.opened(25)
    actor = stage.probe("position")
    floor.wallet.tell(booking(position, 110, actor))
    floor.refuse(floor.change())
    actor.expect(BookingRefused)
    assert floor.reported().locked == 25


def test_a_close_releases_its_hold_and_books_its_net(stage: Stage, floor: Floor) -> None:
    """Position row, wallet row, entry and events in one change."""
    position = floor.opened(25)
    actor = stage.probe("position")
    floor.wallet.tell(booking(position, 110, actor))
    change = floor.change()
    assert [p.status for p in change.change.positions] == [PositionStatus.CLOSED]
    assert [str(entry.entry_type) for entry in change.change.entries] == ["position_close"]
    assert change.change.wallet_after is not None
    assert change.change.wallet_after.total == Decimal("102.32225")
    assert change.change.markets == (
        MarketPrice(symbol=position.symbol, price=Decimal(110), time_us=TIME_US),
    )
    actor.expect_nothing()
    floor.confirm(change)
    assert actor.expect(PositionBooked).version == 2


@pytest.mark.parametrize("price", [103, 110], ids=["rung", "close"])
def test_a_repeated_booking_is_answered_and_not_written(
    stage: Stage, floor: Floor, price: int
) -> None:
    """A position that was not answered tells it again."""
    position = floor.opened(25)
    actor = stage.probe("position")
    told = booking(position, price, actor)
    floor.wallet.tell(told)
    floor.wallet.tell(told)
    change = floor.change()
    assert [p.version for p in change.change.positions] == [2]
    floor.confirm(change)
    floor.wallet.tell(told)
    assert [actor.expect(PositionBooked).version for _ in range(3)] == [2, 2, 2]
    stage.committer.expect_nothing()


def test_a_booking_that_skips_a_version_waits_for_the_ones_before(
    stage: Stage, floor: Floor
) -> None:
    """A new wallet may hear the end of a story first; the position tells it whole."""
    position = floor.opened(25)
    actor = stage.probe("position")
    rung = booking(position, 103, actor)
    close = booking(rung.position, 110, actor)
    floor.wallet.tell(close)
    stage.committer.expect_nothing()
    actor.expect_nothing()
    floor.wallet.tell(rung)
    floor.wallet.tell(close)
    change = floor.change()
    assert [p.version for p in change.change.positions] == [2, 3]
    floor.confirm(change)
    assert [actor.expect(PositionBooked).version for _ in range(2)] == [2, 3]


def test_a_repeated_transfer_is_answered_as_such(stage: Stage, floor: Floor) -> None:
    """The same reference and amount: once. Another amount: a conflict."""
    floor.wallet.tell(transfer(stage, 5, "t")[0])
    floor.confirm(floor.change())
    same, client = transfer(stage, 5, "t")
    floor.wallet.tell(same)
    assert client.expect(TransferDone).repeated
    other, client = transfer(stage, 6, "t")
    floor.wallet.tell(other)
    assert client.expect(Denied).denial.reason is DenialReason.KEY_CONFLICT
    stage.committer.expect_nothing()


def test_an_expired_change_is_decided_anew(stage: Stage, floor: Floor) -> None:
    """What had no deadline is made; what had one is denied by now."""
    message, client = transfer(stage, 5, "t")
    opening = floor.send_open(25, deadline_us=1_000_000)
    floor.quote(opening)
    floor.wallet.tell(message)
    change = floor.change()
    assert change.deadline_us == 1_000_000
    stage.dispatcher.advance(2)
    floor.answer(change, ChangeReturned(change_id=change.change_id))
    again = floor.change()
    assert [entry.operation for entry in again.change.entries] == ["transfer:t"]
    floor.confirm(again)
    client.expect(TransferDone)
    denied = opening.client.expect(Denied)
    assert denied.denial.reason is DenialReason.DEADLINE_PASSED


def test_a_row_that_somebody_else_wrote_halts_the_wallet(stage: Stage, floor: Floor) -> None:
    """Closes wait, what clients ask is denied, and the Auditor is asked to look."""
    position, other = floor.opened(25), floor.opened(25)
    actor = stage.probe("position")
    message, client = transfer(stage, 5, "t")
    floor.wallet.tell(booking(position, 110, actor))
    floor.wallet.tell(message)
    change = floor.change()
    floor.answer(
        change,
        ChangeRefused(change_id=change.change_id, wallet_changed=True, detail="version 9"),
    )
    assert stage.auditor.expect(CheckHealth).account == ACCOUNT
    assert client.expect(Denied).denial.reason is DenialReason.BOOKS_MISMATCH
    assert "somebody else wrote it: version 9" in floor.denial_of_open().text
    floor.wallet.tell(booking(other, 110, actor))
    stage.committer.expect_nothing()
    assert floor.report().halted
    floor.wallet.tell(BooksJudged(account=ACCOUNT, verdict=BooksVerdict.AGREE))
    floor.confirm(floor.change())
    assert {actor.expect(PositionBooked).position_id for _ in range(2)} == {
        position.position_id,
        other.position_id,
    }
    assert not floor.report().halted


def test_books_in_doubt_refuse_opens_and_nothing_else(stage: Stage, floor: Floor) -> None:
    """Closes and transfers go on; the denial says what the check has found."""
    floor.wallet.tell(
        BooksJudged(
            account=ACCOUNT, verdict=BooksVerdict.IN_DOUBT, detail="the books do not balance"
        )
    )
    assert floor.denial_of_open().reason is DenialReason.BOOKS_MISMATCH
    message, client = transfer(stage, 5, "t")
    floor.wallet.tell(message)
    floor.confirm(floor.change())
    client.expect(TransferDone)
    assert floor.report().refusing
    floor.wallet.tell(BooksJudged(account=ACCOUNT, verdict=BooksVerdict.AGREE))
    assert floor.opened(25).hold == 25


def test_a_read_goes_behind_what_was_told_before(stage: Stage, floor: Floor) -> None:
    """A restarted position finds in its row what its former life had handed over."""
    position = floor.opened(25)
    floor.wallet.tell(booking(position, 103, stage.probe("position")))
    floor.wallet.tell(ReadPosition(position_id=position.position_id, reply_to=stage.desk))
    change = floor.change()
    stage.committer.expect_nothing()
    floor.confirm(change)
    assert stage.committer.expect(ReadPosition).reply_to is stage.desk


def test_a_read_waits_for_nothing_that_comes_after_it(stage: Stage, floor: Floor) -> None:
    """However busy the wallet is, a failed position is read and guarded again."""
    position = floor.opened(25)
    floor.wallet.tell(transfer(stage, 1, "before")[0])
    floor.wallet.tell(ReadPosition(position_id=position.position_id, reply_to=stage.desk))
    first = floor.change()
    floor.wallet.tell(transfer(stage, 1, "after")[0])
    stage.committer.expect_nothing()
    floor.confirm(first)
    stage.committer.expect(ReadPosition)
    floor.change()


def test_a_read_stays_behind_a_change_that_is_decided_anew(stage: Stage, floor: Floor) -> None:
    """A refused batch runs again one by one; the read still comes last."""
    position = floor.opened(25)
    for reference in ("a", "b"):
        floor.wallet.tell(transfer(stage, 1, reference)[0])
    floor.wallet.tell(ReadPosition(position_id=position.position_id, reply_to=stage.desk))
    both = floor.change()
    refused = ChangeRefused(change_id=both.change_id, wallet_changed=False, detail="no")
    floor.answer(both, refused)
    floor.confirm(floor.change())
    second = floor.change()
    stage.committer.expect_nothing()
    floor.confirm(second)
    stage.committer.expect(ReadPosition)


def test_an_answer_of_a_former_change_means_nothing(stage: Stage, floor: Floor) -> None:
    """Only the change in flight can be answered."""
    message, client = transfer(stage, 5, "t")
    floor.wallet.tell(message)
    floor.wallet.tell(ChangeCommitted(change_id=1, committed_us=TIME_US))
    client.expect_nothing()
    floor.confirm(floor.change())
    client.expect(TransferDone)


def test_versions_and_entries_count_on(stage: Stage, floor: Floor) -> None:
    """Every change of the row begins where the one before it ended."""
    floor.opened(25)
    floor.wallet.tell(transfer(stage, 5, "t")[0])
    change = floor.change().change
    assert change.wallet_before is not None
    assert change.wallet_after is not None
    assert (change.wallet_before.version, change.wallet_before.entries) == (2, 2)
    assert (change.wallet_after.version, change.wallet_after.entries) == (3, 3)
