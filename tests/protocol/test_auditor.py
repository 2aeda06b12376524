"""The Auditor among probes: when it compares, whom it tells, and what it never says twice."""

from collections.abc import Callable, Generator
from dataclasses import replace
from decimal import Decimal
from threading import Event

import pytest

from actors.auditor.actor import MEMORY_TRIES_MAX, AuditorActor
from actors.auditor.messages import CheckHealth, HealthChecked
from actors.commit.messages import CommitChange
from actors.denials import deposed
from actors.engine.pooled import Recipient
from actors.messages import Denied
from actors.probe import TestProbe
from actors.published import Published, Version
from actors.wallet.messages import BooksVerdict, ReportWallet, WalletReported
from persistence.errors import Unavailable
from persistence.state import Books
from tests.protocol.stage import ACCOUNT, Stage, judged
from tests.unit.accounts import Account, a_position
from trading.events.accounts import HealthMismatchFound, HealthRestored
from trading.model import DenialReason, Wallet


class Reader:
    """The books of one account, as the test has them."""

    def __init__(self) -> None:
        self.account = Account(100)
        self.wallet: Wallet | None = None
        self.known = True
        self.down = False
        self.read_after: list[int] = []
        self.after_page: Callable[[], None] = lambda: None

    def book_pages(self, account: str, *, after_entry: int) -> Generator[Books]:
        self._fail_if_down()
        if not self.known:
            return
        self.read_after.append(after_entry)
        entries = tuple(e for e in self.account.entries if e.number > after_entry)
        wallet, holds = self.wallet or self.account.wallet, self.account.holds()
        for page in (entries[:2], entries[2:]):
            yield Books(wallet=wallet, entries=page, holds=holds)
            self.after_page()

    def accounts(self) -> tuple[str, ...]:
        self._fail_if_down()
        return (ACCOUNT,)

    def tamper(self) -> None:
        wallet = self.account.wallet
        self.wallet = replace(wallet, total=wallet.total + Decimal("0.18"))

    def _fail_if_down(self) -> None:
        if self.down:
            raise Unavailable("no route")


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def draining() -> Event:
    """Set when the system begins to stop."""
    return Event()


@pytest.fixture
def published() -> Published:
    """What readers see of the system."""
    return Published(Version())


@pytest.fixture
def auditor(stage: Stage, reader: Reader, published: Published, draining: Event) -> Recipient:
    """One that checks every ten seconds, in full every third time."""
    return stage.start(
        AuditorActor(
            stage.directory,
            stage.dispatcher,
            reader,
            published,
            interval_seconds=10,
            full_every=3,
            draining=draining,
        )
    )


def answer(
    stage: Stage,
    reader: Reader,
    wallet: Wallet | None = None,
    *,
    refusing: bool = False,
    halted: bool = False,
) -> None:
    """Answer the Auditor's question as the wallet."""
    stage.wallet.expect(ReportWallet)
    wallet = wallet or reader.account.wallet
    stage.wallet.reply(
        WalletReported(account=ACCOUNT, wallet=wallet, refusing=refusing, halted=halted)
    )


def ask(stage: Stage, auditor: Recipient) -> TestProbe:
    client = stage.probe("client")
    auditor.tell(CheckHealth(account=ACCOUNT, reply_to=client))
    return client


def ask_for_all(_stage: Stage, auditor: Recipient) -> None:
    auditor.tell(CheckHealth())


def test_it_checks_by_itself_in_its_interval(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """The first time in full, then what is new, and every so often in full again."""
    for _ in range(4):
        stage.dispatcher.advance(10)
        answer(stage, reader)
        stage.dispatcher.run_until_idle()
    assert reader.read_after == [0, 1, 1, 0]


def test_a_clean_check_says_so_and_changes_nothing(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """Whoever asked gets the report."""
    client = ask(stage, auditor)
    answer(stage, reader)
    assert client.expect(HealthChecked).report.failed_checks == ()
    stage.wallet.expect_nothing(for_=0)
    stage.committer.expect_nothing(for_=0)


def test_a_mismatch_refuses_opens_and_is_written_down(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """One event, through the Committer, and a reason that names what failed."""
    reader.tamper()
    client = ask(stage, auditor)
    answer(stage, reader)
    assert "total" in client.expect(HealthChecked).report.failed_checks
    assert "total: expected 100, is 100.18" in judged(stage.wallet, BooksVerdict.IN_DOUBT).detail
    (event,) = stage.committer.expect(CommitChange).change.events
    assert isinstance(event, HealthMismatchFound)
    assert event.expected == 100
    assert event.actual == Decimal("100.18")


def test_a_row_written_by_hand_halts_its_account_beside_a_broken_chain(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """The chain alone would only refuse opens; a close would build on the row."""
    reader.account.entries[0] = replace(reader.account.entries[0], amount=Decimal(101))
    reader.tamper()
    ask(stage, auditor)
    answer(stage, reader)
    judged(stage.wallet, BooksVerdict.IN_DOUBT)
    assert "entry 1: amount 101" in judged(stage.wallet, BooksVerdict.ROW_CHANGED).detail


def test_a_known_mismatch_is_not_told_again(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """While the wallet refuses opens and is halted anyway."""
    reader.tamper()
    client = ask(stage, auditor)
    answer(stage, reader, refusing=True, halted=True)
    client.expect(HealthChecked)
    stage.wallet.expect_nothing(for_=0)
    stage.committer.expect_nothing(for_=0)


def test_after_a_mismatch_everything_is_summed_again(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """What was summed up holds the damage: a round that reads only what is new would keep it."""
    stage.dispatcher.advance(10)
    answer(stage, reader)
    (entry,) = reader.account.entries
    reader.account.entries[0] = replace(entry, amount=entry.amount + 1)
    ask(stage, auditor)
    answer(stage, reader)
    judged(stage.wallet, BooksVerdict.IN_DOUBT)
    reader.account.entries[0] = entry
    stage.dispatcher.advance(10)
    answer(stage, reader, refusing=True)
    judged(stage.wallet, BooksVerdict.AGREE)
    assert reader.read_after == [0, 0, 0]


@pytest.mark.parametrize(("refusing", "halted"), [(True, False), (False, True)])
def test_a_repair_allows_opens_again(
    stage: Stage, auditor: Recipient, reader: Reader, refusing: bool, halted: bool
) -> None:
    """The first clean check says so, to the wallet and in the events."""
    ask(stage, auditor)
    answer(stage, reader, refusing=refusing, halted=halted)
    assert judged(stage.wallet, BooksVerdict.AGREE).account == ACCOUNT
    (event,) = stage.committer.expect(CommitChange).change.events
    assert isinstance(event, HealthRestored)


def test_memory_is_compared_at_equal_versions_only(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """A wallet that a commit has moved meanwhile is asked again: no false alarm."""
    client = ask(stage, auditor)
    before = reader.account.wallet
    reader.account.transfer(5)
    answer(stage, reader, before)
    client.expect_nothing(for_=0)
    answer(stage, reader)
    assert client.expect(HealthChecked).report.failed_checks == ()


def test_memory_unlike_the_database_is_a_mismatch(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """At the same version, to the last digit."""
    client = ask(stage, auditor)
    wallet = reader.account.wallet
    answer(stage, reader, replace(wallet, total=wallet.total + 1))
    assert client.expect(HealthChecked).report.failed_checks == ("memory",)


def test_a_wallet_that_is_always_busy_is_checked_without_its_memory(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """After a few tries the books alone are better than nothing."""
    client = ask(stage, auditor)
    ahead = replace(reader.account.wallet, version=99)
    for _ in range(MEMORY_TRIES_MAX):
        answer(stage, reader, ahead)
    report = client.expect(HealthChecked).report
    assert "memory" not in [check.name for check in report.checks]
    assert report.failed_checks == ()


def test_entries_of_the_retries_are_summed_once(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """Each try reads what is new since the one before it."""
    client = ask(stage, auditor)
    reader.account.open(a_position())
    answer(stage, reader, replace(reader.account.wallet, version=1))
    stage.dispatcher.run_until_idle()
    reader.account.price(110)
    answer(stage, reader)
    report = client.expect(HealthChecked).report
    assert (report.failed_checks, report.entries) == ((), 3)
    assert reader.read_after == [0, 2]


@pytest.mark.parametrize("ask_for", [ask, ask_for_all])
def test_an_outage_is_no_mismatch(
    stage: Stage,
    auditor: Recipient,
    reader: Reader,
    ask_for: Callable[[Stage, Recipient], object],
) -> None:
    """Nothing is concluded from it, and the next round sums everything up anew."""
    ask(stage, auditor)
    answer(stage, reader)
    reader.down = True
    ask_for(stage, auditor)
    for _ in stage.wallet.unread():
        answer(stage, reader)
    stage.dispatcher.run_until_idle()
    stage.committer.expect_nothing(for_=0)
    reader.down = False
    client = ask(stage, auditor)
    answer(stage, reader)
    assert client.expect(HealthChecked).report.failed_checks == ()


def test_a_wallet_that_is_away_does_not_stop_the_check(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """Its books are in the database."""
    del stage.directory.wallets[ACCOUNT]
    report = ask(stage, auditor).expect(HealthChecked).report
    assert [check.name for check in report.checks] == ["total", "locked", "used", "chain"]


def test_a_check_of_an_account_that_is_not_there_is_denied(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """Whoever asked hears so, and may ask again when it is there."""
    reader.known = False
    client = ask(stage, auditor)
    answer(stage, reader)
    assert client.expect(Denied).denial.reason is DenialReason.ACCOUNT_UNKNOWN
    reader.known = True
    client = ask(stage, auditor)
    answer(stage, reader)
    assert client.expect(HealthChecked).report.failed_checks == ()


def test_a_check_ends_at_its_next_page_when_the_system_stops(
    stage: Stage, auditor: Recipient, reader: Reader, draining: Event
) -> None:
    """Nothing is concluded from half a ledger, and whoever asked hears why."""
    client = ask(stage, auditor)
    reader.after_page = draining.set
    answer(stage, reader)
    assert client.expect(Denied).denial.reason is DenialReason.SHUTTING_DOWN
    stage.wallet.expect_nothing(for_=0)
    stage.committer.expect_nothing(for_=0)


def test_a_deposed_owner_judges_no_books(
    stage: Stage, auditor: Recipient, reader: Reader, published: Published
) -> None:
    """What it remembers is past, and what it would hold that against is another's by now."""
    reader.tamper()
    client = ask(stage, auditor)
    published.ended = deposed()
    answer(stage, reader, halted=True)
    assert client.expect(Denied).denial.reason is DenialReason.DEPOSED
    assert published.health == {}
    stage.wallet.expect_nothing(for_=0)
    stage.committer.expect_nothing(for_=0)


def test_a_ledger_of_many_pages_is_summed_over_all_of_them(
    stage: Stage, auditor: Recipient, reader: Reader
) -> None:
    """The chain, the holds and the totals go on from page to page."""
    reader.account.open(a_position())
    for amount in range(1, 4):
        reader.account.transfer(amount)
    client = ask(stage, auditor)
    answer(stage, reader)
    report = client.expect(HealthChecked).report
    assert (report.failed_checks, report.entries) == ((), 5)
