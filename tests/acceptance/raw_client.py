"""Clients that speak to a server as badly as they like."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

WITHIN = 60.0

GET = b"GET /api/v1/accounts HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /api/v1/prices HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
BIG_READ = b"GET /openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
STREAM = b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"


class RawClient:
    """A connection; what is sent need not be HTTP."""

    def __init__(self, url: str, sent: bytes = b"", *, receive_buffer: int | None = None) -> None:
        address = urlsplit(url)
        assert address.hostname is not None
        assert address.port is not None
        self.socket = socket.socket(socket.AF_INET6 if ":" in address.hostname else socket.AF_INET)
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(WITHIN)
        self.socket.connect((address.hostname, address.port))
        self.socket.sendall(sent)

    def received(self, until: bytes | None = None) -> bytes:
        """What comes until the connection ends, or until it has a text."""
        got = b""
        try:
            while (part := self.socket.recv(65_536)) and not (until and until in got + part):
                got += part
        except ConnectionResetError:
            part = b""
        return got + part

    def status(self) -> tuple[int, str]:
        """The status of an answer and, of a problem, its kind; reads to the connection's end."""
        return status_of(self.received())

    def close(self) -> None:
        """Hang up."""
        self.socket.close()


def status_of(answer: bytes) -> tuple[int, str]:
    """The status of a raw answer and, of a problem, its kind."""
    head, _, body = answer.partition(b"\r\n\r\n")
    status = int(head.split(b" ", 2)[1])
    problem: dict[str, Any] = json.loads(body) if b"problem+json" in head else {}
    return status, str(problem.get("type", "")).removeprefix("urn:backstay:problem:")
