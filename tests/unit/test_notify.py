"""What systemd is told, over a real datagram socket."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from backstay.service.running.systemd import Notifier

SECONDS = 60.0


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """An address as NOTIFY_SOCKET has it, and the socket behind it."""
    address = str(tmp_path / "notify") if request.param == "path" else f"@backstay-{uuid4().hex}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(f"\0{address[1:]}" if address[0] == "@" else address)
        receiver.settimeout(SECONDS)
        yield address, receiver


def test_readiness_and_the_stop_are_told(systemd: tuple[str, socket.socket]) -> None:
    """READY=1 when it is ready, STOPPING=1 when it ends, STATUS= on the way."""
    address, receiver = systemd
    notifier = Notifier.of_environment({"NOTIFY_SOCKET": address})
    notifier.status("starting: owner")
    notifier.ready()
    notifier.stopping()
    assert receiver.recv(4096) == b"STATUS=starting: owner"
    assert receiver.recv(4096).startswith(b"READY=1\n")
    assert receiver.recv(4096).startswith(b"STOPPING=1\n")


def test_the_watchdog_is_fed_while_the_service_lives(systemd: tuple[str, socket.socket]) -> None:
    """Without a sign of life nothing is said, and systemd restarts the service."""
    address, receiver = systemd
    asked, alive = threading.Semaphore(0), threading.Event()

    def is_alive() -> bool:
        asked.release()
        return alive.is_set()

    notifier = Notifier.of_environment(
        {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000", "WATCHDOG_PID": str(os.getpid())}
    )
    notifier.watch(is_alive)
    assert all(asked.acquire(timeout=SECONDS) for _ in range(3))
    receiver.setblocking(False)
    with pytest.raises(BlockingIOError):
        receiver.recv(4096)
    receiver.settimeout(SECONDS)
    alive.set()
    assert receiver.recv(4096) == b"WATCHDOG=1"
    notifier.stopping()


@pytest.mark.parametrize(
    "environment",
    [{}, {"WATCHDOG_USEC": "2000"}, {"NOTIFY_SOCKET": "", "WATCHDOG_USEC": "x"}],
)
def test_without_systemd_nobody_is_told(environment: dict[str, str]) -> None:
    """A service on a terminal runs the same."""
    notifier = Notifier.of_environment(environment)
    notifier.watch(lambda: pytest.fail("nobody watches"))
    notifier.ready()
    notifier.stopping()


def test_a_watchdog_of_another_process_is_not_ours(systemd: tuple[str, socket.socket]) -> None:
    """WATCHDOG_PID names who is meant."""
    address, _receiver = systemd
    notifier = Notifier.of_environment(
        {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "2000", "WATCHDOG_PID": "1"}
    )
    before = threading.active_count()
    notifier.watch(lambda: True)
    assert threading.active_count() == before


def test_a_socket_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    """It is logged, and the service goes on."""
    Notifier(str(tmp_path / "gone")).ready()
