"""Everything that clients do to a service, all at once, until it is enough."""

import itertools
import random
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from harness.http_api import PREFIX, Api
from harness.service_process import ServiceProcess
from tests.acceptance.house import at_once

SYMBOLS = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
ACCOUNTS = ("load-1", "load-2", "load-3")
LADDERS: tuple[list[str], ...] = ([], ["2%", "4%"], ["1%", "3%", "6%"])
READS = ("/accounts", "/positions?status=OPEN", "/positions?status=CLOSED", "/markets")


class FullLoad:
    """Of a service that brings no prices itself: opens with keys and their repetitions, closes,
    ladders that prices reach, parts of them, transfers, reads, event streams, scrapes."""

    def __init__(self, service: ServiceProcess) -> None:
        self._service = service
        self._done = threading.Event()
        self._count = itertools.count(1)
        self.opens = 0
        self.unexpected: list[str] = []

    def run(self, watch: Callable[[threading.Event], None]) -> None:
        """Run until `watch`, which is given what ends the load, returns."""
        with Api(self._service) as api:
            for symbol in SYMBOLS:
                api.price(symbol, "100")
            for account in ACCOUNTS:
                api.open_account(account, "1000000")

        def watching() -> None:
            try:
                watch(self._done)
            finally:
                self._done.set()

        traders = [self._repeated(partial(self._trade, account)) for account in ACCOUNTS]
        others = [self._prices, self._read, self._follow]
        at_once(watching, *traders, *map(self._repeated, others))

    def _repeated(self, work: Callable[[httpx.Client], None]) -> Callable[[], None]:
        def until_done() -> None:
            with self._service.client(60) as client:
                while not self._done.is_set():
                    work(client)

        return until_done

    def _trade(self, account: str, client: httpx.Client) -> None:
        """Open some, ask for one of them again, transfer a little, close what prices have left."""
        chance = random.Random(f"{account}-{next(self._count)}")
        opened = []
        for _ in range(8):
            body = {
                "account": account, "symbol": chance.choice(SYMBOLS), "notional": "10",
                "side": chance.choice(("LONG", "SHORT")),
                "take_profits": chance.choice(LADDERS) or None,
            }  # fmt: skip
            body = {name: value for name, value in body.items() if value is not None}
            key = {"Idempotency-Key": uuid4().hex}
            first = self._post(client, "/positions", body, 201, headers=key)
            if first is not None:
                opened.append(first["id"])
                self.opens += 1
        again = self._post(client, "/positions", body, 200, headers=key) if first else None
        if again and again["id"] != first["id"]:
            self.unexpected.append(f"{key} opened {first['id']} and {again['id']}")
        self._post(client, f"/accounts/{account}/transfers",
                   {"amount": "0.01", "reference": uuid4().hex}, 200, 201)  # fmt: skip
        for position_id in opened:
            self._post(client, f"/positions/{position_id}/close", {}, 200, 409)

    def _prices(self, client: httpx.Client) -> None:
        number = next(self._count)
        prices = [
            {"symbol": symbol, "price": str(100 + (number * step) % 9 - 4)}
            for step, symbol in enumerate(SYMBOLS, 1)
        ]
        self._post(client, "/prices", prices, 200)

    def _read(self, client: httpx.Client) -> None:
        for path in READS:
            self._check(client.get(PREFIX + path), 200)
        self._check(client.get("/metrics"), 200)
        self._done.wait(0.2)

    def _follow(self, client: httpx.Client) -> None:
        """Listen to a stream for some events, and leave in the middle."""
        with client.stream("GET", PREFIX + "/events") as answer:
            for _ in zip(range(500), answer.iter_lines(), strict=False):
                if self._done.is_set():
                    return

    def _post(self, client: httpx.Client, path: str, body: Any, *expected: int, **how: Any) -> Any:
        answer = client.post(PREFIX + path, json=body, **how)
        self._check(answer, *expected)
        return answer.json() if answer.is_success else None

    def _check(self, answer: httpx.Response, *expected: int) -> None:
        if answer.status_code not in expected:
            self.unexpected.append(f"{answer.request.url}: {answer.status_code} {answer.text}")


def resident_bytes(pid: int) -> int:
    """A process's memory as the system counts it."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError(f"process {pid} has ended")
