"""A grid of ladders over the same signals: each one a replay in memory, many at a time."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal

from backstay.feeds.batches import PriceBatch
from backstay.feeds.candles import Candles
from backstay.feeds.errors import InputError
from backstay.feeds.ordering import Reordered
from backstay.feeds.recorded import open_prices
from backstay.feeds.signals import RecordedSignal
from backstay.logs import configure_logs
from backstay.replay.errors import ReplayError
from backstay.replay.replay import Outcome, PriceCounts, replayed
from backstay.replay.sweep.grid import LadderChoice
from persistence.store import Store
from trading.books import HealthStatus
from trading.model import EntryType, LedgerEntry
from trading.money import ZERO

KEPT_PRICES_MAX = 1_000_000
"""How many prices a worker keeps in memory, about 100 MB; more are read again for each ladder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """The settings that all ladders of a sweep share."""

    prices: tuple[str, ...]
    signals: tuple[RecordedSignal, ...]
    signals_name: str
    account: str
    balance: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The result of one ladder.

    All amounts are realized. `drawdown` is the deepest fall of the total balance from its highest
    before, `net_pnl` that of all parts closed, also of positions that are still open.
    """

    choice: LadderChoice
    net_pnl: Decimal
    total_balance: Decimal
    drawdown: Decimal
    wins: int
    losses: int
    still_open: int
    denied: int
    unfilled: int
    health: HealthStatus
    prices: PriceCounts
    candles: Candles | None
    reordered: tuple[Reordered, ...]

    @property
    def closed(self) -> int:
        """The number of closed positions."""
        return self.wins + self.losses


def swept(setup: Setup, choices: Sequence[LadderChoice], workers: int) -> Generator[Result]:
    """Replay each choice in one of `workers` processes, and yield the results as they come.

    Raises:
        ValueError: if a file cannot be read as asked.
        ReplayError: if a worker fails.
    """
    with _started(setup, choices, min(workers, len(choices))) as futures:
        for future in as_completed(futures):
            try:
                yield future.result()
            except BrokenProcessPool:
                raise ReplayError(
                    "a worker process ended before its time, perhaps for lack of memory; "
                    "try fewer --workers"
                ) from None


def ranked(results: Iterable[Result]) -> tuple[Result, ...]:
    """Results by falling net PnL, then by rising drawdown, then in the grid's order."""
    return tuple(sorted(results, key=lambda one: (-one.net_pnl, one.drawdown, one.choice.number)))


def drawdown_of(entries: Iterable[LedgerEntry]) -> Decimal:
    """The deepest fall of the total from its highest before, over an account's whole ledger.

    A shortfall's entry makes no new high: it only precedes the loss that it covers.
    """
    total = highest = deepest = ZERO
    for entry in entries:
        total += entry.total_change
        if entry.entry_type is not EntryType.SHORTFALL:
            highest = max(highest, total)
            deepest = max(deepest, highest - total)
    return deepest


@contextmanager
def _started(
    setup: Setup, choices: Sequence[LadderChoice], workers: int
) -> Iterator[list[Future[Result]]]:
    """The running choices; workers that still run are ended with the context."""
    # New processes, not copies of this one: threads may be running here.
    executor = ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(setup,)
    )
    others = set(multiprocessing.active_children())
    try:
        # A terminal sends Ctrl-C to every process. The workers inherit this mask and leave it to
        # this one; the executor is made before, because what it starts then unmasks the signal.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            futures = [executor.submit(_play, choice) for choice in choices]
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        yield futures
    except BaseException:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        executor.shutdown(cancel_futures=True)


class _Prices:
    """The prices of files, read once where they are few enough to be kept."""

    def __init__(self, specs: Sequence[str]) -> None:
        self._specs = specs
        self._kept: list[PriceBatch] | None = None
        self.candles: Candles | None = None
        self.reordered: tuple[Reordered, ...] = ()

    def __iter__(self) -> Iterator[PriceBatch]:
        if self._kept is not None:
            yield from self._kept
            return
        kept: list[PriceBatch] = []
        count = 0
        with open_prices(self._specs) as recorded:
            for batch in recorded:
                count += len(batch.prices)
                if count <= KEPT_PRICES_MAX:
                    kept.append(batch)
                else:
                    kept.clear()
                yield batch
            self.candles, self.reordered = recorded.candles, recorded.reordered
        if count <= KEPT_PRICES_MAX:
            self._kept = kept


class _Worker:
    """One process's replays, one after the other."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._prices = _Prices(setup.prices)

    def play(self, choice: LadderChoice) -> Result:
        setup = self._setup
        store = Store.open("sqlite://")
        try:
            outcome = replayed(
                store,
                self._prices,
                [replace(one, exits=choice.exits_for(one.exits)) for one in setup.signals],
                signals_name=setup.signals_name,
                account=setup.account,
                balance=setup.balance,
            )
            entries = (
                entry
                for books in store.book_pages(setup.account, after_entry=0)
                for entry in books.entries
            )
            outcome = replace(
                outcome, candles=self._prices.candles, reordered=self._prices.reordered
            )
            return _result(choice, outcome, drawdown_of(entries))
        except InputError as error:
            # Its arguments are not its message, so it cannot be pickled for the parent.
            raise ValueError(str(error)) from None
        finally:
            store.close()


def _result(choice: LadderChoice, outcome: Outcome, drawdown: Decimal) -> Result:
    wins, closed = outcome.wins, len(outcome.closed)
    return Result(
        choice=choice,
        net_pnl=outcome.net_pnl,
        total_balance=outcome.wallet.total,
        drawdown=drawdown,
        wins=wins,
        losses=closed - wins,
        still_open=len(outcome.positions) - closed,
        denied=len(outcome.denied),
        unfilled=len(outcome.unfilled),
        health=outcome.health.status,
        prices=outcome.prices,
        candles=outcome.candles,
        reordered=outcome.reordered,
    )


_worker: _Worker | None = None


def _begin(setup: Setup) -> None:
    global _worker  # noqa: PLW0603 - what a pool's initializer makes has no other place
    _worker = _Worker(setup)
    configure_logs(logging.CRITICAL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _play(choice: LadderChoice) -> Result:
    assert _worker is not None
    return _worker.play(choice)
