"""Recorded prices and signals through the real actors, on one thread and a virtual clock.

At each price the open positions are judged first, in ascending order of their ids, then the
signals that are due open at it; a position is first judged on the next price. Every actor finishes
before the next price that any actor gets, so the same input gives the same outcome.
"""

import os
import socket
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from actors.auditor.messages import CheckHealth, HealthChecked
from actors.commit.listener import Listener
from actors.desk.messages import OpenMarket
from actors.engine.clock import VirtualClock
from actors.engine.dispatcher import SequentialDispatcher
from actors.market.actor import MarketActor
from actors.messages import Denied, Reply
from actors.system import System, SystemSettings, UncommittedError
from actors.wallet.messages import AccountReady, OpenAccount, OpenDone, OpenPosition
from backstay.feeds.batches import PriceBatch
from backstay.feeds.candles import Candles
from backstay.feeds.errors import InputError
from backstay.feeds.ordering import Reordered
from backstay.feeds.signals import RecordedSignal
from backstay.replay.errors import ReplayError
from persistence.store import Store
from trading.books import HealthReport
from trading.model import Denial, Position, PositionStatus, Wallet
from trading.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCounts:
    """Counts of the prices read, by the guard's verdict."""

    read: int
    accepted: int
    rejected: int
    ignored: int
    quarantined: int

    @property
    def held_back(self) -> int:
        """The number of prices that were not acted on."""
        return self.rejected + self.ignored + self.quarantined


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The outcome of a replay; positions ascend by id, denials by signal time.

    `candles` are those that the prices were made from, None if all were trades; `reordered` are the
    files whose rows were put in order.
    """

    positions: tuple[Position, ...]
    denied: tuple[tuple[RecordedSignal, Denial], ...]
    unfilled: tuple[RecordedSignal, ...]
    wallet: Wallet
    health: HealthReport
    prices: PriceCounts
    candles: Candles | None = None
    reordered: tuple[Reordered, ...] = ()

    @property
    def closed(self) -> tuple[Position, ...]:
        """The closed positions, won and lost."""
        return tuple(one for one in self.positions if one.status is PositionStatus.CLOSED)

    @property
    def wins(self) -> int:
        """The number of positions that were closed with a profit after costs."""
        return sum(1 for one in self.closed if one.net_pnl > ZERO)

    @property
    def net_pnl(self) -> Decimal:
        """The net PnL of all closed parts, also of positions that are still open; in money."""
        return sum((one.net_pnl for one in self.positions), ZERO)


class Replay:
    """One account's replay over an empty store."""

    def __init__(
        self,
        store: Store,
        signals: Sequence[RecordedSignal],
        *,
        account: str = "demo",
        balance: Decimal = Decimal(1000),
        clock: VirtualClock | None = None,
        listeners: Mapping[str, Listener] | None = None,
    ) -> None:
        """Start the actors; `clock` shows the time that is played."""
        self._store = store
        self._account = account
        self._dispatcher = SequentialDispatcher(clock=clock)
        self._epoch = store.acquire(
            f"backstay replay, process {os.getpid()} on {socket.gethostname()}"
        )
        self._system = System(
            store,
            self._dispatcher,
            epoch=self._epoch,
            settings=SystemSettings(audit_seconds=None),
            listeners=listeners,
        )
        self._signals: dict[str, deque[RecordedSignal]] = defaultdict(deque)
        for signal in signals:
            self._signals[signal.symbol].append(signal)
        self._markets: dict[str, MarketActor] = {}
        self._denied: list[tuple[RecordedSignal, Denial]] = []
        self._read = 0
        self._balance = balance
        self._begun = False

    def take(self, batch: PriceBatch) -> None:
        """Play one run of prices; the account is opened at the first of all.

        Raises:
            ValueError: if the balance is not an amount of money.
            ReplayError: if the database fails.
        """
        if not self._begun:
            self._begin(batch.times_us[0])
        market = self._market(batch.symbol)
        times_us, prices = batch.times_us, batch.prices
        waiting = self._signals.get(batch.symbol)
        latest_us = max(times_us)
        index, count = 0, len(prices)
        self._read += count
        while index < count:
            due = count
            if waiting and waiting[0].time_us <= latest_us:
                due_us = waiting[0].time_us
                due = next((i for i in range(index, count) if times_us[i] >= due_us), count)
            self._play(market, batch, index, due, latest_us)
            if due == count:
                return
            accepted = market.accepted
            self._dispatcher.virtual_clock.advance_to(times_us[due])
            self._play(market, batch, due, due + 1, latest_us)
            # A price that the guard holds back opens nothing; the signals wait for the next.
            if market.accepted > accepted and waiting is not None:
                self._open_due(waiting, times_us[due])
            index = due + 1

    def finish(self) -> Outcome:
        """Check the books, stop the actors, and return the outcome.

        Raises:
            ReplayError: if the database fails.
        """
        reply = Reply()
        self._system.tell(CheckHealth(account=self._account, reply_to=reply))
        health = self._answer(reply)
        assert isinstance(health, HealthChecked)
        counts = [market.status for market in self._markets.values()]
        try:
            self._system.stop()
        except UncommittedError as error:
            raise ReplayError(str(error)) from error
        self._store.release(self._epoch)
        return Outcome(
            positions=self._store.read_positions(self._account),
            denied=tuple(self._denied),
            unfilled=tuple(
                sorted(
                    (signal for left in self._signals.values() for signal in left),
                    key=lambda signal: (signal.time_us, signal.line),
                )
            ),
            wallet=self._system.published.version.wallets[self._account],
            health=health.report,
            prices=PriceCounts(
                read=self._read,
                accepted=sum(count.accepted for count in counts),
                rejected=sum(count.rejected for count in counts),
                ignored=sum(count.ignored for count in counts),
                quarantined=sum(count.quarantined for count in counts),
            ),
        )

    def _begin(self, time_us: int) -> None:
        self._begun = True
        self._dispatcher.virtual_clock.advance_to(time_us)
        reply = Reply()
        self._system.tell(
            OpenAccount(account=self._account, initial_balance=self._balance, reply_to=reply)
        )
        answer = self._answer(reply)
        if isinstance(answer, Denied):
            raise ValueError(answer.denial.text)
        assert isinstance(answer, AccountReady)

    @property
    def symbols(self) -> frozenset[str]:
        """The symbols that had prices."""
        return frozenset(self._markets)

    def _play(
        self, market: MarketActor, batch: PriceBatch, start: int, end: int, latest_us: int
    ) -> None:
        """Play the prices from `start` to before `end`."""
        times_us = batch.times_us
        index = start
        while index < end:
            index = market.take(batch.prices, times_us, index, latest_us, end)
            if self._dispatcher.has_work:
                self._dispatcher.virtual_clock.advance_to(times_us[index - 1])
                self._dispatcher.run_until_idle()

    def _open_due(self, waiting: deque[RecordedSignal], time_us: int) -> None:
        while waiting and waiting[0].time_us <= time_us:
            signal = waiting.popleft()
            reply = Reply()
            self._system.tell(
                OpenPosition(
                    account=self._account,
                    symbol=signal.symbol,
                    side=signal.side,
                    exits=signal.exits,
                    notional=signal.notional,
                    idempotency_key=signal.signal_id,
                    reply_to=reply,
                )
            )
            answer = self._answer(reply)
            if isinstance(answer, Denied):
                self._denied.append((signal, answer.denial))
            else:
                assert isinstance(answer, OpenDone)

    def _market(self, symbol: str) -> MarketActor:
        market = self._markets.get(symbol)
        if market is None:
            reply = Reply()
            self._system.tell(OpenMarket(symbol=symbol, reply_to=reply))
            self._answer(reply)
            market = self._system.market(symbol)
            self._markets[symbol] = market
        return market

    def _answer(self, reply: Reply) -> object:
        self._dispatcher.run_until_idle()
        if self._system.fatal.future.done():
            raise ReplayError(str(self._system.fatal.get()))
        if not reply.future.done():
            raise ReplayError("the database does not take the replay's changes: see the log")
        return reply.get()


def replayed(
    store: Store,
    prices: Iterable[PriceBatch],
    signals: Sequence[RecordedSignal],
    *,
    signals_name: str,
    account: str,
    balance: Decimal,
    clock: VirtualClock | None = None,
    listeners: Mapping[str, Listener] | None = None,
) -> Outcome:
    """Play all prices, and return the outcome.

    Raises:
        InputError: for a signal of a symbol that has no prices, naming `signals_name` and line.
    """
    replay = Replay(
        store, signals, account=account, balance=balance, clock=clock, listeners=listeners
    )
    for batch in prices:
        replay.take(batch)
    check_symbols(signals, replay.symbols, signals_name)
    return replay.finish()


def check_symbols(
    signals: Iterable[RecordedSignal], symbols: frozenset[str], signals_name: str
) -> None:
    """Raise `InputError` for the first signal whose symbol is not among these."""
    for signal in signals:
        if signal.symbol not in symbols:
            raise InputError(
                f"there are no prices of {signal.symbol}, only of {', '.join(sorted(symbols))}; "
                "add their file or leave the signal out",
                file=signals_name,
                line=signal.line,
            )
