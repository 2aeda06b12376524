"""The checks before any route: the request's host, its caller, and its body."""

import asyncio
from urllib.parse import quote, urlencode

import structlog
from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from backstay.web.access.access import CALLER, COOKIE, Access, Caller
from backstay.web.access.connection_stats import ConnectionStats, CutOff
from backstay.web.access.requests import (
    SAFE_METHODS,
    client_of,
    foreign_sign,
    prefers_html,
    route_path,
)
from backstay.web.hooks.gate import HookGate
from backstay.web.problems import Problem, problem_response, too_many

BODY_BYTES_MAX = 256 * 1024
BODY_SECONDS_MAX = 10.0
OPEN_PATHS = frozenset({"/healthz", "/readyz", "/login", "/logout"})
DEFAULT_PORTS = {"http": 80, "https": 443}

log = structlog.get_logger("backstay")


class HungUpError(Exception):
    """The client disconnected before its whole request had come."""


class AccessGate:
    """Lets a request through to the app with its `Caller`, or answers with a problem itself.

    Every path needs a caller except `OPEN_PATHS` and the hooks, which have a secret of their own.
    So a route that forgets `requires` is open to every token, and closed without one.
    """

    def __init__(
        self, app: ASGIApp, access: Access, stats: ConnectionStats, hook: HookGate
    ) -> None:
        """Wrap an app; `stats` counts the bodies that take too long or are too large."""
        self._app = app
        self._access = access
        self._stats = stats
        self._hook = hook

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
            return
        if scope["type"] == "http":
            try:
                receive = await self._admitted(scope, receive)
            except HungUpError:
                return
            except Problem as problem:
                self._hook.refused(problem, scope)
                await _refusal(problem, scope)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _admitted(self, scope: Scope, receive: Receive) -> Receive:
        """Check a request, put its caller into its scope, and return the app's `receive`.

        Raises:
            Problem: if the request is refused.
            HungUpError: if the client has disconnected.
        """
        request = HTTPConnection(scope)
        host = self._checked_host(request.headers)
        _check_framing(request.headers)
        is_safe = scope["method"] in SAFE_METHODS
        if not is_safe:
            _check_origin(request.headers.get("origin"), host)
        if self._hook.is_for(scope):
            self._hook.check(request)
        elif route_path(scope) not in OPEN_PATHS:
            caller = self._caller(request, host)
            if caller.session_id is not None and not is_safe and "origin" not in request.headers:
                raise Problem(
                    403,
                    "origin_missing",
                    "request by cookie refused: it has no Origin header, which every browser "
                    "sends; a program sends its token as `Authorization: Bearer`",
                )
            scope[CALLER] = caller
        return receive if is_safe else await self._with_whole_body(request.headers, receive)

    async def _with_whole_body(self, headers: Headers, receive: Receive) -> Receive:
        """The app's `receive` for a body that has come: whole, in time, and not too large."""
        announced = headers.get("content-length", "0")
        if not announced.isdecimal() or len(announced) > 9 or int(announced) > BODY_BYTES_MAX:
            raise self._too_large()
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                body = await self._whole_body(receive)
        except TimeoutError:
            self._stats.cut_off[CutOff.BODY_SLOW] += 1
            raise Problem(
                408,
                "request_timeout",
                f"request refused, nothing was done: its body did not come within "
                f"{BODY_SECONDS_MAX:g} s",
                headers={"Connection": "close"},
            ) from None
        messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Message:
            return messages.pop() if messages else await receive()

        return replay

    async def _whole_body(self, receive: Receive) -> bytes:
        body = bytearray()
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise HungUpError
            body += message.get("body", b"")
            if len(body) > BODY_BYTES_MAX:
                raise self._too_large()
            if not message.get("more_body", False):
                return bytes(body)

    def _too_large(self) -> Problem:
        # The connection stays open for a moment, so that a client that still sends can read this.
        self._stats.cut_off[CutOff.BODY_LARGE] += 1
        detail = f"body refused: at most {BODY_BYTES_MAX} bytes are taken"
        return Problem(413, "body_too_large", detail)

    def _checked_host(self, headers: Headers) -> str:
        hosts = headers.getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        name = _split_port(host)[0]
        if not self._access.answers_for(name):
            raise Problem(
                421,
                "host_unknown",
                f"host {host!r} refused: this service answers for "
                f"{', '.join(sorted(self._access.allowed_hosts))}; add the name to allowed_hosts",
            )
        return host

    def _caller(self, request: HTTPConnection, host: str) -> Caller:
        header = request.headers.get("authorization")
        cookie = request.cookies.get(COOKIE)
        bearer = None
        if header is not None:
            kind, _, text = header.partition(" ")
            bearer = text.strip() if kind.lower() == "bearer" else ""
        foreign = foreign_sign(request.scope, _split_port(host)[0])
        caller = self._access.caller_of(bearer, cookie, is_local=foreign is None)
        if caller is not None:
            return caller
        if header is not None:
            raise failed_authentication(self._access, request)
        if cookie is not None:
            # A browser with an expired session is not guessing: it is not counted.
            raise unauthorized("the session has ended: log in again")
        if foreign is not None and self._access.is_open:
            raise unauthorized(
                "request refused: without a token only this machine's own requests are served, "
                f"and {foreign}; create one with `backstay token create NAME`"
            )
        raise unauthorized("no token given: send `Authorization: Bearer TOKEN`, or log in")


def _refusal(problem: Problem, scope: Scope) -> Response:
    """A problem document; for a browser that is not logged in, a redirect to the form."""
    request = HTTPConnection(scope)
    wants_page = scope["method"] == "GET" and prefers_html(request.headers.get("accept", ""))
    if problem.status != 401 or not wants_page:
        return problem_response(problem)
    root_path = scope["root_path"]
    asked = root_path + quote(route_path(scope))
    if scope["query_string"]:
        asked += "?" + scope["query_string"].decode("latin-1")
    return RedirectResponse(f"{root_path}/login?{urlencode({'next': asked})}", 303)


def failed_authentication(access: Access, request: HTTPConnection) -> Problem:
    """Count a token or cookie that is not in force: 401, and 429 after too many.

    Only failures are limited, so that another user of the address cannot lock a user out.
    """
    client = client_of(request)
    seconds = access.failures_seconds(client)
    if seconds is not None:
        return too_many("failed authentications from this address", seconds)
    log.warning("authentication failed", client=client)
    return unauthorized("token unknown or revoked: send another, or log in")


def unauthorized(detail: str) -> Problem:
    """The answer to a caller that must authenticate first."""
    return Problem(401, "unauthorized", detail, headers={"WWW-Authenticate": "Bearer"})


def _check_framing(headers: Headers) -> None:
    """Refuse a body whose length two headers give: a proxy may have used the other header."""
    if "content-length" in headers and "transfer-encoding" in headers:
        raise Problem(
            400,
            "unreadable_request",
            "request refused: it has both Content-Length and Transfer-Encoding; send one of them",
            headers={"Connection": "close"},
        )


def _check_origin(origin: str | None, host: str) -> None:
    """Refuse a request from a page of another site; raises `Problem`."""
    if origin is None:
        return
    scheme, _, sender_host = origin.lower().partition("://")
    default = DEFAULT_PORTS.get(scheme)
    sender = _split_port(sender_host)
    if default is None or _with_port(sender, default) != _with_port(_split_port(host), default):
        raise Problem(
            403,
            "origin_refused",
            f"origin {origin!r} refused: this service takes changes from its own pages, at "
            f"{host!r}; a proxy in between has to keep the Host header",
        )


def _split_port(host: str) -> tuple[str, str]:
    """A host without its port, and the port; an IPv6 address keeps its brackets."""
    name, colon, port = host.rpartition(":")
    return (name, port) if colon and not port.endswith("]") else (host, "")


def _with_port(host: tuple[str, str], default: int) -> tuple[str, str]:
    return host[0], host[1] or str(default)
