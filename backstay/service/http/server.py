"""The web server on a thread of its own, over a socket that is bound before anything starts."""

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from typing import Any

import uvicorn

from backstay.service.http.connections import ClientConnection, Connections, connections_max
from backstay.web.access.connection_stats import ConnectionStats

START_SECONDS_MAX = 10.0
DRAIN_SECONDS = 1
TICKS_A_SECOND = 10
BACKLOG_PER_CONNECTION = 4
"""Connections that may arrive at once for each that stays: one is taken before another is cut."""


class PortTakenError(ValueError):
    """The service cannot listen on the address of its settings."""


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket that is bound, and refuses connections until the server listens on it.

    Raises:
        PortTakenError: if the address cannot be listened on.
    """
    try:
        flags = socket.AI_PASSIVE
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=flags
        )[0]
        # Without its protocol asyncio would not set TCP_NODELAY: 40 ms more for every answer.
        bound = socket.socket(family, kind, protocol)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except (OSError, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise PortTakenError(
            f"cannot listen on {host} port {port}: {reason}; end the program that uses it, "
            "or choose another with --host and --port"
        ) from None
    return bound


def url_of(bound: socket.socket) -> str:
    """The URL of a bound socket."""
    host, port = bound.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, connections: Connections) -> None:
        super().__init__(config)
        self.server_state = self._connections = connections
        self.listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Note when the server listens."""
        await super().startup(sockets)
        self.listening.set()

    async def on_tick(self, counter: int) -> bool:
        """Check the connections; uvicorn calls this ten times a second."""
        if counter % TICKS_A_SECOND == 0:
            self._connections.look()
        return await super().on_tick(counter)


class WebServer:
    """Serves an ASGI app until it is stopped."""

    def __init__(
        self,
        app: Any,
        bound: socket.socket,
        on_failed: Callable[[str], None],
        stats: ConnectionStats | None = None,
        *,
        trusted_proxies: Sequence[str] = (),
    ) -> None:
        """`on_failed` is told why the server ended without having been stopped.

        `stats` counts the connections. `trusted_proxies` are the addresses and networks of the
        proxies whose word about the caller's address is believed.
        """
        most = connections_max()
        config = uvicorn.Config(
            app,
            http=ClientConnection,
            backlog=BACKLOG_PER_CONNECTION * most,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            forwarded_allow_ips=list(trusted_proxies),
            ws="none",
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
        self._server = _Server(config, Connections(stats or ConnectionStats(), most))
        self._bound = bound
        self._on_failed = on_failed
        self._failure: str | None = None
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)

    def start(self) -> None:
        """Listen; returns once connections are taken.

        Raises:
            RuntimeError: if the server does not start.
        """
        self._thread.start()
        if not self._server.listening.wait(START_SECONDS_MAX) or self._failure:
            raise RuntimeError(self._failure or "the web server did not start")

    def stop(self) -> None:
        """Take no further connection, and end once the requests in progress are answered.

        Those that take longer than a second are cut off.
        """
        self._stopped = True
        self._server.should_exit = True
        self._thread.join(DRAIN_SECONDS + 1.0)

    def _run(self) -> None:
        failure = "the web server ended: see the log"
        try:
            asyncio.run(self._server.serve(sockets=[self._bound]))
        except (Exception, SystemExit) as error:
            failure = f"the web server failed: {error!r}"
        if self._stopped:
            return
        self._failure = failure
        if self._server.listening.is_set():
            self._on_failed(failure)
        self._server.listening.set()
