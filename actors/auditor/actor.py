"""The periodic health check: the books against themselves, and memory against the database."""

import threading
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Protocol, assert_never

import structlog

from actors.auditor.messages import CheckHealth, HealthChecked, RepairWallet
from actors.commit.messages import CommitChange, Origin
from actors.denials import SHUTTING_DOWN, unknown_account
from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher
from actors.engine.pooled import Recipient
from actors.engine.supervised import ActorKind, SupervisedActor, error_text
from actors.messages import Denied
from actors.published import Published
from actors.wallet.memory_doubts import stale_hold, would_release_wrongly
from actors.wallet.messages import BooksJudged, BooksVerdict, ReportWallet, WalletReported
from actors.wallet.repairs import carry_out
from persistence.changes import Change
from persistence.errors import UNREADABLE, StoreError
from persistence.state import Books
from trading.books import (
    MEMORY_CHECK,
    HealthReport,
    HealthStatus,
    LedgerFold,
    check_books,
    row_was_changed,
    unreadable_books,
)
from trading.events.accounts import HealthMismatchFound, HealthRestored
from trading.model import Denial, Wallet
from trading.money import plain
from trading.repair import Irreparable, Repair, repair_of

log = structlog.get_logger(__name__)

MEMORY_TRIES_MAX = 5
PAUSE_SECONDS = 0.01
"""Summing a long ledger takes many seconds: between pages the Auditor lets other threads run."""


@dataclass(frozen=True, slots=True)
class Audit:
    """From a timer: the next round is due."""


AuditorMessage = Audit | CheckHealth | RepairWallet | WalletReported


class BooksReader(Protocol):
    """The reads that the Auditor needs; see `persistence.store.Store`."""

    def book_pages(self, account: str, *, after_entry: int) -> Generator[Books]:
        """An account's books at one moment, with its entries above a number, a page at a time."""
        ...

    def accounts(self) -> tuple[str, ...]:
        """The names of all accounts."""
        ...


class _UndoneError(Exception):
    """A check cannot be made; its callers are answered."""

    def __init__(self, denial: Denial) -> None:
        self.denial = denial


@dataclass(slots=True)
class _Check:
    """A check that waits for its wallet to say what it has in memory."""

    full: bool
    asked_by: list[Recipient] = field(default_factory=list)
    repairs: list[RepairWallet] = field(default_factory=list)
    tries: int = 0


class AuditorActor(SupervisedActor):
    """Checks each account in full at first and when asked; in between, only its new entries.

    A mismatch is an event and a log line. The account's opens are refused until a check passes.
    Memory is compared with the database only at equal versions: while the wallet is busy the
    check is tried a few times, then made without memory. A repair begins with a check, whose result
    decides whether the account's wallet is told to restore its row.
    """

    kind = ActorKind.AUDITOR

    def __init__(
        self,
        directory: Directory,
        dispatcher: Dispatcher,
        reader: BooksReader,
        published: Published,
        *,
        interval_seconds: float | None = 10.0,
        full_every: int = 60,
        draining: threading.Event | None = None,
    ) -> None:
        """Check every `interval_seconds` (only when asked if None), in full every n-th time.

        Once `draining` is set, a check is abandoned at the next page of its ledger.
        """
        super().__init__(directory, "auditor")
        self._dispatcher = dispatcher
        self._reader = reader
        self._published = published
        self._interval_seconds = interval_seconds
        self._full_every = full_every
        self._draining = draining or threading.Event()
        self._rounds = 0
        self._ledgers: dict[str, LedgerFold] = {}
        self._checks: dict[str, _Check] = {}

    def on_start(self) -> None:
        """Begin the rounds."""
        if self._interval_seconds is not None:
            self._dispatcher.after(self._interval_seconds, self.actor_ref, Audit())

    def on_receive(self, message: AuditorMessage) -> None:
        """Handle one message."""
        match message:
            case Audit():
                self._round()
                self.on_start()
            case CheckHealth():
                for account in self._accounts(message):
                    self._begin(account, full=True, asked_by=message.reply_to)
            case RepairWallet():
                self._begin(message.account, full=True, repair=message)
            case WalletReported():
                self._on_wallet(message)
            case _:
                assert_never(message)

    def _round(self) -> None:
        full = self._rounds % self._full_every == 0
        self._rounds += 1
        for account in self._accounts(CheckHealth()):
            self._begin(account, full=full)

    def _accounts(self, message: CheckHealth) -> tuple[str, ...]:
        if message.account is not None:
            return (message.account,)
        try:
            return self._reader.accounts()
        except UNREADABLE as error:
            log.warning("health check not made", error=str(error))
            return ()

    def _begin(
        self,
        account: str,
        *,
        full: bool,
        asked_by: Recipient | None = None,
        repair: RepairWallet | None = None,
    ) -> None:
        check = self._checks.setdefault(account, _Check(full))
        check.full = check.full or full
        if asked_by is not None:
            check.asked_by.append(asked_by)
        if repair is not None:
            check.repairs.append(repair)
        self._ask_wallet(account)

    def _ask_wallet(self, account: str) -> None:
        if not self.directory.to_wallet(account, ReportWallet(reply_to=self.actor_ref)):
            self._check(account, None)

    def _on_wallet(self, message: WalletReported) -> None:
        if message.account in self._checks:
            self._check(message.account, message)

    def _check(self, account: str, reported: WalletReported | None) -> None:
        check = self._checks[account]
        ledger = LedgerFold() if check.full else self._ledgers.get(account, LedgerFold())
        try:
            books = self._sum_up(account, ledger)
        except UNREADABLE as error:
            log.warning("health check not made", account=account, error=str(error))
            self._abandon(account)
            return
        except _UndoneError as undone:
            self._abandon(account, undone.denial)
            return
        except StoreError:
            raise
        except Exception as error:
            log.exception("books cannot be read", account=account)
            self._unreadable(unreadable_books(account, error_text(error)), reported)
            return
        self._ledgers[account] = ledger
        memory = reported.wallet if reported is not None else None
        halted = reported is not None and reported.halted
        if memory is not None and memory.version != books.wallet.version and not halted:
            check.full = False
            check.tries += 1
            if check.tries < MEMORY_TRIES_MAX:
                self._ask_wallet(account)
                return
            memory = None
        del self._checks[account]
        report = check_books(books.wallet, ledger, books.holds, memory=memory)
        mended = halted and set(report.failed_checks) <= {MEMORY_CHECK}
        version = self._published.version
        stale = stale_hold(version, account, books) if mended else None
        if stale is not None:
            report = report.doubted(stale)
        before = self._published.health.get(account)
        self._publish(report)
        if report.status is HealthStatus.HEALTHY:
            routine = not (check.full or check.asked_by or check.repairs)
            self._healthy(report, before, books.wallet, reported, routine=routine)
        elif mended and stale is None:
            # Repaired while the wallet was halted: its memory is from before the repair.
            self._tell_wallet(account, BooksVerdict.REPAIRED)
        else:
            row_changed = row_was_changed(books.wallet, ledger)
            halts = row_changed or would_release_wrongly(version, books, ledger)
            self._mismatch(report, reported, halts=halts)
        if check.asked_by or check.repairs:
            self._answer(check, report, repair_of(books.wallet, ledger, books.holds))

    def _unreadable(self, report: HealthReport, reported: WalletReported | None) -> None:
        """Report an account whose rows cannot be read; other accounts are not affected."""
        account = report.account
        check = self._checks.pop(account)
        self._publish(report)
        self._mismatch(report, reported, halts=False)
        self._answer(check, report, Irreparable(why="; ".join(report.failures), entry=None))

    def _publish(self, report: HealthReport) -> None:
        account, now_us = report.account, self._dispatcher.clock.now_us()
        self._published.health[account] = report
        self.directory.stats.health_checked(account, report.status, now_us)

    def _answer(
        self, check: _Check, report: HealthReport, repair: Repair | Irreparable | None
    ) -> None:
        for recipient in check.asked_by:
            self.directory.send(recipient, HealthChecked(report=report, repair=repair))
        for asked in check.repairs:
            carry_out(self.directory, asked, repair)

    def _sum_up(self, account: str, ledger: LedgerFold) -> Books:
        """Add the new entries to a ledger; returns the account's books."""
        books = None
        if self._published.ended is not None:  # the database is no longer this process's
            raise _UndoneError(self._published.ended)
        with closing(self._reader.book_pages(account, after_entry=ledger.entries)) as pages:
            for page in pages:
                if self._draining.wait(0 if books is None else PAUSE_SECONDS):
                    raise _UndoneError(SHUTTING_DOWN)
                books = page
                self._published.audited_us = self._dispatcher.clock.monotonic_us()
                ledger.add_all(page.entries)
        if books is None:
            raise _UndoneError(unknown_account(account))
        return books

    def _abandon(self, account: str, denial: Denial | None = None) -> None:
        # The sums may be from half a round: begin with the first entry again.
        self._ledgers.pop(account, None)
        check = self._checks.pop(account)
        if denial is not None:
            for recipient in (*check.asked_by, *(asked.reply_to for asked in check.repairs)):
                self.directory.send(recipient, Denied(denial=denial))

    def _healthy(
        self,
        report: HealthReport,
        before: HealthReport | None,
        wallet: Wallet,
        reported: WalletReported | None,
        *,
        routine: bool,
    ) -> None:
        account = report.account
        say = log.debug if routine else log.info
        say(
            f"✓ Wallet health check PASSED: Total=${wallet.total:.2f}, "
            f"Available=${wallet.available:.2f}",
            account=account,
        )
        held_back = reported is not None and (reported.refusing or reported.halted)
        if held_back or (before is not None and before.status is HealthStatus.MISMATCH):
            event = HealthRestored(account=account, time_us=self._dispatcher.clock.now_us())
            self._commit_event(account, event)
        if held_back:
            self._tell_wallet(account, BooksVerdict.AGREE)

    def _mismatch(
        self, report: HealthReport, reported: WalletReported | None, *, halts: bool
    ) -> None:
        """Refuse opens; halt the wallet where a close would build on the changed row."""
        account, failures = report.account, report.failures
        log.error(
            "⚠ Wallet health check FAILED",
            account=account,
            status=str(report.status),
            expected=plain(report.expected),
            actual=plain(report.actual),
            difference=plain(report.difference),
            failed="; ".join(failures),
            first_divergent_entry=report.first_divergent_entry,
        )
        # The sums include the damage: after a repair, start from the first entry.
        self._ledgers.pop(account, None)
        if reported is None:
            return
        if not reported.refusing:
            self._refuse_opens(report)
        if halts and not reported.halted:
            self._tell_wallet(account, BooksVerdict.ROW_CHANGED, "; ".join(failures))

    def _refuse_opens(self, report: HealthReport) -> None:
        account = report.account
        detail = (
            f"opens are refused: the books of account {account} do not balance "
            f"({'; '.join(report.failures)})"
        )
        self._tell_wallet(account, BooksVerdict.IN_DOUBT, detail)
        event = HealthMismatchFound(
            account=account,
            failed_checks=report.failed_checks,
            expected=report.expected,
            actual=report.actual,
            difference=report.difference,
            first_divergent_entry=report.first_divergent_entry,
            time_us=self._dispatcher.clock.now_us(),
        )
        self._commit_event(account, event)

    def _tell_wallet(self, account: str, verdict: BooksVerdict, detail: str = "") -> None:
        judged = BooksJudged(account=account, verdict=verdict, detail=detail)
        self.directory.to_wallet(account, judged)

    def _commit_event(self, account: str, event: HealthMismatchFound | HealthRestored) -> None:
        change = Change(account=account, events=(event,))
        self.directory.to_committer(CommitChange(origin=Origin.AUDITOR, change=change))
