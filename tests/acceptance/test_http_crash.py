"""kill -9 in the middle of load: what was acknowledged is there, and the rest is as if unasked."""

import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.house import WITHIN, at_once
from tests.acceptance.http_api import Api, settled
from tests.service_process import ServiceProcess

SYMBOL = "BTCUSDT"
CLIENTS = 6
ACKNOWLEDGED_MIN = 60
PRICES = ("101", "103.5", "102", "106.5", "104", "98", "100")


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A running service over an empty database whose account demo has a lot."""
    env = {
        "BACKSTAY_DATABASE": database_url,
        "BACKSTAY_FEED": "none",
        "BACKSTAY_DEMO_BALANCE": "1000000",
        "BACKSTAY_LEASE_SECONDS": "2",
    }
    with ServiceProcess(tmp_path, env=env) as service:
        yield service.wait_ready()


class Acknowledged:
    """What clients were told of: positions by idempotency key, and closes by position."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.opened: dict[str, int] = {}
        self.closed: dict[int, Any] = {}
        self.enough = threading.Event()

    def note(self, key: str, position_id: int) -> None:
        self.opened[key] = position_id
        if len(self.opened) >= ACKNOWLEDGED_MIN:
            self.enough.set()


def test_what_was_acknowledged_survives_kill_9_under_load(service: ServiceProcess) -> None:
    """Opens and closes; a request that was cut off is sent again and done once."""
    acknowledged = Acknowledged()
    with Api(service) as api:
        api.price(SYMBOL, "100")

    def kill() -> None:
        assert acknowledged.enough.wait(WITHIN)
        service.kill()

    clients = [lambda n=number: trade(service, acknowledged, n) for number in range(CLIENTS)]
    at_once(kill, lambda: send_prices(service), *clients)
    service.start().wait_ready()

    with Api(service) as api:
        assert settled(api, "demo")["status"] == "HEALTHY"
        rows = {row["id"]: row for row in api.items("/positions", account="demo")}
        for key, position_id in acknowledged.opened.items():
            assert rows[position_id]["signal_id"] == key
        for position_id, outcome in acknowledged.closed.items():
            assert rows[position_id] == outcome
        api.price(SYMBOL, "100")
        for key in acknowledged.asked:
            position_id = open_with(api, key)
            assert position_id == acknowledged.opened.get(key, position_id)
        entries = api.items("/accounts/demo/transactions")
        opens = [entry for entry in entries if entry["transaction_type"] == "position_open"]
        assert len(opens) == len(acknowledged.asked)
        assert settled(api, "demo")["status"] == "HEALTHY"


def open_with(api: Api, key: str) -> int:
    """The id of the position that a key opens, or has opened."""
    body = {"account": "demo", "symbol": SYMBOL, "side": "LONG", "notional": "10"}
    response = api.send("/positions", body, key=key)
    assert response.is_success, response.text
    position_id = response.json()["id"]
    assert isinstance(position_id, int)
    return position_id


def trade(service: ServiceProcess, acknowledged: Acknowledged, number: int) -> None:
    """Open, close every third, until the service is gone."""
    try:
        with Api(service) as api:
            for step in itertools.count():
                key = f"client-{number}-{step}"
                acknowledged.asked.append(key)
                position_id = open_with(api, key)
                acknowledged.note(key, position_id)
                if step % 3 == 0:
                    acknowledged.closed[position_id] = api.close(position_id)["position"]
    except httpx.TransportError:
        return


def send_prices(service: ServiceProcess) -> None:
    """Prices that move stops and close positions, until the service is gone."""
    try:
        with Api(service) as api:
            for price in itertools.cycle(PRICES):
                api.price(SYMBOL, price)
    except httpx.TransportError:
        return
