"""The last part of a log's way: a bounded queue, and a thread that writes what is in it.

Logging never waits for the log's reader. A line that finds the queue full, or that cannot be
written, is lost and counted; nothing else is.
"""

import os
import queue
import select
import threading

import structlog

LINES_MAX = 10_000
"""How many lines wait for a reader that stands still: a few megabytes."""

WAIT_SECONDS = 0.05

log = structlog.get_logger("backstay")


class LogLines:
    """A text file that never blocks, over a file descriptor; any thread may write to it."""

    def __init__(self, descriptor: int, *, lines_max: int = LINES_MAX) -> None:
        """Start the thread that writes."""
        self._descriptor = descriptor
        self._queue: queue.Queue[str] = queue.Queue(lines_max)
        self._counting = threading.Lock()
        self._lost = 0
        self._told = 0
        self._thread = threading.Thread(target=self._write_on, name="log", daemon=True)
        self._thread.start()

    @property
    def lost(self) -> int:
        """How many lines were lost."""
        return self._lost

    def write(self, text: str) -> None:
        """Have a line written, or lose it; returns at once."""
        try:
            self._queue.put_nowait(text)
        except queue.Full:
            self._lose()

    def flush(self) -> None:
        """Return at once: `drain` waits."""

    def drain(self, seconds: float) -> None:
        """Wait until every line is written, for so long at most."""
        with self._queue.all_tasks_done:
            self._queue.all_tasks_done.wait_for(lambda: not self._queue.unfinished_tasks, seconds)

    def _write_on(self) -> None:
        while True:
            text = self._queue.get()
            try:
                self._write(text.encode(errors="backslashreplace"))
            except OSError:
                self._lose()
            else:
                self._tell_of_losses()
            self._queue.task_done()

    def _write(self, line: bytes) -> None:
        while line:
            try:
                line = line[os.write(self._descriptor, line) :]
            except BlockingIOError:
                # Another program that shares the descriptor has made it non-blocking.
                select.select([], [self._descriptor], [], WAIT_SECONDS)

    def _lose(self) -> None:
        with self._counting:
            self._lost += 1

    def _tell_of_losses(self) -> None:
        """Say how many lines are missing here, once the reader has come as far as this."""
        lost = self._lost
        if lost > self._told and self._queue.empty():
            log.warning("log lines were lost: their reader stood still", lines=lost - self._told)
            self._told = lost
