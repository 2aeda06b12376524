"""Log lines: readable on a terminal, JSON otherwise; always on standard error."""

import logging
import sys
import threading
from contextlib import suppress
from typing import Any, Literal, Protocol, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from actors.engine.clock import Clock, SystemClock
from backstay.printable import printable, printable_json
from trading.times import iso_time

Style = Literal["auto", "json", "text"]

_WITH_LINES = frozenset({"exception", "stack"})
"""The fields that are several lines long, because they are made here."""


class LineFile(Protocol):
    """What log lines are written to; it never raises."""

    def write(self, text: str) -> object:
        """Take a line with its end."""
        ...

    def flush(self) -> object:
        """Called after each line."""
        ...


class _StandardError:
    """Standard error, where a line that cannot be written is lost: the reader may have gone."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def configure_logs(
    level: int = logging.INFO,
    clock: Clock | None = None,
    *,
    style: Style = "auto",
    file: LineFile | None = None,
) -> None:
    """Send structlog's and the standard library's lines the same way, from a level on.

    They are stamped by a clock, so that a replay's lines carry the time that it plays. `auto` is
    text on a terminal and JSON otherwise. A service gives a `file` that never blocks.
    """
    clock = clock or SystemClock()
    file = file or _StandardError()

    def stamped(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        line["timestamp"] = iso_time(clock.now_us())
        return line

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        stamped,
        structlog.processors.format_exc_info,
    ]
    renderer = _renderer(style)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, file)),
        cache_logger_on_first_use=True,
    )
    # What pykka, uvicorn and others report comes here, an actor's unhandled exception among it.
    handler = logging.StreamHandler(cast(TextIO, file))
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))
    # Python itself would write these to standard error, in a form of their own.
    logging.captureWarnings(capture=True)
    threading.excepthook = _log_end_of_thread


def _renderer(style: Style) -> Processor:
    """What makes a line of an event; nothing but printable text leaves it."""
    if style == "json" or (style == "auto" and not sys.stderr.isatty()):
        to_json = structlog.processors.JSONRenderer(ensure_ascii=False)
        return lambda logger, method, line: printable_json(str(to_json(logger, method, line)))
    # The default shows what variables held, which may be a secret.
    to_text = structlog.dev.ConsoleRenderer(
        colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
    )
    return lambda logger, method, line: to_text(logger, method, _all_printable(line))


def _all_printable(line: EventDict) -> EventDict:
    return {printable(name): _printable_value(name, value) for name, value in line.items()}


def _printable_value(name: str, value: Any) -> Any:
    """The same value where it is a plain number; else its text."""
    if value is None or isinstance(value, int | float):
        return value
    text = value if isinstance(value, str) else repr(value)
    if name in _WITH_LINES:
        # Indented, so that a text within it cannot begin a line as the log does.
        return printable(text, keep="\n").replace("\n", "\n    ")
    return printable(text)


def _log_end_of_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_type is SystemExit:
        return
    name = ended.thread.name if ended.thread else ""
    error = ended.exc_value or ended.exc_type()
    structlog.get_logger("backstay").error("thread failed", thread=name, exc_info=error)
