"""The HTTP API over a whole system and a real database, as programs meet it."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI

from actors.engine.dispatcher import PooledDispatcher
from backstay.web.access.access import Access
from backstay.web.api.history import history_item
from backstay.web.app import create_app
from backstay.web.backend import Backend, HookSettings, Probe
from backstay.web.stream.event_stream import EventStream
from tests.acceptance.faults import FaultyStore
from tests.acceptance.house import SYMBOL, House
from trading.costs import DEFAULT_RATES

API = "/api/v1"
ADDRESS = "http://127.0.0.1:8470"
COMMAND_SECONDS = 30.0


class FaultyReader:
    """A store's reads, which fail while its faults say `down`."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __getattr__(self, name: str) -> Any:
        if self._house.faults.down:
            self._house.faults.fail_if_down()
        return getattr(self._house.store, name)


class AppClient:
    """A client of an app over a house; paths are those below /api/v1. Any thread may ask."""

    def __init__(
        self, house: House, app: FastAPI, portal: BlockingPortal, tokens_file: Path
    ) -> None:
        self.house = house
        self.app = app
        self.tokens_file = tokens_file
        self._portal = portal
        self._client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=ADDRESS)

    @property
    def faults(self) -> FaultyStore:
        """How the database fails."""
        return self.house.faults

    def take_database_away(self) -> None:
        """From now on the database fails, and no command is waited for longer than half a second.

        While it answers, commands have all the time that a busy machine takes.
        """
        self.faults.down = True
        self._patience(0.5)

    def give_database_back(self) -> None:
        """It answers again."""
        self.faults.down = False
        self._patience(COMMAND_SECONDS)

    def _patience(self, command_seconds: float) -> None:
        backend: Backend = self.app.state.backend
        self.app.state.backend = replace(backend, command_seconds=command_seconds)

    def get(self, path: str, **params: Any) -> Any:
        """Read what must be there."""
        return self.ok(self.ask("GET", path, params=params))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """Do what must not be denied."""
        return self.ok(self.ask("POST", path, body, headers=headers))

    def put(self, path: str, body: Any = None) -> Any:
        """Set what must not be refused."""
        return self.ok(self.ask("PUT", path, body))

    def ask(self, method: str, path: str, body: Any = None, **how: Any) -> httpx.Response:
        """Send a request."""
        return self.ask_at(method, API + path, json=body, **how)

    def ask_at(self, method: str, address: str, **how: Any) -> httpx.Response:
        """Send a request to any address of the app."""
        return self._portal.call(partial(self._client.request, method, address, **how))

    def ask_together(
        self, method: str, address: str, contents: Iterable[str]
    ) -> list[httpx.Response]:
        """Send requests that differ in their bodies, all at once; the responses in their order."""

        async def ask_all() -> list[httpx.Response]:
            asked = (self._client.request(method, address, content=each) for each in contents)
            return list(await asyncio.gather(*asked))

        return self._portal.call(ask_all)

    def problem(self, method: str, path: str, body: Any = None, **how: Any) -> dict[str, Any]:
        """Send a request that must be refused; returns the problem document."""
        response = self.ask(method, path, body, **how)
        assert response.headers["Content-Type"] == "application/problem+json", response.text
        document: dict[str, Any] = response.json()
        assert document["status"] == response.status_code
        return document

    @staticmethod
    def ok(response: httpx.Response) -> Any:
        """The answer's JSON."""
        assert response.is_success, response.text
        return response.json()

    def told(self) -> list[str]:
        """The texts of all events so far, as the stream of events has them."""
        return [history_item(stored).text for stored in self.house.store.read_events(0, 1000)]

    # --- What most tests arrange -----------------------------------------------------------

    def account(self, balance: str = "100", account: str = "demo", **more: Any) -> Any:
        """Open an account."""
        body = {"account": account, "initial_balance": balance, **more}
        return self.post("/accounts", body)

    def price(self, *prices: str, symbol: str = SYMBOL) -> list[dict[str, Any]]:
        """Let prices come in; returns what became of them, once everybody has acted on them."""
        body = [{"symbol": symbol, "price": price} for price in prices]
        items: list[dict[str, Any]] = self.post("/prices", body)["items"]
        self.house.settle()
        return items

    def open(self, key: str | None = None, **how: Any) -> Any:
        """Open a position, by default the specification's: LONG, 25 USDT."""
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.ok(self.ask("POST", "/positions", an_open(**how), headers=headers))


def an_open(**how: Any) -> dict[str, Any]:
    """An open's body, by default the specification's: LONG, 25 USDT."""
    body = {"account": "demo", "symbol": SYMBOL, "side": "LONG", **how}
    return body if "quantity" in body else {"notional": "25", **body}


@contextmanager
def serving(
    url: str,
    tokens_folder: Path,
    *,
    faulty: bool = False,
    bound_symbols: Mapping[str, str] | None = None,
    command_seconds: float = COMMAND_SECONDS,
    is_ready: bool = True,
    hook: HookSettings | None = None,
) -> Iterator[AppClient]:
    """An API over a house that is left at the end, stopped or not."""
    house = House(url, dispatcher=PooledDispatcher(), faulty=faulty)
    tokens_file = tokens_folder / "tokens.json"
    reader: Any = FaultyReader(house)
    checks = {"database": "ok" if is_ready else "away"}
    backend = Backend(
        tell=house.system.tell,
        to_market=house.system.directory.to_market,
        to_signals=house.system.directory.to_signals,
        note_refusal=house.system.directory.to_signals,
        published=house.system.published,
        reader=reader,
        events=EventStream(reader),
        rates=DEFAULT_RATES,
        clock=house.dispatcher.clock,
        bound_symbols=lambda: bound_symbols or {},
        liveness=lambda: Probe(ok=True, checks={"desk": "ok"}),
        readiness=lambda: Probe(ok=is_ready, checks=checks),
        metrics=lambda: (b"backstay_up 1\n", "text/plain; version=0.0.4; charset=utf-8"),
        access=Access(
            tokens_file=tokens_file,
            allowed_hosts=["testserver"],  # as Schemathesis calls it
        ),
        command_seconds=command_seconds,
        hook=hook,
    )
    try:
        with start_blocking_portal() as portal:
            yield AppClient(house, create_app(backend), portal, tokens_file)
    finally:
        house.kill()
