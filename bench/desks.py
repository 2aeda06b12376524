"""A running system over a real database, and clients that keep it busy."""

import gc
import logging
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from actors.commit.listener import Listener
from actors.desk.messages import MarketOpened, OpenMarket
from actors.engine.dispatcher import PooledDispatcher
from actors.engine.pooled import Recipient
from actors.market.messages import TakePrices
from actors.messages import Reply
from actors.position.messages import CloseDone, ClosePosition
from actors.system import System, SystemSettings
from actors.wallet.messages import AccountReady, OpenAccount, OpenDone, OpenPosition
from backstay.logs import configure_logs
from persistence.store import Store
from trading.exits.ladder import DEFAULT_LADDER
from trading.model import Side

BALANCE = Decimal(50_000_000_000)
WAIT_SECONDS_MAX = 120.0

LADDER = DEFAULT_LADDER

GC_THRESHOLDS = (50_000, 20, 20)
"""Python's default of 700 looks through the young positions of a burst again and again."""


Command = OpenPosition | ClosePosition


class Running:
    """A system with accounts and markets, as the service would run it."""

    def __init__(self, system: System, accounts: Sequence[str], symbols: Sequence[str]) -> None:
        """Open the accounts and markets."""
        self.system = system
        self.accounts = accounts
        self.symbols = symbols
        for symbol in symbols:
            opened = Reply()
            system.tell(OpenMarket(symbol=symbol, reply_to=opened))
            assert isinstance(opened.get(WAIT_SECONDS_MAX), MarketOpened)
        for account in accounts:
            ready = Reply()
            system.tell(OpenAccount(account=account, initial_balance=BALANCE, reply_to=ready))
            assert isinstance(ready.get(WAIT_SECONDS_MAX), AccountReady)

    def price(self, price: Decimal) -> None:
        """Tell every market a price of this moment."""
        message = TakePrices(prices=(price,), times_us=(time.time_ns() // 1000,))
        for symbol in self.symbols:
            self.system.directory.to_market(symbol, message)

    def settle(self) -> None:
        """Wait until every actor has done everything."""
        assert self.system.settle(WAIT_SECONDS_MAX), "the actors do not come to rest"

    def check(self) -> None:
        """Fail if something went wrong in between."""
        assert not self.system.fatal.future.done(), str(self.system.fatal.get())
        assert self.system.directory.dead_letters == 0, "messages were lost"


@contextmanager
def running(
    url: str, *, accounts: int, symbols: int, listeners: Mapping[str, Listener] | None = None
) -> Iterator[Running]:
    """A system on an empty database, with a long-running service's habits.

    It logs warnings only, its heap is frozen after the start, and Python's garbage collector
    comes by less often.
    """
    configure_logs(logging.WARNING)
    thresholds = gc.get_threshold()
    store = Store.open(url)
    dispatcher = PooledDispatcher()
    try:
        epoch = store.acquire("bench")
        system = System(
            store,
            dispatcher,
            epoch=epoch,
            settings=SystemSettings(audit_seconds=None),
            listeners=listeners,
        )
        run = Running(
            system,
            [f"account-{number}" for number in range(accounts)],
            [f"COIN{number}USDT" for number in range(symbols)],
        )
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        yield run
        system.stop()
    finally:
        dispatcher.close()
        store.close()
        gc.unfreeze()
        gc.set_threshold(*thresholds)


class Client:
    """One account's client: it keeps some commands in flight until all are answered."""

    def __init__(self, running: Running, account: str) -> None:
        """Without commands yet; they name this client as `reply_to`."""
        self.account = account
        self.opened: list[int] = []
        self._system = running.system
        self._latch = Latch(0)
        self._commands: Iterator[Command] = iter(())

    def send(self, commands: Sequence[Command], in_flight: int, latch: "Latch") -> None:
        """Begin: the rest is sent as answers come in."""
        self._latch = latch
        self._commands = iter(commands)
        for _ in range(in_flight):
            self._send_next()

    def tell(self, message: Any) -> None:
        """Take an answer, and send the next command."""
        match message:
            case OpenDone():
                self.opened.append(message.position.position_id)
            case CloseDone():
                pass
            case _:
                self._latch.fail(str(message))
                return
        self._send_next()
        self._latch.count_down()

    def _send_next(self) -> None:
        command = next(self._commands, None)
        if command is not None:
            self._system.tell(command)


class Latch:
    """Waits for a number of answers."""

    def __init__(self, count: int) -> None:
        """Wait for so many."""
        self._left = count
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._failure: str | None = None

    def count_down(self) -> None:
        """One is there."""
        with self._lock:
            self._left -= 1
            if self._left == 0:
                self._done.set()

    def fail(self, why: str) -> None:
        """End the waiting at once."""
        self._failure = why
        self._done.set()

    def wait(self) -> None:
        """Wait for all; raises `AssertionError` if one of them was not what was hoped for."""
        assert self._done.wait(WAIT_SECONDS_MAX), f"{self._left} answers did not come"
        assert self._failure is None, self._failure


def open_commands(
    client: Recipient, account: str, symbols: Sequence[str], keys: Sequence[str]
) -> list[OpenPosition]:
    """Opens of both sides over the symbols, each with an idempotency key."""
    return [
        OpenPosition(
            account=account,
            symbol=symbols[number % len(symbols)],
            side=Side.SHORT if number // len(symbols) % 2 else Side.LONG,
            notional=Decimal(25),
            idempotency_key=key,
            reply_to=client,
        )
        for number, key in enumerate(keys)
    ]
