"""Notify systemd that the service is ready, stopping or alive (`man sd_notify`)."""

import os
import socket
import threading
from collections.abc import Callable, Mapping
from typing import Self

import structlog

log = structlog.get_logger(__name__)


class Notifier:
    """Sends states to the supervisor that asked for them, if there is one."""

    def __init__(self, address: str | None, watchdog_us: int | None = None) -> None:
        """`address` is a datagram socket's path, or with a leading `@` its abstract name."""
        # An abstract name begins with a zero byte, which no environment variable can hold.
        self._address = f"\0{address[1:]}" if address and address[0] == "@" else address
        self._watchdog_us = watchdog_us
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> Self:
        """The notifier of the environment; the watchdog counts only if it is for this process."""
        microseconds = environment.get("WATCHDOG_USEC", "")
        for_us = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        watched = microseconds.isdecimal() and int(microseconds) > 0 and for_us
        return cls(environment.get("NOTIFY_SOCKET"), int(microseconds) if watched else None)

    def status(self, text: str) -> None:
        """Send a line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def ready(self, status: str = "ready") -> None:
        """Say that the start is over: the service can be used, or it is a standby."""
        self._send(f"READY=1\nSTATUS={status}")

    def stopping(self) -> None:
        """Say that the service is shutting down, and end the watchdog."""
        self._stopping.set()
        self._send("STOPPING=1\nSTATUS=stopping: committing what is queued")

    def watch(self, is_alive: Callable[[], bool]) -> None:
        """From now on notify the watchdog at half its interval while `is_alive`."""
        if self._address is not None and self._watchdog_us is not None:
            seconds = self._watchdog_us / 2_000_000
            self._thread = threading.Thread(
                target=self._keep_alive, args=(is_alive, seconds), name="watchdog", daemon=True
            )
            self._thread.start()

    def _keep_alive(self, is_alive: Callable[[], bool], seconds: float) -> None:
        while not self._stopping.wait(seconds):
            if is_alive():
                self._send("WATCHDOG=1")

    def _send(self, state: str) -> None:
        if self._address is None:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.connect(self._address)
                sender.sendall(state.encode())
        except OSError as error:
            log.warning("systemd was not told", state=state.replace("\n", " "), error=str(error))
