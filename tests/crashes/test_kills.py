"""kill -9 again and again, at random moments: what was acknowledged is there, once."""

import logging
import os
import random
import signal
from pathlib import Path

import pytest

from tests.acceptance.http_api import Api
from tests.crashes.checker import Checker
from tests.crashes.conftest import Serve
from tests.crashes.load import SYMBOLS, Load
from tests.service_process import ServiceProcess

BEYOND_ALL_TRIGGERS = ("70", "135")
ANSWERS_MAX = 60
KILL_SECONDS_MAX = 0.2
START_LINES = (
    "database opened",
    "ownership acquired",
    "wallets, markets and positions restored",
    "listening on",
)
SMOKE_KILLS = 1

log = logging.getLogger(__name__)


def kills_of(a_run: int) -> int:
    """How many kills a run takes, unless something else is asked for."""
    return int(os.environ.get("BACKSTAY_CRASH_KILLS", a_run))


def kill_while_starting(service: ServiceProcess, chance: random.Random) -> None:
    """Start it, and kill it before it is ready."""
    service.start().wait_for(chance.choice(START_LINES))
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


def run(
    service: ServiceProcess, checker: Checker, chance: random.Random, kills: int
) -> tuple[int, int]:
    """Kill, start and check until there were so many kills; of them, how many while starting."""
    done = starting = rounds = 0
    while done < kills:
        load = Load(service, f"{rounds}-{chance.random()}", mortal=True)
        kill_under_load(service, chance, load)
        done += 1
        while chance.random() < 0.3:
            kill_while_starting(service, chance)
            done += 1
            starting += 1
        service.start().wait_ready()
        with Api(service) as api:
            checker.check(api, load.journal)
            symbol = SYMBOLS[rounds % len(SYMBOLS)]
            checker.check_guarded(api, load.journal, symbol, chance.choice(BEYOND_ALL_TRIGGERS))
        checker.audit()
        rounds += 1
    return done, starting


def test_a_kill_loses_and_doubles_nothing(serve: Serve, tmp_path: Path, seed: int) -> None:
    """A short run of what follows, on SQLite."""
    url = f"sqlite:///{tmp_path / 'backstay.db'}"
    run(serve(url), Checker(url, tmp_path), random.Random(seed), SMOKE_KILLS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_kills_lose_and_double_nothing(
    serve: Serve, database_url: str, tmp_path: Path, seed: int
) -> None:
    """Opens, closes, stops and transfers, ladders and prices: thirty times, and all is there."""
    checker = Checker(database_url, tmp_path)
    done, starting = run(serve(database_url), checker, random.Random(seed), kills_of(30))
    log.info("%d kills, %d of them during a start: %s", done, starting, checker.figures)
