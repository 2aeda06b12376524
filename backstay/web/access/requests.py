"""Facts about a request from its method, path and hosts alone."""

import ipaddress
import re

from starlette.requests import HTTPConnection
from starlette.types import Scope

from backstay.web.access.attempts import client_name

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""The methods that change nothing (RFC 9110, 9.2.1)."""

_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""Characters that browsers read as a slash in an address, or leave out of it."""


def client_of(request: HTTPConnection) -> str:
    """The client that a request's attempts count for."""
    return client_name(request.client.host if request.client is not None else "")


_PROXY_HEADERS = frozenset({b"forwarded", b"via", b"x-real-ip"})
_PROXY_PREFIX = b"x-forwarded-"


def route_path(scope: Scope) -> str:
    """A request's path below the app's `root_path`, whether or not the proxy has removed that."""
    path: str = scope["path"]
    root_path: str = scope.get("root_path", "")
    if root_path and path.startswith(f"{root_path}/"):
        return path.removeprefix(root_path)
    return path


def foreign_sign(scope: Scope, host: str) -> str | None:
    """The sign that a request may not be from this machine itself; None if there is none.

    `host` is the name in its Host header. A proxy on this machine hides the caller's address, so
    any sign of a proxy counts. nginx by default speaks HTTP/1.0 and adds no header.
    """
    client = scope["client"]
    if client is None or not is_loopback(client[0]):
        return "it does not come from this machine"
    for name, _ in scope["headers"]:
        if name in _PROXY_HEADERS or name.startswith(_PROXY_PREFIX):
            return f"its header {name.decode('latin-1')} shows that a proxy has passed it on"
    if scope["http_version"] == "1.0":
        return "it is HTTP/1.0, which proxies speak"
    if not is_loopback(host.strip("[]")):
        return f"it was sent to the name {host}"
    return None


def prefers_html(accept: str) -> bool:
    """Whether an Accept header asks for a page rather than for JSON, as browsers' do."""
    weights = dict(map(_weight, accept.lower().split(",")))
    return weights.get("text/html", 0) > weights.get("application/json", 0)


def local_path(text: str) -> str | None:
    """A path of this service as it was given; None for a text that might lead elsewhere."""
    is_local = text.startswith("/") and not text.startswith("//")
    return text if is_local and text.isascii() and not _UNSAFE.search(text) else None


def _weight(part: str) -> tuple[str, float]:
    kind, *parameters = (text.strip() for text in part.split(";"))
    quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    return kind, float(quality) if _QUALITY.fullmatch(quality) else 0.0


def is_address(host: str) -> bool:
    """Whether a host is an IP address, in brackets or not."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host, without brackets, is this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
