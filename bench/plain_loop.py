"""The naive but honest bot that the replay is measured against.

For each price it looks at each open position: the stop first, then the rungs. Plain objects,
decimals, no actors, no database, no price guard; it shares no code with Backstay, so that its
outcome is also a check of the replay's. As a program it reads the same files and prints JSON.
"""

import csv
import gzip
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import ROUND_HALF_EVEN, Decimal, getcontext
from pathlib import Path

MONEY = Decimal("1E-8")
QUANTITY = Decimal("1E-18")
STOP_PCT = Decimal(5)
RUNG_PCTS = (Decimal(3), Decimal(6), Decimal(10))
FEE, SPREAD, SLIPPAGE = Decimal("0.0026"), Decimal("0.001"), Decimal("0.0005")


@dataclass(slots=True)
class LoopSignal:
    """What to open, and when."""

    name: str
    time_us: int
    side: str
    notional: Decimal


@dataclass(slots=True)
class LoopPosition:
    """A position as the bot keeps it."""

    signal: str
    is_long: bool
    quantity: Decimal
    entry_price: Decimal
    stop: Decimal
    rungs: list[Decimal]
    rungs_hit: int = 0
    exit_price: Decimal | None = None
    exit_time_us: int | None = None
    reason: str | None = None
    net_pnl: Decimal = Decimal(0)


@dataclass(slots=True)
class LoopOutcome:
    """What came of it; `open_average` is over the prices."""

    positions: list[LoopPosition]
    open_average: float
    seconds: float


def read_prices(path: Path) -> tuple[list[Decimal], list[int]]:
    """A file of trades with a header that names `timestamp` (us) and `price`."""
    prices, times_us = [], []
    with gzip.open(path, "rt") if path.suffix == ".gz" else path.open() as file:
        rows = csv.reader(file)
        header = next(rows)
        time_column, price_column = header.index("timestamp"), header.index("price")
        for row in rows:
            prices.append(Decimal(row[price_column]))
            times_us.append(int(row[time_column]))
    return prices, times_us


def read_signals(path: Path) -> list[LoopSignal]:
    """A file of signals, in the order of their times."""
    with path.open(newline="") as file:
        return [
            LoopSignal(row["id"], int(row["timestamp"]), row["side"], Decimal(row["notional"]))
            for row in csv.DictReader(file)
        ]


def run_loop(
    prices: Sequence[Decimal], times_us: Sequence[int], signals: Sequence[LoopSignal]
) -> LoopOutcome:
    """Play all prices."""
    getcontext().prec = 60
    start = time.perf_counter()
    done: list[LoopPosition] = []
    live: list[LoopPosition] = []
    waiting = 0
    open_sum = 0
    for price, time_us in zip(prices, times_us, strict=True):
        open_sum += len(live)
        closed = False
        for position in live:
            if position.is_long:
                if price <= position.stop:
                    close(position, price, time_us, "STOP_LOSS")
                    closed = True
                    continue
                while position.rungs_hit < 3 and price >= position.rungs[position.rungs_hit]:
                    hit_rung(position)
            else:
                if price >= position.stop:
                    close(position, price, time_us, "STOP_LOSS")
                    closed = True
                    continue
                while position.rungs_hit < 3 and price <= position.rungs[position.rungs_hit]:
                    hit_rung(position)
            if position.rungs_hit == 3:
                close(position, price, time_us, "TAKE_PROFIT")
                closed = True
        if closed:
            live = [position for position in live if position.reason is None]
        while waiting < len(signals) and signals[waiting].time_us <= time_us:
            position = open_position(signals[waiting], price)
            live.append(position)
            done.append(position)
            waiting += 1
    seconds = time.perf_counter() - start
    return LoopOutcome(done, open_sum / len(prices), seconds)


def open_position(signal: LoopSignal, price: Decimal) -> LoopPosition:
    """Open at the price."""
    sign = 1 if signal.side == "LONG" else -1
    return LoopPosition(
        signal=signal.name,
        is_long=sign == 1,
        quantity=(signal.notional / price).quantize(QUANTITY, ROUND_HALF_EVEN),
        entry_price=price,
        stop=price * (100 - sign * STOP_PCT) / 100,
        rungs=[price * (100 + sign * pct) / 100 for pct in RUNG_PCTS],
    )


def hit_rung(position: LoopPosition) -> None:
    """The first rung sends the stop to breakeven, a later one to the rung before it."""
    hit = position.rungs_hit
    position.stop = position.entry_price if hit == 0 else position.rungs[hit - 1]
    position.rungs_hit = hit + 1


def close(position: LoopPosition, price: Decimal, time_us: int, reason: str) -> None:
    """Close all of it, and book what it earned and cost."""
    move = price - position.entry_price if position.is_long else position.entry_price - price
    entry_value, exit_value = position.entry_price * position.quantity, price * position.quantity
    costs = sum(
        (value * rate).quantize(MONEY, ROUND_HALF_EVEN)
        for value, rate in (
            (entry_value, FEE),
            (exit_value, FEE),
            (exit_value, SPREAD),
            (exit_value, SLIPPAGE),
        )
    )
    position.net_pnl = (move * position.quantity).quantize(MONEY, ROUND_HALF_EVEN) - costs
    position.exit_price = price
    position.exit_time_us = time_us
    position.reason = reason


def main() -> None:
    """`python -m bench.plain_loop PRICES SIGNALS`: play files, and print the outcome as JSON."""
    prices_path, signals_path = sys.argv[1:]
    prices, times_us = read_prices(Path(prices_path))
    outcome = run_loop(prices, times_us, read_signals(Path(signals_path)))
    print(json.dumps(asdict(outcome), default=str))


if __name__ == "__main__":
    main()
