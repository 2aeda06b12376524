"""One owner: a second service is refused or stands by, and takes over what was acknowledged."""

import signal
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import psycopg2
import pytest

from harness.http_api import Api, until
from harness.servers import PostgresServer
from harness.service_process import ServiceProcess, run_command
from tests.acceptance.rivals import STANDS_BY, SYMBOL, Rivals, ask_to_open

PROBLEM = "urn:backstay:problem:"
REFUSED = ("no connection", "503 ")


@pytest.fixture
def meanwhile() -> Iterator[ThreadPoolExecutor]:
    """Asks while the test does something else."""
    with ThreadPoolExecutor() as pool:
        yield pool


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of the test's own, to stop."""
    with PostgresServer(fsync=False) as server:
        yield server


def test_a_second_service_is_refused_and_writes_nothing(rivals: Rivals) -> None:
    """One line says who owns the database, that it lives, and what to do."""
    rivals.start().wait_ready()
    before = rivals.contents()
    second = rivals.start()
    assert second.wait_ended() == 2
    [refusal] = [line for line in second.lines if "not started" in line]
    assert "owned by backstay, process" in refusal
    assert "which is running: it renewed its lease meanwhile; stop it first, or" in refusal
    assert "--standby" in refusal
    assert rivals.contents() == before


def test_a_standby_answers_its_probes_and_can_be_stopped(rivals: Rivals) -> None:
    """It lives, is not ready, owns nothing, takes no command, and ends with 0."""
    owner = rivals.start().wait_ready()
    before = rivals.contents()
    standby = rivals.standby()
    with standby.client() as client:
        ready, command = client.get("/readyz"), client.post("/api/v1/prices", json={})
        assert client.get("/healthz").status_code == 200
        assert "backstay_owner 0.0" in client.get("/metrics").text
    assert ready.status_code == 503
    assert ready.json()["checks"]["owner"].startswith("standby: the database is owned by backstay")
    assert (command.status_code, command.headers["Retry-After"]) == (503, "1")
    assert command.headers["Content-Type"] == "application/problem+json"
    assert command.json()["type"] == f"{PROBLEM}standby"
    code, _ = standby.stop()
    assert code == 0, standby.log
    assert rivals.contents() == before
    with owner.client() as client:
        assert "backstay_owner 1.0" in client.get("/metrics").text


def test_a_standby_on_sqlite_is_refused(rivals: Rivals) -> None:
    """A file has one process: the line says what to do instead."""
    standby = rivals.start("--standby", "--database", "sqlite:///backstay.db")
    assert standby.wait_ended() == 2
    [line] = standby.lines
    assert "a standby needs PostgreSQL" in line


@pytest.mark.slow
def test_systemd_is_told_that_a_standby_has_started_and_lives(
    rivals: Rivals, tmp_path: Path
) -> None:
    """Its unit is up, says whom it waits for, and its watchdog is fed."""
    rivals.start().wait_ready()
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(20)
        rivals.start("--standby", NOTIFY_SOCKET=address, WATCHDOG_USEC="200000")
        awaited = {"READY=1\nSTATUS=standby", "STATUS=standby: waiting for the owner's lease"}
        while awaited:
            awaited.discard(systemd.recv(4096).decode())
        assert "WATCHDOG=1" in [systemd.recv(4096).decode() for _ in range(3)]


@pytest.mark.slow
def test_a_standby_takes_over_after_kill_9(rivals: Rivals) -> None:
    """What was acknowledged is there and guarded, and the first price is accepted."""
    owner, standby = rivals.owner(), rivals.standby()
    opened = ask_to_open(owner, "one").json()
    owner.kill()
    with Api(standby.wait_ready()) as api:
        assert api.position(opened["id"])["status"] == "OPEN"
        assert ask_to_open(standby, "one").json()["id"] == opened["id"]
        assert api.price(SYMBOL, "94")["result"] == "accepted"
        closed = api.until(opened["id"], lambda position: position["status"] == "CLOSED")
    assert closed["close_reason"] == "STOP_LOSS"
    rivals.assert_sound()


@pytest.mark.slow
def test_a_standby_takes_over_at_once_after_a_stop(tmp_path: Path, postgres_database: str) -> None:
    """A lease that was given up is waited for no longer."""
    with Rivals(tmp_path, postgres_database, lease_seconds=60) as rivals:
        owner, standby = rivals.owner(), rivals.standby()
        code, _ = owner.stop()
        assert code == 0
        standby.wait_ready(seconds=10)
        with Api(standby) as api:
            assert api.price(SYMBOL, "101")["result"] == "accepted"


@pytest.mark.slow
def test_a_restart_of_the_crashed_owner_stands_by(rivals: Rivals) -> None:
    """Whoever was faster owns; the other waits for it, and takes over in its turn."""
    first, second = rivals.owner(), rivals.standby()
    first.kill()
    second.wait_ready()
    first.start().wait_for(STANDS_BY)
    second.kill()
    with Api(first.wait_ready()) as api:
        assert api.price(SYMBOL, "101")["result"] == "accepted"


@pytest.mark.slow
def test_a_standby_outlives_an_outage_of_the_database(
    tmp_path: Path, server: PostgresServer
) -> None:
    """However long: it says so once, goes on asking, and takes over when the time has come."""
    with Rivals(tmp_path, server.new_database()) as rivals:
        owner, standby = rivals.owner(), rivals.standby()
        server.stop_immediately()
        standby.wait_for("the database is away, waiting for it")
        with standby.client() as client:
            assert client.get("/healthz").status_code == 200
            checks = client.get("/readyz").json()["checks"]
            assert checks["owner"] == "standby: the database is away, the log says why"
            assert "backstay_database_up 0.0" in client.get("/metrics").text
        server.start()
        standby.wait_for("database is back")
        owner.kill()
        standby.wait_ready()
        assert standby.log.count("the database is away") == 1


@pytest.mark.slow
def test_a_standby_whose_database_hangs_can_be_stopped(
    tmp_path: Path, server: PostgresServer
) -> None:
    """A server that answers nothing is given up, and SIGTERM ends the wait with 0."""
    with Rivals(tmp_path, server.new_database()) as rivals:
        rivals.owner()
        standby = rivals.standby()
        with server.hanging():
            standby.wait_for("the database is away, waiting for it")
            code, _ = standby.stop()
        assert code == 0, standby.log


@pytest.mark.slow
def test_nothing_is_migrated_by_hand_under_a_living_owner(
    rivals: Rivals, postgres_database: str, tmp_path: Path
) -> None:
    """`backstay db upgrade` names the owner, and leaves the schema alone."""
    rivals.owner()
    with closing(psycopg2.connect(postgres_database)) as connection, connection:
        connection.cursor().execute("UPDATE alembic_version SET version_num = '0002'")
    upgrade = run_command("db", "upgrade", "--database", postgres_database, folder=tmp_path)
    assert upgrade.returncode == 2
    assert "owned by backstay, process" in upgrade.stderr
    assert rivals.contents()["alembic_version"] == [("0002",)]


def outcome(service: ServiceProcess, key: str) -> str:
    """What an owner that is being deposed says to an open; maybe it is not there any more."""
    try:
        answer = ask_to_open(service, key)
    except httpx.TransportError:
        return REFUSED[0]
    return f"{answer.status_code} {answer.text}"


@pytest.mark.slow
def test_a_deposed_owner_says_so_and_ends(rivals: Rivals, postgres_database: str) -> None:
    """Who waits for a commit when it learns of it is answered 503, by name; it exits with 3."""
    owner = rivals.owner()
    with closing(psycopg2.connect(postgres_database)) as connection, connection:
        connection.cursor().execute("UPDATE owner SET epoch = epoch + 1, released = true")
    answer = ask_to_open(owner, "one")
    assert (answer.status_code, answer.json()["type"]) == (503, f"{PROBLEM}deposed")
    assert answer.headers["Retry-After"] == "1"
    assert owner.wait_ended() == 3, owner.log
    assert "another owner has taken over" in owner.log


@pytest.mark.slow
def test_an_owner_that_was_frozen_beyond_its_lease_writes_nothing(
    rivals: Rivals, meanwhile: ThreadPoolExecutor
) -> None:
    """What it is asked when it wakes is not done by it, and once by the new owner."""
    owner, standby = rivals.owner(), rivals.standby()
    known = ask_to_open(owner, "known").json()
    owner.signal(signal.SIGSTOP)
    standby.wait_ready()
    with Api(standby) as api:
        api.price(SYMBOL, "101")
    answer = meanwhile.submit(outcome, owner, "asked-of-the-old-one")
    owner.signal(signal.SIGCONT)
    assert answer.result().startswith(REFUSED)
    assert owner.wait_ended() == 3, owner.log
    anew = ask_to_open(standby, "asked-of-the-old-one")
    assert anew.status_code == 201, anew.text
    assert ask_to_open(standby, "known").json()["id"] == known["id"]
    rivals.assert_sound()


@pytest.mark.slow
def test_an_owner_frozen_in_a_transaction_is_ended_by_the_server(
    rivals: Rivals, postgres_database: str, meanwhile: ThreadPoolExecutor
) -> None:
    """Its row is given back before the lease is over by much; its commit is as if never begun."""
    owner, standby = rivals.owner(), rivals.standby()
    with closing(psycopg2.connect(postgres_database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(
            "CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN PERFORM pg_sleep(1); RETURN NEW; END $$;"
            "CREATE TRIGGER slow BEFORE INSERT ON commits FOR EACH ROW WHEN (NEW.epoch = 1)"
            " EXECUTE FUNCTION be_slow()"
        )

        def sessions(what: str) -> list[int]:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE application_name = 'backstay' AND"
                f" datname = current_database() AND {what}"
            )
            return [pid for (pid,) in cursor.fetchall()]

        answer = meanwhile.submit(outcome, owner, "frozen")
        [frozen] = until(lambda: sessions("wait_event = 'PgSleep'"))
        owner.signal(signal.SIGSTOP)
        until(lambda: frozen in sessions("state = 'idle in transaction'"))
        until(lambda: frozen not in sessions("true"))
        standby.wait_ready()
    owner.signal(signal.SIGCONT)
    assert answer.result().startswith(REFUSED)
    assert owner.wait_ended() == 3, owner.log
    with Api(standby) as api:
        assert api.items("/positions") == []
        api.price(SYMBOL, "101")
    assert ask_to_open(standby, "frozen").status_code == 201
    rivals.assert_sound()
