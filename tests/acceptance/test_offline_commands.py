"""Commands that read or copy a database by themselves, most of them beside a running service."""

import json
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from tests.servers import PostgresUnavailable, find_binaries, fresh_database
from tests.service_process import ServiceProcess, run_command

BARE = {"BACKSTAY_FEED": "none"}


def test_books_are_audited_and_copied_beside_the_running_service(tmp_path: Path) -> None:
    """`audit` and `backup` disturb nobody; the copy is a database of its own."""
    with ServiceProcess(tmp_path, env=BARE) as service:
        service.wait_ready()
        audited = run_command("audit", "--json", folder=tmp_path)
        assert audited.returncode == 0, audited.stderr
        assert [(each["account"], each["status"]) for each in json.loads(audited.stdout)] == [
            ("demo", "HEALTHY")
        ]
        assert run_command("backup", "copy.db", folder=tmp_path).returncode == 0
        again = run_command("backup", "copy.db", folder=tmp_path)
        assert again.returncode != 0
        assert "there is a file already" in again.stderr
    audited = run_command("audit", "--database", "sqlite:///copy.db", folder=tmp_path)
    assert "Books of account demo: HEALTHY" in audited.stdout


def test_a_changed_balance_is_found_by_the_audit(tmp_path: Path) -> None:
    """Exit 1, and the table says which check failed."""
    with ServiceProcess(tmp_path, env=BARE) as service:
        service.wait_ready()
    with closing(sqlite3.connect(tmp_path / "backstay.db")) as connection, connection:
        connection.execute("UPDATE accounts SET total = total + 1")
    audited = run_command("audit", folder=tmp_path)
    assert audited.returncode == 1
    assert "Books of account demo: MISMATCH" in audited.stdout


def test_a_database_is_brought_to_this_schema(tmp_path: Path, database_url: str) -> None:
    """`db upgrade` does what a start does, no more; before it there is nothing to read."""
    assert (
        run_command("db", "upgrade", folder=tmp_path, BACKSTAY_DATABASE=database_url).returncode
        == 0
    )
    audited = run_command("audit", "--json", folder=tmp_path, BACKSTAY_DATABASE=database_url)
    assert (audited.returncode, json.loads(audited.stdout)) == (0, [])


def test_a_postgresql_backup_is_pg_dumps(tmp_path: Path) -> None:
    """The command to run is said, without the password."""
    url = "postgresql://me:secret@db/backstay"
    ended = run_command("backup", "copy.dump", folder=tmp_path, BACKSTAY_DATABASE=url)
    assert ended.returncode == 2
    assert "pg_dump --format=custom --file=copy.dump postgresql://me@db/backstay" in ended.stderr
    assert "secret" not in ended.stderr


def test_a_restored_dump_goes_on(tmp_path: Path, postgres_url: str, postgres_database: str) -> None:
    """As docs/operations.md has it: the restored books balance, and a service starts on them."""
    try:
        binaries = find_binaries()
    except PostgresUnavailable as error:
        pytest.skip(str(error))
    with ServiceProcess(tmp_path, env={**BARE, "BACKSTAY_DATABASE": postgres_database}) as service:
        with service.wait_ready().client() as client:
            transfer = {"amount": "25", "reference": "deposit-1"}
            booked = client.post("/api/v1/accounts/demo/transfers", json=transfer)
            assert booked.status_code == 200, booked.text
        dump = tmp_path / "backstay.dump"
        subprocess.run(
            [binaries / "pg_dump", "--format=custom", f"--file={dump}", postgres_database],
            check=True,
        )
    with fresh_database(postgres_url) as restored:
        into = f"--dbname={restored}"
        subprocess.run([binaries / "pg_restore", "--no-owner", into, dump], check=True)
        audited = run_command("audit", "--database", restored, folder=tmp_path)
        assert "Books of account demo: HEALTHY" in audited.stdout, audited.stderr
        # The dump was made while a service ran: its lease is in it, and has to run out.
        with (
            ServiceProcess(tmp_path, env={**BARE, "BACKSTAY_DATABASE": restored}) as service,
            service.wait_ready().client() as client,
        ):
            account = client.get("/api/v1/accounts/demo").json()
    assert account["total_balance"] == "1025.00000000"
