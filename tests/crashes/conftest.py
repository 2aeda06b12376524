"""A service under load, and a checker that knows what its clients were told."""

import logging
import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.http_api import Api
from harness.service_process import ServiceProcess
from tests.crashes.checker import Checker
from tests.crashes.load import ACCOUNTS, SYMBOLS, Load

SETTINGS = {
    "BACKSTAY_FEED": "none",
    "BACKSTAY_DEMO_BALANCE": "1000000",
    "BACKSTAY_LEASE_SECONDS": "2",
    "BACKSTAY_COMMAND_SECONDS": "1",
}

# A line for each of thousands of requests would hide the figures.
logging.getLogger("httpx").setLevel(logging.WARNING)

log = logging.getLogger(__name__)

Serve = Callable[..., ServiceProcess]


@pytest.fixture
def seed() -> int:
    """What the load and its faults are drawn from; a failure shows it."""
    asked = os.environ.get("BACKSTAY_CRASH_SEED")
    seed = int(asked) if asked else random.SystemRandom().randrange(100_000)
    log.warning("repeat it with BACKSTAY_CRASH_SEED=%d", seed)
    return seed


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Starts a service over a database, with its accounts and markets; it is killed at the end."""
    services: list[ServiceProcess] = []

    def serve(database_url: str, **env: str) -> ServiceProcess:
        env = SETTINGS | {"BACKSTAY_DATABASE": database_url} | env
        service = ServiceProcess(tmp_path, env=env).start()
        services.append(service)
        with Api(service.wait_ready()) as api:
            for account in ACCOUNTS[1:]:
                api.open_account(account, SETTINGS["BACKSTAY_DEMO_BALANCE"])
            for symbol in SYMBOLS:
                api.price(symbol, "100")
        return service

    yield serve
    for service in services:
        service.kill()


@contextmanager
def under_load(
    serve: Serve, url: str, folder: Path, seed: int, **env: str
) -> Iterator[tuple[ServiceProcess, Load]]:
    """A service under load; once it is over, everything is held against what clients were told."""
    service = serve(url, **env)
    load = Load(service, str(seed), mortal=False)
    with load:
        load.journal.wait_acknowledged(20)
        yield service, load
    checker = Checker(url, folder)
    with Api(service) as api:
        checker.check(api, load.journal)
        for symbol in SYMBOLS:
            checker.check_guarded(api, load.journal, symbol, "70")
    checker.audit()
    assert service.stop()[0] == 0, service.log
    log.info("%s", checker.figures)
