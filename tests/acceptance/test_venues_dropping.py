"""Exchanges whose connections drop all the time, under load, on PostgreSQL."""

import random
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from harness.http_api import Api, settled, until
from harness.servers import PostgresServer
from harness.service_process import ServiceProcess, run_command
from harness.venues.server import VenueServer
from persistence.store import Store
from tests.acceptance.conftest import FORBIDDEN

SYMBOLS = {
    "binance": ("BTCUSDT", "BTCUSDT"),
    "bybit": ("SOLUSDT", "SOLUSDT"),
    "okx": ("DOGE-USDT", "DOGEUSDT"),
    "coinbase": ("ETH-USD", "ETHUSD"),
}
"""One symbol a venue: as it spells it, and as we do."""

DROPS = 40
DROP_SECONDS = (0.2, 1.6)
TRADE_SECONDS = 0.004
REFUSALS = ("paused-by-network", "price-stale", "insufficient-funds")
WAYS: tuple[Callable[[VenueServer], None], ...] = (
    lambda venue: venue.drop(),
    lambda venue: venue.drop(reset=False),
    lambda venue: venue.close(1001, "going home"),
    lambda venue: venue.say(""),
)


@pytest.fixture
def database_url() -> Iterator[str]:
    """A database on a server of this test's own."""
    with PostgresServer() as server:
        yield server.new_database()


class Storm:
    """Trades at every venue, opens and closes over HTTP, and a connection that drops, seeded."""

    def __init__(self, venues: dict[str, VenueServer], service: ServiceProcess) -> None:
        self.opened: list[int] = []
        self.refusals: set[str] = set()
        self.drops = 0
        self._venues = venues
        self._service = service
        self._over = threading.Event()

    def run(self) -> None:
        """Until the last drop; what fails on a thread fails here."""
        with ThreadPoolExecutor() as pool:
            jobs = [pool.submit(self._trade, venue) for venue in self._venues]
            jobs += [pool.submit(self._open_and_close, account) for account in ("demo", "other")]
            try:
                self._drop()
            finally:
                self._over.set()
            for job in jobs:
                job.result()

    def _drop(self) -> None:
        chance = random.Random(4)
        while self.drops < DROPS and not self._over.wait(chance.uniform(*DROP_SECONDS)):
            chance.choice(WAYS)(self._venues[chance.choice(list(self._venues))])
            self.drops += 1

    def _trade(self, venue: str) -> None:
        chance = random.Random(venue)
        while not self._over.wait(TRADE_SECONDS):
            for _ in range(chance.choice((1, 1, 1, 50))):
                price = f"{100 + chance.uniform(-7, 7):.4f}"
                self._venues[venue].trade(SYMBOLS[venue][0], price)

    def _open_and_close(self, account: str) -> None:
        chance = random.Random(account)
        with Api(self._service) as api:
            try:
                while not self._over.is_set():
                    self._open(api, account, chance)
            finally:
                self._over.set()

    def _open(self, api: Api, account: str, chance: random.Random) -> None:
        symbol = chance.choice([ours for _, ours in SYMBOLS.values()])
        side = chance.choice(("LONG", "SHORT"))
        body = {"account": account, "symbol": symbol, "side": side, "notional": "10"}
        answer = api.send("/positions", body)
        if answer.status_code != 201:
            reason = answer.json()["type"].rpartition(":")[2]
            assert reason in REFUSALS, answer.text
            self.refusals.add(reason)
            return
        position_id = answer.json()["id"]
        self.opened.append(position_id)
        if chance.random() < 0.3:
            closed = api.send(f"/positions/{position_id}/close", {})
            assert closed.status_code in (200, 409), closed.text


@pytest.mark.slow
def test_connections_that_drop_under_load_leave_the_books_clean(
    database_url: str, tmp_path: Path
) -> None:
    """Every acknowledged open is there, each pause has its end, and the audit finds nothing."""
    env = {"BACKSTAY_FEED": ",".join(SYMBOLS), "BACKSTAY_DATABASE": database_url}
    with ExitStack() as stack:
        venues = {venue: stack.enter_context(VenueServer(venue)) for venue in SYMBOLS}
        for venue, server in venues.items():
            env[f"BACKSTAY_FEEDS__{venue.upper()}__URL"] = server.url
            env[f"BACKSTAY_FEEDS__{venue.upper()}__SYMBOLS"] = SYMBOLS[venue][1]
        service = stack.enter_context(ServiceProcess(tmp_path, env=env, warm=True)).wait_ready()
        api = stack.enter_context(Api(service))
        api.open_account("other", "1000")
        storm = Storm(venues, service)
        all_live(api, venues)
        storm.run()
        all_live(api, venues)
        assert storm.drops == DROPS
        for account in ("demo", "other"):
            assert settled(api, account)["status"] == "HEALTHY"
        assert "paused-by-network" in storm.refusals
        assert len(storm.opened) > DROPS
        for position_id in storm.opened:
            assert api.position(position_id)["status"] in ("OPEN", "CLOSED")
        assert "Traceback" not in service.log
        assert FORBIDDEN not in service.log
        assert service.stop()[0] == 0
    pauses = paused_and_resumed(database_url)
    assert sum(map(len, pauses.values())) >= DROPS
    for symbol, kinds in pauses.items():
        assert kinds == ["market_paused", "market_resumed"] * (len(kinds) // 2), symbol
    audit = run_command("audit", "--database", database_url, folder=tmp_path)
    assert (audit.returncode, "MISMATCH" in audit.stdout) == (0, False), audit.stdout


def all_live(api: Api, venues: dict[str, VenueServer]) -> None:
    """Have a trade at every venue, and wait until each market has had its own."""
    for venue, server in venues.items():
        server.wait_subscribed(SYMBOLS[venue][0])
        server.trade(SYMBOLS[venue][0], "100")
    until(
        lambda: [market["state"] for market in api.items("/markets")],
        lambda states: states == ["LIVE"] * len(venues),
    )


def paused_and_resumed(database_url: str) -> dict[str, list[str]]:
    """By symbol, the events of its pauses in their order."""
    found: dict[str, list[str]] = {}
    with closing(Store.open(database_url)) as store:
        last = 0
        while events := store.read_events(last, 1_000):
            last = events[-1].id
            for event in events:
                if event.kind in ("market_paused", "market_resumed"):
                    found.setdefault(str(event.symbol), []).append(event.kind)
    return found
