"""Make a connection without making a session wait for it."""

import socket
import ssl
import threading
import time
from contextlib import suppress
from urllib.parse import urlsplit

from websocket import WebSocketException

from backstay.feeds.venues.connection import (
    BufferedWebSocket,
    Disconnected,
    VenueConnection,
    reason_of,
)


class Connecting:
    """A connection that is being made, on a thread of its own: `done` is set at its end.

    The calls that look up names and speak TLS and HTTP cannot be interrupted. A caller that no
    longer needs the connection calls `abandon`, and does not wait.
    """

    def __init__(self, url: str, timeout_seconds: float) -> None:
        """Begin at once."""
        self.done = threading.Event()
        self._timeout_seconds = timeout_seconds
        self._lock = threading.Lock()
        self._abandoned = False
        self._socket: socket.socket | None = None
        self._connection: VenueConnection | None = None
        self._failure: Exception | None = None
        arguments = (url, timeout_seconds)
        threading.Thread(target=self._run, args=arguments, name="connecting", daemon=True).start()

    def result(self) -> VenueConnection:
        """The connection, once it is `done`; raises `Disconnected` if it could not be made."""
        match self._failure:
            case None:
                assert self._connection is not None, "the connection is still being made"
                return self._connection
            case OSError() | WebSocketException() as error:
                raise Disconnected(f"cannot connect: {reason_of(error)}") from error
            case failure:
                raise failure

    def wait(self, stopping: threading.Event, look_seconds: float) -> VenueConnection | None:
        """Wait for the result, at most as long as it may take; None if stopped meanwhile."""
        deadline = time.monotonic() + self._timeout_seconds
        while not self.done.wait(look_seconds):
            late = time.monotonic() >= deadline
            if late or stopping.is_set():
                self.abandon()
                if late:
                    raise Disconnected(f"not connected within {self._timeout_seconds:g} s")
                return None
        return self.result()

    def abandon(self) -> None:
        """Close the connection, now or as soon as it is made."""
        with self._lock:
            self._abandoned = True
            if self._connection is not None:
                self._connection.close()
            elif self._socket is not None:
                # A server that sends headers without end would hold the thread for ever.
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)

    def _run(self, url: str, timeout_seconds: float) -> None:
        try:
            sock = reach(url, timeout_seconds)
            with self._lock:
                self._socket = sock
                if self._abandoned:
                    sock.close()
            connection = greet(sock, url, timeout_seconds)
        except Exception as error:
            self._failure = error
        else:
            with self._lock:
                self._connection = connection
                if self._abandoned:
                    connection.close()
        self.done.set()


def reach(url: str, timeout_seconds: float) -> socket.socket:
    """Connect directly, whatever proxies the environment names; TLS comes later.

    Raises:
        OSError: if the server is not reached.
    """
    parts = urlsplit(url)
    secure = parts.scheme == "wss"
    assert parts.hostname is not None, f"{url} names no host"
    address = (parts.hostname, parts.port or (443 if secure else 80))
    sock = socket.create_connection(address, timeout_seconds)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if secure:
            context = ssl.create_default_context()
            # The handshake comes later, so that its caller can shut the socket down.
            sock = context.wrap_socket(
                sock, server_hostname=parts.hostname, do_handshake_on_connect=False
            )
    except BaseException:
        sock.close()
        raise
    return sock


def greet(sock: socket.socket, url: str, timeout_seconds: float) -> VenueConnection:
    """Do the TLS handshake, with verification, and HTTP's; closes the socket if one fails.

    Raises:
        OSError: if the server is lost, or its certificate is not valid.
        WebSocketException: if it does not speak WebSocket there.
    """
    try:
        if isinstance(sock, ssl.SSLSocket):
            sock.do_handshake()
        # The decoder validates the frames' text; a redirect could lead to any server.
        websocket = BufferedWebSocket(skip_utf8_validation=True, enable_multithread=False)
        websocket.connect(  # type: ignore[no-untyped-call]
            url, socket=sock, timeout=timeout_seconds, redirect_limit=0, suppress_origin=True
        )
        websocket.settimeout(0)
    except BaseException:
        sock.close()
        raise
    return VenueConnection(websocket, sock)
