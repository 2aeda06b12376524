"""Commands that read or copy a database by themselves, most of them beside a running service."""

import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from harness.servers import PostgresUnavailable, find_binaries, fresh_database
from harness.service_process import ServiceProcess
from tests.command_line import CommandLine

BARE = {"BACKSTAY_FEED": "none"}


def test_books_are_audited_and_copied_beside_the_running_service(
    shell: CommandLine, tmp_path: Path
) -> None:
    """`audit` and `backup` disturb nobody; the copy is a database of its own."""
    with ServiceProcess(tmp_path, env=BARE, warm=True) as service:
        service.wait_ready()
        audited = shell.document("audit")
        assert [(each["account"], each["status"]) for each in audited] == [("demo", "HEALTHY")]
        shell.says("backup", "copy.db")
        code, _, error = shell.run("backup", "copy.db")
        assert code == 2
        assert "the file already exists" in error
        code, _, error = shell.run("db", "upgrade")
        assert code == 2
        assert "stop that owner first" in error
    copied = shell.says("audit", "--database", "sqlite:///copy.db")
    assert "Books of account demo: HEALTHY" in copied


@pytest.mark.parametrize(
    ("command", "database", "named"),
    [
        (["audit"], "missing.db", "there is no database {}/missing.db"),
        (["backup", "copy.db"], "missing.db", "there is no database {}/missing.db"),
        (["db", "upgrade"], "nowhere/b.db", "there is no folder {}/nowhere for the database b.db"),
        (["audit"], "nowhere/b.db", "there is no database {}/nowhere/b.db"),
    ],
)
def test_a_database_that_is_not_there_is_named(
    shell: CommandLine, tmp_path: Path, command: list[str], database: str, named: str
) -> None:
    """Waiting does not make it: exit code 2, with one line that says which, and nothing is made."""
    shell.enter(tmp_path)
    code, _, error = shell.run(*command, "--database", f"sqlite:///{database}")
    assert code == 2
    assert error.startswith(f"backstay: {named.format(tmp_path)}: ")
    assert error.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_changed_balance_is_found_by_the_audit(shell: CommandLine, tmp_path: Path) -> None:
    """Exit 1, and the table says which check failed."""
    with ServiceProcess(tmp_path, env=BARE, warm=True) as service:
        service.wait_ready()
    with closing(sqlite3.connect(tmp_path / "backstay.db")) as connection, connection:
        connection.execute("UPDATE accounts SET total = total + 1")
    code, told, _ = shell.run("audit")
    assert code == 1
    assert "Books of account demo: MISMATCH" in told


def test_a_database_is_brought_to_this_schema(
    shell: CommandLine, tmp_path: Path, database_url: str
) -> None:
    """`db upgrade` does what a start does, no more; before it there is nothing to read."""
    shell.enter(tmp_path, BACKSTAY_DATABASE=database_url)
    assert shell.run("audit")[0] == (2 if database_url.startswith("sqlite") else 3)
    shell.says("db", "upgrade")
    assert shell.document("audit") == []


def test_a_postgresql_backup_is_pg_dumps(shell: CommandLine, tmp_path: Path) -> None:
    """The command to run is said, without the password."""
    shell.enter(tmp_path, BACKSTAY_DATABASE="postgresql://me:secret@db/backstay")
    code, _, error = shell.run("backup", "copy.dump")
    assert code == 2
    assert "pg_dump --format=custom --file=copy.dump postgresql://me@db/backstay" in error
    assert "secret" not in error


@pytest.mark.slow
def test_a_restored_dump_goes_on(
    shell: CommandLine, tmp_path: Path, postgres_url: str, postgres_database: str
) -> None:
    """As docs/operations.md has it: the restored books balance, and a service starts on them."""
    try:
        binaries = find_binaries()
    except PostgresUnavailable as error:
        pytest.skip(str(error))
    with ServiceProcess(
        tmp_path, env={**BARE, "BACKSTAY_DATABASE": postgres_database}, warm=True
    ) as service:
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
        audited = shell.says("audit", "--database", restored)
        assert "Books of account demo: HEALTHY" in audited
        # The dump was made while a service ran: its lease is in it, and has to run out.
        with (
            ServiceProcess(
                tmp_path, env={**BARE, "BACKSTAY_DATABASE": restored}, warm=True
            ) as service,
            service.wait_ready().client() as client,
        ):
            account = client.get("/api/v1/accounts/demo").json()
    assert account["total_balance"] == "1025.00000000"


def test_a_postgresql_backup_is_restored_by_its_own_tool(
    shell: CommandLine, tmp_path: Path
) -> None:
    """The command to run is said, without the password."""
    shell.enter(tmp_path, BACKSTAY_DATABASE="postgresql://me:secret@db/backstay?sslpassword=secret")
    code, _, error = shell.run("restore", "copy.dump")
    assert code == 2
    assert "pg_restore --no-owner --dbname=postgresql://me@db/backstay copy.dump" in error
    assert "secret" not in error
