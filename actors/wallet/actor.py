"""One account's wallet: the only source of its balance changes."""

from collections.abc import Iterator, Sequence
from typing import assert_never

import structlog

from actors.auditor.messages import CheckHealth
from actors.commit.messages import (
    AccountRead,
    ChangeCommitted,
    ChangeRefused,
    ChangeReturned,
    CommitChange,
    Origin,
    ReadAccount,
    ReadFailed,
    ReadPosition,
)
from actors.denials import refused_write, unknown_account, unplannable
from actors.engine.clock import Clock
from actors.engine.directory import Directory
from actors.engine.supervised import ActorKind, SupervisedActor, error_text
from actors.market.messages import PriceQuoted, QuoteDenied
from actors.messages import Denied, MarketRestarted
from actors.position.messages import ChangePosition, ClosePosition
from actors.published_view import PublishedView
from actors.wallet.account_openings import AccountOpenings
from actors.wallet.denials import account_answer, bad_balance, key_conflict
from actors.wallet.denied_opens import DeniedOpens
from actors.wallet.inbox import Decide, WalletMessage
from actors.wallet.keyed_changes import KeyedChanges
from actors.wallet.memory import Memory, memory_of
from actors.wallet.messages import (
    BookPosition,
    BooksJudged,
    BooksVerdict,
    KeyedAnswer,
    OpenAccount,
    OpenPosition,
    PositionGone,
    ReportWallet,
    RestoreWallet,
    SetCosts,
    SetExits,
    TransferFunds,
    WalletReported,
)
from actors.wallet.pending_opens import PendingOpens
from actors.wallet.plan import Plan, PlannedCommand, plan
from actors.wallet.refusals import Refusals
from actors.wallet.repairs import repair_change
from actors.wallet.trading_gate import TradingGate
from actors.wallet.waiting_commands import CommandLine, described
from trading.model import CostRates, Denial
from trading.money import ZERO, is_money

log = structlog.get_logger(__name__)


class WalletActor(SupervisedActor):
    """Serializes every change of one account's balances through its mailbox.

    At most one change is in flight. What arrives meanwhile queues up and becomes the next one,
    so that batches grow by themselves under load. Memory follows the database: it advances when
    a commit is confirmed, and not before.
    """

    kind = ActorKind.WALLET

    def __init__(
        self,
        directory: Directory,
        clock: Clock,
        account: str,
        *,
        published: PublishedView,
        memory: Memory,
        rates: CostRates,
        position_ids: Iterator[int],
        former_life: bool = False,
    ) -> None:
        """Begin from what is durable; `position_ids` gives out each id once."""
        super().__init__(directory, account)
        self._clock = clock
        self._account = account
        self._gate = TradingGate(account, published)
        self._memory = memory
        self._rates = rates
        self._former_life = former_life
        self._openings = AccountOpenings(directory)
        self._denied = DeniedOpens(directory, clock, published)
        self._opens = PendingOpens(directory, account, self.actor_ref, position_ids, self._denied)
        self._keyed = KeyedChanges(directory)
        self._refusals = Refusals(directory, self._opens, self._openings)
        self._line = CommandLine()

    def on_start(self) -> None:
        """After a former life, tell the markets which of its quoted opens were made."""
        if self._former_life:
            self._opens.release_former(opened=frozenset(self._memory.held))

    def on_receive(self, message: WalletMessage) -> None:
        """Handle one message."""
        match message:
            case OpenPosition():
                self._on_open(message)
            case PriceQuoted():
                self._on_quoted(message)
            case QuoteDenied():
                self._opens.quote_denied(message)
            case BookPosition():
                self._enqueue(message)
            case TransferFunds() | SetCosts() | SetExits():
                self._on_client(message)
            case ClosePosition() | ChangePosition():
                self._on_change(message)
            case KeyedAnswer():
                self._keyed.answered(message, self._memory.keys)
            case PositionGone():
                self._keyed.ask_again(message.position_id, self._memory.keys)
            case OpenAccount():
                self._on_open_account(message)
            case ReadPosition():
                self._on_read(message)
            case MarketRestarted():
                self._opens.ask_again(message.symbol)
            case Decide():
                self._line.gathered()
                self._flush()
            case ChangeCommitted():
                self._on_committed(message)
            case ChangeReturned():
                self._on_returned(message)
            case ChangeRefused():
                self._on_refused(message)
            case BooksJudged():
                self._on_judged(message)
            case RestoreWallet():
                self.directory.to_committer(
                    repair_change(self.directory, message, now_us=self._clock.now_us())
                )
            case AccountRead():
                self._begin_anew(message)
            case ReadFailed():
                log.error("account unreadable", account=self._account, detail=message.detail)
            case ReportWallet():
                self.directory.send(message.reply_to, self._report())
            case _:
                assert_never(message)

    # --- Opens -----------------------------------------------------------------------------

    def _on_open_account(self, message: OpenAccount) -> None:
        wallet = self._memory.wallet
        if wallet is not None:
            self.directory.send(message.reply_to, account_answer(wallet, message))
            return
        if not is_money(message.initial_balance) or message.initial_balance < ZERO:
            self.directory.send(message.reply_to, Denied(denial=bad_balance(message)))
            return
        if self._openings.begin(message):
            self._enqueue(message)

    def _on_open(self, message: OpenPosition) -> None:
        if self._memory.wallet is None:
            self._denied.deny(message, unknown_account(self._account))
            return
        if self._opens.answer_known(message, self._memory.keys) or self._opens.join(message):
            return
        if message.idempotency_key is not None and self._keyed.has_key(message.idempotency_key):
            self._denied.deny(message, key_conflict(message))
            return
        denial = self._gate.opens_denial()
        if denial is not None:
            self._denied.deny(message, denial)
        else:
            self._opens.begin(message)

    def _on_change(self, message: ClosePosition | ChangePosition) -> None:
        key_opens = message.key is not None and self._opens.has_key(message.key.key)
        self._keyed.take(message, self._memory.keys, key_opens=key_opens)

    def _on_quoted(self, quote: PriceQuoted) -> None:
        command = self._opens.quoted(quote, opened=quote.position_id in self._memory.held)
        if command is not None and self._gate.halted is not None:
            self._opens.deny(quote.position_id, self._gate.halted)
        elif command is not None:
            self._enqueue(command)

    def _on_client(self, message: TransferFunds | SetCosts | SetExits) -> None:
        if self._memory.wallet is None:
            self.directory.send(message.reply_to, Denied(denial=unknown_account(self._account)))
        elif self._gate.halted is not None:
            self.directory.send(message.reply_to, Denied(denial=self._gate.halted))
        else:
            self._enqueue(message)

    # --- Changes ---------------------------------------------------------------------------

    def _enqueue(self, command: PlannedCommand) -> None:
        self._line.append(command)
        self._flush_soon()

    def _flush_soon(self) -> None:
        # A message to oneself comes behind all that has arrived: they become one change.
        if self._line.gather():
            self.actor_ref.tell(Decide())

    def _flush(self) -> None:
        if self._line.in_flight:
            return
        if (halted := self._gate.halted) is not None:
            for command in self._line.drop_clients():
                self._refusals.deny(command, halted)
            return
        if not self._line:
            self._forward_reads()
            return
        commands = self._line.take()
        try:
            planned = plan(
                self._memory,
                commands,
                now_us=self._clock.now_us(),
                monotonic_us=self._clock.monotonic_us(),
                rates=self._rates,
                opens_denied=self._gate.opens_denial(),
            )
        except Exception as error:
            # An unforeseen value, or a bug: no command of the batch is done yet.
            log.exception("command could not be planned", account=self._account)
            self._take_apart(commands, unplannable(self._account, error_text(error)))
            return
        if planned.is_empty:
            self._conclude(planned)
            return
        self.directory.to_committer(
            CommitChange(
                origin=Origin.WALLET,
                change_id=self._line.sent(planned),
                change=planned.change(self._account),
                reply_to=self.actor_ref,
                started=tuple(planned.started),
                deadline_us=planned.deadline_us,
                accepted_us=planned.accepted_us,
            )
        )

    def _on_committed(self, message: ChangeCommitted) -> None:
        if (planned := self._line.returned(message.change_id)) is not None:
            self._conclude(planned, message.committed_us)

    def _conclude(self, planned: Plan, committed_us: int = 0) -> None:
        """What was planned is durable: remember it, then say it."""
        self._memory = planned.after
        for started in planned.started:
            self._opens.done(started.position, committed_us)
        for position_id, denial in planned.denied.items():
            self._opens.deny(position_id, denial)
        for recipient, answer in planned.answers_at(committed_us):
            self.directory.send(recipient, answer)
        self._openings.done(self._memory.wallet)
        self._forward_reads()
        if self._line:
            self._flush_soon()

    def _on_returned(self, message: ChangeReturned) -> None:
        """Decide the same commands anew: by now the open that came too late is denied."""
        if (planned := self._line.returned(message.change_id)) is not None:
            self._line.put_back(planned.commands)
            self._flush_soon()

    def _on_refused(self, message: ChangeRefused) -> None:
        """Keep everything where the row is another; else only one bad command fails."""
        if (planned := self._line.returned(message.change_id)) is None:
            return
        if message.wallet_changed:
            self._line.put_back(planned.commands)
            self._halt(message.detail)
            self.directory.to_auditor(CheckHealth(account=self._account))
        else:
            self._take_apart(planned.commands, refused_write(self._account, message.detail))

    def _take_apart(self, commands: Sequence[PlannedCommand], denial: Denial) -> None:
        """Run commands that failed together again one by one; deny one that failed alone."""
        if len(commands) > 1:
            self._line.put_back(commands, one_by_one=True)
        else:
            log.error("command failed", account=self._account, detail=denial.text)
            self._refusals.deny(commands[0], denial)
        self._flush_soon()

    def _on_judged(self, message: BooksJudged) -> None:
        match message.verdict:
            case BooksVerdict.AGREE:
                self._gate.allow()
                self._flush_soon()
            case BooksVerdict.IN_DOUBT:
                self._gate.refuse_opens(message.detail)
            case BooksVerdict.ROW_CHANGED:
                self._halt(message.detail)
            case BooksVerdict.REPAIRED:
                read = ReadAccount(account=self._account, reply_to=self.actor_ref)
                self.directory.to_committer(read)
            case _:
                assert_never(message.verdict)

    def _halt(self, detail: str) -> None:
        """The wallet's row was changed from outside: keep everything, overwrite nothing."""
        log.error("wallet halted", account=self._account, detail=detail)
        self._gate.halt(detail)
        self._flush()

    def _begin_anew(self, message: AccountRead) -> None:
        """Remember what is durable; what waits is booked once the Auditor agrees."""
        if message.state is not None and self._gate.halted is not None:
            self._memory = memory_of(message.state)
        self.directory.to_auditor(CheckHealth(account=self._account))

    def _on_read(self, message: ReadPosition) -> None:
        """Pass a read on behind everything that came before it."""
        self._line.add_read(message)
        if not self._line.in_flight:
            self._flush_soon()

    def _forward_reads(self) -> None:
        for read in self._line.take_reads():
            # First what its former life did not do: it comes to the Desk before the row that the
            # next life begins with, and so before anything can have happened to it.
            self._keyed.ask_again(read.position_id, self._memory.keys)
            self.directory.to_committer(read)

    def _report(self) -> WalletReported:
        return WalletReported(
            account=self._account,
            wallet=self._memory.wallet,
            refusing=self._gate.refusing,
            halted=self._gate.halted is not None,
            waiting=tuple(described(command) for command in self._line.undecided),
        )
