"""Commands that read or copy a database by themselves, most of them beside a running service."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

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
