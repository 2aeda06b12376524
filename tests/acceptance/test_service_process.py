"""The service as a process: how it starts, drains, dies and comes back."""

import json
import resource
import signal
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from itertools import count
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psycopg2
import pytest

from harness.servers import PostgresServer
from harness.service_process import STOP_SECONDS_MAX, ServiceProcess

READY_SECONDS_MAX = 5.0

Start = Callable[..., ServiceProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts services in one folder; what still runs at the end is killed."""
    services: list[ServiceProcess] = []

    def start(*arguments: str, **env: str) -> ServiceProcess:
        services.append(ServiceProcess(tmp_path, *arguments, env=env).start())
        return services[-1]

    yield start
    for service in services:
        service.kill()


def open_position(client: httpx.Client, key: str, symbol: str = "BTCUSDT") -> dict[str, Any]:
    """Open a LONG of 25 USDT; with a key that is known, the position that it opened."""
    answer = client.post(
        "/api/v1/positions",
        json={"account": "demo", "symbol": symbol, "side": "LONG", "notional": "25"},
        headers={"Idempotency-Key": key},
    )
    assert answer.status_code in (200, 201), answer.text
    opened: dict[str, Any] = answer.json()
    return opened


def give_price(client: httpx.Client, price: str, symbol: str = "BTCUSDT") -> None:
    """Give one price by the API."""
    answer = client.post("/api/v1/prices", json={"symbol": symbol, "price": price})
    assert answer.json()["items"][0]["result"] == "accepted", answer.text


def test_it_is_ready_within_five_seconds_on_a_bare_machine(start: Start, tmp_path: Path) -> None:
    """No setting, no file, no server: the simulated market on SQLite, an account, books checked."""
    service = start().wait_ready()
    with service.client() as client:
        assert client.get("/healthz").status_code == 200
        accounts = client.get("/api/v1/accounts").json()["items"]
    assert [(each["account"], each["total_balance"]) for each in accounts] == [
        ("demo", "1000.00000000")
    ]
    assert (tmp_path / "backstay.db").exists()
    # In time of the processor's own, so that a busy machine does not fail the test.
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    service.kill()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < READY_SECONDS_MAX


def test_it_says_what_it_starts_in_order_and_how_long_each_takes(start: Start) -> None:
    """A line each, with its milliseconds."""
    lines = [json.loads(line) for line in start().wait_ready().lines]
    timed = [line["event"] for line in lines if "ms" in line]
    beginnings = ("database", "ownership", "wallets", "account demo", "first health", "feed")
    assert [event.startswith(said) for event, said in zip(timed, beginnings, strict=False)] == [
        True
    ] * len(beginnings)
    assert timed[-1].startswith("listening on http://127.0.0.1:")


def test_sigterm_drains_and_everything_is_there_again(start: Start) -> None:
    """Exit 0 within five seconds; the restart finds the account, the position and the price."""
    service = start(BACKSTAY_FEED="none").wait_ready()
    with service.client() as client:
        give_price(client, "100")
        opened = open_position(client, "one")
        give_price(client, "103")
    code, seconds = service.stop()
    assert code == 0, service.log
    assert seconds < STOP_SECONDS_MAX
    service.start().wait_ready()
    with service.client() as client:
        again = client.get(f"/api/v1/positions/{opened['id']}").json()
        assert (again["rungs_hit"], again["stop_loss"]) == (1, "100")
        market = client.get("/api/v1/markets").json()["items"][0]
        assert market["last_price"] == "103"
        give_price(client, "99")
        service.wait_for(f"✓ Position {opened['id']} closed")
        closed = client.get(f"/api/v1/positions/{opened['id']}").json()
        assert open_position(client, "one")["id"] == opened["id"]
    assert closed["close_reason"] == "STOP_LOSS"


@pytest.mark.slow
def test_what_was_acknowledged_before_the_drain_is_there_after_it(start: Start) -> None:
    """Clients open positions all the while: each gets a 201 that holds, a 503, or no connection."""
    service = start(BACKSTAY_FEED="none").wait_ready()
    acknowledged: list[int] = []
    refused: list[int] = []

    def keep_opening(number: int) -> None:
        with service.client() as client, suppress(httpx.TransportError):
            for attempt in count():
                body = {"account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "0.1"}
                key = {"Idempotency-Key": f"{number}-{attempt}"}
                answer = client.post("/api/v1/positions", json=body, headers=key)
                if answer.status_code != 201:
                    refused.append(answer.status_code)
                    return
                acknowledged.append(answer.json()["id"])

    with service.client() as client:
        give_price(client, "100")
    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(keep_opening, number) for number in range(4)]
        service.wait_for("Position opened successfully: ID 20")
        code, _ = service.stop()
        for each in clients:
            each.result()
    assert code == 0, service.log
    assert set(refused) <= {503}
    service.start().wait_ready()
    with service.client() as client:
        for position_id in acknowledged:
            assert client.get(f"/api/v1/positions/{position_id}").json()["status"] == "OPEN"
    assert len(acknowledged) >= 20


def test_an_open_stream_does_not_hold_the_stop_up(start: Start) -> None:
    """Somebody always listens to the events."""
    service = start().wait_ready()
    with service.client() as client, client.stream("GET", "/api/v1/events") as stream:
        assert stream.status_code == 200
        code, seconds = service.stop()
    assert code == 0, service.log
    assert seconds < STOP_SECONDS_MAX


def test_a_second_signal_ends_it_at_once(start: Start) -> None:
    """Whoever presses Ctrl-C twice does not want to wait."""
    service = start().wait_ready()
    with service.client() as client, client.stream("GET", "/api/v1/events"):
        service.signal(signal.SIGSTOP)
        service.signal(signal.SIGTERM)
        service.signal(signal.SIGINT)
        service.signal(signal.SIGCONT)
        assert service.wait_ended() in (128 + signal.SIGTERM, 128 + signal.SIGINT)


def test_a_stop_without_the_database_says_what_is_lost(start: Start) -> None:
    """What prices did while the database was away cannot be kept: not 0, and a list."""
    with PostgresServer(fsync=False) as server:
        service = start(BACKSTAY_FEED="none", BACKSTAY_DATABASE=server.new_database()).wait_ready()
        with service.client() as client:
            give_price(client, "100")
            position_id = open_position(client, "one")["id"]
            server.stop_immediately()
            give_price(client, "103")
            service.wait_for("database ")
            asked = Event()

            def trace(step: str, _: object) -> None:
                if "receive_response" in step:
                    asked.set()

            with ThreadPoolExecutor() as pool:
                path = f"/api/v1/positions/{position_id}/close"
                closing_ = pool.submit(client.post, path, extensions={"trace": trace})
                assert asked.wait(60)
                code, seconds = service.stop()
                refused = closing_.result()
    assert refused.status_code == 503, refused.text
    assert refused.json()["type"] == "urn:backstay:problem:shutting-down"
    assert code not in (0, 2), service.log
    assert seconds < STOP_SECONDS_MAX, service.log
    assert "not everything was committed" in service.log


def test_after_a_crash_sqlite_starts_at_once(start: Start) -> None:
    """Nobody else can own the file; what was acknowledged is there."""
    service = start(BACKSTAY_FEED="none").wait_ready()
    with service.client() as client:
        give_price(client, "100")
        opened = open_position(client, "one")
    service.kill()
    service.start().wait_ready()
    assert "waiting for the former owner" not in service.log
    with service.client() as client:
        assert client.get(f"/api/v1/positions/{opened['id']}").json()["status"] == "OPEN"


@pytest.mark.slow
def test_after_a_crash_postgresql_waits_the_lease_out_and_says_so(
    start: Start, postgres_database: str
) -> None:
    """The former owner may be alive: its lease ends first."""
    service = start(
        BACKSTAY_FEED="none", BACKSTAY_DATABASE=postgres_database, BACKSTAY_LEASE_SECONDS="8"
    ).wait_ready()
    with service.client() as client:
        give_price(client, "100")
        opened = open_position(client, "one")
    service.kill()
    service.start().wait_ready()
    assert service.log.count("waiting for the former owner's lease, ") == 1
    with service.client() as client:
        assert client.get(f"/api/v1/positions/{opened['id']}").json()["status"] == "OPEN"


def test_an_owner_that_was_deposed_ends(start: Start, postgres_database: str) -> None:
    """It may write nothing any more, and must not look alive: not 0, and the log says why."""
    service = start(BACKSTAY_FEED="none", BACKSTAY_DATABASE=postgres_database).wait_ready()
    with closing(psycopg2.connect(postgres_database)) as connection, connection:
        connection.cursor().execute("UPDATE owner SET epoch = epoch + 1")
    assert service.wait_ended() == 3
    assert "cannot go on" in service.log
    assert "another owner has taken over" in service.log


@pytest.mark.slow
def test_after_a_stop_postgresql_starts_at_once(start: Start, postgres_database: str) -> None:
    """An owner that stopped in order has given its lease up."""
    service = start(
        BACKSTAY_FEED="none", BACKSTAY_DATABASE=postgres_database, BACKSTAY_LEASE_SECONDS="60"
    ).wait_ready()
    assert service.stop()[0] == 0
    service.start().wait_ready()
    assert "waiting for the former owner" not in service.log


def test_a_sqlite_file_in_use_is_refused(start: Start) -> None:
    """One process a file: the second one names the first and ends."""
    start().wait_ready()
    second = start()
    assert second.wait_ended() == 2
    assert "one process may use a SQLite file" in second.log


def test_a_busy_port_is_refused_before_anything_is_touched(start: Start, tmp_path: Path) -> None:
    """One clear line, and no database was made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        service = start("--port", str(port))
        assert service.wait_ended() == 2
    [line] = service.lines
    assert f"cannot listen on 127.0.0.1 port {port}: Address already in use" in line
    assert not (tmp_path / "backstay.db").exists()


def test_others_may_reach_it_only_with_tokens(start: Start) -> None:
    """Bound to every interface without a token, anybody could trade."""
    service = start("--host", "0.0.0.0")
    assert service.wait_ended() == 2
    assert "backstay token create" in service.log


def test_wrong_settings_stop_the_start_with_a_line_each(start: Start) -> None:
    """All at once, before anything is touched."""
    service = start(BACKSTAY_SPEED="0", BACKSTAY_DATABSE="x")
    assert service.wait_ended() == 2
    assert service.lines == [
        "backstay: environment variable BACKSTAY_DATABSE is not a setting; "
        "did you mean BACKSTAY_DATABASE?",
        "backstay: setting speed 0 (environment variable BACKSTAY_SPEED) is refused: "
        "write more than 0",
    ]


def test_a_recorded_feed_is_played_and_the_service_goes_on(start: Start, tmp_path: Path) -> None:
    """Its prices come as of now; when it is over, so says the log."""
    rows = "".join(f"2025-01-01T00:00:0{second}Z,{100 + second}\n" for second in range(5))
    (tmp_path / "day.csv").write_text(f"timestamp,price\n{rows}")
    service = start(
        "--feed", "recorded", "--recorded", "BTCUSDT=day.csv", "--speed", "100"
    ).wait_ready()
    service.wait_for("feed is over")
    with service.client() as client:
        market = client.get("/api/v1/markets").json()["items"][0]
        assert (market["symbol"], market["last_price"]) == ("BTCUSDT", "104")
        assert client.get("/readyz").status_code == 200


@pytest.mark.slow
def test_the_simulated_market_goes_on_where_it_was(start: Start) -> None:
    """A restart is no crash of the market: prices begin near the last one, nothing is held back."""
    service = start("--symbols", "BTCUSDT", "--speed", "3000").wait_ready()
    assert service.stop()[0] == 0
    service.start().wait_ready()
    with service.client() as client:
        assert client.get("/api/v1/markets").json()["items"][0]["state"] == "LIVE"
    assert "quarantined" not in service.log


def test_no_secret_reaches_the_log(start: Start) -> None:
    """Not at the start, not in a call of the hook, be it understood or not."""
    secret = "a-secret-that-nobody-reads"
    service = start(BACKSTAY_HOOK_SECRET=secret, BACKSTAY_LOG_LEVEL="debug").wait_ready()
    with service.client() as client:
        hook = f"/api/v1/hooks/tradingview/{secret}"
        assert client.post(hook, json={"action": "close", "symbol": "BTCUSDT"}).status_code == 202
        assert client.post(hook, content="no alert at all").status_code >= 400
    service.stop()
    assert secret not in service.log


def test_a_database_that_cannot_be_reached_ends_the_start(start: Start) -> None:
    """With 3: it may work later; the password is not repeated."""
    service = start(BACKSTAY_DATABASE="postgresql://me:hidden@127.0.0.1:1/x")
    assert service.wait_ended() == 3
    assert "not started" in service.log
    assert "hidden" not in service.log
