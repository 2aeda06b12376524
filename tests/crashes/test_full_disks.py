"""A disk that is full where the service starts, stops, logs, or keeps something else."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from harness.http_api import Api, until
from harness.service_process import COMMAND, ServiceProcess, clean_environment, run_command
from tests.crashes.small_disk import SmallDisk, small_disk

SYMBOL = "BTCUSDT"
START_SECONDS_MAX = 60.0

pytestmark = pytest.mark.slow


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """A disk with room."""
    with small_disk(megabytes=8) as disk:
        yield disk


@pytest.fixture
def service(disk: SmallDisk) -> Iterator[ServiceProcess]:
    """A service that keeps everything on it, not started yet."""
    service = ServiceProcess(disk.folder, env={"BACKSTAY_FEED": "none"})
    yield service
    service.kill()


def test_a_log_that_cannot_be_written_stops_nothing(tmp_path: Path) -> None:
    """Its lines are lost, and nothing else: the disk may be full, or who reads it gone."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    env = clean_environment({"BACKSTAY_FEED": "none", "BACKSTAY_PORT": str(port)})
    with Path("/dev/full").open("wb") as full:
        process = subprocess.Popen([*COMMAND, "serve"], cwd=tmp_path, env=env, stderr=full)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:

            def is_ready() -> bool:
                with suppress(httpx.ConnectError):
                    return client.get("/readyz").status_code == 200
                assert process.poll() is None
                return False

            until(is_ready, seconds=START_SECONDS_MAX)
            client.post("/api/v1/prices", json={"symbol": SYMBOL, "price": "100"})
            wanted = {"account": "demo", "symbol": SYMBOL, "side": "LONG", "notional": "25"}
            assert client.post("/api/v1/positions", json=wanted).status_code == 201
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_a_start_without_room_says_so_and_a_later_one_goes_on(
    disk: SmallDisk, service: ServiceProcess
) -> None:
    """Exit 3, for whoever starts it again; what was acknowledged before is there."""
    with Api(service.start().wait_ready()) as api:
        api.price(SYMBOL, "100")
        opened = api.open("demo", SYMBOL, key="before")
    service.kill()
    disk.fill()
    service.start()
    assert service.wait_ended() == 3, service.log
    assert "not started: database or disk is full" in service.log
    disk.free()
    with Api(service.start().wait_ready()) as api:
        assert api.position(opened["id"])["status"] == "OPEN"


def test_a_first_start_without_room_leaves_nothing_in_the_way(
    disk: SmallDisk, service: ServiceProcess
) -> None:
    """Half a database would be one that nobody can start."""
    disk.fill()
    service.start()
    assert service.wait_ended() == 3, service.log
    disk.free()
    with Api(service.start().wait_ready()) as api:
        assert api.health("demo")["status"] == "HEALTHY"


def test_a_stop_without_room_lists_what_is_lost(disk: SmallDisk, service: ServiceProcess) -> None:
    """Exit 3; it is as if the prices since then had not come."""
    with Api(service.start().wait_ready()) as api:
        api.price(SYMBOL, "100")
        opened = api.open("demo", SYMBOL)
        disk.fill()
        api.price(SYMBOL, "103")
        service.wait_for("database unavailable")
        assert service.stop()[0] == 3, service.log
    assert f"position {opened['id']}: rung_hit" in service.log
    assert "Traceback" not in service.log
    disk.free()
    with Api(service.start().wait_ready()) as api:
        assert api.position(opened["id"])["rungs_hit"] == 0
        api.price(SYMBOL, "110")
        closed = api.until(opened["id"], lambda row: row["status"] == "CLOSED")
    assert closed["exit_price"] == "110"


def test_tokens_survive_a_disk_without_room(disk: SmallDisk) -> None:
    """Without a token everybody would be let in: the file changes whole, or not at all."""
    assert run_command("token", "create", "first", folder=disk.folder).returncode == 0
    before = (disk.folder / "backstay-tokens.json").read_bytes()
    disk.fill()
    refused = run_command("token", "create", "second", folder=disk.folder)
    assert (refused.returncode, "Traceback" in refused.stderr) == (3, False), refused.stderr
    assert "No space left on device" in refused.stderr
    assert (disk.folder / "backstay-tokens.json").read_bytes() == before
    assert not list(disk.folder.glob(".backstay-tokens*"))


def test_a_backup_without_room_leaves_no_half_of_one(
    disk: SmallDisk, service: ServiceProcess, tmp_path: Path
) -> None:
    """It is there whole, or not at all; the service does not notice."""
    with Api(service.start().wait_ready()) as api:
        database = f"sqlite:///{disk.folder / 'backstay.db'}"
        disk.fill()
        copy = disk.folder / "copy.db"
        refused = run_command("backup", str(copy), "--database", database, folder=tmp_path)
        assert (refused.returncode, "Traceback" in refused.stderr) == (3, False), refused.stderr
        assert "full" in refused.stderr
        assert not list(disk.folder.glob("copy.db*"))
        disk.free()
        assert api.health("demo")["status"] == "HEALTHY"
