"""The service where its database is slow, hangs, or holds what cannot be."""

import gc
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import psycopg2
import pytest

from backstay.service.running import first_steps
from backstay.service.running.leaving import let_go
from backstay.service.running.service import Service
from backstay.service.running.systemd import Notifier
from backstay.service.settings.sources import load
from harness.servers import PostgresServer
from harness.service_process import STOP_SECONDS_MAX, ServiceProcess
from persistence.state import Books
from persistence.store import Store
from tests.acceptance.conftest import Log
from tests.acceptance.house import run_sql

BARE = {"BACKSTAY_FEED": "none", "BACKSTAY_LEASE_SECONDS": "60"}


@pytest.fixture
def never() -> Iterator[Event]:
    """What hangs waits for this; it comes only after the test."""
    event = Event()
    yield event
    event.set()


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], Service]]:
    """Starts the service in this process; it is stopped at the end."""
    monkeypatch.setattr(gc, "freeze", lambda: None)
    monkeypatch.setattr(gc, "set_threshold", lambda *_: None)
    services: list[Service] = []

    def start() -> Service:
        options = {
            "database": f"sqlite:///{tmp_path / 'backstay.db'}",
            "feed": "none",
            "port": 0,
            "tokens_file": tmp_path / "tokens.json",
        }
        settings = load(options, tmp_path).settings
        service = Service(
            settings,
            Notifier(None, None),
            wait=lambda _: False,
            fail=pytest.fail,
            lines_lost=int,
        )
        services.append(service)
        service.start()
        return service

    yield start
    for service in services:
        service.stop()


@pytest.mark.slow
def test_a_slow_first_check_does_not_fail_the_start(
    start: Callable[[], Service], never: Event, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Positions want guarding; until the books are checked the service is not ready."""
    read = Store.book_pages

    def slow(store: Store, account: str, **after: Any) -> Generator[Books]:
        assert never.wait(60)
        return read(store, account, **after)

    monkeypatch.setattr(first_steps, "CHECK_SECONDS_MAX", 0.05)
    monkeypatch.setattr(Store, "book_pages", slow)
    start()
    ready = next(line for line in log.lines if line.startswith("ready after"))
    answer = httpx.get(f"{ready.partition(': ')[2]}/readyz", trust_env=False)
    assert answer.status_code == 503
    assert "not checked yet: demo" in answer.text
    assert "health check still under way: /readyz waits for it" in log.lines


def test_a_database_that_hangs_is_left_to_itself(never: Event, log: Log) -> None:
    """Its lease ends by itself; whoever leaves does not wait for it."""

    class Hanging(Store):
        def release(self, epoch: int) -> None:
            never.wait(60)

    began = time.monotonic()
    let_go(Hanging.open("sqlite://"), 1, 0.05)
    assert time.monotonic() - began < STOP_SECONDS_MAX
    assert any("its lease will end" in line for line in log.lines)


@pytest.mark.slow
def test_a_commit_that_hangs_does_not_hold_the_process_up(
    tmp_path: Path, postgres_database: str
) -> None:
    """Exit 3 within five seconds, and a list of what was not committed."""
    env = BARE | {"BACKSTAY_DATABASE": postgres_database}
    with ServiceProcess(tmp_path, env=env) as service, service.wait_ready().client(0.5) as client:
        with closing(psycopg2.connect(postgres_database)) as connection:
            connection.cursor().execute("SELECT * FROM owner FOR UPDATE")
            with pytest.raises(httpx.ReadTimeout):
                client.post("/api/v1/accounts", json={"account": "other", "initial_balance": "1"})
            code, seconds = service.stop()
        assert code == 3, service.log
        assert seconds < STOP_SECONDS_MAX, service.log
        assert "not everything was committed" in service.log
        assert "account other" in service.log
        assert "ownership not given up" in service.log


def test_a_read_that_hangs_does_not_hold_the_process_up(
    tmp_path: Path, postgres_database: str
) -> None:
    """A thread that waits for the database is no reason to live on; nothing was lost: exit 0."""
    env = BARE | {"BACKSTAY_DATABASE": postgres_database}
    with ServiceProcess(tmp_path, env=env) as service, service.wait_ready().client(0.5) as client:
        with closing(psycopg2.connect(postgres_database)) as connection:
            connection.cursor().execute("LOCK TABLE wallet_transactions")
            with pytest.raises(httpx.ReadTimeout):
                client.get("/api/v1/accounts/demo/transactions")
            code, seconds = service.stop()
        assert code == 0, service.log
        assert seconds < STOP_SECONDS_MAX, service.log


BUG_AT_THE_START = """
import actors.desk.restore


def restored(*_state):
    raise RuntimeError("a planted bug")


actors.desk.restore.restored = restored
"""


def test_a_bug_at_the_start_is_shown_and_the_lease_given_up(
    tmp_path: Path, postgres_database: str
) -> None:
    """A bug is no wrong setting: exit 3, and another may start at once."""
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(BUG_AT_THE_START, encoding="utf-8")
    env = BARE | {"BACKSTAY_DATABASE": postgres_database, "PYTHONPATH": str(planted)}
    with ServiceProcess(tmp_path, env=env) as service:
        assert service.wait_ended() == 3, service.log
    assert "a planted bug" in service.log
    assert "Traceback" in service.log
    assert run_sql(postgres_database, "SELECT released FROM owner") == [(True,)]


@pytest.mark.slow
def test_a_server_that_hangs_is_an_outage_and_no_death(tmp_path: Path) -> None:
    """Alive and not ready; an open that was answered with its deadline is not made later."""
    wanted = {"account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "25"}
    with PostgresServer(fsync=False) as server:
        env = BARE | {"BACKSTAY_DATABASE": server.new_database(), "BACKSTAY_LEASE_SECONDS": "5"}
        with ServiceProcess(tmp_path, env=env) as service:
            with service.wait_ready().client(30) as client:
                client.post("/api/v1/prices", json={"symbol": "BTCUSDT", "price": "100"})
                with server.hanging():
                    answers = [client.post("/api/v1/positions", json=wanted) for _ in range(2)]
                    assert [answer.status_code for answer in answers] == [503, 503]
                    assert client.get("/readyz").status_code == 503
                    assert client.get("/healthz").status_code == 200
                    assert client.get("/api/v1/positions").status_code == 503
                service.wait_for("database is back")
                unknown = [answer for answer in answers if "no-answer" in answer.json()["type"]]
                opened = client.get("/api/v1/positions").json()["items"]
                assert len(opened) <= len(unknown), (answers, opened)
            with server.hanging():
                code, seconds = service.stop()
        assert (code, "not everything was committed" in service.log) == (3, True), service.log
        assert seconds < STOP_SECONDS_MAX, service.log
