"""Run `backstay replay` on a user's files, and `backstay demo` on the simulated market."""

import logging
import os
import signal
import sys
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from types import FrameType

import structlog
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TimeElapsedColumn

from actors.commit.listener import Listener
from actors.engine.clock import VirtualClock
from actors.log_lines import write_journal
from backstay.feeds.batches import PriceBatch
from backstay.feeds.recorded import RecordedPrices, open_prices
from backstay.feeds.signals import read_signals
from backstay.feeds.simulated import simulated_prices, simulated_signals
from backstay.logs import configure_logs
from backstay.replay.event_tape import EventTape
from backstay.replay.replay import Outcome, check_symbols, replayed
from backstay.replay.report.price_buckets import PriceBuckets
from backstay.replay.sweep.grid import check_ladders, grid_of
from backstay.replay.sweep.sweep import Result, Setup, ranked, swept
from persistence.addresses import masked
from persistence.store import Store

log = structlog.get_logger("backstay")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tapes:
    """The records of a replay, for the page that draws it."""

    prices: PriceBuckets = field(default_factory=PriceBuckets)
    events: EventTape = field(default_factory=EventTape)


def play_recorded(
    prices: list[str],
    signals: str,
    *,
    balance: str,
    account: str,
    database: str,
    verbose: bool,
    tapes: Tapes | None = None,
) -> Outcome:
    """Play files of prices and signals into an empty database.

    Raises:
        InputError: naming the file and line that cannot be read as asked.
        ValueError: if the database holds accounts, or `balance` or `account` is invalid.
        ReplayError: if the database fails.
    """
    clock = VirtualClock()
    configure_logs(logging.INFO if verbose else logging.WARNING, clock)
    wanted = read_signals(signals)
    for note in dict.fromkeys(s.market_note for s in wanted if s.market_note is not None):
        log.warning(note)
    amount = _amount(balance)
    if database != "sqlite://":
        # The database is opened only after every row has proved readable.
        check_symbols(wanted, _symbols_of(prices), signals)
    store = Store.open(database)
    try:
        if not store.is_empty():
            raise ValueError(f"database {masked(database)} holds accounts: a replay begins empty")
        with (
            open_prices(prices) as recorded,
            closing(_interruptible(_taped(_with_progress(recorded), tapes))) as batches,
        ):
            outcome = replayed(
                store,
                batches,
                wanted,
                signals_name=signals,
                account=account,
                balance=amount,
                clock=clock,
                listeners=_listeners(journal=verbose, tapes=tapes),
            )
            return replace(outcome, candles=recorded.candles, reordered=recorded.reordered)
    finally:
        store.close()


def play_sweep(
    prices: list[str],
    signals: str,
    grid: Sequence[str],
    *,
    balance: str,
    account: str,
    workers: int | None,
) -> tuple[Result, ...]:
    """Play files of prices and signals once with each ladder of a grid, and rank the outcomes.

    Raises:
        InputError: naming the file and line that cannot be read as asked.
        ValueError: if a value of the grid, `balance` or `account` cannot be.
        ReplayError: if a worker fails.
    """
    choices = grid_of(grid)
    wanted = read_signals(signals)
    check_ladders(choices, wanted, signals)
    with open_prices(prices):
        pass  # Check that each file can be opened, and has a known format.
    setup = Setup(
        prices=tuple(prices),
        signals=wanted,
        signals_name=signals,
        account=account,
        balance=_amount(balance),
    )
    results = swept(setup, choices, workers or os.cpu_count() or 1)
    with closing(results), _bar() as progress:
        return ranked(progress.track(results, total=len(choices), description="ladders"))


def play_simulated(seed: int, *, verbose: bool, tapes: Tapes | None = None) -> Outcome:
    """Play a simulated market, in memory; another seed is another market."""
    clock = VirtualClock()
    configure_logs(logging.INFO if verbose else logging.WARNING, clock)
    store = Store.open("sqlite://")
    try:
        with closing(_interruptible(_taped(simulated_prices(seed), tapes))) as batches:
            return replayed(
                store,
                batches,
                simulated_signals(seed),
                signals_name="the simulated signals",
                account="demo",
                balance=Decimal(1000),
                clock=clock,
                listeners=_listeners(journal=verbose, tapes=tapes),
            )
    finally:
        store.close()


def _listeners(*, journal: bool, tapes: Tapes | None) -> dict[str, Listener]:
    listeners: dict[str, Listener] = {}
    if journal:
        listeners["journal"] = write_journal
    if tapes is not None:
        listeners["report"] = tapes.events.take
    return listeners


def _taped(batches: Iterable[PriceBatch], tapes: Tapes | None) -> Iterator[PriceBatch]:
    for batch in batches:
        if tapes is not None:
            tapes.prices.take(batch)
        yield batch


def _interruptible(batches: Iterable[PriceBatch]) -> Generator[PriceBatch]:
    """The same batches; Ctrl-C while one is played ends them after it.

    Raised in an actor, it would end only that actor: pykka's loop catches all exceptions.
    """
    before = signal.getsignal(signal.SIGINT)
    playing = interrupted = False

    def interrupt(number: int, frame: FrameType | None) -> None:
        nonlocal interrupted
        interrupted = playing
        if not playing and callable(before):
            before(number, frame)

    signal.signal(signal.SIGINT, interrupt)
    try:
        for batch in batches:
            playing = True
            yield batch
            playing = False
            if interrupted:
                interrupt(signal.SIGINT, None)
    finally:
        signal.signal(signal.SIGINT, before)


def _with_progress(recorded: RecordedPrices) -> Iterator[PriceBatch]:
    """The same batches, with a bar."""
    with _bar() as progress:
        task = progress.add_task("prices", total=recorded.size)
        for batch in recorded:
            yield batch
            progress.update(task, completed=recorded.position)


def _bar() -> Progress:
    """A bar on standard error, drawn only if that is a terminal."""
    columns = ("[progress.description]{task.description}", BarColumn(), TaskProgressColumn())
    return Progress(
        *columns,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )


def _symbols_of(prices: list[str]) -> frozenset[str]:
    with open_prices(prices) as recorded:
        return frozenset(batch.symbol for batch in recorded)


def _amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(f"--balance {text!r} is not a number; give an amount like 1000") from None
