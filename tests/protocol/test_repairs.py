"""A repair among probes: the Auditor decides, the wallet changes its row, the commit judges."""

from dataclasses import replace
from decimal import Decimal

import pytest

from actors.auditor.actor import AuditorActor
from actors.auditor.messages import CheckHealth, RepairDone, RepairWallet
from actors.commit.messages import (
    AccountRead,
    ChangeCommitted,
    ChangeRefused,
    CommitChange,
    ReadAccount,
)
from actors.engine.pooled import Recipient
from actors.messages import Denied
from actors.probe import TestProbe
from actors.wallet.messages import BooksJudged, BooksVerdict, RestoreWallet
from persistence.state import AccountState
from tests.protocol.stage import ACCOUNT, Stage, judged
from tests.protocol.test_auditor import Reader, answer
from tests.protocol.trading_floor import Floor
from tests.unit.accounts import TIME_US
from trading.events.accounts import WalletRepaired
from trading.model import DenialReason
from trading.repair import Repair

REASON = "a script wrote it"


@pytest.fixture
def reader() -> Reader:
    """The books of an account of 100 whose row somebody has changed to 100.18."""
    reader = Reader()
    reader.tamper()
    return reader


@pytest.fixture
def auditor(stage: Stage, reader: Reader) -> Recipient:
    """One that checks when it is asked."""
    return stage.start(
        AuditorActor(
            stage.directory, stage.dispatcher, reader, stage.published, interval_seconds=None
        )
    )


@pytest.fixture
def floor(stage: Stage) -> Floor:
    """A wallet with an account of 100, whose commits the test confirms."""
    floor = Floor(stage)
    floor.open_account(100)
    return floor


def ask(stage: Stage, auditor: Recipient) -> TestProbe:
    client = stage.probe("client")
    auditor.tell(RepairWallet(account=ACCOUNT, reason=REASON, reply_to=client))
    return client


def restoring(stage: Stage, floor: Floor) -> tuple[Repair, CommitChange, TestProbe]:
    """A wallet's change that takes 0.18 out of its row again, and who asked for it."""
    wallet = floor.reported()
    repair = Repair(
        before=replace(wallet, total=wallet.total + Decimal("0.18")),
        after=replace(wallet, version=wallet.version + 1),
    )
    client = stage.probe("client")
    floor.wallet.tell(RestoreWallet(repair=repair, reason=REASON, reply_to=client))
    return repair, floor.change(), client


def test_the_account_is_halted_before_its_wallet_restores_the_row(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """What is to be written is what the ledger says, one version later."""
    client = ask(stage, auditor)
    answer(stage, reader)
    judged(stage.wallet, BooksVerdict.IN_DOUBT)
    judged(stage.wallet, BooksVerdict.ROW_CHANGED)
    restore = stage.wallet.expect(RestoreWallet)
    assert restore.repair.before == reader.wallet
    assert restore.repair.after == replace(reader.account.wallet, version=2)
    assert (restore.reason, restore.reply_to) == (REASON, client)


def test_a_row_that_is_changed_while_opens_are_refused_is_halted(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """The first doubt refused opens only; nothing may be built on the second."""
    auditor.tell(CheckHealth(account=ACCOUNT))
    answer(stage, reader, refusing=True)
    judged(stage.wallet, BooksVerdict.ROW_CHANGED)
    stage.wallet.expect_nothing(for_=0)
    stage.committer.expect_nothing(for_=0)


def test_a_healthy_account_is_not_repaired(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """A refusal says so; the wallet hears of nothing."""
    reader.wallet = None
    client = ask(stage, auditor)
    answer(stage, reader)
    assert client.expect(Denied).denial.reason is DenialReason.NOTHING_TO_REPAIR
    stage.wallet.expect_nothing(for_=0)


def test_a_broken_chain_is_not_repaired(stage: Stage, auditor: Recipient, reader: Reader) -> None:
    """The refusal names the entry; opens are refused as after any check that fails."""
    (entry,) = reader.account.entries
    reader.account.entries[0] = replace(entry, amount=entry.amount + 1)
    client = ask(stage, auditor)
    answer(stage, reader)
    denial = client.expect(Denied).denial
    assert denial.reason is DenialReason.REPAIR_IMPOSSIBLE
    assert "entry 1: amount 101" in denial.text
    assert not [m for m in stage.wallet.unread() if isinstance(m, RestoreWallet)]


def test_an_account_that_is_not_there_is_not_repaired(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """As everywhere."""
    reader.known = False
    client = ask(stage, auditor)
    answer(stage, reader)
    assert client.expect(Denied).denial.reason is DenialReason.ACCOUNT_UNKNOWN


def test_without_its_wallet_nothing_is_written(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """Only the wallet changes its balances; it is soon back."""
    del stage.directory.wallets[ACCOUNT]
    denial = ask(stage, auditor).expect(Denied).denial
    assert denial.reason is DenialReason.WRITE_REFUSED
    assert denial.text.endswith("ask again")
    stage.committer.expect_nothing(for_=0)


def test_the_change_is_the_row_and_its_event_and_no_entry(stage: Stage, floor: Floor) -> None:
    """The row is found by what it was when the repair was decided."""
    repair, sent, _ = restoring(stage, floor)
    change = sent.change
    assert (change.wallet_before, change.wallet_after) == (repair.before, repair.after)
    assert (change.entries, change.positions) == ((), ())
    (event,) = change.events
    assert isinstance(event, WalletRepaired)
    assert (event.reason, event.total_before, event.total_after) == (
        REASON,
        Decimal("100.18"),
        Decimal(100),
    )


def test_once_it_is_durable_the_wallet_begins_anew(stage: Stage, floor: Floor) -> None:
    """From what the database has; whoever asked hears of it then, and the books are checked."""
    repair, sent, client = restoring(stage, floor)
    floor.wallet.tell(
        BooksJudged(
            account=ACCOUNT, verdict=BooksVerdict.ROW_CHANGED, detail="it is not what it was"
        )
    )
    floor.answer(sent, ChangeCommitted(change_id=sent.change_id, committed_us=TIME_US))
    client.expect_nothing(for_=0)
    read = stage.committer.expect(ReadAccount)
    state = AccountState(wallet=repair.after, open_positions=(), keys=(), transfers=())
    read.reply_to.tell(AccountRead(account=ACCOUNT, state=state))
    assert client.expect(RepairDone).repair == repair
    assert floor.reported() == repair.after
    assert stage.auditor.expect(CheckHealth).account == ACCOUNT


def test_a_row_that_changed_meanwhile_is_not_overwritten(stage: Stage, floor: Floor) -> None:
    """The refusal says to ask again, the books are looked at again, the wallet lives on."""
    _, sent, client = restoring(stage, floor)
    refused = ChangeRefused(change_id=sent.change_id, wallet_changed=True, detail="it has 7")
    floor.answer(sent, refused)
    denial = client.expect(Denied).denial
    assert denial.reason is DenialReason.WRITE_REFUSED
    assert "it has 7; ask again" in denial.text
    assert stage.auditor.expect(CheckHealth).account == ACCOUNT
    stage.desk.expect_nothing(for_=0)
