"""The one who knows everybody: starts, watches, restarts and stops the others."""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, assert_never

import structlog

from actors.base import Recipient, stop_soon
from actors.denials import unknown_account
from actors.directory import Directory
from actors.dispatcher import Dispatcher
from actors.lives import FAILURES_MAX, FAILURES_WITHIN_SECONDS, Lives
from actors.messages import (
    CheckHealth,
    ClosePosition,
    Denied,
    MarketOpened,
    MoveStop,
    OpenAccount,
    OpenMarket,
    OpenPosition,
    PauseTrading,
    Ping,
    Pong,
    RepairWallet,
    ResumeTrading,
    TransferFunds,
)
from actors.pauses import pause_change
from actors.position import answer_by_row
from actors.protocol import (
    AccountRead,
    ActorFailed,
    CommitChange,
    Disarm,
    MarketRestarted,
    OwnershipLost,
    PositionRead,
    PositionReread,
    PositionSettled,
    PositionsStarted,
    ReadAccount,
    ReadPosition,
    WalletRestarted,
)
from actors.published import Published
from actors.restore import Rereading, memory_of
from actors.starter import Starter
from actors.supervised import ActorKind, SupervisedActor
from actors.wallet_plan import Memory
from persistence.changes import Change
from trading.model import Position, PositionStatus

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """From a timer: give an actor that failed its next life."""

    kind: str
    key: str | int


@dataclass(frozen=True, slots=True)
class KeepPrices:
    """From a timer: have the markets' last prices written, so that a crash loses few of them."""


DeskMessage = (
    OpenAccount
    | OpenPosition
    | ClosePosition
    | MoveStop
    | TransferFunds
    | PauseTrading
    | ResumeTrading
    | OpenMarket
    | CheckHealth
    | RepairWallet
    | Ping
    | PositionsStarted
    | PositionSettled
    | ActorFailed
    | Restart
    | KeepPrices
    | AccountRead
    | PositionRead
    | PositionReread
    | OwnershipLost
)


class FatalError(Exception):
    """What restarts cannot cure; the process must end."""


class DeskActor(SupervisedActor):
    """Routes commands by account and position, and gives actors that fail their next life.

    A position or wallet that failed begins again from what is durable, read behind everything
    that its former life had queued. What fails without end, or cannot be restarted, is told to
    `on_fatal`.
    """

    kind = ActorKind.DESK

    def __init__(
        self,
        directory: Directory,
        dispatcher: Dispatcher,
        published: Published,
        *,
        starter: Starter,
        lives: Lives,
        start_auditor: Callable[[], None],
        start_signals: Callable[[], None],
        on_fatal: Recipient,
        keep_prices_seconds: float | None = None,
    ) -> None:
        """`starter` makes markets, wallets and positions, and counts on the same `lives`."""
        super().__init__(directory, "desk")
        self._dispatcher = dispatcher
        self._published = published
        self._start = starter
        self._start_auditor = start_auditor
        self._start_signals = start_signals
        self._on_fatal = on_fatal
        self._keep_prices_seconds = keep_prices_seconds
        self._lives = lives
        self._waiting_for_position: dict[int, list[ClosePosition | MoveStop]] = {}
        self._restarting: set[int] = set()
        self._waiting_for_wallet: dict[str, list[Any]] = {}

    def on_start(self) -> None:
        """Begin to keep prices."""
        if self._keep_prices_seconds is not None:
            self._dispatcher.after(self._keep_prices_seconds, self.actor_ref, KeepPrices())

    def on_receive(self, message: DeskMessage) -> None:
        """Handle one message."""
        match message:
            case OpenPosition() | TransferFunds() | OpenAccount():
                self._to_wallet(message.account, message)
            case ClosePosition() | MoveStop():
                self._to_position(message)
            case PauseTrading() | ResumeTrading():
                self._set_trading(message)
            case PositionsStarted():
                for started in message.started:
                    self._start.position(started.position, after=started.after)
            case PositionSettled():
                self._retire(message.position)
            case OpenMarket():
                if message.symbol not in self.directory.markets:
                    self._start.market(message.symbol)
                if message.reply_to is not None:
                    self.directory.send(message.reply_to, MarketOpened(symbol=message.symbol))
            case CheckHealth() | RepairWallet():
                self.directory.to_auditor(message)
            case Ping():
                self.directory.send(message.reply_to, Pong())
            case ActorFailed():
                self._on_failed(message)
            case Restart():
                self._restart(message)
            case KeepPrices():
                self._keep_prices()
            case AccountRead():
                self._on_account_read(message)
            case PositionRead():
                self._on_position_read(message)
            case PositionReread():
                self._on_position_reread(message)
            case OwnershipLost():
                self._on_fatal.tell(FatalError(message.detail))
            case _:
                assert_never(message)

    def on_failure(
        self,
        exception_type: type[BaseException] | None,
        exception_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Nobody restarts the Desk."""
        self._on_fatal.tell(FatalError(f"the Desk failed: {exception_value!r}"))

    # --- Routing -----------------------------------------------------------------------------

    def _retire(self, position: Position) -> None:
        """A settled position's actor ends, behind everything that was routed to it."""
        ref = self.directory.positions.pop(position.position_id, None)
        if ref is not None:
            stop_soon(ref)

    def _to_wallet(self, account: str, message: OpenPosition | TransferFunds | OpenAccount) -> None:
        if account in self._waiting_for_wallet:
            self._waiting_for_wallet[account].append(message)
            return
        if account not in self.directory.wallets:
            if not isinstance(message, OpenAccount):
                self.directory.send(message.reply_to, Denied(denial=unknown_account(account)))
                return
            self._start.wallet(account, Memory())
        self.directory.to_wallet(account, message)

    def _to_position(self, message: ClosePosition | MoveStop) -> None:
        """Pass a command on; where no actor is, the position's row says what to answer."""
        position_id = message.position_id
        is_restarting = position_id in self._restarting
        if position_id in self.directory.positions and not is_restarting:
            self.directory.to_position(position_id, message)
            return
        self._waiting_for_position.setdefault(position_id, []).append(message)
        if not is_restarting:
            read = ReadPosition(position_id=position_id, reply_to=self.actor_ref)
            self.directory.to_committer(read)

    def _on_position_read(self, message: PositionRead) -> None:
        position, position_id = message.position, message.position_id
        if position_id in self._restarting:
            return
        for command in self._waiting_for_position.pop(position_id, []):
            if position_id in self.directory.positions:
                self.directory.to_position(position_id, command)
                continue
            answer = answer_by_row(command, position)
            self.directory.send(command.reply_to, answer)

    def _set_trading(self, message: PauseTrading | ResumeTrading) -> None:
        account = message.account
        if account is not None and account not in self._published.version.wallets:
            self.directory.send(message.reply_to, Denied(denial=unknown_account(account)))
            return
        now_us = self._dispatcher.clock.now_us()
        self.directory.to_committer(pause_change(self.directory, message, now_us))

    def _keep_prices(self) -> None:
        kept = self._published.version.markets
        last = [status.last for status in dict(self._published.markets).values()]
        newer = tuple(price for price in last if price and kept.get(price.symbol) != price)
        if newer and self._published.database_away is None:
            change = Change(account=None, markets=newer)
            self.directory.to_committer(CommitChange(change_id=0, change=change, reply_to=None))
        self.on_start()

    # --- Restarting --------------------------------------------------------------------------

    def _on_failed(self, message: ActorFailed) -> None:
        log.error("actor failed", actor=message.kind, key=message.key, error=message.error)
        if message.kind == ActorKind.COMMITTER:
            self._on_fatal.tell(FatalError(f"the Committer failed: {message.error}"))
            return
        now_us = self._dispatcher.clock.monotonic_us()
        delay_seconds = self._lives.end(message.kind, message.key, now_us)
        if delay_seconds is None:
            often = f"more than {FAILURES_MAX} times in {FAILURES_WITHIN_SECONDS} s"
            why = f"{message.kind} {message.key} failed {often}, at last with {message.error}"
            self._on_fatal.tell(FatalError(why))
            return
        if message.kind == ActorKind.WALLET:
            self._waiting_for_wallet.setdefault(str(message.key), [])
        elif message.kind == ActorKind.POSITION:
            self._restarting.add(int(message.key))
        restart = Restart(kind=message.kind, key=message.key)
        if delay_seconds:
            self._dispatcher.after(delay_seconds, self.actor_ref, restart)
        else:
            self._restart(restart)

    def _restart(self, message: Restart) -> None:
        self.directory.stats.restarted(message.kind)
        match message.kind:
            case ActorKind.MARKET:
                self._restart_market(str(message.key))
            case ActorKind.WALLET:
                read = ReadAccount(account=str(message.key), reply_to=self.actor_ref)
                self.directory.to_committer(read)
            case ActorKind.POSITION:
                self._restart_position(int(message.key))
            case ActorKind.AUDITOR:
                self._start_auditor()
            case ActorKind.SIGNALS:
                self._start_signals()

    def _restart_market(self, symbol: str) -> None:
        status = self._published.markets[symbol]
        self._start.market(symbol, last=status.last, pause=status.pause)
        for position in self._published.version.positions.values():
            if position.symbol == symbol:
                self.directory.to_position(position.position_id, MarketRestarted(symbol=symbol))
        for account in tuple(self.directory.wallets):
            self.directory.to_wallet(account, MarketRestarted(symbol=symbol))

    def _restart_position(self, position_id: int) -> None:
        """Read its row behind what it had handed to its wallet; a closed one stays closed."""
        position = self._published.version.positions.get(position_id)
        life = self._lives.ended(ActorKind.POSITION, position_id)
        read = ReadPosition(position_id=position_id, reply_to=Rereading(self.actor_ref, life))
        if position is None:
            self.directory.to_committer(read)
        elif position.account not in self._waiting_for_wallet:
            self.directory.to_wallet(position.account, read)

    def _on_position_reread(self, message: PositionReread) -> None:
        """Give a position its next life; what was read for an earlier one may be too old."""
        position, position_id = message.read.position, message.read.position_id
        is_last = message.life == self._lives.ended(ActorKind.POSITION, position_id)
        if position_id not in self._restarting or not is_last:
            return
        self._restarting.discard(position_id)
        if position is not None and position.status is PositionStatus.OPEN:
            self._start.position(position, after=None)
        elif position is not None:
            self.directory.positions.pop(position_id, None)
            self.directory.to_market(position.symbol, Disarm(position_id=position_id))
        self._on_position_read(message.read)

    def _on_account_read(self, message: AccountRead) -> None:
        account = message.account
        self._start.wallet(account, memory_of(message.state) if message.state else Memory())
        for command in self._waiting_for_wallet.pop(account, []):
            self.directory.to_wallet(account, command)
        self._tell_wallet_restarted(account)
        self.directory.to_auditor(CheckHealth(account=account))

    def _tell_wallet_restarted(self, account: str) -> None:
        """Have positions tell a new wallet what the former one has not answered.

        One that is durably closed and still here may be this account's: the commit of its close
        was answered to the former wallet. Telling another account's costs nothing.
        """
        durably_open = self._published.version.positions
        for position_id in tuple(self.directory.positions):
            position = durably_open.get(position_id)
            if position is not None and position.account != account:
                continue
            if position_id in self._restarting:
                self._restart_position(position_id)
            else:
                self.directory.to_position(position_id, WalletRestarted(account=account))
