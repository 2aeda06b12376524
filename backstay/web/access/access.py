"""Access control: tokens, their scopes, and the hosts that this service answers for.

The app puts `AccessGate` (`gate.py`) around everything: it identifies the caller,
and refuses one that has no access. A route says which scope it needs:

    router = APIRouter(dependencies=[requires(Scope.READ)])

    @router.post("/things", dependencies=[requires(Scope.TRADE)])
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPBearer

from actors.engine.clock import Clock, SystemClock
from backstay.web.access.attempts import Attempts
from backstay.web.access.requests import is_address, is_loopback
from backstay.web.access.scopes import Scope
from backstay.web.access.sessions import Sessions
from backstay.web.access.tokens import Token, TokenFile, TokenFileError, find_token
from backstay.web.problems import Problem

__all__ = ["Access", "Caller", "Scope", "TokenFileError", "requires"]

TOKENS_FILE = Path("backstay-tokens.json")
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
FAILURES_PER_MINUTE = 10
COOKIE = "backstay_session"
CALLER = "backstay.caller"
"""The key of the `Caller` that `AccessGate` puts into the request's scope."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The sender of a request; `token` is None on a loopback address that needs no token.

    `session_id` is that of a browser's login, None if the caller sent the token itself.
    """

    scope: Scope
    token: Token | None = None
    session_id: str | None = field(default=None, repr=False)

    @property
    def holder(self) -> str:
        """The name under which the caller shares bounded resources."""
        return "" if self.token is None else self.token.sha256


class Access:
    """The callers with access: the tokens of a file, and browsers that logged in with one.

    `host` is where the server binds. `allowed_hosts` are further names of this service in the Host
    header, without ports.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        tokens_file: Path = TOKENS_FILE,
        allowed_hosts: Collection[str] = (),
        clock: Clock | None = None,
    ) -> None:
        """Read nothing yet; `check_binding` does, before the server starts."""
        self.host = host
        self.allowed_hosts = {
            *LOOPBACK_HOSTS,
            _bracketed(host.lower()),
            *(_bracketed(name.lower()) for name in allowed_hosts),
        }
        clock = clock or SystemClock()
        self.sessions = Sessions(clock)
        self._file = TokenFile(tokens_file)
        self._failures = Attempts(FAILURES_PER_MINUTE, clock)

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        return is_loopback(self.host)

    def check_binding(self) -> None:
        """Refuse to start where a caller without a token could trade; raises `TokenFileError`."""
        if not self._file.read() and not self.is_loopback:
            raise TokenFileError(
                f"binding {self.host} refused: others can reach it, and {self._file.path} holds no "
                "token; run `backstay token create NAME --scope admin`, or bind 127.0.0.1"
            )

    def caller_of(self, bearer: str | None, cookie: str | None, *, is_local: bool) -> Caller | None:
        """The caller with this bearer token or else this session's cookie; None if there is none.

        If no token is needed, only a request that `is_local` has access: it comes from this
        machine, without any sign of a proxy.
        """
        tokens = self._file.tokens()
        if self.is_open and is_local:
            return Caller(Scope.ADMIN)
        if bearer is not None:
            token, session_id = find_token(tokens, bearer), None
        else:
            digest = None if cookie is None else self.sessions.token_of(cookie)
            token = next((token for token in tokens if token.sha256 == digest), None)
            session_id = cookie
        return None if token is None else Caller(token.scope, token, session_id)

    def log_in(self, text: str) -> str | None:
        """Begin a browser's session with a token; returns its id, None for an unknown token."""
        token = find_token(self._file.tokens(), text)
        return None if token is None else self.sessions.begin(token.sha256)

    def still_holds(self, caller: Caller) -> bool:
        """Whether a caller's token and login are still in force, while an answer goes on."""
        tokens = self._file.tokens()
        if caller.token is None:
            return self.is_open
        has_ended = (
            caller.session_id is not None and self.sessions.token_of(caller.session_id) is None
        )
        return caller.token in tokens and not has_ended

    def answers_for(self, host: str) -> bool:
        """Whether a name, without its port, is one of this service's.

        With another name that leads here, a foreign page could reach this service through a browser
        (DNS rebinding). An address cannot be rebound, so every address is accepted.
        """
        if host in self.allowed_hosts:
            return True
        return not self.is_loopback and is_address(host)

    def failures_seconds(self, client: str) -> int | None:
        """Count a failed authentication; returns the seconds to wait after too many."""
        return self._failures.seconds_to_wait(client)

    @property
    def is_open(self) -> bool:
        """Whether requests need no token."""
        return self.is_loopback and not self._file.is_asked


def requires(scope: Scope) -> Any:
    """A dependency that refuses (403) a caller with a lesser scope."""

    async def check(
        request: Request, _documented: Annotated[Any, Security(HTTPBearer(auto_error=False))]
    ) -> Caller:
        caller: Caller = request.scope[CALLER]
        if not caller.scope.covers(scope):
            raise Problem(
                403,
                "forbidden",
                f"{request.method} {request.url.path} refused: it needs the scope {scope}, and "
                f"token {caller.token.name if caller.token else ''!r} has {caller.scope}",
            )
        return caller

    return Depends(check)


def _bracketed(host: str) -> str:
    """A host as in a URL: an IPv6 address in brackets."""
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
