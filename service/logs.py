"""Log lines: readable on a terminal, JSON otherwise; always on standard error."""

import logging
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from actors.clock import Clock, SystemClock
from service.times import iso_time


def configure_logs(level: int = logging.INFO, clock: Clock | None = None) -> None:
    """Send structlog's and the standard library's lines the same way, from a level on.

    They are stamped by a clock, so that a replay's lines carry the time that it plays.
    """
    clock = clock or SystemClock()

    def stamped(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
        line["timestamp"] = iso_time(clock.now_us())
        return line

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        stamped,
    ]
    renderer: Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stderr.isatty()
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    # pykka reports an actor's unhandled exception here, with its traceback.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processor=renderer)
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(max(level, logging.WARNING))
