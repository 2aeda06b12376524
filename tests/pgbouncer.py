"""pgbouncer of our own in front of a PostgreSQL server, on a loopback port, for tests."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2
import pytest

from harness.servers import free_port, unprivileged_user

START_SECONDS_MAX = 30.0


@contextmanager
def pgbouncer(server_url: str, pool_mode: str) -> Iterator[str]:
    """The URL of a database behind a pool of three sessions; skips the test where there is none."""
    binary = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if binary is None:
        pytest.skip("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
    server, port, user = urlsplit(server_url), free_port(), unprivileged_user()
    login = "".join(
        f" {name}={value}"
        for name, value in (("user", server.username), ("password", server.password))
        if value
    )
    with tempfile.TemporaryDirectory(prefix="backstay-pgbouncer-") as folder:
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host={server.hostname} port={server.port or 5432}{login}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            f"auth_type = any\npool_mode = {pool_mode}\ndefault_pool_size = 3\n"
        )
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        process = subprocess.Popen(
            [binary, "-q", settings],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            user=user and user.pw_uid,
            group=user and user.pw_gid,
            extra_groups=user and [],
        )
        url = server._replace(netloc=f"{server.username}@127.0.0.1:{port}").geturl()
        try:
            _await_answer(url, process)
            yield url
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(10)


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        try:
            psycopg2.connect(url, connect_timeout=5).close()
        except psycopg2.OperationalError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise
        else:
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
