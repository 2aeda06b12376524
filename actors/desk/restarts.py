"""The next lives of actors that failed: from the durable state, after what they had queued."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from actors.auditor.messages import CheckHealth
from actors.commit.messages import AccountRead, PositionRead, ReadAccount, ReadPosition
from actors.desk.lives import Lives
from actors.desk.set_aside import AsideShelf
from actors.desk.starter import Starter
from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher
from actors.engine.pooled import Recipient
from actors.engine.supervised import ActorFailed, ActorKind
from actors.market.messages import Disarm
from actors.messages import MarketRestarted
from actors.position.messages import WalletRestarted
from actors.published_view import PublishedView
from actors.wallet.memory import Memory, memory_of
from trading.model import PositionStatus

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """From a timer: restart an actor that failed."""

    kind: str
    key: str | int


class Restarts:
    """Restarts actors that failed, and sets aside those that keep failing.

    A position or wallet restarts from its rows, read after everything that its former life had
    queued. Meanwhile a wallet's commands wait here.
    """

    def __init__(
        self,
        directory: Directory,
        dispatcher: Dispatcher,
        published: PublishedView,
        *,
        desk: Recipient,
        starter: Starter,
        lives: Lives,
        shelf: AsideShelf,
        start_auditor: Callable[[], None],
        start_signals: Callable[[], None],
    ) -> None:
        """Timers and the rows that were read are told to `desk`."""
        self._directory = directory
        self._dispatcher = dispatcher
        self._published = published
        self._desk = desk
        self._start = starter
        self._lives = lives
        self._shelf = shelf
        self._start_auditor = start_auditor
        self._start_signals = start_signals
        self._positions: set[int] = set()
        self._waiting_for_wallet: dict[str, list[Any]] = {}

    def is_restarting(self, position_id: int) -> bool:
        """Whether a position is between two lives."""
        return position_id in self._positions

    def keep_for_wallet(self, account: str, message: Any) -> bool:
        """Keep a message for a wallet that is between two lives; returns whether it is."""
        waiting = self._waiting_for_wallet.get(account)
        if waiting is None:
            return False
        waiting.append(message)
        return True

    def failed(self, message: ActorFailed) -> None:
        """Restart an actor, now or later, or set it aside."""
        kind, key = message.kind, message.key
        if self._shelf.has(kind, key):
            return
        now_us = self._dispatcher.clock.monotonic_us()
        delay_seconds = self._lives.end(kind, key, now_us)
        if delay_seconds is None:
            self._set_aside(kind, key, message.error)
            return
        if kind == ActorKind.WALLET:
            self._waiting_for_wallet.setdefault(str(key), [])
        elif kind == ActorKind.POSITION:
            self._positions.add(int(key))
        restart = Restart(kind=kind, key=key)
        if delay_seconds:
            self._dispatcher.after(delay_seconds, self._desk, restart)
        else:
            self.restart(restart)

    def restart(self, message: Restart) -> None:
        """Begin the next life of an actor, unless it is set aside by now."""
        if self._shelf.has(message.kind, message.key):
            return
        self._directory.stats.restarted(message.kind)
        match message.kind:
            case ActorKind.MARKET:
                self._restart_market(str(message.key))
            case ActorKind.WALLET:
                read = ReadAccount(account=str(message.key), reply_to=self._desk)
                self._directory.to_committer(read)
            case ActorKind.POSITION:
                self._restart_position(int(message.key))
            case ActorKind.AUDITOR:
                self._start_auditor()
            case ActorKind.SIGNALS:
                self._start_signals()

    def account_read(self, message: AccountRead) -> None:
        """Start a wallet's next life from the row that was read."""
        account = message.account
        if self._shelf.has(ActorKind.WALLET, account):
            return
        self._start.wallet(account, memory_of(message.state) if message.state else Memory())
        for command in self._waiting_for_wallet.pop(account, []):
            self._directory.to_wallet(account, command)
        self._tell_wallet_restarted(account)
        self._directory.to_auditor(CheckHealth(account=account))

    def awaits(self, position_id: int, life: int) -> bool:
        """Whether a position waits for the row that was read after this life of it.

        A row that was read for an earlier life may be too old.
        """
        is_last = life == self._lives.ended(ActorKind.POSITION, position_id)
        return is_last and position_id in self._positions

    def position_read(self, message: PositionRead) -> None:
        """Start a position's next life from the row that was read."""
        position_id = message.position_id
        self._positions.discard(position_id)
        if (record := message.record) is None:
            return
        position = record.position
        if position.status is PositionStatus.OPEN:
            self._start.position(position, opened_at_us=record.opened_at_us, after=None)
        else:
            self._directory.positions.pop(position_id, None)
            self._directory.to_market(position.symbol, Disarm(position_id=position_id))

    def unreadable(self, read: ReadPosition | ReadAccount, detail: str) -> None:
        """Set aside an actor that cannot restart, because its rows cannot be read."""
        if isinstance(read, ReadAccount):
            self._set_aside(ActorKind.WALLET, read.account, detail)
        else:
            self._set_aside(ActorKind.POSITION, read.position_id, detail)

    def _set_aside(self, kind: str, key: str | int, why: str) -> None:
        self._shelf.put(kind, key, why)
        if kind == ActorKind.POSITION:
            self._positions.discard(int(key))
        elif kind == ActorKind.WALLET:
            by_account = self._published.version.by_account
            self._positions.difference_update(by_account.get(str(key), ()))
            for command in self._waiting_for_wallet.pop(str(key), []):
                denied = self._shelf.denial_for(command)
                self._directory.send(command.reply_to, denied)

    def _restart_market(self, symbol: str) -> None:
        status = self._published.markets.get(symbol)
        if status is None:
            # Retired, and it failed at a message that still waited. The opens that it had not
            # answered are denied: their wallets ask again, and no market is there.
            self._directory.markets.pop(symbol, None)
        else:
            self._start.market(symbol, last=status.last, pause=status.pause)
        for position in self._published.version.positions.values():
            if position.symbol == symbol:
                told = MarketRestarted(symbol=symbol)
                self._directory.to_position(position.position_id, told)
        for account in tuple(self._directory.wallets):
            self._directory.to_wallet(account, MarketRestarted(symbol=symbol))

    def _restart_position(self, position_id: int) -> None:
        """Read a position's row after what it told its wallet; a closed one stays closed."""
        position = self._published.version.positions.get(position_id)
        life = self._lives.ended(ActorKind.POSITION, position_id)
        read = ReadPosition(position_id=position_id, reply_to=self._desk, life=life)
        if position is None:
            self._directory.to_committer(read)
        elif position.account not in self._waiting_for_wallet:
            self._directory.to_wallet(position.account, read)

    def _tell_wallet_restarted(self, account: str) -> None:
        """Have positions send a new wallet again what the former one has not answered.

        A durably closed position that is still here may belong to this account: the commit of its
        close was answered to the former wallet. Telling another account's position does no harm.
        """
        durably_open = self._published.version.positions
        for position_id in tuple(self._directory.positions):
            position = durably_open.get(position_id)
            if position is not None and position.account != account:
                continue
            if position_id in self._positions:
                self._restart_position(position_id)
            else:
                self._directory.to_position(position_id, WalletRestarted(account=account))
