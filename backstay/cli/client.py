"""Calls to a running service, for the command line: addresses, pages, retries, and errors."""

import os
from collections.abc import Iterator
from time import monotonic, sleep
from typing import Any, Self
from urllib.parse import quote

import httpx

from backstay.cli.address import address_of
from backstay.printable import one_line
from backstay.service.exits import EXIT_FAILED, EXIT_INPUT
from backstay.web.access.requests import is_loopback

TOKEN_NAME = "BACKSTAY_TOKEN"
"""The token's environment variable; every user of the machine could read an argument."""

ANSWER_SECONDS = 30
"""How long an answer may take: longer than the service lets a command wait for its commit."""

CONNECT_SECONDS = 5
RETRY_SECONDS = 1
"""The wait before a call is made again, unless the service names one."""

RETRY_SECONDS_MAX = 5

QUICK_SECONDS = 2
"""A 503 after longer than this is a command that timed out; a repetition would wait as long."""

PAGE_SIZE = 100

UNAUTHORIZED, NOT_NOW = 401, 503
TOKEN_ADVICE = f"set {TOKEN_NAME} to a token of the service (`backstay token create`)"

CERTAINLY_NOT_DONE = frozenset(
    f"urn:backstay:problem:{kind}" for kind in ("deadline-passed", "not-delivered", "shutting-down")
)
"""The problems which say that the command was certainly not carried out."""


class CallError(Exception):
    """A call that failed; its text is one line for people."""

    exit_code = EXIT_FAILED


class CallRefused(CallError):
    """The service refused the call; the request must change."""

    exit_code = EXIT_INPUT


class ServiceAway(CallError):
    """No usable answer came; `retry_seconds` is when to ask again, None if it is not worth waiting.

    `is_open` says that the command may still have been carried out.
    """

    def __init__(
        self, text: str, retry_seconds: int | None = RETRY_SECONDS, *, is_open: bool = False
    ) -> None:
        super().__init__(text)
        self.retry_seconds = retry_seconds
        self.is_open = is_open


class ServiceClient:
    """A connection to a service's API; each call gives the answer's JSON or raises `CallError`."""

    def __init__(self, url: str | None) -> None:
        """Prepare for calls to the service at `url`, or at the address of the settings.

        Raises:
            ValueError: if that is not the address of a service.
        """
        self.url = address_of(url).rstrip("/")
        try:
            base = httpx.URL(self.url)
        except httpx.InvalidURL:
            base = httpx.URL("")
        if base.scheme not in {"http", "https"} or not base.host:
            raise ValueError(
                f"--url {url!r} is not an address of a service; give one like {address_of(None)}"
            )
        self._http = httpx.Client(
            base_url=base.join(f"{base.path.rstrip('/')}/api/v1/"),
            headers=_headers(os.environ.get(TOKEN_NAME, "")),
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            # A proxy of the environment would connect to its own loopback.
            trust_env=not is_loopback(base.host),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def get(self, path: str, query: dict[str, Any] | None = None) -> Any:
        """Read a path below `/api/v1/`."""
        return self._call("GET", path, query=query)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Give a command, once."""
        return self._call("POST", path, body=body)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Set what is at a path."""
        return self._call("PUT", path, body=body)

    def delete(self, path: str) -> None:
        """Delete a path's resource."""
        self._call("DELETE", path)

    def post_with_key(self, path: str, body: dict[str, Any], key: str) -> Any:
        """Send a command that takes effect at most once, however often it is sent with this key.

        It is sent a second time if that may help soon: the connection failed, or the service asked
        for an immediate retry.
        """
        return self._with_key("POST", path, body, key)

    def patch_with_key(self, path: str, body: dict[str, Any], key: str) -> Any:
        """Change a path's resource, at most once, as `post_with_key` does."""
        return self._with_key("PATCH", path, body, key)

    def _with_key(self, method: str, path: str, body: dict[str, Any], key: str) -> Any:
        try:
            return self._call(method, path, body=body, key=key)
        except ServiceAway as first:
            if first.retry_seconds is None:
                raise
            sleep(min(first.retry_seconds, RETRY_SECONDS_MAX))
            try:
                return self._call(method, path, body=body, key=key)
            except ServiceAway as second:
                second.is_open |= first.is_open
                raise

    def pages(self, path: str, query: dict[str, Any], limit: int) -> Iterator[dict[str, Any]]:
        """A list's pages of `{items, next}`, newest first, of at most `limit` items together."""
        left, cursor = limit, None
        while left > 0:
            asked = query | {"limit": min(left, PAGE_SIZE)}
            page = self.get(path, asked if cursor is None else asked | {"cursor": cursor})
            yield page
            left -= len(page["items"])
            cursor = page["next"]
            if cursor is None:
                return

    def listed(self, path: str, query: dict[str, Any], limit: int) -> dict[str, Any]:
        """A list's first `limit` items as one page of `{items, next}`.

        `unreadable` has the rows that the service cannot read, where there are any.
        """
        items: list[Any] = []
        unreadable: list[Any] = []
        following = None
        for page in self.pages(path, query, limit):
            items += page["items"]
            unreadable += page.get("unreadable", [])
            following = page["next"]
        told = {"unreadable": unreadable} if unreadable else {}
        return {"items": items, "next": following, **told}

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: dict[str, Any] | None = None,
        key: str | None = None,
    ) -> Any:
        headers = {} if key is None else {"Idempotency-Key": key}
        asked_at = monotonic()
        try:
            answer = self._http.request(method, path, params=query, json=body, headers=headers)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise ServiceAway(
                f"no service answers at {self.url}: start it with `backstay serve`"
            ) from None
        except httpx.TimeoutException:
            raise ServiceAway(
                f"the service at {self.url} gave no answer within {ANSWER_SECONDS} s",
                retry_seconds=None,
                is_open=True,
            ) from None
        except httpx.RequestError as error:
            raise ServiceAway(
                f"the service at {self.url} closed the connection before its answer: "
                f"{one_line(str(error))}",
                is_open=True,
            ) from None
        return self._read(answer, is_quick=monotonic() - asked_at < QUICK_SECONDS)

    def _read(self, answer: httpx.Response, *, is_quick: bool) -> Any:
        status = answer.status_code
        try:
            document = answer.json()
        except ValueError:
            document = None
        if answer.is_success and document is not None:
            return document
        problem = document if isinstance(document, dict) else {}
        detail = problem.get("detail")
        if status == UNAUTHORIZED and isinstance(detail, str):
            raise CallRefused(f"{self._token_trouble()}: {TOKEN_ADVICE}")
        if not isinstance(detail, str):
            detail = (
                f"{self.url} answered {status} and the answer is not one of Backstay's: check --url"
            )
        if answer.is_client_error:
            raise CallRefused(one_line(detail))
        raise ServiceAway(
            one_line(detail),
            _retry_seconds(answer) if status == NOT_NOW and is_quick else None,
            is_open=problem.get("type") not in CERTAINLY_NOT_DONE,
        )

    def _token_trouble(self) -> str:
        if "Authorization" in self._http.headers:
            return f"the service at {self.url} does not know this token"
        return f"the service at {self.url} asks for a token"


def path_of(*parts: str | int) -> str:
    """A path below `/api/v1/`, of parts that may hold any character."""
    return "/".join(quote(str(part), safe="") for part in parts)


def _headers(token: str) -> dict[str, str]:
    token = token.strip()
    if not token:
        return {}
    if not (token.isascii() and token.isprintable()):
        raise ValueError(f"{TOKEN_NAME} is not a token: make one with `backstay token create`")
    return {"Authorization": f"Bearer {token}"}


def _retry_seconds(answer: httpx.Response) -> int:
    text = answer.headers.get("Retry-After", "")
    return int(text) if text.isascii() and text.isdigit() else RETRY_SECONDS
