"""Limits on how long a server may leave a query unanswered.

A server that is stopped or hung still acknowledges packets, so neither keep-alives nor the driver
ever give up on it. Shutting the socket down ends the wait like a lost connection.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

LOOK_SECONDS = 0.25


class Patience:
    """Watches the connections that wait for an answer, from one thread of its own."""

    def __init__(self) -> None:
        """Begin without a thread; the first query starts it."""
        self._lock = threading.Lock()
        self._someone_waits = threading.Condition(self._lock)
        self._ends: dict[socket.socket, float] = {}
        self._thread: threading.Thread | None = None
        self._closed = False

    def close(self) -> None:
        """End the thread once no query waits."""
        with self._lock:
            self._closed = True
            self._someone_waits.notify()

    @contextmanager
    def limit(self, connection: Any, seconds: float | None) -> Iterator[None]:
        """Give up on a connection's server if the block takes longer; None never does.

        It has no effect on a connection that has no socket, such as SQLite's.
        """
        if seconds is None or not hasattr(connection, "fileno"):
            yield
            return
        # Our own descriptor: the driver may close its own, and the number may be used again.
        waiting = socket.socket(fileno=os.dup(connection.fileno()))
        with self._lock:
            self._ends[waiting] = time.monotonic() + seconds
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="patience", daemon=True)
                self._thread.start()
            self._someone_waits.notify()
        try:
            yield
        finally:
            with self._lock:
                del self._ends[waiting]
            waiting.close()

    def _watch(self) -> None:
        while True:
            with self._lock:
                while not self._ends:
                    if self._closed:
                        self._thread = None
                        return
                    self._someone_waits.wait()
                now = time.monotonic()
                for waiting, end in self._ends.items():
                    if end <= now:
                        with suppress(OSError):
                            waiting.shutdown(socket.SHUT_RDWR)
            time.sleep(LOOK_SECONDS)
