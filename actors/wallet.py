"""One account's wallet: the only source of its balance changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import assert_never

import structlog

from actors.clock import Clock
from actors.command_line import CommandLine, described
from actors.denials import (
    account_answer,
    bad_balance,
    refused_write,
    unknown_account,
)
from actors.denied_opens import DeniedOpens
from actors.directory import Directory
from actors.messages import CheckHealth, Denied, OpenAccount, OpenPosition, TransferFunds
from actors.pending_opens import PendingOpens, RepeatedOpen
from actors.protocol import (
    AllowOpens,
    BookingRefused,
    BookPosition,
    ChangeCommitted,
    ChangeRefused,
    ChangeReturned,
    CommitChange,
    HaltAccount,
    MarketRestarted,
    PriceQuoted,
    QuoteDenied,
    ReadPosition,
    RefuseOpens,
    ReloadAccount,
    ReportWallet,
    WalletReported,
)
from actors.published import Published
from actors.supervised import ActorKind, SupervisedActor
from actors.trading_gate import TradingGate
from actors.wallet_plan import Memory, Plan, PlannedCommand, QuotedOpen, plan
from trading.model import CostRates, Denial
from trading.money import ZERO, is_money

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Flush:
    """To oneself: what has queued up in the mailbox so far is taken, now decide it."""


WalletMessage = (
    OpenAccount
    | OpenPosition
    | PriceQuoted
    | QuoteDenied
    | BookPosition
    | TransferFunds
    | ReadPosition
    | MarketRestarted
    | Flush
    | ChangeCommitted
    | ChangeReturned
    | ChangeRefused
    | RefuseOpens
    | HaltAccount
    | AllowOpens
    | ReloadAccount
    | ReportWallet
)


class WalletDivergedError(Exception):
    """The database holds another state of this account than its actor: start again from there."""


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
        published: Published,
        memory: Memory,
        rates: CostRates,
        position_ids: Iterator[int],
        former_life: bool = False,
    ) -> None:
        """Begin from what is durable; `position_ids` gives out ids that nobody else gets."""
        super().__init__(directory, account)
        self._clock = clock
        self._account = account
        self._gate = TradingGate(account, published)
        self._memory = memory
        self._rates = rates
        self._former_life = former_life
        self._opening: list[OpenAccount] = []
        self._denied = DeniedOpens(directory, clock, published)
        self._opens = PendingOpens(directory, account, self.actor_ref, position_ids, self._denied)
        self._line = CommandLine()
        self._flushing = False

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
            case TransferFunds():
                self._on_transfer(message)
            case OpenAccount():
                self._on_open_account(message)
            case ReadPosition():
                self._on_read(message)
            case MarketRestarted():
                self._opens.ask_again(message.symbol)
            case Flush():
                self._flushing = False
                self._flush()
            case ChangeCommitted():
                self._on_committed(message)
            case ChangeReturned():
                self._on_returned(message)
            case ChangeRefused():
                self._on_refused(message)
            case RefuseOpens():
                self._gate.refuse_opens(message.detail)
            case HaltAccount():
                self._halt(message.detail)
            case AllowOpens():
                self._gate.allow()
                self._flush_soon()
            case ReloadAccount():
                raise WalletDivergedError(f"account {self._account} is not what it was")
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
        self._opening.append(message)
        if len(self._opening) == 1:
            self._enqueue(message)

    def _on_open(self, message: OpenPosition) -> None:
        if self._memory.wallet is None:
            self._denied.deny(message, unknown_account(self._account))
            return
        if self._knows_key(message) or self._opens.join(message):
            return
        denial = self._gate.opens_denial()
        if denial is not None:
            self._denied.deny(message, denial)
        else:
            self._opens.begin(message)

    def _knows_key(self, message: OpenPosition) -> bool:
        """Answer an open whose idempotency key is taken; tells whether it is."""
        key = message.idempotency_key
        taken = self._memory.keys.get(key) if key is not None else None
        if taken is None:
            return False
        answer = RepeatedOpen(self.directory, message, self._denied)
        self.directory.to_committer(ReadPosition(position_id=taken, reply_to=answer))
        return True

    def _on_quoted(self, quote: PriceQuoted) -> None:
        command = self._opens.quoted(quote, opened=quote.position_id in self._memory.held)
        if command is not None and self._gate.halted is not None:
            self._opens.deny(quote.position_id, self._gate.halted)
        elif command is not None:
            self._enqueue(command)

    def _on_transfer(self, message: TransferFunds) -> None:
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
        if not self._flushing and not self._line.in_flight:
            self._flushing = True
            self.actor_ref.tell(Flush())

    def _flush(self) -> None:
        if self._line.in_flight or self._gate.halted is not None:
            return
        if not self._line:
            self._forward_reads()
            return
        planned = plan(
            self._memory,
            self._line.take(),
            now_us=self._clock.now_us(),
            monotonic_us=self._clock.monotonic_us(),
            rates=self._rates,
            opens_denied=self._gate.opens_denial(),
        )
        if planned.is_empty:
            self._conclude(planned)
            return
        change_id = self._line.sent(planned)
        self.directory.to_committer(
            CommitChange(
                change_id=change_id,
                change=planned.change(self._account),
                reply_to=self.actor_ref,
                started=tuple(planned.started),
                deadline_us=planned.deadline_us,
            )
        )

    def _on_committed(self, message: ChangeCommitted) -> None:
        planned = self._line.returned(message.change_id)
        if planned is not None:
            self._conclude(planned)

    def _conclude(self, planned: Plan) -> None:
        """What was planned is durable: remember it, then say it."""
        self._memory = planned.after
        for started in planned.started:
            self._opens.done(started.position)
        for position_id, denial in planned.denied.items():
            self._opens.deny(position_id, denial)
        for recipient, answer in planned.answers:
            self.directory.send(recipient, answer)
        if self._opening and self._memory.wallet is not None:
            opening, self._opening = self._opening, []
            for index, message in enumerate(opening):
                answer = account_answer(self._memory.wallet, message, created=index == 0)
                self.directory.send(message.reply_to, answer)
        self._forward_reads()
        if self._line:
            self._flush_soon()

    def _on_returned(self, message: ChangeReturned) -> None:
        """Decide the same commands anew: by now the open that came too late is denied."""
        planned = self._line.returned(message.change_id)
        if planned is not None:
            self._line.put_back(planned)
            self._flush_soon()

    def _on_refused(self, message: ChangeRefused) -> None:
        """Run a refused batch again command by command, so that one bad command fails alone."""
        planned = self._line.returned(message.change_id)
        if planned is None:
            return
        if message.wallet_changed:
            self._line.put_back(planned)
            self._halt(message.detail)
            self.directory.to_auditor(CheckHealth(account=self._account))
        elif len(planned.commands) > 1:
            self._line.put_back(planned, one_by_one=True)
            self._flush_soon()
        else:
            log.error("write refused", account=self._account, detail=message.detail)
            self._deny(planned.commands[0], refused_write(self._account, message.detail))
            self._flush_soon()

    def _deny(self, command: PlannedCommand, denial: Denial) -> None:
        """Answer that a command is certainly not done."""
        match command:
            case QuotedOpen():
                self._opens.deny(command.quote.position_id, denial)
            case TransferFunds():
                self.directory.send(command.reply_to, Denied(denial=denial))
            case BookPosition():
                self.directory.send(command.reply_to, BookingRefused(detail=denial.text))
            case OpenAccount():
                opening, self._opening = self._opening, []
                for message in opening:
                    self.directory.send(message.reply_to, Denied(denial=denial))
            case _:
                assert_never(command)

    def _halt(self, detail: str) -> None:
        """Somebody else wrote the wallet's row: keep everything, overwrite nothing."""
        log.error("wallet halted", account=self._account, detail=detail)
        denial = self._gate.halt(detail)
        # What clients asked for is denied; what positions have handed over waits.
        for command in self._line.drop_clients():
            self._deny(command, denial)

    # --- Reads -----------------------------------------------------------------------------

    def _on_read(self, message: ReadPosition) -> None:
        """Pass a read on behind everything that came before it."""
        self._line.add_read(message)
        if not self._line.in_flight:
            self._flush_soon()

    def _forward_reads(self) -> None:
        for read in self._line.take_reads():
            self.directory.to_committer(read)

    def _report(self) -> WalletReported:
        return WalletReported(
            account=self._account,
            wallet=self._memory.wallet,
            refusing=self._gate.refusing,
            halted=self._gate.halted is not None,
            waiting=tuple(described(command) for command in self._line.undecided),
        )
