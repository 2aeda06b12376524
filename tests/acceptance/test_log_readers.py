"""A log whose reader stands still, and standard streams that are closed, keep nobody up."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.service_process import COMMAND, clean_environment, run_command

PIPE_LINES = 1_000
"""Requests that each write a line: several times what a pipe holds."""


@contextmanager
def serving(folder: Path, port: int, stderr: int | None) -> Iterator[subprocess.Popen[bytes]]:
    """A service on a port; with `stderr` None its standard error is closed."""
    env = clean_environment({"BACKSTAY_PORT": str(port), "BACKSTAY_FEED": "none"})
    command = [*COMMAND, "serve"]
    if stderr is None:
        command = ["sh", "-c", 'exec "$@" 2>&-', "sh", *command]
    process = subprocess.Popen(
        command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=stderr,
    )  # fmt: skip
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def free_port() -> int:
    """A port that nobody listens on: without a log nobody says which one was chosen."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
        return port


def wait_until_ready(client: httpx.Client, process: subprocess.Popen[bytes]) -> None:
    """Ask until it answers; fails if it has ended."""
    pause = threading.Event()
    for _ in range(300):
        assert process.poll() is None, f"ended with {process.returncode}"
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.ConnectError:
            pass
        pause.wait(0.1)
    pytest.fail("never ready")


def test_a_log_that_nobody_reads_stops_nothing(tmp_path: Path, free_port: int) -> None:
    """Commands are carried out, probes answered, and the first SIGTERM stops the service."""
    reading, writing = os.pipe()
    long_id = "x" * 64
    with (
        serving(tmp_path, free_port, writing) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{free_port}", timeout=10) as client,
    ):
        os.close(writing)
        wait_until_ready(client, process)
        for number in range(PIPE_LINES):
            client.post(f"/nothing/{number}", headers={"X-Request-ID": long_id})
        assert client.get("/healthz").status_code == 200
        price = client.post("/api/v1/prices", json={"symbol": "BTCUSDT", "price": "100"})
        assert price.json()["items"][0]["result"] == "accepted"
        assert "\nbackstay_log_lines_lost_total 0.0\n" in client.get("/metrics").text

        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    os.close(reading)


def test_serve_runs_without_a_standard_error(tmp_path: Path, free_port: int) -> None:
    """`serve 2>&-` lets no file of the service get the number of the closed stream."""
    with (
        serving(tmp_path, free_port, None) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{free_port}", timeout=10) as client,
    ):
        wait_until_ready(client, process)
        assert client.post("/nothing").status_code == 404
        assert Path(f"/proc/{process.pid}/fd/2").readlink() == Path(os.devnull)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert run_command("audit", folder=tmp_path).returncode == 0
