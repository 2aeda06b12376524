"""The real service, whose SQLite files somebody deletes, replaces or empties under it."""

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.http_api import until
from harness.service_process import ServiceProcess, run_command

BARE = {"BACKSTAY_FEED": "none", "BACKSTAY_LEASE_SECONDS": "2", "BACKSTAY_COMMAND_SECONDS": "1"}
TRANSFER = {"amount": "25", "reference": "deposit-1"}
TRANSFERS = "/api/v1/accounts/demo/transfers"


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service that is ready."""
    with ServiceProcess(tmp_path, env=BARE, warm=True) as service:
        yield service.wait_ready()


def delete_all(folder: Path) -> None:
    for file in folder.glob("backstay.db*"):
        file.unlink()


def copy_backup_over(folder: Path) -> None:
    assert run_command("backup", "copy.db", folder=folder).returncode == 0
    shutil.copyfile(folder / "copy.db", folder / "backstay.db")


def delete_log_and_index(folder: Path) -> None:
    (folder / "backstay.db-wal").unlink()
    (folder / "backstay.db-shm").unlink()


def empty_log(folder: Path) -> None:
    os.truncate(folder / "backstay.db-wal", 0)


@pytest.mark.parametrize("harm", [delete_all, copy_backup_over, delete_log_and_index, empty_log])
def test_a_service_without_its_files_answers_nothing_as_done(
    service: ServiceProcess, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    """The next command is denied already; it is not ready, says what to do, and exits with 3."""
    with service.client() as client:
        harm(tmp_path)
        assert client.post(TRANSFERS, json=TRANSFER).status_code == 503
        again = client.post(TRANSFERS, json=TRANSFER)
        assert again.json()["type"] == "urn:backstay:problem:database-damaged"
        ready = client.get("/readyz")
        assert ready.status_code == 503
        assert "backstay restore" in ready.json()["checks"]["database"]
        assert client.get("/healthz").status_code == 200
    assert service.stop()[0] == 3
    assert "under the service" in service.log


def test_it_finds_out_while_nobody_asks_for_anything(
    service: ServiceProcess, tmp_path: Path
) -> None:
    """A renewal of the lease looks at the files as a commit does."""
    delete_all(tmp_path)
    service.wait_for("under the service")
    with service.client() as client:
        until(lambda: client.get("/readyz").status_code == 503)


def test_a_backup_over_a_killed_services_database_is_refused_and_restored(
    service: ServiceProcess, tmp_path: Path
) -> None:
    """The start names the command that does it right, and after it the service goes on."""
    assert run_command("backup", "copy.db", folder=tmp_path).returncode == 0
    with service.client() as client:
        assert client.post(TRANSFERS, json=TRANSFER).status_code == 200
    service.signal(signal.SIGKILL)
    service.wait_ended()
    shutil.copyfile(tmp_path / "copy.db", tmp_path / "backstay.db")
    refused = run_command("serve", "--port", "0", folder=tmp_path)
    assert refused.returncode == 2
    assert "backstay restore FILE" in refused.stderr
    restored = run_command("restore", "copy.db", folder=tmp_path)
    assert restored.returncode == 0, restored.stderr
    assert "moved aside" in restored.stdout
    with service.start().wait_ready().client() as client:
        assert client.get("/api/v1/accounts/demo").json()["total_balance"] == "1000.00000000"
