"""One account's wallet: the only source of its balance changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, assert_never

import structlog

from actors.base import Recipient
from actors.clock import Clock
from actors.command_line import CommandLine
from actors.denials import (
    account_answer,
    bad_balance,
    books_mismatch,
    key_conflict,
    no_market,
    refused_write,
    unknown_account,
)
from actors.directory import Directory
from actors.messages import CheckHealth, Denied, OpenAccount, OpenDone, OpenPosition, TransferFunds
from actors.pending_opens import PendingOpens, RepeatedOpen
from actors.protocol import (
    AllowOpens,
    BookingRefused,
    BookPosition,
    ChangeCommitted,
    ChangeExpired,
    ChangeRefused,
    CommitChange,
    MarketRestarted,
    PriceQuoted,
    QuoteDenied,
    QuotePrice,
    ReadPosition,
    RefuseOpens,
    ReleaseQuote,
    ReleaseQuotes,
    ReportWallet,
    WalletReported,
)
from actors.supervised import ActorKind, SupervisedActor
from actors.wallet_plan import Memory, Plan, PlannedCommand, QuotedOpen, canonical_request, plan
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
    | ChangeExpired
    | ChangeRefused
    | RefuseOpens
    | AllowOpens
    | ReportWallet
)


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
        memory: Memory,
        rates: CostRates,
        position_ids: Iterator[int],
        former_life: bool = False,
    ) -> None:
        """Begin from what is durable; `position_ids` gives out ids that nobody else gets."""
        super().__init__(directory, account)
        self._clock = clock
        self._account = account
        self._memory = memory
        self._rates = rates
        self._former_life = former_life
        self._opening: list[OpenAccount] = []
        self._opens = PendingOpens(position_ids)
        self._line = CommandLine()
        self._reads: list[ReadPosition] = []
        self._flushing = False
        self._opens_refused: str | None = None
        self._halted: str | None = None

    def on_start(self) -> None:
        """After a former life, tell the markets which of its quoted opens were made."""
        if self._former_life:
            opened = frozenset(self._memory.held)
            for symbol in tuple(self.directory.markets):
                self.directory.to_market(
                    symbol, ReleaseQuotes(account=self._account, opened=opened)
                )

    def on_receive(self, message: WalletMessage) -> None:
        """Handle one message."""
        match message:
            case OpenPosition():
                self._on_open(message)
            case PriceQuoted():
                self._on_quoted(message)
            case QuoteDenied():
                self._deny_open(message.position_id, message.denial)
            case BookPosition() | TransferFunds():
                self._enqueue(message)
            case OpenAccount():
                self._on_open_account(message)
            case ReadPosition():
                self._on_read(message)
            case MarketRestarted():
                self._on_market_restarted(message.symbol)
            case Flush():
                self._flushing = False
                self._flush()
            case ChangeCommitted():
                self._on_committed(message)
            case ChangeExpired():
                self._on_expired(message)
            case ChangeRefused():
                self._on_refused(message)
            case RefuseOpens():
                self._opens_refused = message.detail
            case AllowOpens():
                self._on_allow_opens()
            case ReportWallet():
                self._tell(message.reply_to, self._report())
            case _:
                assert_never(message)

    # --- Opens -----------------------------------------------------------------------------

    def _on_open_account(self, message: OpenAccount) -> None:
        wallet = self._memory.wallet
        if wallet is not None:
            self._tell(message.reply_to, account_answer(wallet, message))
            return
        if not is_money(message.initial_balance) or message.initial_balance < ZERO:
            self._tell(message.reply_to, Denied(denial=bad_balance(message)))
            return
        self._opening.append(message)
        if len(self._opening) == 1:
            self._enqueue(message)

    def _on_open(self, message: OpenPosition) -> None:
        if self._memory.wallet is None:
            self._tell(message.reply_to, Denied(denial=unknown_account(self._account)))
            return
        key = message.idempotency_key
        if key is not None and self._answer_known_key(key, message):
            return
        refused = self._halted or self._opens_refused
        if refused is not None:
            denial = books_mismatch(refused)
            self._tell(message.reply_to, Denied(denial=denial))
            return
        self._ask_price(self._opens.add(message), message.symbol)

    def _answer_known_key(self, key: str, message: OpenPosition) -> bool:
        """Answer, or let wait, an open whose key was used before; tells whether it was."""
        taken = self._memory.keys.get(key)
        pending = self._opens.by_key(key)
        if taken is not None:
            if taken.request != canonical_request(message):
                self._tell(message.reply_to, Denied(denial=key_conflict(key, message)))
            else:
                self.directory.to_committer(
                    ReadPosition(
                        position_id=taken.position_id, reply_to=RepeatedOpen(message.reply_to)
                    )
                )
            return True
        if pending is None:
            return False
        if canonical_request(pending.request) != canonical_request(message):
            self._tell(message.reply_to, Denied(denial=key_conflict(key, message)))
        else:
            pending.waiting.append(message.reply_to)
        return True

    def _ask_price(self, position_id: int, symbol: str) -> None:
        question = QuotePrice(
            account=self._account,
            position_id=position_id,
            for_open=True,
            reply_to=self.actor_ref,
        )
        if not self.directory.to_market(symbol, question):
            self._deny_open(position_id, no_market(symbol))

    def _on_market_restarted(self, symbol: str) -> None:
        for position_id in self._opens.unquoted(symbol):
            self._ask_price(position_id, symbol)

    def _on_quoted(self, quote: PriceQuoted) -> None:
        pending = self._opens.get(quote.position_id)
        if pending is None or pending.quoted:
            return
        if self._halted is not None:
            denial = books_mismatch(self._halted)
            self._release_quote(pending.request.symbol, quote.position_id)
            self._deny_open(quote.position_id, denial)
        else:
            pending.quoted = True
            self._enqueue(QuotedOpen(request=pending.request, quote=quote))

    def _release_quote(self, symbol: str, position_id: int) -> None:
        self.directory.to_market(symbol, ReleaseQuote(position_id=position_id))

    def _deny_open(self, position_id: int, denial: Denial) -> None:
        """Deny an open that is certainly not made; its id is free for the next one."""
        for waiting in self._opens.end(position_id, id_is_free=True):
            self._tell(waiting, Denied(denial=denial))

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
        if self._line.in_flight or self._halted is not None:
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
            opens_refused=self._opens_refused,
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
            for index, waiting in enumerate(self._opens.end(started.position.position_id)):
                self._tell(waiting, OpenDone(position=started.position, repeated=index > 0))
        for position_id, denial in planned.denied.items():
            self._release_quote(self._opens.symbol_of(position_id), position_id)
            self._deny_open(position_id, denial)
        for recipient, answer in planned.answers:
            self._tell(recipient, answer)
        if self._opening and self._memory.wallet is not None:
            opening, self._opening = self._opening, []
            for index, message in enumerate(opening):
                answer = account_answer(self._memory.wallet, message, created=index == 0)
                self._tell(message.reply_to, answer)
        self._forward_reads()
        if self._line:
            self._flush_soon()

    def _on_expired(self, message: ChangeExpired) -> None:
        """Decide the same commands anew: by now the open that waited too long is denied."""
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
            self._halt(planned, message.detail)
        elif len(planned.commands) > 1:
            self._line.put_back(planned, one_by_one=True)
            self._flush_soon()
        else:
            log.error("write refused", account=self._account, detail=message.detail)
            self._fail(planned.commands[0], message.detail)
            self._flush_soon()

    def _fail(self, command: PlannedCommand, detail: str) -> None:
        denial = refused_write(self._account, detail)
        match command:
            case QuotedOpen():
                position_id = command.quote.position_id
                self._release_quote(command.request.symbol, position_id)
                for waiting in self._opens.end(position_id):
                    self._tell(waiting, Denied(denial=denial))
            case BookPosition():
                position = command.position
                refused = BookingRefused(
                    position_id=position.position_id, version=position.version, detail=detail
                )
                self._tell(command.reply_to, refused)
            case TransferFunds():
                self._tell(command.reply_to, Denied(denial=denial))
            case OpenAccount():
                opening, self._opening = self._opening, []
                for message in opening:
                    self._tell(message.reply_to, Denied(denial=denial))
            case _:
                assert_never(command)

    def _halt(self, planned: Plan, detail: str) -> None:
        """Somebody else wrote the wallet's row: keep everything, overwrite nothing."""
        log.error("wallet halted", account=self._account, detail=detail)
        self._line.put_back(planned)
        self._halted = f"account {self._account} is halted, somebody else wrote it: {detail}"
        self._deny_queued_opens(self._halted)
        self.directory.to_auditor(CheckHealth(account=self._account))

    def _deny_queued_opens(self, why: str) -> None:
        denial = books_mismatch(why)
        for command in self._line.drop_opens():
            position_id = command.quote.position_id
            self._release_quote(command.request.symbol, position_id)
            self._deny_open(position_id, denial)

    def _on_allow_opens(self) -> None:
        self._opens_refused = None
        self._halted = None
        self._flush_soon()

    # --- Reads -----------------------------------------------------------------------------

    def _on_read(self, message: ReadPosition) -> None:
        """Pass a read on behind everything that came before it."""
        self._reads.append(message)
        if not self._line.in_flight:
            self._flush_soon()

    def _forward_reads(self) -> None:
        if not self._line:
            reads, self._reads = self._reads, []
            for message in reads:
                self.directory.to_committer(message)

    def _report(self) -> WalletReported:
        return WalletReported(
            account=self._account,
            wallet=self._memory.wallet,
            refusing=self._opens_refused is not None,
            halted=self._halted is not None,
        )

    def _tell(self, recipient: Recipient, message: Any) -> None:
        self.directory.send(recipient, message)
