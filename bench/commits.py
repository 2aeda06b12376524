"""Durable opens and closes a second on PostgreSQL, over `pgbench -c 1` on the same server.

Each open and each manual close is a message to the Desk and counts once its answer is there,
from clients that keep a window of commands in flight; closes by the ladder are counted from one
price that reaches every position until every one is settled.
"""

import shutil
import subprocess
import time
from decimal import Decimal

from actors.messages import ClosePosition
from bench.desks import Client, Latch, Running, open_commands, running
from bench.figures import note, run, say_rate, say_ratio
from tests.servers import PostgresServer

NAME = "commits"
ACCOUNTS = 64
SYMBOLS = 4
SCALE = 10
OPENS_GOAL = 40.0
CLOSES_GOAL = 25.0
ENTRY_PRICE = Decimal(100)
REACHING_PRICE = Decimal(111)
"""Past all three rungs of a LONG, and past the stop of a SHORT."""


def bench(*, quick: bool) -> None:
    """Measure in rounds: pgbench, opens, closes by the ladder, opens, manual closes."""
    pgbench = shutil.which("pgbench")
    if pgbench is None:
        note(NAME, "skipped: there is no pgbench on PATH")
        return
    rounds, opens, in_flight, pgbench_seconds = (2, 20, 10, 1) if quick else (7, 150, 50, 3)
    rates: dict[str, list[float]] = {
        name: [] for name in ("pgbench", "opens", "ladder_closes", "manual_closes")
    }
    with PostgresServer() as server:
        tpcb = server.new_database()
        _run(pgbench, "--initialize", "--quiet", f"--scale={SCALE}", tpcb)
        with running(server.new_database(), accounts=ACCOUNTS, symbols=SYMBOLS) as desk:
            for number in range(-1, rounds):
                measured = {"pgbench": _pgbench(pgbench, tpcb, pgbench_seconds)}
                measured |= _round(desk, f"round-{number}", opens, in_flight)
                desk.check()
                if number >= 0:  # the first one warms up
                    for name, rate in measured.items():
                        rates[name].append(rate)
    per_pgbench = {"accounts": ACCOUNTS, "in_flight": ACCOUNTS * in_flight}
    say_rate(NAME, "pgbench", rates["pgbench"], "transactions/s", scale=SCALE, clients=1)
    for name in ("opens", "ladder_closes", "manual_closes"):
        say_rate(NAME, name, rates[name], f"{name.rsplit('_', maxsplit=1)[-1]}/s", **per_pgbench)
    for name, goal in (
        ("opens", OPENS_GOAL),
        ("ladder_closes", CLOSES_GOAL),
        ("manual_closes", CLOSES_GOAL),
    ):
        say_ratio(NAME, f"{name}_over_pgbench", rates[name], rates["pgbench"], goal=goal)


def _round(desk: Running, name: str, opens: int, in_flight: int) -> dict[str, float]:
    total = opens * len(desk.accounts)
    seconds_opens, _ = _open_all(desk, f"{name}-ladder", opens, in_flight)
    desk.settle()
    start = time.perf_counter()
    desk.price(REACHING_PRICE)
    desk.settle()
    seconds_ladder = time.perf_counter() - start
    assert not desk.system.directory.positions, "the price did not close every position"
    _, clients = _open_all(desk, f"{name}-manual", opens, in_flight)
    desk.settle()
    seconds_manual = _close_all(clients, total, in_flight)
    desk.settle()
    assert not desk.system.directory.positions, "not every position was closed"
    return {
        "opens": total / seconds_opens,
        "ladder_closes": total / seconds_ladder,
        "manual_closes": total / seconds_manual,
    }


def _open_all(desk: Running, name: str, opens: int, in_flight: int) -> tuple[float, list[Client]]:
    desk.price(ENTRY_PRICE)
    desk.settle()
    latch = Latch(opens * len(desk.accounts))
    keys = [f"{name}-{number}" for number in range(opens)]
    clients = [Client(desk, latch) for _ in desk.accounts]
    commands = [
        open_commands(client, account, desk.symbols, keys)
        for client, account in zip(clients, desk.accounts, strict=True)
    ]
    start = time.perf_counter()
    for client, its_commands in zip(clients, commands, strict=True):
        client.send(its_commands, in_flight)
    latch.wait()
    return time.perf_counter() - start, clients


def _close_all(clients: list[Client], total: int, in_flight: int) -> float:
    latch = Latch(total)
    commands = [
        [ClosePosition(position_id=position_id, reply_to=client) for position_id in client.opened]
        for client in clients
    ]
    for client in clients:
        client.latch = latch
    start = time.perf_counter()
    for client, its_commands in zip(clients, commands, strict=True):
        client.send(its_commands, in_flight)
    latch.wait()
    return time.perf_counter() - start


def _pgbench(pgbench: str, url: str, seconds: int) -> float:
    output = _run(pgbench, "--no-vacuum", "--client=1", f"--time={seconds}", url)
    line = next(line for line in output.splitlines() if line.startswith("tps = "))
    return float(line.split()[2])


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    run(bench, __doc__)
