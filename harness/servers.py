"""A PostgreSQL server of our own for tests and benchmarks, and fresh databases on any server."""

import os
import pwd
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg2
from psycopg2 import sql

START_SECONDS_MAX = 60.0
STOP_SECONDS_MAX = 30.0

BINARY_FOLDERS = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql*/bin",
    "/usr/local/opt/postgresql*/bin",
)

HOW_TO_GET_ONE = (
    "Install one (Debian: apt-get install postgresql; macOS: brew install postgresql), or set "
    "BACKSTAY_TEST_POSTGRES_URL=postgresql://user:password@host:port/database to a server where "
    "that user may create databases."
)


class PostgresUnavailable(Exception):
    """No PostgreSQL server could be started; the text says why, and what to do."""


class PostgresServer:
    """A PostgreSQL server in a scratch folder, on a loopback port, that trusts everybody.

    Entering the context makes and starts it, leaving stops and removes it. In between it can be
    stopped and started again, with the same data and URL. `fsync=False` is faster, and right
    where nothing is learnt from the disk.
    """

    def __init__(self, *, fsync: bool = True, inside: Path | None = None) -> None:
        """`inside` is the folder to put the scratch folder into; by default the system's own."""
        self._binaries = find_binaries()
        self._fsync = fsync
        self._inside = inside
        self._user = unprivileged_user()
        self._home = Path()
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self._home = Path(tempfile.mkdtemp(prefix="backstay-postgres-", dir=self._inside))
        self._port = free_port()
        try:
            self._make_cluster()
            self.start()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._remove()

    @property
    def url(self) -> str:
        """The server's maintenance database."""
        return f"postgresql://backstay@127.0.0.1:{self._port}/postgres"

    def new_database(self) -> str:
        """Create an empty database, which lives as long as the server, and return its URL."""
        return create_database(self.url)

    def start(self) -> None:
        """Start the server, and return once it answers."""
        assert self._process is None, "the server is already running"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self._port),
            "unix_socket_directories": "",
            "fsync": "on" if self._fsync else "off",
        }
        options = [f"--{name}={value}" for name, value in settings.items()]
        self._process = self._spawn("postgres", "-D", "data", *options)
        self._await_answer(self._process)

    def stop(self) -> None:
        """Shut down in order, ending every session."""
        self._end(signal.SIGINT)

    def stop_immediately(self) -> None:
        """Abort without a checkpoint, as in a crash: the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Inside, neither it nor any of its sessions runs, while its machine goes on answering."""
        assert self._process is not None, "the server does not run"
        pid = self._process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        everybody = [pid, *map(int, children)]
        for one in everybody:
            os.kill(one, signal.SIGSTOP)
        try:
            yield
        finally:
            for one in reversed(everybody):
                os.kill(one, signal.SIGCONT)

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended, by itself or asked to."""
        return self._process is not None and self._process.poll() is None

    def give(self, folder: Path) -> None:
        """Make a folder the server's own, as a tablespace must be."""
        if self._user is not None:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def _make_cluster(self) -> None:
        self.give(self._home)
        options = ["--username=backstay", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        initdb = self._spawn("initdb", "-D", "data", "--no-sync", *options)
        if initdb.wait(START_SECONDS_MAX) != 0:
            raise PostgresUnavailable(f"initdb failed:\n{self._log_tail()}\n{HOW_TO_GET_ONE}")

    def _spawn(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._home / "log").open("ab") as log:
            return subprocess.Popen(
                [self._binaries / program, *arguments],
                cwd=self._home,
                env={**os.environ, "LC_ALL": "C"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C in the terminal is for the tests, which then stop the server themselves.
                start_new_session=True,
                # PostgreSQL refuses to run as root.
                user=self._user and self._user.pw_uid,
                group=self._user and self._user.pw_gid,
                extra_groups=self._user and [],
            )

    def _await_answer(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS_MAX
        while True:
            try:
                psycopg2.connect(self.url, connect_timeout=5).close()
            except psycopg2.OperationalError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    text = f"{error}\nThe server's log ends:\n{self._log_tail()}\n{HOW_TO_GET_ONE}"
                    raise PostgresUnavailable(text) from error
            else:
                return
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)

    def _log_tail(self) -> str:
        return "\n".join((self._home / "log").read_text(errors="replace").splitlines()[-15:])

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _remove(self) -> None:
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)


def create_database(server_url: str, *, encoding: str = "UTF8") -> str:
    """Create an empty database on a server, and return its URL."""
    name = f"backstay_test_{uuid4().hex[:12]}"
    create = sql.SQL("CREATE DATABASE {} ENCODING {} LOCALE 'C' TEMPLATE template0")
    _execute(server_url, create.format(sql.Identifier(name), sql.Literal(encoding)))
    return urlsplit(server_url)._replace(path=f"/{name}").geturl()


def drop_database(server_url: str, database_url: str) -> None:
    """Drop a database that `create_database` made, ending the sessions in it."""
    name = urlsplit(database_url).path.removeprefix("/")
    _execute(server_url, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """The URL of an empty database that is dropped afterwards."""
    database_url = create_database(server_url)
    try:
        yield database_url
    finally:
        drop_database(server_url, database_url)


def empty_database(database_url: str) -> None:
    """Make a database as good as new, at a quarter of the cost of a new one.

    Whatever a killed process left in it ends with its sessions: transactions, locks, leases.
    """
    _execute(
        database_url,
        sql.SQL(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        ),
        sql.SQL("DROP SCHEMA public CASCADE"),
        sql.SQL("CREATE SCHEMA public"),
    )


def _execute(url: str, *statements: sql.Composable) -> None:
    with closing(psycopg2.connect(url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)


def find_binaries() -> Path:
    """The folder of `postgres` and `initdb`: PATH first, then the newest in the usual places."""
    on_path = shutil.which("postgres")
    folders = [Path(on_path).resolve().parent] if on_path else []
    for pattern in BINARY_FOLDERS:
        folders += sorted(Path("/").glob(pattern.removeprefix("/")), key=_version, reverse=True)
    for folder in folders:
        if os.access(folder / "postgres", os.X_OK) and os.access(folder / "initdb", os.X_OK):
            return folder
    raise PostgresUnavailable(
        f"no PostgreSQL server found on PATH or in {', '.join(BINARY_FOLDERS)}. {HOW_TO_GET_ONE}"
    )


def _version(folder: Path) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", str(folder))]


def unprivileged_user() -> pwd.struct_passwd | None:
    """Whom to run a server as, where we are root."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam("postgres")
    return pwd.getpwnam("nobody")


def free_port() -> int:
    """A loopback port to listen on, at which no client takes part by chance."""
    # Below the ports that clients get: a client that keeps trying to reconnect to a stopped
    # server on one of those can, in the end, connect to itself and take the port.
    while True:
        port = random.randrange(20_000, 32_000)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
