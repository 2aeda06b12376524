"""kill -9 again and again, at random moments: what was acknowledged is there, once."""

import logging
import os
import random
import signal
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from harness.http_api import Api
from harness.service_process import ServiceProcess
from tests.crashes.checker import Checker
from tests.crashes.conftest import Serve
from tests.crashes.load import SYMBOLS, Load

BEYOND_ALL_TRIGGERS = ("70", "135")
ANSWERS_MAX = 60
KILL_SECONDS_MAX = 0.2
START_LINES = (
    "database opened",
    "ownership acquired",
    "wallets, markets and positions restored",
    "listening on",
)
START_SECONDS_MAX = 60.0
SMOKE_KILLS = 1

log = logging.getLogger(__name__)


def kills_of(a_run: int) -> int:
    """How many kills a run takes, unless something else is asked for."""
    return int(os.environ.get("BACKSTAY_CRASH_KILLS", a_run))


def kill_while_starting(service: ServiceProcess, chance: random.Random) -> None:
    """Start it, and kill it before it is ready."""
    service.start().wait_for(chance.choice(START_LINES), START_SECONDS_MAX)
    service.kill()


def kill_under_load(service: ServiceProcess, chance: random.Random, load: Load) -> None:
    """Kill it, running or while it stops."""
    with load:
        load.journal.wait_acknowledged(chance.randint(1, ANSWERS_MAX))
        load.wait(chance.uniform(0, KILL_SECONDS_MAX))
        if chance.random() < 0.25:
            service.signal(signal.SIGTERM)
            service.wait_for("stopping")
        service.kill()


@dataclass
class Kills:
    """How often a service was killed, and how long each start after that took, in seconds."""

    count: int = 0
    while_starting: int = 0
    starts: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.count} kills, {self.while_starting} of them during a start, ready after "
            f"{statistics.median(self.starts):.1f} s (median), {max(self.starts):.1f} s (longest)"
        )


def run(service: ServiceProcess, checker: Checker, chance: random.Random, count: int) -> Kills:
    """Kill, start and check until there were so many kills."""
    kills = Kills()
    while kills.count < count:
        load = Load(service, f"{kills.count}-{chance.random()}", mortal=True)
        kill_under_load(service, chance, load)
        kills.count += 1
        while chance.random() < 0.3:
            kill_while_starting(service, chance)
            kills.count += 1
            kills.while_starting += 1
        began = time.monotonic()
        service.start().wait_ready(START_SECONDS_MAX)
        kills.starts.append(time.monotonic() - began)
        with Api(service) as api:
            checker.check(api, load.journal)
            symbol = SYMBOLS[len(kills.starts) % len(SYMBOLS)]
            checker.check_guarded(api, load.journal, symbol, chance.choice(BEYOND_ALL_TRIGGERS))
        checker.audit()
    return kills


def test_a_kill_loses_and_doubles_nothing(serve: Serve, tmp_path: Path, seed: int) -> None:
    """A short run of what follows, on SQLite."""
    url = f"sqlite:///{tmp_path / 'backstay.db'}"
    run(serve(url), Checker(url, tmp_path), random.Random(seed), SMOKE_KILLS)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_lose_and_double_nothing(
    serve: Serve, database_url: str, tmp_path: Path, seed: int
) -> None:
    """Opens, closes, stops and transfers, ladders and prices: thirty times, and all is there."""
    checker = Checker(database_url, tmp_path)
    kills = run(serve(database_url), checker, random.Random(seed), kills_of(30))
    log.info("%s: %s", kills, checker.figures)
