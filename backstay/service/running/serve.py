"""The service as a process: signals, exit codes, and the order of the last things."""

import logging
import os
import signal
import threading
import time

import structlog

from actors.system import UncommittedError
from backstay.feeds.errors import InputError
from backstay.logs import configure_logs
from backstay.service.exits import EXIT_FAILED, EXIT_INPUT
from backstay.service.http.server import PortTakenError
from backstay.service.running.first_steps import StartError
from backstay.service.running.log_queue import LogLines
from backstay.service.running.ownership import FileInUseError, OwnerLivesError, StopAskedError
from backstay.service.running.service import Service
from backstay.service.running.systemd import Notifier
from backstay.service.settings.settings import Settings
from backstay.web.access.tokens import TokenFileError
from persistence.errors import ForeignLog, NotThere, SharedSessions, StoreError

log = structlog.get_logger("backstay")

SIGNALS = (signal.SIGTERM, signal.SIGINT)
SAME_SIGNAL_SECONDS = 0.1
STANDARD_ERROR = 2
LOG_SECONDS = 0.5
"""How long the last log lines may wait to be read."""

ASK_DIFFERENTLY = (
    TokenFileError,
    PortTakenError,
    FileInUseError,
    OwnerLivesError,
    InputError,
    NotThere,
    SharedSessions,
    ForeignLog,
)
"""Failures of a start that a repetition does not cure; any other ValueError is a bug."""

EXIT_SIGNALLED = 128
"""The exit code of a second signal is this plus its number, as in a shell."""


class Calls:
    """The calls that the main thread waits for: signals, and failures that end the service.

    The first of them is the reason of the end. The first signal asks to stop, a second one ends
    the process at once.
    """

    def __init__(self) -> None:
        """Begin with no calls."""
        self._lock = threading.Lock()
        self._came = threading.Event()
        self._reason: str | None = None

    def listen(self) -> None:
        """Take SIGTERM and SIGINT from now on; to be called before any thread is started.

        They are blocked in every thread, and one thread takes them. A handler would have to wait
        until the main thread runs, which may be busy with the first signal.
        """
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        threading.Thread(target=self._take_signals, name="signals", daemon=True).start()

    def fail(self, reason: str) -> None:
        """End the service because of a failure; may be called on any thread."""
        self._end(reason)

    def stop_within(self, seconds: float) -> bool:
        """Wait this long; returns whether the service shall stop (`next` returns the reason)."""
        return self._came.wait(seconds)

    def next(self) -> str | None:
        """Wait for the end of the service; returns a failure's reason, None for a signal."""
        self._came.wait()
        return self._reason

    def _end(self, reason: str | None) -> None:
        with self._lock:
            if not self._came.is_set():
                self._reason = reason
                self._came.set()

    def _take_signals(self) -> None:
        first = signal.sigwait(SIGNALS)
        first_at = time.monotonic()
        self._end(None)
        # GNU timeout sends its signal twice at once: to the process, and to its group.
        while (again := signal.sigwait(SIGNALS)) == first:
            if time.monotonic() - first_at > SAME_SIGNAL_SECONDS:
                break
        os._exit(EXIT_SIGNALLED + again)


def serve(settings: Settings) -> int:
    """Run the service until it is told to stop; returns the exit code."""
    calls = Calls()
    calls.listen()
    lines = LogLines(STANDARD_ERROR)
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    configure_logs(level, style=settings.log_format, file=lines)
    notifier = Notifier.of_environment()
    service = Service(
        settings, notifier, wait=calls.stop_within, fail=calls.fail, lines_lost=lambda: lines.lost
    )
    code = _started(service)
    if code == 0:
        reason = calls.next()
        if reason is not None:
            code = _failed(EXIT_FAILED, "cannot go on", reason)
        else:
            log.info("stopping: no more commands are taken, what is queued is committed")
    notifier.stopping()
    code = _stopped(service) or code
    if code == 0:
        log.info("stopped")
    lines.drain(LOG_SECONDS)
    return _ended(code)


def _started(service: Service) -> int:
    """Start the service; returns 0, also if it was asked to stop, or an exit code."""
    try:
        service.start()
    except StopAskedError:
        return 0
    except ASK_DIFFERENTLY as error:
        return _failed(EXIT_INPUT, "not started", error)
    except (StoreError, StartError, OSError) as error:
        return _failed(EXIT_FAILED, "not started", error)
    except Exception:
        # A bug, or a machine in trouble: the supervisor may start the process again.
        log.exception("not started")
        return EXIT_FAILED
    return 0


def _stopped(service: Service) -> int:
    """Stop the service, started or not; returns 0 or an exit code."""
    try:
        service.stop()
    except UncommittedError as error:
        return _failed(EXIT_FAILED, "not everything was committed", error)
    except Exception:
        log.exception("not stopped in order")
        return EXIT_FAILED
    return 0


def _ended(code: int) -> int:
    """Return the exit code, or end the process at once if threads hang.

    The interpreter would wait for the thread of a read that the database does not answer.
    """
    main = threading.main_thread()
    if any(not thread.daemon for thread in threading.enumerate() if thread is not main):
        os._exit(code)
    return code


def _failed(code: int, what: str, why: object) -> int:
    for line in str(why).splitlines():
        log.error(f"{what}: {line}")
    return code
