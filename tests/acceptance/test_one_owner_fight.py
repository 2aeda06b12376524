"""Three services fight for one database, round after round, while clients go on trading."""

import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle

import httpx
import pytest

from harness.http_api import PREFIX, until
from harness.service_process import ServiceProcess
from tests.acceptance.house import run_sql
from tests.acceptance.rivals import SYMBOL, Rivals

ROUNDS = 12
CLIENTS = 3
SECONDS_MAX = 600
AN_OPEN = {"account": "demo", "symbol": SYMBOL, "side": "LONG", "notional": "1"}
SEEDS = (1, 2)


@dataclass
class Clients:
    """Each sends an open again and again, to one service after the other, until it is made."""

    urls: tuple[str, ...]
    opened: dict[str, int] = field(default_factory=dict)
    enough: threading.Event = field(default_factory=threading.Event)

    def trade(self, number: int) -> None:
        """Open one position after the other, each under a key of its own."""
        count = 0
        with httpx.Client(timeout=30, trust_env=False) as client:
            while not self.enough.is_set():
                count += 1
                key = f"client-{number}-{count}"
                self.opened[key] = self._until_opened(client, key)

    def have_opened_more_than(self, count: int) -> bool:
        """Whether somebody has got on."""
        return len(self.opened) > count

    def _until_opened(self, client: httpx.Client, key: str) -> int:
        pause = threading.Event()
        for url in cycle(self.urls):
            try:
                answer = client.post(
                    f"{url}{PREFIX}/positions", json=AN_OPEN, headers={"Idempotency-Key": key}
                )
            except httpx.TransportError:
                pause.wait(0.05)
                continue
            if answer.status_code in (200, 201):
                return int(answer.json()["id"])
            # A new owner knows no price before its first one.
            assert answer.status_code in (404, 409, 503), answer.text
            pause.wait(0.05)
        raise AssertionError("a cycle has no end")

    def give_prices(self) -> None:
        """Whoever owns the database is told prices that reach nothing."""
        with httpx.Client(timeout=5, trust_env=False) as client:
            for url in cycle(self.urls):
                if self.enough.wait(0.1):
                    return
                try:
                    client.post(f"{url}{PREFIX}/prices", json={"symbol": SYMBOL, "price": "100"})
                except httpx.TransportError:
                    continue


@pytest.fixture
def services(rivals: Rivals) -> tuple[ServiceProcess, ...]:
    """Three that would own the database; each keeps its port."""
    services = tuple(rivals.start("--standby") for _ in range(3))
    for service in services:
        service.keep_port()
    return services


def ready(url: str) -> bool:
    """Whether a service owns the database and takes commands."""
    try:
        return httpx.get(f"{url}/readyz", timeout=0.5, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def another(urls: tuple[str, ...], but: str = "") -> str:
    """A service that is ready, once there is one."""
    return until(lambda: next((url for url in urls if url != but and ready(url)), ""))


def strike(owner: ServiceProcess, url: str, urls: tuple[str, ...], chance: random.Random) -> None:
    """Kill the owner, or freeze it until another has taken over; then start it again."""
    if chance.random() < 0.5:
        owner.kill()
        another(urls, but=url)
    else:
        owner.signal(signal.SIGSTOP)
        another(urls, but=url)
        owner.signal(signal.SIGCONT)
        assert owner.wait_ended() == 3, owner.log
    owner.start()


@pytest.mark.slow
@pytest.mark.timeout(SECONDS_MAX)
@pytest.mark.parametrize("seed", SEEDS)
def test_there_are_never_two_owners_and_nothing_is_doubled(
    services: tuple[ServiceProcess, ...], rivals: Rivals, seed: int
) -> None:
    """Every key has opened one position, whoever was asked; books balance, epochs do not mix."""
    chance = random.Random(seed)
    urls = tuple(service.url for service in services)
    clients = Clients(urls)
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        trading = [pool.submit(clients.trade, number) for number in range(CLIENTS)]
        trading.append(pool.submit(clients.give_prices))
        try:
            for _ in range(ROUNDS):
                url = another(urls)
                until(partial(clients.have_opened_more_than, len(clients.opened)))
                strike(services[urls.index(url)], url, urls, chance)
            another(urls)
        finally:
            clients.enough.set()
    for each in trading:
        each.result()
    found = run_sql(rivals.database, "SELECT idempotency_key, id FROM positions")
    assert sorted(map(str, found)) == sorted(map(str, clients.opened.items()))
    [(epochs,)] = run_sql(rivals.database, "SELECT epoch FROM owner")
    assert epochs == ROUNDS + 1
    rivals.assert_sound()
