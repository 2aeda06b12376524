"""A whole system over a real database, as clients and markets meet it."""

import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import Any, TypeVar

import psycopg2

from actors.auditor.messages import CheckHealth, HealthChecked
from actors.commit.listener import Listener
from actors.desk.messages import OpenMarket
from actors.engine.dispatcher import PooledDispatcher, SequentialDispatcher
from actors.log_lines import write_journal
from actors.market.messages import TakePrices
from actors.messages import Denied, Reply
from actors.position.messages import CloseDone, ClosePosition
from actors.system import System, SystemSettings
from actors.wallet.messages import (
    AccountReady,
    OpenAccount,
    OpenDone,
    OpenPosition,
    TransferDone,
    TransferFunds,
)
from persistence.state import StoredEvent
from persistence.store import Store
from tests.acceptance.faults import FaultyStore
from trading.books import HealthReport
from trading.exits.exits import exits_of
from trading.exits.ladder import DEFAULT_LADDER, Ladder
from trading.model import Denial, LedgerEntry, Limits, Position, Side, Wallet

WITHIN = 60.0
SYMBOL = "BTCUSDT"
TABLES = (
    "accounts",
    "positions",
    "wallet_transactions",
    "events",
    "change_keys",
    "commits",
    "markets",
)

Number = str | int | Decimal
T = TypeVar("T")


class House:
    """A system with its store, driven by commands and prices; it can be stopped and begun again.

    Each command waits for its answer. With a `SequentialDispatcher` (the default) everything
    happens on the test's thread in virtual time, with a `PooledDispatcher` as in the service. A
    `faulty` house's database fails as its `faults` say.
    """

    def __init__(
        self,
        url: str,
        *,
        dispatcher: SequentialDispatcher | PooledDispatcher | None = None,
        faulty: bool = False,
        audit_seconds: float | None = None,
        listeners: Mapping[str, Listener] | None = None,
    ) -> None:
        self.url = url
        self.dispatcher = dispatcher or SequentialDispatcher()
        self.store = Store.open(url)
        self.epoch = self.store.acquire("acceptance test")
        self.faults = FaultyStore(self.store)
        self.system = System(
            self.faults if faulty else self.store,
            self.dispatcher,
            epoch=self.epoch,
            settings=SystemSettings(audit_seconds=audit_seconds),
            listeners={"journal": write_journal} if listeners is None else listeners,
        )
        # Virtual time goes on where the last life's prices ended.
        markets = self.store.load_state().markets
        self._time_us = max((market.time_us for market in markets), default=0)

    # --- Commands --------------------------------------------------------------------------

    def ask(self, command: Callable[[Reply], Any]) -> Any:
        """Tell the Desk a command and wait for its answer."""
        reply = self.tell(command)
        self.settle()
        return reply.get(0)

    def tell(self, command: Callable[[Reply], Any]) -> Reply:
        """Tell the Desk a command; its answer comes later."""
        reply = Reply()
        self.system.tell(command(reply))
        return reply

    def open_account(
        self, balance: Number = 100, *, account: str = "demo", limits: Limits | None = None
    ) -> Wallet:
        """Open an account."""
        answer = self.ask(
            lambda reply: OpenAccount(
                account=account,
                initial_balance=Decimal(balance),
                limits=limits or Limits(),
                reply_to=reply,
            )
        )
        assert isinstance(answer, AccountReady)
        return answer.wallet

    def open(self, notional: Number = 25, side: Side = Side.LONG, **how: Any) -> Position:
        """Open a position that must not be denied."""
        answer = self.ask(lambda reply: an_open(reply, notional, side, **how))
        assert isinstance(answer, OpenDone), answer
        return answer.position

    def denied(self, notional: Number = 25, side: Side = Side.LONG, **how: Any) -> Denial:
        """Try to open a position that must be denied."""
        answer = self.ask(lambda reply: an_open(reply, notional, side, **how))
        assert isinstance(answer, Denied), answer
        return answer.denial

    def close(self, position_id: int, *, force: bool = False) -> CloseDone:
        """Close a position by hand."""
        answer = self.ask(
            lambda reply: ClosePosition(position_id=position_id, force=force, reply_to=reply)
        )
        assert isinstance(answer, CloseDone), answer
        return answer

    def transfer(self, amount: Number, reference: str, account: str = "demo") -> TransferDone:
        """Deposit or withdraw."""
        answer = self.ask(
            lambda reply: TransferFunds(
                account=account, amount=Decimal(amount), reference=reference, reply_to=reply
            )
        )
        assert isinstance(answer, TransferDone), answer
        return answer

    def price(self, *prices: Number, symbol: str = SYMBOL) -> None:
        """Let prices come in one after another, each judged by everybody before the next."""
        for price in prices:
            self.send_price(price, symbol=symbol)
            self.settle()

    def send_price(self, price: Number, *, symbol: str = SYMBOL) -> None:
        """Let a price come in, and wait for nobody."""
        if symbol not in self.system.directory.markets:
            self.ask(lambda reply: OpenMarket(symbol=symbol, reply_to=reply))
        self._time_us = max(self._time_us + 1, self.dispatcher.clock.now_us())
        if isinstance(self.dispatcher, SequentialDispatcher):
            self.dispatcher.advance_to(self._time_us)
        message = TakePrices(prices=[Decimal(price)], times_us=[self._time_us])
        self.system.directory.to_market(symbol, message)

    def check(self, account: str = "demo") -> HealthReport:
        """Have the books checked in full."""
        answer = self.ask(lambda reply: CheckHealth(account=account, reply_to=reply))
        assert isinstance(answer, HealthChecked), answer
        return answer.report

    def settle(self) -> None:
        """Let everybody finish."""
        assert self.system.settle(WITHIN), "the system did not come to rest"

    def advance(self, seconds: float) -> None:
        """Let virtual time pass, and everybody finish."""
        assert isinstance(self.dispatcher, SequentialDispatcher)
        self.dispatcher.run_until_idle()
        self.dispatcher.advance(seconds)
        self.dispatcher.run_until_idle()

    # --- What there is ---------------------------------------------------------------------

    def wallet(self, account: str = "demo") -> Wallet:
        """The wallet as readers see it."""
        return self.system.published.version.wallets[account]

    def position(self, position_id: int) -> Position:
        """A position as the database has it."""
        record = self.store.read_position(position_id)
        assert record is not None
        return record.position

    def entries(self, account: str = "demo") -> tuple[LedgerEntry, ...]:
        """An account's ledger as the database has it."""
        books = self.store.read_books(account, after_entry=0)
        assert books is not None
        return books.entries

    def events(self, kind: str | None = None) -> tuple[StoredEvent, ...]:
        """What happened, as the database has it."""
        found = self.store.read_events(0, 1_000_000)
        return tuple(event for event in found if kind is None or event.kind == kind)

    def rows(self) -> dict[str, list[tuple[object, ...]]]:
        """Every table but the owner's, as it is."""
        return {table: self.sql(f"SELECT * FROM {table} ORDER BY 1, 2") for table in TABLES}

    def sql(self, *statements: str) -> list[tuple[object, ...]]:
        """Run SQL past everything that the program has; returns what the last one finds."""
        return run_sql(self.url, *statements)

    # --- The end ---------------------------------------------------------------------------

    def stop(self) -> None:
        """Stop in order."""
        self.system.stop(WITHIN)
        self.store.release(self.epoch)
        self._leave()

    def kill(self) -> None:
        """End without a word, as in a crash: what is not durable is lost."""
        self._leave()

    def again(self, **settings: Any) -> "House":
        """Another system over the same database."""
        return House(self.url, **settings)

    def _leave(self) -> None:
        self.dispatcher.close()
        self.store.close()


def balances(wallet: Wallet) -> tuple[Decimal, ...]:
    """Total, locked and available."""
    return (wallet.total, wallet.locked, wallet.available)


def amounts(*values: Number) -> tuple[Decimal, ...]:
    """These values as decimals."""
    return tuple(Decimal(value) for value in values)


def an_open(
    reply: Reply,
    notional: Number = 25,
    side: Side = Side.LONG,
    *,
    key: str | None = None,
    symbol: str = SYMBOL,
    account: str = "demo",
    ladder: Ladder = DEFAULT_LADDER,
    quantity: Number | None = None,
    deadline_us: int | None = None,
) -> OpenPosition:
    """A command to open, by default the specification's: LONG, 25 USDT."""
    return OpenPosition(
        account=account,
        symbol=symbol,
        side=side,
        exits=exits_of(ladder),
        notional=Decimal(notional) if quantity is None else None,
        quantity=None if quantity is None else Decimal(quantity),
        idempotency_key=key,
        deadline_us=deadline_us,
        reply_to=reply,
    )


def run_sql(url: str, *statements: str) -> list[tuple[object, ...]]:
    """Run SQL on a connection of its own, committing; returns what the last statement finds."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as lite, lite:
            for statement in statements:
                found = lite.execute(statement)
            return found.fetchall()
    with closing(psycopg2.connect(url)) as connection, connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def at_once(*actions: Callable[[], T]) -> list[T]:
    """Run actions on a thread each, released together; returns what they return, in order."""
    gate = threading.Barrier(len(actions))

    def run(action: Callable[[], T]) -> T:
        gate.wait(WITHIN)
        return action()

    with ThreadPoolExecutor(len(actions)) as pool:
        return list(pool.map(run, actions))


@contextmanager
def running(url: str, **settings: Any) -> Iterator[House]:
    """A house that is left at the end, stopped or not."""
    house = House(url, **settings)
    try:
        yield house
    finally:
        house.kill()
