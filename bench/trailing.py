"""Positions that trail: a crash day on which all of them do, and what a step costs beside a rung.

The day is that of `bench.replay`, or its stand-in; the engine alone plays it with the default
ladder and with a trail of 0.1 % steps on every position. A step and a rung are measured with as
many positions and prices: each price makes every position take one step, or hit one rung.
"""

import csv
import logging
import tempfile
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

from backstay.feeds.batches import PriceBatch
from backstay.feeds.recorded import open_prices
from backstay.feeds.signals import RecordedSignal, read_signals
from backstay.logs import configure_logs
from backstay.replay.replay import Replay
from backstay.replay.report.report import report_of
from bench.figures import run, say, say_rate, say_ratio
from bench.processes import in_new_process
from bench.replay import BALANCE, SYMBOL, made_inputs
from persistence.store import Store
from trading.books import HealthStatus
from trading.exits.notation import exits_from
from trading.model import Side

NAME = "trailing"
ENGINE_GOAL = 60_000
STEP_OVER_RUNG_GOAL = 1.0
TRAIL = {"stop_loss": "12%", "take_profits": "none", "trailing": "12%/0.1% from entry"}
"""Wide, so that about as many positions stay open as with the default ladder."""

SHARE = 57
"""Of a hundred signals; a trail keeps a position open for longer than the default ladder."""

POSITIONS, RUNGS = 500, 8
START_US = 1_760_054_400_000_000


def bench(*, quick: bool) -> None:
    """Measure the days and the steps in turn."""
    rounds = 1 if quick else 5
    with tempfile.TemporaryDirectory(prefix="backstay-bench-") as folder:
        inputs = in_new_process(made_inputs, Path(folder), quick)
        trailing = Path(folder) / "trailing.csv"
        _with_trails(inputs.signals_path, trailing)
        days: dict[str, list[float]] = {"default": [], "all_trailing": []}
        steps, average = 0.0, 0.0
        for _ in range(rounds):
            for name, signals in (("default", inputs.signals_path), ("all_trailing", trailing)):
                seconds, played = in_new_process(_played, inputs.prices_path, signals)
                days[name].append(inputs.count / seconds)
            steps, average = played["steps"], played["open_average"]
    for name, rates in days.items():
        goal = {"goal": ENGINE_GOAL} if name == "all_trailing" and not quick else {}
        say_rate(NAME, name, rates, "prices/s", prices=inputs.count, **goal)
    say(NAME, "steps", steps, "steps", open_average=round(average, 1))
    say_ratio(NAME, "trailing_over_default", days["all_trailing"], days["default"])
    step, rung = [], []
    for _ in range(rounds):
        rung.append(in_new_process(_seconds_each, _rungs()))
        step.append(in_new_process(_seconds_each, _steps()))
    say(NAME, "rung", min(rung) * 1e6, "us", positions=POSITIONS)
    say(NAME, "step", min(step) * 1e6, "us", positions=POSITIONS)
    at_most = {} if quick else {"goal": STEP_OVER_RUNG_GOAL}
    say_ratio(NAME, "step_over_rung", step, rung, lower_is_better=True, **at_most)


def _with_trails(signals: Path, path: Path) -> None:
    """Of the same signals so many that about 60 positions are open, each with a trail."""
    with signals.open(newline="") as given, path.open("w", newline="") as file:
        rows = csv.DictReader(given)
        writer = csv.DictWriter(file, [*(rows.fieldnames or ()), *TRAIL])
        writer.writeheader()
        for number, row in enumerate(rows):
            if number % 100 < SHARE:
                writer.writerow(row | TRAIL)


def _played(prices: Path, signals: Path) -> tuple[float, dict[str, float]]:
    """A day's seconds in the engine, how many steps its trails took, and how many were open."""
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
    report = report_of(outcome)
    assert report["health"]["status"] == HealthStatus.HEALTHY, report["health"]
    last_us = batches[-1].times_us[-1]
    open_us = sum(
        (position.exit_time_us or last_us) - position.entry_time_us
        for position in outcome.positions
    )
    played: dict[str, float] = {
        "steps": float(sum(position.version - 1 for position in outcome.positions)),
        "open_average": open_us / (last_us - batches[0].times_us[0]),
    }
    store.close()
    return seconds, played


def _rungs() -> dict[str, str]:
    """Rungs every 0.2 %, none of which closes anything or moves the stop."""
    rungs = ";".join(f"{Decimal(number) / 5}%@0%>keep" for number in range(1, RUNGS + 1))
    return {"stop_loss": "50%", "take_profits": rungs}


def _steps() -> dict[str, str]:
    """A trail that steps by 0.1 %, so that each price of `_seconds_each` makes it step once."""
    return {"stop_loss": "50%", "take_profits": "none", "trailing": "5%/0.1% from entry"}


def _seconds_each(exits: dict[str, str]) -> float:
    """The seconds for one position's step or rung: prices that rise by 0.2 % of the entry."""
    configure_logs(logging.WARNING)
    signals = [
        RecordedSignal(
            signal_id=f"s{number}",
            time_us=START_US,
            symbol=SYMBOL,
            side=Side.LONG,
            notional=Decimal(100),
            exits=exits_from(exits),
            line=number,
        )
        for number in range(1, POSITIONS + 1)
    ]
    store = Store.open("sqlite://")
    replay = Replay(store, signals, balance=Decimal(BALANCE))
    replay.take(_batch([Decimal(100)], START_US))
    prices = [100 + Decimal(number) / 5 for number in range(1, RUNGS + 1)]
    start = time.perf_counter()
    replay.take(_batch(prices, START_US + 1))
    seconds = time.perf_counter() - start
    outcome = replay.finish()
    assert {position.version for position in outcome.positions} == {1 + RUNGS}
    store.close()
    return seconds / (POSITIONS * RUNGS)


def _batch(prices: Sequence[Decimal], start_us: int) -> PriceBatch:
    return PriceBatch(SYMBOL, [start_us + index for index in range(len(prices))], list(prices))


if __name__ == "__main__":
    run(bench, __doc__)
