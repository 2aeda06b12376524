"""What `backstay replay` and `demo` play: a person's files, or a market that makes itself."""

import logging
import sys
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeElapsedColumn

from actors.clock import VirtualClock
from actors.journal import write_journal
from feeds.batches import PriceBatch
from feeds.recorded import RecordedPrices, open_prices
from feeds.signals import read_signals
from feeds.simulated import simulated_prices, simulated_signals
from persistence.store import Store
from service.logs import configure_logs
from service.replay import Outcome, check_symbols, replayed
from service.settings import masked_database


def play_recorded(
    prices: list[str], signals: str, *, balance: str, account: str, database: str, verbose: bool
) -> Outcome:
    """Play files of prices and signals into an empty database.

    Raises:
        InputError: naming the file and line that cannot be read as asked.
        ValueError: if the database holds accounts, or `balance` or `account` is none.
        ReplayError: if the database fails.
    """
    clock = VirtualClock()
    configure_logs(logging.INFO if verbose else logging.WARNING, clock)
    wanted = read_signals(signals)
    amount = _amount(balance)
    if database != "sqlite://":
        # A database is touched only once every row is known to be readable.
        check_symbols(wanted, _symbols_of(prices), signals)
    store = Store.open(database)
    try:
        if not store.is_empty():
            raise ValueError(
                f"database {masked_database(database)} holds accounts: a replay begins empty"
            )
        with open_prices(prices) as recorded:
            return replayed(
                store,
                _with_progress(recorded),
                wanted,
                signals_name=signals,
                account=account,
                balance=amount,
                clock=clock,
                listeners={"journal": write_journal} if verbose else {},
            )
    finally:
        store.close()


def play_simulated(seed: int) -> Outcome:
    """Play a market that makes itself, in memory; another seed is another market."""
    clock = VirtualClock()
    configure_logs(clock=clock)
    store = Store.open("sqlite://")
    try:
        return replayed(
            store,
            simulated_prices(seed),
            simulated_signals(seed),
            signals_name="the simulated signals",
            account="demo",
            balance=Decimal(1000),
            clock=clock,
            listeners={"journal": write_journal},
        )
    finally:
        store.close()


def _with_progress(recorded: RecordedPrices) -> Iterator[PriceBatch]:
    """The same batches, with a bar on standard error while it is a terminal."""
    if not sys.stderr.isatty():
        yield from recorded
        return
    columns = ("[progress.description]{task.description}", BarColumn(), TaskProgressColumn())
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as progress:
        task = progress.add_task("prices", total=recorded.size)
        for batch in recorded:
            yield batch
            progress.update(task, completed=recorded.position)


def _symbols_of(prices: list[str]) -> frozenset[str]:
    with open_prices(prices) as recorded:
        return frozenset(batch.symbol for batch in recorded)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"--balance {text!r} is no number; give an amount like 1000") from None
