"""The service as a process: signals, exit codes, and the order of the last things."""

import os
import queue
import signal
import threading
import time
from contextlib import suppress

import structlog

from actors.system import UncommittedError
from feeds.errors import InputError
from persistence.errors import StoreError
from service.exits import EXIT_FAILED, EXIT_INPUT
from service.notify import Notifier
from service.service import Service, StartError, StopAskedError
from service.settings import Settings

log = structlog.get_logger("backstay")

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SAME_SIGNAL_SECONDS = 0.1

EXIT_SIGNALLED = 128
"""What a second signal's number is added to, as a shell does."""


class Calls:
    """What the main thread waits for: signals, and whatever ends the service.

    The first signal asks to stop, a second one ends the process at once.
    """

    def __init__(self) -> None:
        """Nothing has come yet."""
        self._calls: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def listen(self) -> None:
        """Take SIGTERM and SIGINT from now on; to be called before any thread is started.

        Blocked in every thread, they wait for the one that takes them: a handler would have to
        wait until the main thread runs, which may be busy with the first signal.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        threading.Thread(target=self._take_signals, name="signals", daemon=True).start()

    def fail(self, reason: str) -> None:
        """End the service because of a failure; may be called on any thread."""
        self._calls.put(reason)

    def stop_within(self, seconds: float) -> bool:
        """Wait so long; True if the service shall stop. What came is kept for `next`."""
        with suppress(queue.Empty):
            self._calls.put(
                self._calls.get(timeout=seconds) if seconds else self._calls.get_nowait()
            )
            return True
        return False

    def next(self) -> str | None:
        """Wait for what ends the service: the reason of a failure, None for a signal."""
        return self._calls.get()

    def _take_signals(self) -> None:
        first = signal.sigwait(SIGNALS)
        first_at = time.monotonic()
        self._calls.put(None)
        # GNU timeout sends its signal twice at once: to the process, and to its group.
        while (again := signal.sigwait(SIGNALS)) == first:
            if time.monotonic() - first_at > SAME_SIGNAL_SECONDS:
                break
        os._exit(EXIT_SIGNALLED + again)


def serve(settings: Settings) -> int:
    """Run the service until it is told to stop; returns the exit code."""
    calls = Calls()
    calls.listen()
    notifier = Notifier.of_environment()
    service = Service(settings, notifier, wait=calls.stop_within, fail=calls.fail)
    code = 0
    try:
        service.start()
    except StopAskedError:
        pass
    except (InputError, ValueError) as error:
        code = _failed(EXIT_INPUT, "not started", error)
    except (StoreError, StartError, OSError) as error:
        code = _failed(EXIT_FAILED, "not started", error)
    if code == 0:
        reason = calls.next()
        if reason is not None:
            code = _failed(EXIT_FAILED, "cannot go on", reason)
        else:
            log.info("stopping: no more commands are taken, what is queued is committed")
    notifier.stopping()
    try:
        service.stop()
    except UncommittedError as error:
        code = _failed(EXIT_FAILED, "not everything was committed", error)
    if code == 0:
        log.info("stopped")
    return code


def _failed(code: int, what: str, why: object) -> int:
    for line in str(why).splitlines():
        log.error(f"{what}: {line}")
    return code
