"""What a request's method and hosts say by themselves."""

import ipaddress
import re

from starlette.requests import HTTPConnection

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
"""The methods that change nothing (RFC 9110, 9.2.1)."""

_QUALITY = re.compile(r"[01](\.[0-9]{0,3})?")

_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]")
"""What browsers take for a slash in an address, or leave out of it."""


def client_of(request: HTTPConnection) -> str:
    """The address that a request came from, for counting."""
    return request.client.host if request.client is not None else "local"


def prefers_html(accept: str) -> bool:
    """Whether an Accept header asks for a page rather than for JSON, as browsers' do."""
    weights = dict(map(_weight, accept.lower().split(",")))
    return weights.get("text/html", 0) > weights.get("application/json", 0)


def local_path(text: str) -> str | None:
    """A path of this service as it was given; None for whatever might lead elsewhere."""
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
