"""The specification's four scenarios over HTTP, against the real process."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.http_api import Api, balances, settled
from harness.service_process import ServiceProcess
from tests.acceptance.conftest import FORBIDDEN
from tests.acceptance.house import amounts, at_once
from tests.conftest import POSTGRESQL_IS_SLOW

ACCOUNTS = ("demo", "other")
SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
ENGINES = 8
ROUNDS = 8


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[ServiceProcess]:
    """A running service over an empty database whose account demo has 100."""
    env = {
        "BACKSTAY_DATABASE": database_url,
        "BACKSTAY_FEED": "none",
        "BACKSTAY_DEMO_BALANCE": "100",
        "BACKSTAY_LEASE_SECONDS": "2",
    }
    with ServiceProcess(tmp_path, env=env, warm=True) as service:
        yield service.wait_ready()
        assert FORBIDDEN not in service.log
        assert "Traceback" not in service.log


@POSTGRESQL_IS_SLOW
def test_http_scenario_1_tp1_tp2_tp3_progression(service: ServiceProcess) -> None:
    """100 → open 25 → TP1 and TP2 only move the stop → TP3 closes at once, net 2.32225."""
    with Api(service) as api:
        assert api.price("BTCUSDT", "100")["result"] == "accepted"
        position = api.open("demo", "BTCUSDT")
        assert balances(api.account("demo")) == amounts(100, 25, 25, 75)

        api.price("BTCUSDT", "103")
        position = api.until(position["id"], lambda it: it["rungs_hit"] == 1)
        assert (position["status"], position["stop_loss"]) == ("OPEN", "100")
        assert position["next_take_profit"] == "106"

        api.price("BTCUSDT", "106")
        position = api.until(position["id"], lambda it: it["rungs_hit"] == 2)
        assert (position["status"], position["stop_loss"]) == ("OPEN", "103")
        assert balances(api.account("demo")) == amounts(100, 25, 25, 75)

        api.price("BTCUSDT", "110")
        position = api.until(position["id"], lambda it: it["status"] == "CLOSED")
        assert (position["close_reason"], position["rungs_hit"]) == ("TAKE_PROFIT", 3)
        assert position["exit_price"] == "110"
        assert position["closed_at"] is not None
        assert position["net_pnl"] == "2.32225000"
        assert balances(api.account("demo")) == amounts("102.32225", 0, 0, "102.32225")
        assert api.health("demo")["status"] == "HEALTHY"

        history = api.get(f"/positions/{position['id']}/history")
        kinds = ["position_opened", "rung_hit", "rung_hit", "rung_hit", "position_closed"]
        assert [item["kind"] for item in history["items"]] == kinds
        assert (history["pnl"]["gross"], history["pnl"]["net"]) == ("2.50000000", "2.32225000")
        entries = api.items("/accounts/demo/transactions")
        assert [(entry["transaction_type"], entry["amount"]) for entry in entries] == [
            ("position_close", "2.32225000"),
            ("position_open", "-25.00000000"),
            ("opening", "100.00000000"),
        ]


@POSTGRESQL_IS_SLOW
def test_http_scenario_2_network_disconnect_during_position(service: ServiceProcess) -> None:
    """No bad price closes it or is opened on; the history says which were refused meanwhile."""
    with Api(service) as api:
        api.price("BTCUSDT", "100")
        position_id = api.open("demo", "BTCUSDT")["id"]

        assert api.price("BTCUSDT", "-1")["result"] == "rejected"
        jump = api.price("BTCUSDT", "40")
        assert jump["result"] == "quarantined"
        assert jump["reason"]
        denied = api.open("demo", "BTCUSDT", status=409)
        assert denied["type"] == "urn:backstay:problem:market-quarantined"
        (market,) = api.items("/markets")
        assert (market["state"], market["last_price"]) == ("QUARANTINED", "100")
        assert api.position(position_id)["status"] == "OPEN"

        assert api.price("BTCUSDT", "103")["result"] == "accepted"
        position = api.until(position_id, lambda it: it["rungs_hit"] == 1)
        assert (position["status"], position["stop_loss"]) == ("OPEN", "100")
        assert api.open("demo", "BTCUSDT")["entry_price"] == "103"

        api.price("BTCUSDT", "110")
        closed = api.until(position_id, lambda it: it["status"] == "CLOSED")
        assert (closed["close_reason"], closed["exit_price"]) == ("TAKE_PROFIT", "110")
        kinds = [item["kind"] for item in api.get(f"/positions/{position_id}/history")["items"]]
        assert kinds[:4] == [
            "position_opened",
            "price_rejected",
            "price_quarantined",
            "quarantine_ended",
        ]
        assert settled(api, "demo")["status"] == "HEALTHY"


def test_http_scenario_3_server_restart_with_open_positions(service: ServiceProcess) -> None:
    """Three of 25: kill -9 and an orderly stop both leave everything as it was, and guarded."""
    with Api(service) as api:
        api.price("BTCUSDT", "100")
        ids = [api.open("demo", "BTCUSDT")["id"] for _ in range(3)]
        entries = api.items("/accounts/demo/transactions")
    for end in (service.kill, service.stop):
        end()
        service.start().wait_ready()
        with Api(service) as api:
            assert balances(api.account("demo")) == amounts(100, 75, 75, 25)
            assert api.items("/accounts/demo/transactions") == entries
            assert [it["id"] for it in api.items("/positions", status="OPEN")] == ids[::-1]
            assert api.health("demo")["status"] == "HEALTHY"
    with Api(service) as api:
        api.price("BTCUSDT", "103")
        for position_id in ids:
            assert api.until(position_id, lambda it: it["rungs_hit"] == 1)["stop_loss"] == "100"


class Engine:
    """A trading thread with a connection of its own: opens twice with a key, closes about half."""

    def __init__(self, service: ServiceProcess, number: int) -> None:
        self._service = service
        self._random = random.Random(number)
        self._name = f"engine-{number}"
        self.opened: set[int] = set()
        self.closed: dict[int, Any] = {}

    def run(self) -> None:
        with Api(self._service) as api:
            for step in range(ROUNDS):
                self._trade(api, f"{self._name}-{step}")

    def _trade(self, api: Api, key: str) -> None:
        body = {
            "account": self._random.choice(ACCOUNTS),
            "symbol": self._random.choice(SYMBOLS),
            "side": self._random.choice(("LONG", "SHORT")),
            "notional": "10",
        }
        first = api.send("/positions", body, key=key)
        if first.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            assert first.json()["type"] == "urn:backstay:problem:insufficient-balance"
            return
        assert first.status_code == httpx.codes.CREATED, first.text
        position_id = first.json()["id"]
        again = api.send("/positions", body, key=key)
        assert (again.status_code, again.json()["id"]) == (httpx.codes.OK, position_id)
        self.opened.add(position_id)
        # Who was answered reads their own write.
        assert api.position(position_id)["account"] == body["account"]
        if self._random.random() < 0.5:
            self.closed[position_id] = api.close(position_id)["position"]


def until_done(done: threading.Event, service: ServiceProcess, step: Callable[[Api], None]) -> None:
    """Do something again and again, on a connection of its own."""
    with Api(service) as api:
        while not done.is_set():
            step(api)


@POSTGRESQL_IS_SLOW
def test_http_scenario_4_concurrent_position_operations(service: ServiceProcess) -> None:
    """Opens, closes, prices and reads from many connections: no balance is ever wrong."""
    with Api(service) as api:
        api.open_account("other", "100")
        for symbol in SYMBOLS:
            api.price(symbol, "100")
        engines = [Engine(service, number) for number in range(ENGINES)]
        done = threading.Event()
        moves = random.Random(0)

        def trade() -> None:
            try:
                at_once(*[engine.run for engine in engines])
            finally:
                done.set()

        def price(api: Api) -> None:
            for symbol in SYMBOLS:
                api.price(symbol, str(100 + moves.randrange(-8, 9)))

        def read(api: Api) -> None:
            for account in ACCOUNTS:
                total, locked, used, available = balances(api.account(account))
                assert locked == used
                assert available == total - locked >= 0

        at_once(trade, *[lambda s=step: until_done(done, service, s) for step in (price, read)])

        for account in ACCOUNTS:
            assert settled(api, account)["status"] == "HEALTHY"
            assert_sums_are_exact(api, account)
        rows = {row["id"]: row for row in api.items("/positions")}
        assert rows.keys() == {id_ for engine in engines for id_ in engine.opened}
        for engine in engines:
            for position_id, outcome in engine.closed.items():
                assert rows[position_id] == outcome


def assert_sums_are_exact(api: Api, account: str) -> None:
    """Every figure follows from the positions and from the ledger, to the last digit."""
    positions = api.items("/positions", account=account)
    closed = [position for position in positions if position["status"] == "CLOSED"]
    total, locked, _, available = balances(api.account(account))
    assert total == 100 + sum(Decimal(position["net_pnl"]) for position in closed)
    open_notionals = [Decimal(p["notional"]) for p in positions if p["status"] == "OPEN"]
    assert locked == sum(open_notionals)
    entries = api.items(f"/accounts/{account}/transactions")
    assert sum(Decimal(entry["total_change"]) for entry in entries) == total
    assert sum(Decimal(entry["locked_change"]) for entry in entries) == locked
    assert Decimal(entries[0]["balance_after"]) == available
    assert min(Decimal(entry["balance_after"]) for entry in entries) >= 0
    kinds = Counter(entry["transaction_type"] for entry in entries)
    assert kinds["position_open"] == len(positions)
    assert kinds["position_close"] == len(closed)
