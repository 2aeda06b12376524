"""The replay of a recorded crash day, in memory, over a plain loop over all open positions.

300,351 trades of POLUSDT and 300 signals of both sides, through `backstay replay` as a user runs
it and through the engine alone, with the prices already in memory. The loop (`plain_loop.py`)
runs the same way in the same rounds, and must come to the same positions, exits and net PnL.
Without the recording, a market of the same size is made in which about as many positions are open;
the goals are for that many, so that a quick look prints none.
"""

import csv
import json
import logging
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from backstay.feeds.recorded import open_prices
from backstay.feeds.signals import read_signals
from backstay.logs import configure_logs
from backstay.replay.replay import Replay
from backstay.replay.report.report import report_of
from bench.figures import note, run, say, say_rate, say_ratio
from bench.plain_loop import LoopOutcome, read_prices, run_loop
from bench.plain_loop import read_signals as read_loop_signals
from bench.processes import ROOT, in_new_process, run_program
from persistence.store import Store
from trading.books import HealthStatus
from trading.times import iso_time

NAME = "replay"
RECORDING = ROOT.parent / "shared/data/history/binance_trades_2025-10-10_POLUSDT.csv.gz"
PRICES = 300_351
SIGNALS = 300
QUICK_PRICES, QUICK_SIGNALS = 20_000, 40
SIGNALS_WITHIN = 0.35
"""The part of the day in which signals come: about 60 positions are then open on average."""
SEED = 11
BALANCE = 1_000_000
SYMBOL = "POLUSDT"
WHOLE_GOAL, ENGINE_GOAL = 150_000, 250_000
"""Where the loop does about 57,000 and 73,000 prices a second."""
LOOP_WHOLE, LOOP_ALONE = 57_000, 73_000
MEMORY_GOAL_MB = 150
GOALS: dict[str, float] = {
    "whole": WHOLE_GOAL,
    "engine": ENGINE_GOAL,
    "whole_over_loop": round(WHOLE_GOAL / LOOP_WHOLE, 2),
    "engine_over_loop": round(ENGINE_GOAL / LOOP_ALONE, 2),
    "peak_memory": MEMORY_GOAL_MB,
}


@dataclass(frozen=True)
class Inputs:
    """What both sides read, and what must come of it."""

    prices_path: Path
    signals_path: Path
    count: int
    expected: LoopOutcome


@dataclass(frozen=True)
class Measured:
    """One round: seconds of both sides, whole and alone, and the peak memory."""

    whole: float
    engine: float
    loop_whole: float
    loop_alone: float
    peak_bytes: int


def bench(*, quick: bool) -> None:
    """Measure both in turn."""
    rounds = 1 if quick else 5
    with tempfile.TemporaryDirectory(prefix="backstay-bench-") as folder:
        # The system counts a parent's memory into a program's peak: this process stays small.
        inputs = in_new_process(made_inputs, Path(folder), quick)
        measured = [_round(inputs, Path(folder) / "report") for _ in range(rounds)]
    if inputs.prices_path.parent == Path(folder) and not quick:
        note(NAME, f"{RECORDING} is not there: this was a made market of the same size and load")
    count = inputs.count
    goals = {} if quick else {name: {"goal": goal} for name, goal in GOALS.items()}
    more = {"prices": count, "open_average": round(inputs.expected.open_average, 1)}
    whole = [count / one.whole for one in measured]
    engine = [count / one.engine for one in measured]
    loop_whole = [count / one.loop_whole for one in measured]
    loop_alone = [count / one.loop_alone for one in measured]
    say_rate(NAME, "whole", whole, "prices/s", **goals.get("whole", {}), **more)
    say_rate(NAME, "engine", engine, "prices/s", **goals.get("engine", {}), **more)
    say_rate(NAME, "loop_whole", loop_whole, "prices/s", **more)
    say_rate(NAME, "loop_alone", loop_alone, "prices/s", **more)
    say_ratio(NAME, "whole_over_loop", whole, loop_whole, **goals.get("whole_over_loop", {}))
    say_ratio(NAME, "engine_over_loop", engine, loop_alone, **goals.get("engine_over_loop", {}))
    peak = max(one.peak_bytes for one in measured)
    say(NAME, "peak_memory", peak / 1e6, "MB", **goals.get("peak_memory", {}), **more)


def _round(inputs: Inputs, folder: Path) -> Measured:
    prices, signals, expected = inputs.prices_path, inputs.signals_path, inputs.expected
    replayed = run_program(
        [
            *(sys.executable, "-c", "from backstay.cli.main import main; main()", "replay"),
            *(f"{SYMBOL}={prices}", "--signals", signals),
            *("--balance", str(BALANCE), "--report", folder),
        ]
    )
    _check(json.loads((folder / "report.json").read_text(encoding="utf-8")), expected)
    looped = run_program([sys.executable, "-m", "bench.plain_loop", prices, signals])
    assert json.loads(looped.output)["open_average"] == expected.open_average
    engine_seconds, report = in_new_process(_engine_alone, prices, signals)
    _check(report, expected)
    return Measured(
        whole=replayed.seconds,
        engine=engine_seconds,
        loop_whole=looped.seconds,
        loop_alone=in_new_process(_loop_alone, prices, signals),
        peak_bytes=replayed.peak_bytes,
    )


def _engine_alone(prices: Path, signals: Path) -> tuple[float, dict[str, Any]]:
    """From the first price to the outcome, the books' check included."""
    configure_logs(logging.WARNING)
    with open_prices([f"{SYMBOL}={prices}"]) as recorded:
        batches = list(recorded)
    wanted = read_signals(str(signals))
    start = time.perf_counter()
    store = Store.open("sqlite://")
    replay = Replay(store, wanted, balance=Decimal(BALANCE))
    for batch in batches:
        replay.take(batch)
    outcome = replay.finish()
    seconds = time.perf_counter() - start
    store.close()
    return seconds, report_of(outcome)


def _loop_alone(prices_path: Path, signals_path: Path) -> float:
    prices, times_us = read_prices(prices_path)
    return run_loop(prices, times_us, read_loop_signals(signals_path)).seconds


def _check(report: dict[str, Any], expected: LoopOutcome) -> None:
    """Fail unless the replay did what the loop did, to the last digit."""
    assert report["health"]["status"] == HealthStatus.HEALTHY, report["health"]
    assert not report["denied"], report["denied"][:3]
    ours = report["positions"]
    assert len(ours) == len(expected.positions), f"{len(ours)} positions"
    for found, wanted in zip(ours, expected.positions, strict=True):
        exit_price = wanted.exit_price
        exit_time = None if wanted.exit_time_us is None else iso_time(wanted.exit_time_us)
        is_same = (
            found["signal_id"] == wanted.signal
            and Decimal(found["entry_price"]) == wanted.entry_price
            and (found["exit_price"] and Decimal(found["exit_price"])) == exit_price
            and found["exit_time"] == exit_time
            and found["close_reason"] == wanted.reason
            and found["rungs_hit"] == wanted.rungs_hit
            and Decimal(found["stop_loss"]) == wanted.stop
            and Decimal(found["net_pnl"]) == wanted.net_pnl
        )
        assert is_same, f"the replay and the loop differ:\n{found}\n{wanted}"
    total = Decimal(report["wallet"]["total_balance"]) - BALANCE
    assert total == sum(position.net_pnl for position in expected.positions), "net PnL differs"


def made_inputs(folder: Path, quick: bool) -> Inputs:
    """The recording or a made market, signals for it, and what the loop makes of them."""
    prices_path = RECORDING
    if quick or not RECORDING.exists():
        prices_path = folder / "prices.csv"
        _make_market(prices_path, QUICK_PRICES if quick else PRICES)
    prices, times_us = read_prices(prices_path)
    signals_path = folder / "signals.csv"
    _make_signals(signals_path, times_us, QUICK_SIGNALS if quick else SIGNALS)
    expected = run_loop(prices, times_us, read_loop_signals(signals_path))
    return Inputs(prices_path, signals_path, len(prices), expected)


def _make_market(path: Path, count: int) -> None:
    """A walk that keeps about as many positions open as the recorded day: 66 on average."""
    rng = random.Random(SEED)
    ticks, time_us = 23_610, 1_760_054_400_000_000
    step = max(1, round(6 * (PRICES / count) ** 0.5))
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["timestamp", "price"])
        for _ in range(count):
            ticks = max(1_000, ticks + rng.choice((-step, 0, 0, step)))
            time_us += rng.randrange(1, 500_000)
            rows.writerow([time_us, Decimal(ticks).scaleb(-5)])


def _make_signals(path: Path, times_us: list[int], count: int) -> None:
    """Signals of both sides at the times of prices drawn by a seed."""
    rng = random.Random(SEED)
    moments = sorted(rng.sample(range(round(len(times_us) * SIGNALS_WITHIN)), count))
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "timestamp", "symbol", "side", "notional"])
        for number, index in enumerate(moments, start=1):
            side = rng.choice(("LONG", "SHORT"))
            notional = Decimal(rng.randrange(1_000, 20_000)).scaleb(-2)
            rows.writerow([f"s{number}", times_us[index], SYMBOL, side, notional])


if __name__ == "__main__":
    run(bench, __doc__)
