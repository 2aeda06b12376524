"""The Desk knows every actor: it starts, watches, restarts and stops the others."""

from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import assert_never

import structlog

from actors.auditor.messages import CheckHealth, RepairWallet
from actors.commit.messages import (
    AccountRead,
    CommitChange,
    Origin,
    PositionRead,
    ReadFailed,
    ReadPosition,
)
from actors.denials import no_market, unknown_account, unreadable_position
from actors.desk.lives import Lives
from actors.desk.messages import (
    CannotStart,
    MarketEnded,
    MarketOpened,
    OpenMarket,
    OwnershipLost,
    PositionSettled,
    PositionsStarted,
    SetTrading,
)
from actors.desk.pauses import pause_change
from actors.desk.restarts import Restart, Restarts
from actors.desk.set_aside import AsideShelf, Command, denial_of, no_wallet
from actors.desk.starter import Starter
from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher
from actors.engine.pooled import Recipient, stop_soon
from actors.engine.supervised import ActorFailed, ActorKind, SupervisedActor
from actors.market.messages import RetireMarket
from actors.messages import Denied, Ping, Pong
from actors.position.answers import PositionCommand, answer_by_row
from actors.position.messages import ChangePosition, CloseDone, ClosePosition
from actors.published import Published
from actors.published_view import PublishedView
from actors.wallet.memory import Memory
from actors.wallet.messages import (
    OpenAccount,
    OpenPosition,
    PositionGone,
    SetCosts,
    SetExits,
    TransferFunds,
)
from persistence.changes import Change
from persistence.state import PositionRecord
from trading.model import Position, PositionStatus

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KeepPrices:
    """From a timer: write the markets' last prices, so that a crash loses few of them."""


WalletCommand = (
    OpenPosition
    | TransferFunds
    | SetCosts
    | SetExits
    | OpenAccount
    | ClosePosition
    | ChangePosition
)

DeskMessage = (
    WalletCommand
    | SetTrading
    | OpenMarket
    | RetireMarket
    | MarketEnded
    | CheckHealth
    | RepairWallet
    | Ping
    | PositionsStarted
    | PositionSettled
    | ActorFailed
    | CannotStart
    | Restart
    | KeepPrices
    | AccountRead
    | PositionRead
    | ReadFailed
    | OwnershipLost
)


class FatalError(Exception):
    """A failure that restarts cannot cure; the process must end."""


class DeskActor(SupervisedActor):
    """Routes commands by account and position, and restarts actors that fail.

    An actor that keeps failing is set aside: commands for it are denied, and all others go on.
    Only the Committer's end, or another owner of the database, is told to `on_fatal`.
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
        """`starter` makes markets, wallets and positions, and must share `lives` with the Desk."""
        super().__init__(directory, "desk")
        self._dispatcher = dispatcher
        self._published: PublishedView = published
        self._start = starter
        self._on_fatal = on_fatal
        self._keep_prices_seconds = keep_prices_seconds
        self._shelf = AsideShelf(directory, published, dispatcher.clock)
        self._restarts = Restarts(
            directory,
            dispatcher,
            published,
            desk=self.actor_ref,
            starter=starter,
            lives=lives,
            shelf=self._shelf,
            start_auditor=start_auditor,
            start_signals=start_signals,
        )
        self._waiting_for_position: dict[int, list[ClosePosition | ChangePosition]] = {}

    def on_start(self) -> None:
        """Begin to keep prices."""
        if self._keep_prices_seconds is not None:
            self._dispatcher.after(self._keep_prices_seconds, self.actor_ref, KeepPrices())

    def on_receive(self, message: DeskMessage) -> None:
        """Handle one message."""
        match message:
            case OpenPosition() | TransferFunds() | SetCosts() | SetExits() | OpenAccount():
                if not self._denied(message):
                    self._to_wallet(message.account, message)
            case ClosePosition() | ChangePosition():
                if not self._denied(message):
                    self._on_position_command(message)
            case SetTrading():
                self._set_trading(message)
            case PositionsStarted():
                for started in message.started:
                    self._start.position(
                        started.position,
                        opened_at_us=message.opened_at_us,
                        after=started.after,
                    )
            case PositionSettled():
                self._retire(message.position)
            case OpenMarket():
                is_aside = self._shelf.has(ActorKind.MARKET, message.symbol)
                if message.symbol not in self.directory.markets and not is_aside:
                    self._start.market(message.symbol)
                if message.reply_to is not None:
                    self.directory.send(message.reply_to, MarketOpened(symbol=message.symbol))
            case RetireMarket():
                if not self.directory.offer_to_market(message.symbol, message):
                    denial = no_market(message.symbol)
                    self.directory.send(message.reply_to, Denied(denial=denial))
            case MarketEnded():
                ref = self.directory.markets.pop(message.symbol, None)
                if ref is not None:
                    stop_soon(ref)
            case CheckHealth() | RepairWallet():
                if not self._denied(message):
                    self.directory.to_auditor(message)
            case Ping():
                self.directory.send(message.reply_to, Pong())
            case ActorFailed():
                self._on_failed(message)
            case CannotStart():
                self._shelf.put(message.kind, message.key, message.why)
            case Restart():
                self._restarts.restart(message)
            case KeepPrices():
                self._keep_prices()
            case AccountRead():
                self._restarts.account_read(message)
            case PositionRead():
                self._on_position_read(message)
            case ReadFailed():
                self._on_read_failed(message)
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
        """End the process: no actor restarts the Desk."""
        self._on_fatal.tell(FatalError(f"the Desk failed: {exception_value!r}"))

    # --- Routing -----------------------------------------------------------------------------

    def _retire(self, position: Position) -> None:
        """End a settled position's actor, after everything that was routed to it."""
        ref = self.directory.positions.pop(position.position_id, None)
        if ref is not None:
            stop_soon(ref)

    def _denied(self, command: Command) -> bool:
        """Deny a command that needs an actor that is set aside; returns whether it does."""
        denied = self._shelf.denial_for(command)
        if denied is None:
            return False
        if command.reply_to is not None:
            self.directory.send(command.reply_to, denied)
        return True

    def _on_position_command(self, message: ClosePosition | ChangePosition) -> None:
        """Route a command with a key to the wallet first, which knows all keys of its account."""
        if message.key is None or message.key.is_new:
            self._to_position(message)
        else:
            self._to_wallet(message.key.account, message)

    def _to_wallet(self, account: str, message: WalletCommand) -> None:
        if self._restarts.keep_for_wallet(account, message):
            return
        if account not in self.directory.wallets:
            if not isinstance(message, OpenAccount):
                self.directory.send(message.reply_to, Denied(denial=unknown_account(account)))
                return
            self._start.wallet(account, Memory())
        self.directory.to_wallet(account, message)

    def _to_position(self, message: ClosePosition | ChangePosition) -> None:
        """Pass a command on; without an actor, answer from the position's row."""
        position_id = message.position_id
        is_restarting = self._restarts.is_restarting(position_id)
        if position_id in self.directory.positions and not is_restarting:
            self.directory.to_position(position_id, message)
            return
        self._waiting_for_position.setdefault(position_id, []).append(message)
        if not is_restarting:
            read = ReadPosition(position_id=position_id, reply_to=self.actor_ref)
            self.directory.to_committer(read)

    def _answer_by_row(
        self, command: PositionCommand, record: PositionRecord | None
    ) -> Denied | CloseDone:
        """Answer from a row; an open position without an actor may be of an account set aside."""
        if record is not None and record.position.status is PositionStatus.OPEN:
            aside = self._published.unguarded_by(record.position)
            if aside is not None:
                return Denied(denial=denial_of(aside))
        return answer_by_row(command, record)

    def _on_position_read(self, message: PositionRead) -> None:
        position_id, life = message.position_id, message.life
        if life is not None and self._restarts.awaits(position_id, life):
            self._restarts.position_read(message)
        elif life is not None or self._restarts.is_restarting(position_id):
            return
        for command in self._waiting_for_position.pop(position_id, []):
            if position_id in self.directory.positions:
                self.directory.to_position(position_id, command)
                continue
            self.directory.send(command.reply_to, self._answer_by_row(command, message.record))
        if life is not None and position_id not in self.directory.positions:
            self._tell_gone(message.position)

    def _tell_gone(self, position: Position | None) -> None:
        """Have a wallet repeat the keyed commands of a position that was set aside."""
        if position is not None:
            gone = PositionGone(position_id=position.position_id)
            self.directory.to_wallet(position.account, gone)

    def _on_read_failed(self, message: ReadFailed) -> None:
        """Start no actor, and answer no command, from a row that cannot be read."""
        read = message.read
        if isinstance(read, ReadPosition) and read.life is not None:
            if not self._restarts.awaits(read.position_id, read.life):
                return
        elif isinstance(read, ReadPosition):
            self._deny_unreadable(read.position_id, message.detail)
            return
        self._restarts.unreadable(read, message.detail)
        self._deny_waiting()

    def _deny_unreadable(self, position_id: int, detail: str) -> None:
        for command in self._waiting_for_position.pop(position_id, []):
            denial = unreadable_position(f"position {position_id}", detail)
            self.directory.send(command.reply_to, Denied(denial=denial))

    def _set_trading(self, message: SetTrading) -> None:
        account = message.account
        if account is not None and account not in self._published.version.wallets:
            denial = no_wallet(self._published, account)
            self.directory.send(message.reply_to, Denied(denial=denial))
            return
        now_us = self._dispatcher.clock.now_us()
        self.directory.to_committer(pause_change(self.directory, message, now_us))

    def _on_failed(self, message: ActorFailed) -> None:
        log.error("actor failed", actor=message.kind, key=message.key, error=message.error)
        if message.kind == ActorKind.COMMITTER:
            self._on_fatal.tell(FatalError(f"the Committer failed: {message.error}"))
            return
        self._restarts.failed(message)
        self._deny_waiting()
        if message.kind == ActorKind.POSITION and self._shelf.has(message.kind, message.key):
            self._tell_gone(self._published.version.positions.get(int(message.key)))

    def _deny_waiting(self) -> None:
        """Deny the waiting commands that need an actor that is set aside."""
        for position_id in tuple(self._waiting_for_position):
            waiting = self._waiting_for_position[position_id]
            if waiting and self._denied(waiting[0]):
                for command in waiting[1:]:
                    self._denied(command)
                del self._waiting_for_position[position_id]

    def _keep_prices(self) -> None:
        newer = self._published.unkept_prices()
        if newer and self._published.database_away is None:
            change = Change(account=None, markets=newer)
            self.directory.to_committer(CommitChange(origin=Origin.DESK, change=change))
        self.on_start()
