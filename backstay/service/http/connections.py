"""Bounds on HTTP connections: how long each may keep the service waiting, and how many are open.

uvicorn bounds neither. Here every connection is checked once a second. One that has waited too
long for its client is answered where an answer is possible, and cut off. Seconds are counted in
checks, so that a pause of the server itself does not count against a client.
"""

import asyncio
import resource
import sys
from enum import Enum
from itertools import chain
from typing import Any

import h11
import structlog
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol
from uvicorn.server import ServerState

from backstay.web.access.connection_stats import ConnectionStats, CutOff
from backstay.web.access.gate import BODY_SECONDS_MAX
from backstay.web.access.requests import SAFE_METHODS
from backstay.web.problems import RETRY_SOON, Problem, problem_response
from backstay.web.stream.event_stream import STREAMS_MAX

CONNECTIONS_MAX = 500
DESCRIPTORS = 4096
"""The open files that the process asks for: several new connections for each one that stays."""

DESCRIPTORS_PER_CONNECTION = 8
HEAD_SECONDS_MAX = 10
LAST_WORDS_SECONDS = 2
"""How long the answer to a client that is cut off may wait to be read."""

log = structlog.get_logger("backstay")


class Wait(Enum):
    """What a connection waits for: the seconds allowed, and the count of those that exceed them.

    The gate waits for a body, and answers; the limit here is two seconds above the gate's.
    """

    HEAD = (HEAD_SECONDS_MAX, CutOff.HEAD_SLOW)
    BODY = (int(BODY_SECONDS_MAX) + 2, CutOff.BODY_SLOW)
    REST_OF_BODY = (2, CutOff.BODY_UNWANTED)
    ANSWER_READ = (10, CutOff.ANSWER_UNREAD)


def connections_max() -> int:
    """Raise the limit of open files as far as needed; returns how many connections it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limits = [limit for limit in (DESCRIPTORS, hard) if limit != resource.RLIM_INFINITY]
    if soft != resource.RLIM_INFINITY and soft < min(limits):
        soft = min(limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    if soft == resource.RLIM_INFINITY or soft >= DESCRIPTORS:
        return CONNECTIONS_MAX
    return min(CONNECTIONS_MAX, soft // DESCRIPTORS_PER_CONNECTION)


def streams_max(connections: int) -> int:
    """The number of event streams that may be open: at most half of the connections."""
    if connections < CONNECTIONS_MAX:
        log.warning(
            f"the system allows fewer than {DESCRIPTORS} open files: at most {connections} HTTP "
            "connections are kept open; raise the limit (ulimit -n)"
        )
    return min(STREAMS_MAX, connections // 2)


class Connections(ServerState):
    """All connections of a server: uvicorn's own state, with bounds."""

    def __init__(self, stats: ConnectionStats, most: int) -> None:
        """At most `most` are kept open; `stats` counts them."""
        super().__init__()
        self.stats = stats
        self._most = most
        # The connection that has waited longest for its client comes first.
        self._kept: dict[ClientConnection, None] = {}

    def look(self) -> None:
        """Cut off clients that keep the service waiting for too long; call it once a second."""
        for one in tuple(self._kept):
            if one.look():
                del self._kept[one]
                self._kept[one] = None

    def add(self, newcomer: "ClientConnection") -> None:
        """Keep one more; where there are too many, cut one off.

        That is the one that has waited longest for its client, or else one whose read has no answer
        yet, because a read can be repeated. So a new client is served, however many others hang. If
        all the others are commands and event streams, the newcomer is refused.
        """
        self.stats.open += 1
        if len(self._kept) >= self._most:
            waiting = (one for one in self._kept if one.waits_for())
            reading = (one for one in self._kept if one.is_reading)
            next(chain(waiting, reading, [newcomer])).cut_off(CutOff.TOO_MANY)
        if not newcomer.transport.is_closing():
            self._kept[newcomer] = None

    def let_go(self, one: "ClientConnection", reason: CutOff) -> None:
        """Count a connection that is cut off, and stop checking it."""
        self.stats.cut_off[reason] += 1
        self._kept.pop(one, None)

    def remove(self, one: "ClientConnection") -> None:
        """Stop counting a connection that has ended."""
        self.stats.open -= 1
        self._kept.pop(one, None)


class ClientConnection(H11Protocol):
    """One connection, which ends when it keeps the service waiting for too long."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Made by uvicorn, with its `Connections` as the server's state."""
        super().__init__(*args, **kwargs)
        assert isinstance(self.server_state, Connections)
        self._all = self.server_state
        self._stood = 0
        self._seen: object = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin, if there is room."""
        super().connection_made(transport)
        self._all.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the connection, whichever side closed it."""
        self._all.remove(self)
        super().connection_lost(exc)

    def look(self) -> bool:
        """Whether the connection progressed since the last look; cut it off if it is overdue."""
        waits_for = self.waits_for()
        # A request that came and was answered between two looks leaves another cycle behind.
        seen = (waits_for, self.cycle, self.transport.get_write_buffer_size())
        has_moved = waits_for is None or seen != self._seen
        self._seen = seen
        self._stood = 0 if has_moved else self._stood + 1
        if waits_for is not None:
            seconds_max, reason = waits_for.value
            if self._stood >= seconds_max:
                self.cut_off(reason)
        return has_moved

    def waits_for(self) -> Wait | None:
        """The client's next step; None while it is the service's turn."""
        if self.transport.get_write_buffer_size() > 0:
            return Wait.ANSWER_READ
        match self.conn.their_state:
            case h11.IDLE:
                return Wait.HEAD
            case h11.SEND_BODY if self.conn.our_state in (h11.DONE, h11.MUST_CLOSE):
                return Wait.REST_OF_BODY
            case h11.SEND_BODY:
                return Wait.BODY
        return None

    @property
    def is_reading(self) -> bool:
        """Whether the client waits for the answer to a request that changes nothing."""
        return self.conn.our_state is h11.SEND_RESPONSE and self.scope["method"] in SAFE_METHODS

    def cut_off(self, reason: CutOff) -> None:
        """End the connection and count it; with an answer where that is possible."""
        self._all.let_go(self, reason)
        problem = _problem(reason)
        if problem is not None and self._can_answer(reason):
            self._answer(problem)
            self.transport.close()
            # From here on no check ends an answer that is not read.
            self.loop.call_later(LAST_WORDS_SECONDS, self.transport.abort)
        else:
            self.transport.abort()
        if self.cycle is not None:
            # Anything that the app still sends is dropped.
            self.cycle.disconnected = True

    def send_400_response(self, msg: str) -> None:
        """Answer a request that is not HTTP with a problem document."""
        # uvicorn calls this where it handles h11's error, which knows the status.
        is_large = getattr(sys.exception(), "error_status_hint", None) == 431
        self.cut_off(CutOff.HEAD_LARGE if is_large else CutOff.MALFORMED)

    def _can_answer(self, reason: CutOff) -> bool:
        """Whether a client waits for an answer that has not begun."""
        if self.transport.get_write_buffer_size() > 0:
            return False
        if self.conn.our_state is h11.SEND_RESPONSE:
            return self.scope["method"] != "HEAD"
        said_something = bool(self.conn.trailing_data[0]) or reason is not CutOff.HEAD_SLOW
        return self.conn.our_state is h11.IDLE and said_something

    def _answer(self, problem: Problem) -> None:
        response = problem_response(problem)
        start = h11.Response(
            status_code=problem.status,
            headers=[*self._all.default_headers, *response.raw_headers, CLOSE_HEADER],
            reason=STATUS_PHRASES[problem.status],
        )
        for event in (start, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")


def _problem(reason: CutOff) -> Problem | None:
    match reason:
        case CutOff.HEAD_SLOW:
            detail = f"request refused: its head did not come within {HEAD_SECONDS_MAX} s"
            return Problem(408, "request_timeout", detail)
        case CutOff.HEAD_LARGE:
            return Problem(431, "head_too_large", "request refused: its head is too large")
        case CutOff.MALFORMED:
            return Problem(400, "unreadable_request", "request refused: it is not HTTP/1.1")
        case CutOff.TOO_MANY:
            detail = "connection refused: too many are open; try again"
            return Problem(503, "too_many_connections", detail, headers=RETRY_SOON)
        case _:
            return None
