"""A service that is given little: a log that is not read, closed streams, few descriptors."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from harness.service_process import COMMAND, clean_environment, run_command

PIPE_LINES = 1_000
"""Requests that each write a line: several times what a pipe holds."""


@contextmanager
def serving(
    folder: Path, port: int, how: str, stderr: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """A service on a port, started by a shell in this way."""
    env = clean_environment({"BACKSTAY_PORT": str(port), "BACKSTAY_FEED": "none"})
    command = ["sh", "-c", how, "sh", *COMMAND, "serve"]
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
        serving(tmp_path, free_port, 'exec "$@"', writing) as process,
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
        serving(tmp_path, free_port, 'exec "$@" 2>&-') as process,
        httpx.Client(base_url=f"http://127.0.0.1:{free_port}", timeout=10) as client,
    ):
        wait_until_ready(client, process)
        assert client.post("/nothing").status_code == 404
        assert Path(f"/proc/{process.pid}/fd/2").readlink() == Path(os.devnull)
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert run_command("audit", folder=tmp_path).returncode == 0


def test_event_streams_leave_room_where_there_are_few_descriptors(
    tmp_path: Path, free_port: int
) -> None:
    """With 64 of them, as many streams as may be open keep no command and no probe out."""
    stream = f"http://127.0.0.1:{free_port}/api/v1/events"
    with (
        serving(tmp_path, free_port, 'ulimit -n 64; exec "$@"') as process,
        httpx.Client(base_url=f"http://127.0.0.1:{free_port}", timeout=10) as client,
        ExitStack() as streams,
    ):
        wait_until_ready(client, process)
        answers = [streams.enter_context(httpx.stream("GET", stream)) for _ in range(8)]
        assert sorted(answer.status_code for answer in answers) == [200] * 4 + [503] * 4

        for _ in range(20):
            assert httpx.get(f"http://127.0.0.1:{free_port}/healthz").status_code == 200
            price = client.post("/api/v1/prices", json={"symbol": "BTCUSDT", "price": "100"})
            assert price.status_code == 200
        still = [answer for answer in answers if answer.status_code == 200]
        assert all(next(answer.iter_text()).startswith("retry:") for answer in still)
