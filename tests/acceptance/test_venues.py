"""The real process on local exchanges that misbehave, over HTTP, on SQLite and PostgreSQL."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from harness.http_api import Api, settled, until
from harness.service_process import ServiceProcess, run_command
from harness.venues.server import VenueServer
from tests.acceptance.conftest import FORBIDDEN
from tests.conftest import POSTGRESQL_IS_SLOW

SYMBOLS = {
    "binance": ("BTCUSDT", "BTCUSDT"),
    "kraken": ("BTC/USD", "BTCUSD"),
    "coinbase": ("ETH-USD", "ETHUSD"),
    "bybit": ("SOLUSDT", "SOLUSDT"),
    "okx": ("DOGE-USDT", "DOGEUSDT"),
}
"""One symbol a venue: as it spells it in its streams, and as we do."""


class Exchanges:
    """Local venues, and a service whose feeds they are."""

    def __init__(self, folder: Path, database_url: str, stack: ExitStack, *venues: str) -> None:
        self.venues = {venue: stack.enter_context(VenueServer(venue)) for venue in venues}
        env = {"BACKSTAY_FEED": ",".join(venues), "BACKSTAY_DATABASE": database_url}
        for venue, server in self.venues.items():
            env[f"BACKSTAY_FEEDS__{venue.upper()}__URL"] = server.url
            env[f"BACKSTAY_FEEDS__{venue.upper()}__SYMBOLS"] = SYMBOLS[venue][1]
        self.service = stack.enter_context(ServiceProcess(folder, env=env, warm=True)).wait_ready()
        self.api = stack.enter_context(Api(self.service))
        for venue in venues:
            self.trade(venue, "100", ago_us=30_000_000)

    def trade(self, venue: str, *prices: str, step_us: int = 1000, ago_us: int = 0) -> None:
        """Have trades at these prices up to now, or a while ago, and wait until all are judged."""
        server, spelled = self.venues[venue], SYMBOLS[venue][0]
        server.wait_subscribed(spelled)
        now_us = time.time_ns() // 1000 - ago_us
        seen = self.judged(venue)
        for index, price in enumerate(prices):
            server.trade(spelled, price, time_us=now_us - step_us * (len(prices) - 1 - index))
        until(lambda: self.judged(venue) == seen + len(prices))

    def judged(self, venue: str) -> int:
        """How many of a venue's prices were judged so far."""
        market = self.market(venue)
        return sum(market["prices"].values()) if market else 0

    def market(self, venue: str) -> Any:
        """The venue's market, if it is there."""
        markets = self.api.items("/markets")
        return next((it for it in markets if it["symbol"] == SYMBOLS[venue][1]), None)

    def until_state(self, venue: str, state: str) -> Any:
        """The venue's market, once it is in a state."""
        return until(lambda: self.market(venue), lambda it: it and it["state"] == state)

    def open(self, venue: str, side: str = "LONG", status: int = 201) -> Any:
        """Open a position of 25 on a venue's market, or be refused."""
        return self.api.open("demo", SYMBOLS[venue][1], side=side, status=status)


Start = Callable[..., Exchanges]


@contextmanager
def served(folder: Path, database_url: str, *venues: str) -> Iterator[Exchanges]:
    """A service on these venues, which has failed nowhere and whose books balance at the end."""
    with ExitStack() as stack:
        exchanges = Exchanges(folder, database_url, stack, *venues)
        yield exchanges
        assert settled(exchanges.api, "demo")["status"] == "HEALTHY"
        assert "Traceback" not in exchanges.service.log
        assert FORBIDDEN not in exchanges.service.log
        assert exchanges.service.stop()[0] == 0
        audit = run_command("audit", "--database", database_url, folder=folder)
        assert (audit.returncode, "MISMATCH" in audit.stdout) == (0, False), audit.stdout


@pytest.fixture
def start(database_url: str, tmp_path: Path) -> Iterator[Start]:
    """Starts a service on some venues."""
    with ExitStack() as stack:
        yield lambda *venues: stack.enter_context(served(tmp_path, database_url, *venues))


@pytest.fixture(scope="module")
def exchanges(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchanges]:
    """A service on all venues; each test has one of them to itself."""
    folder = tmp_path_factory.mktemp("exchanges")
    with served(folder, "sqlite:///backstay.db", *SYMBOLS) as exchanges:
        yield exchanges


@POSTGRESQL_IS_SLOW
def test_positions_on_five_venues_climb_their_ladders(start: Start) -> None:
    """Each symbol on its own venue: TP1 and TP2 move the stop, TP3 closes."""
    exchanges = start(*SYMBOLS)
    opened = {venue: exchanges.open(venue)["id"] for venue in SYMBOLS}
    for venue in SYMBOLS:
        exchanges.trade(venue, "103", "106", "110")
        closed = exchanges.api.until(opened[venue], lambda it: it["status"] == "CLOSED")
        assert (closed["close_reason"], closed["exit_price"]) == ("TAKE_PROFIT", "110")
        assert exchanges.market(venue)["feed"] == venue


def test_scenario_2_a_lost_connection_pauses_its_symbols_only(start: Start) -> None:
    """Nothing is judged or opened meanwhile; on return the first prices pass the guard."""
    exchanges = start("bybit", "okx")
    bybit, api = exchanges.venues["bybit"], exchanges.api
    position = exchanges.open("bybit")
    bybit.refuse_connections()
    bybit.drop()
    assert "the connection to bybit is lost" in exchanges.until_state("bybit", "PAUSED")["paused"]
    assert exchanges.open("bybit", status=409)["type"].endswith(":paused-by-network")
    exchanges.open("okx")

    bybit.accept_connections()
    exchanges.until_state("bybit", "STALE")
    assert exchanges.open("bybit", status=409)["type"].endswith(":price-stale")
    exchanges.trade("bybit", "40")
    assert exchanges.market("bybit")["state"] == "QUARANTINED"
    assert api.position(position["id"])["status"] == "OPEN"
    exchanges.trade("bybit", "101", "103")
    assert api.until(position["id"], lambda it: it["rungs_hit"] == 1)["stop_loss"] == "100"
    kinds = [item["kind"] for item in api.get(f"/positions/{position['id']}/history")["items"]]
    assert kinds == [
        "position_opened",
        "market_paused",
        "market_resumed",
        "price_quarantined",
        "quarantine_ended",
        "rung_hit",
    ]


@POSTGRESQL_IS_SLOW
def test_a_refused_symbol_is_named_and_the_others_go_on(database_url: str, tmp_path: Path) -> None:
    """Its market is paused with the venue's own words; the service is ready."""
    with VenueServer("kraken") as server:
        server.unlist("FOO/USD")
        env = {
            "BACKSTAY_FEED": "kraken",
            "BACKSTAY_SYMBOLS": "BTCUSD, FOO/USD",
            "BACKSTAY_FEEDS__KRAKEN__URL": server.url,
            "BACKSTAY_DATABASE": database_url,
        }
        with (
            ServiceProcess(tmp_path, env=env, warm=True) as service,
            Api(service.wait_ready()) as api,
            service.client() as client,
        ):
            service.wait_for("FOO/USD")
            server.wait_subscribed("BTC/USD")
            server.trade("BTC/USD", "100")
            until(lambda: client.get("/readyz").status_code, lambda code: code == 200)
            markets = {it["symbol"]: it for it in api.items("/markets")}
            assert markets["BTCUSD"]["state"] == "LIVE"
            assert "kraken does not serve FOO/USD" in markets["FOOUSD"]["paused"]


def test_a_fall_of_74_percent_in_small_ticks_is_believed(exchanges: Exchanges) -> None:
    """No tick jumps: the stop closes at the first price past it, and the fall goes on."""
    position = exchanges.open("binance")
    falling = [f"{100 * 0.978**tick:.2f}" for tick in range(1, 61)]
    exchanges.trade("binance", *falling)
    closed = exchanges.api.until(position["id"], lambda it: it["status"] == "CLOSED")
    assert (closed["close_reason"], closed["exit_price"]) == ("STOP_LOSS", "93.54")
    market = exchanges.market("binance")
    assert (market["state"], market["last_price"]) == ("LIVE", falling[-1])
    assert market["prices"]["quarantined"] == 0


def test_a_single_absurd_price_closes_nothing(exchanges: Exchanges) -> None:
    """It waits in quarantine, and is dropped when the market returns; so is another such one."""
    position = exchanges.open("coinbase")
    exchanges.trade("coinbase", "0.01", "100.5", "1000000", "101")
    market = exchanges.market("coinbase")
    assert (market["state"], market["last_price"]) == ("LIVE", "101")
    assert market["prices"]["quarantined"] == 2
    assert exchanges.api.position(position["id"])["status"] == "OPEN"


def test_a_genuine_fall_of_60_percent_is_confirmed(exchanges: Exchanges) -> None:
    """Three further prices near it, over a second, and the stop closes at the newest."""
    position = exchanges.open("okx")
    exchanges.venues["okx"].wait_subscribed(SYMBOLS["okx"][0])
    exchanges.trade("okx", "99", "40", "40.2", "39.9", "40.1", step_us=600_000)
    closed = exchanges.api.until(position["id"], lambda it: it["status"] == "CLOSED")
    assert (closed["close_reason"], closed["exit_price"]) == ("STOP_LOSS", "40.1")
    assert exchanges.market("okx")["state"] == "LIVE"


def test_old_and_repeated_trades_move_nothing(exchanges: Exchanges) -> None:
    """A trade from before the last one is ignored; one with a known id is not judged again."""
    server = exchanges.venues["kraken"]
    exchanges.trade("kraken", "101")
    now_us = time.time_ns() // 1000
    server.trade("BTC/USD", "102", time_us=now_us, id=7_000)
    server.trade("BTC/USD", "99", time_us=now_us - 60_000_000)
    server.trade("BTC/USD", "102", time_us=now_us, id=7_000)
    server.trade("BTC/USD", "103", time_us=now_us + 1)
    market = until(lambda: exchanges.market("kraken"), lambda it: it["last_price"] == "103")
    assert market["prices"] == {"accepted": 4, "rejected": 0, "ignored": 1, "quarantined": 0}


def test_a_clock_that_is_behind_is_said_once(exchanges: Exchanges) -> None:
    """Every price is rejected then: the log says why in one line, and nothing is opened on them."""
    venue, (spelled, ours) = exchanges.venues["bybit"], SYMBOLS["bybit"]
    before = exchanges.market("bybit")["prices"]["rejected"]
    for _ in range(50):
        venue.trade(spelled, "150", time_us=time.time_ns() // 1000 + 10_000_000)
    until(lambda: exchanges.market("bybit")["prices"]["rejected"] == before + 50)
    assert exchanges.market("bybit")["last_price"] == "100"
    said = exchanges.service.wait_for(f"Price 150 of {ours} rejected: stamped 10 s ahead of our")
    assert [line for line in exchanges.service.lines if "rejected: " in line] == [said]
