"""Log lines: readable on a terminal, JSON otherwise; always on standard error."""

import logging
import sys
from contextlib import suppress
from typing import Literal, TextIO, cast

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from actors.clock import Clock, SystemClock
from trading.times import iso_time

Style = Literal["auto", "json", "text"]


class _StandardError:
    """Standard error, where a line that cannot be written is lost.

    A log on a full disk, or whose reader has gone, must not end the actor that writes a line.
    """

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


def configure_logs(
    level: int = logging.INFO, clock: Clock | None = None, *, style: Style = "auto"
) -> None:
    """Send structlog's and the standard library's lines the same way, from a level on.

    They are stamped by a clock, so that a replay's lines carry the time that it plays. `auto` is
    text on a terminal and JSON otherwise.
    """
    clock = clock or SystemClock()

    def stamped(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        line["timestamp"] = iso_time(clock.now_us())
        return line

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        stamped,
        structlog.processors.format_exc_info,
    ]
    renderer: Processor
    if style == "text" or (style == "auto" and sys.stderr.isatty()):
        # The default shows what variables held, which may be a secret.
        renderer = structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    else:
        renderer = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast(TextIO, _StandardError())),
        cache_logger_on_first_use=True,
    )
    # What pykka, uvicorn and others report comes here, an actor's unhandled exception among it.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))
