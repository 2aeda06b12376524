"""The end of the log: a bounded queue, and a thread that writes its lines.

Logging never waits for the log's reader. A line that finds the queue full, or that cannot be
written, is lost and counted.
"""

import os
import queue
import select
import threading

import structlog

LINES_MAX = 10_000
"""The largest number of lines that wait for a stopped reader: a few megabytes."""

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
        """The number of lost lines."""
        return self._lost

    def write(self, text: str) -> None:
        """Queue a line, or lose it; returns at once."""
        try:
            self._queue.put_nowait(text)
        except queue.Full:
            self._lose()

    def flush(self) -> None:
        """Do nothing: `drain` waits."""

    def drain(self, seconds: float) -> None:
        """Wait until every line is written, at most this long."""
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
        """Write how many lines are missing at this place, once the reader has reached it."""
        lost = self._lost
        if lost > self._told and self._queue.empty():
            log.warning("log lines were lost: their reader stood still", lines=lost - self._told)
            self._told = lost
