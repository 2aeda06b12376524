"""Durable opens and closes a second on PostgreSQL, over `pgbench -c 1` on the same server.

Opens and manual closes are messages to the Desk, from clients that keep a window of them in
flight; closes by the ladder all follow from one price. Counted is the time until every answer is
there and every actor at rest. `cpu_us` is this process's processor time each, which says more
than the rate where others use the machine too. Half of the positions are LONG and half SHORT:
the price takes the ones through all three rungs, and stops the others.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from statistics import median

from actors.position.messages import ClosePosition
from bench.desks import Client, Command, Latch, Running, open_commands, running
from bench.figures import note, run, say_rate, say_ratio
from harness.servers import PostgresServer

NAME = "commits"
ACCOUNTS = 64
SYMBOLS = 4
GOALS = {"opens": 40.0, "ladder_closes": 25.0, "manual_closes": 25.0}
"""Over pgbench."""
ENTRY_PRICE = Decimal(100)
REACHING_PRICE = Decimal(111)
"""Past all three rungs of a LONG, and past the stop of a SHORT."""


@dataclass(frozen=True)
class Cost:
    """How long something took, and how much of the processor in this process."""

    seconds: float
    cpu_seconds: float


def bench(*, quick: bool) -> None:
    """Measure in rounds: pgbench, opens, closes by the ladder, opens, manual closes."""
    pgbench = shutil.which("pgbench")
    if pgbench is None:
        note(NAME, "skipped: there is no pgbench on PATH")
        return
    rounds, opens, in_flight = (1, 10, 5) if quick else (5, 300, 50)
    scale, pgbench_seconds = (1, 1) if quick else (10, 5)
    baseline: list[float] = []
    costs: dict[str, list[Cost]] = {name: [] for name in GOALS}
    with PostgresServer() as server:
        tpcb = server.new_database()
        _run(pgbench, "--initialize", "--quiet", f"--scale={scale}", tpcb)
        with running(server.new_database(), accounts=ACCOUNTS, symbols=SYMBOLS) as desk:
            for number in range(-1, rounds):
                rate = _pgbench(pgbench, tpcb, pgbench_seconds)
                measured = _round(desk, f"round-{number}", opens, in_flight)
                desk.check()
                if number >= 0:  # the first one warms up
                    baseline.append(rate)
                    for name, cost in measured.items():
                        costs[name].append(cost)
    say_rate(NAME, "pgbench", baseline, "transactions/s", scale=scale, clients=1)
    total = opens * ACCOUNTS
    for name, goal in GOALS.items():
        rates = [total / cost.seconds for cost in costs[name]]
        cpu_us = median(cost.cpu_seconds for cost in costs[name]) / total * 1e6
        how = {"accounts": ACCOUNTS, "in_flight": ACCOUNTS * in_flight, "cpu_us": round(cpu_us)}
        say_rate(NAME, name, rates, f"{name.rsplit('_', maxsplit=1)[-1]}/s", **how)
        say_ratio(NAME, f"{name}_over_pgbench", rates, baseline, goal=goal)


def _round(desk: Running, name: str, opens: int, in_flight: int) -> dict[str, Cost]:
    commands = _opens(desk, f"{name}-ladder", opens)
    open_cost = _cost(desk, lambda: _send_all(commands, in_flight))
    ladder_cost = _cost(desk, lambda: desk.price(REACHING_PRICE))
    assert not desk.system.directory.positions, "the price did not close every position"
    more_commands = _opens(desk, f"{name}-manual", opens)
    _send_all(more_commands, in_flight)
    desk.settle()
    closes = {client: _closes(client) for client in more_commands}
    manual_cost = _cost(desk, lambda: _send_all(closes, in_flight))
    assert not desk.system.directory.positions, "not every position was closed"
    return {"opens": open_cost, "ladder_closes": ladder_cost, "manual_closes": manual_cost}


def _cost(desk: Running, work: Callable[[], None]) -> Cost:
    """What something costs until every actor has done everything that follows from it."""
    start, cpu_start = time.perf_counter(), time.process_time()
    work()
    desk.settle()
    return Cost(time.perf_counter() - start, time.process_time() - cpu_start)


def _opens(desk: Running, name: str, opens: int) -> dict[Client, list[Command]]:
    """So many opens for each account, at the entry price."""
    desk.price(ENTRY_PRICE)
    desk.settle()
    keys = [f"{name}-{number}" for number in range(opens)]
    clients = [Client(desk, account) for account in desk.accounts]
    return {c: [*open_commands(c, c.account, desk.symbols, keys)] for c in clients}


def _closes(client: Client) -> list[Command]:
    return [ClosePosition(position_id=opened, reply_to=client) for opened in client.opened]


def _send_all(commands: Mapping[Client, Sequence[Command]], in_flight: int) -> None:
    latch = Latch(sum(map(len, commands.values())))
    for client, its_commands in commands.items():
        client.send(its_commands, in_flight, latch)
    latch.wait()


def _pgbench(pgbench: str, url: str, seconds: int) -> float:
    output = _run(pgbench, "--no-vacuum", "--client=1", f"--time={seconds}", url)
    line = next(line for line in output.splitlines() if line.startswith("tps = "))
    return float(line.split()[2])


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    run(bench, __doc__)
