"""A request's id in every log line and in the answer, and a line for each unsafe request.

Every answer is counted as it begins.

Plain ASGI: a middleware that reads whole answers would hold the event stream back.
"""

import re
import time
from typing import Any
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backstay.web.access.requests import SAFE_METHODS
from backstay.web.problems import Problem, problem_response
from backstay.web.request_stats import RequestStats

HEADER = "X-Request-ID"
NAMES = {"account": "account", "position_id": "position", "symbol": "symbol"}

_SANE = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ID = re.compile(r"[0-9]{1,19}")

log = structlog.get_logger("backstay")


class RequestLog:
    """Gives each request an id, logs those with an unsafe method, and answers bugs with a 500.

    A line has the route's template and never the address itself: a hook's address is a secret.
    """

    def __init__(self, app: ASGIApp, stats: RequestStats) -> None:
        """Wrap an app, and count in `stats`."""
        self._app = app
        self._stats = stats

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _SANE.fullmatch(given) else uuid4().hex
        began = time.monotonic()
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                self._stats.count(scope, status, time.monotonic() - began)
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request=request_id):
            try:
                await self._app(scope, receive, sending)
            except Exception as error:
                log.exception("request failed", route=_route(scope), error=repr(error))
                if status == 0:
                    await problem_response(_bug(request_id))(scope, receive, sending)
            if scope["method"] not in SAFE_METHODS:
                log.info(
                    f"{scope['method']} {_route(scope)}: {status or 'hung up'}",
                    **_named(scope),
                    ms=round((time.monotonic() - began) * 1000, 1),
                )


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path_format", "(no such route)")


def _named(scope: Scope) -> dict[str, Any]:
    """The resources that the address names, under the field names of all log lines."""
    given = scope.get("path_params", {})
    named = {name: given[key] for key, name in NAMES.items() if key in given}
    position = named.pop("position", "")
    if _ID.fullmatch(position):
        named["position"] = int(position)
    return named


def _bug(request_id: str) -> Problem:
    return Problem(
        500, "internal_error", f"a bug ended this request; the log has it as request {request_id}"
    )
