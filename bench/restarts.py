"""Stopping and starting the service with 10,000 open positions, beside the same with none.

The real service as a process: seconds from SIGTERM to its exit, from its start until it is ready,
and from its start until a price has closed a position that was open before; its peak memory.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from actors.messages import Reply
from actors.wallet.messages import OpenDone
from bench.desks import WAIT_SECONDS_MAX, open_commands, running
from bench.figures import run, say_rate, say_ratio
from harness.http_api import Api
from harness.servers import PostgresServer
from harness.service_process import ServiceProcess

NAME = "restarts"
POSITIONS = 10_000
STOP_SECONDS_GOAL = 5.0
RATIO_GOAL = 5.0
WAVE = 500
READY_SECONDS_MAX = 120.0
GUARDED = "GUARDEDUSDT"


def bench(*, quick: bool) -> None:
    """Measure rounds with and without positions in turn, on SQLite and on PostgreSQL."""
    positions, rounds = (200, 1) if quick else (POSITIONS, 5)
    _measure("sqlite", lambda folder: f"sqlite:///{folder / 'backstay.db'}", positions, rounds)
    with PostgresServer() as server:
        _measure("postgresql", lambda _: server.new_database(), positions, rounds)


def _measure(kind: str, new_database: Callable[[Path], str], positions: int, rounds: int) -> None:
    with _filled(new_database, positions) as full, _filled(new_database, 0) as empty:
        pairs = [(_restarted(full), _restarted(empty)) for _ in range(rounds)]
    many, none = zip(*pairs, strict=True)
    for name in ("stop", "ready", "guarded_price"):
        goal = {"goal": STOP_SECONDS_GOAL} if name == "stop" else {}
        ours, theirs = ([times[name] for times in side] for side in (many, none))
        say_rate(NAME, f"{kind}_{name}", ours, "s", positions=positions, **goal)
        say_rate(NAME, f"{kind}_{name}_empty", theirs, "s", positions=0)
        say_ratio(NAME, f"{kind}_{name}_over_empty", ours, theirs, goal=RATIO_GOAL)
    for figure, side in (("peak_memory", many), ("peak_memory_empty", none)):
        say_rate(NAME, f"{kind}_{figure}", [times["peak"] for times in side], "MB")


@contextmanager
def _filled(new_database: Callable[[Path], str], positions: int) -> Iterator[ServiceProcess]:
    """A service that runs over a database with so many open positions."""
    with TemporaryDirectory() as folder:
        url = new_database(Path(folder))
        _fill(url, positions)
        env = {"BACKSTAY_DATABASE": url, "BACKSTAY_FEED": "none"}
        with ServiceProcess(Path(folder), env=env) as service:
            yield service.wait_ready(READY_SECONDS_MAX)


def _fill(url: str, positions: int) -> None:
    with running(url, accounts=4, symbols=4) as desk:
        for begin in range(0, positions, WAVE):
            desk.price(Decimal(100))
            replies = []
            for number in range(begin, min(begin + WAVE, positions)):
                replies.append(Reply())
                account, symbol = desk.accounts[number % 4], desk.symbols[number // 4 % 4]
                desk.system.tell(*open_commands(replies[-1], account, [symbol], [f"{number}"]))
            answers = [reply.get(WAIT_SECONDS_MAX) for reply in replies]
            assert all(isinstance(answer, OpenDone) for answer in answers), answers
        desk.settle()
        desk.check()


def _restarted(service: ServiceProcess) -> dict[str, float]:
    """Stop and start it: the seconds of each part, and the peak memory in MB."""
    with Api(service) as api:
        api.price(GUARDED, "100")
        position_id = api.open("account-0", GUARDED)["id"]
    code, stop = service.stop()
    assert code == 0, service.log
    began = time.perf_counter()
    service.start().wait_ready(READY_SECONDS_MAX)
    ready = time.perf_counter() - began
    with Api(service) as api:
        api.price(GUARDED, "111")
        api.until(position_id, lambda position: position["status"] == "CLOSED")
        guarded_price = time.perf_counter() - began
    return {
        "stop": stop,
        "ready": ready,
        "guarded_price": guarded_price,
        "peak": peak_megabytes(service.pid),
    }


def peak_megabytes(pid: int) -> float:
    """The most memory that a process has had, as the system counts it."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    (peak,) = (line for line in lines if line.startswith("VmHWM:"))
    return int(peak.split()[1]) / 1000


if __name__ == "__main__":
    run(bench, __doc__)
