"""A local venue: it speaks one venue's protocol on 127.0.0.1, and misbehaves on command.

```
with VenueServer("kraken") as server:
    ...  # a client connects to server.url
    server.wait_subscribed("BTC/USD")
    server.trade("BTC/USD", "100")
    server.drop()
```

Everything may be called from any thread. What a command does, it has done when it returns.
"""

import random
import socket
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

from harness.venues.connection import Connection
from harness.venues.protocols import SPEAKERS
from harness.venues.speaker import Trade

WAIT_SECONDS = 60.0
PAST_TRADES = 50
BEAT_SECONDS = 1.0


class VenueServer:
    """One venue, listening as long as the context lasts; `url` is where.

    It lists every symbol but those that `unlist` took off. Symbols are spelled as the venue does.
    """

    def __init__(self, venue: str, *, port: int = 0) -> None:
        """Speak as `venue`, on a port that is free unless it is given."""
        self._speaker = SPEAKERS[venue]
        self._port = port
        self._changed = threading.Condition()
        self._connections: list[Connection] = []
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._silent = False
        self._unlisted: set[str] = set()
        self._past: dict[str, list[Trade]] = {}
        self._last_id = 0
        self._to_ignore = 0
        self.accepted = 0
        self._lifeless = threading.Event()

    def __enter__(self) -> Self:
        self.accept_connections()
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._lifeless.set()
        self.refuse_connections()
        self.drop(reset=False)

    @property
    def url(self) -> str:
        """Where clients connect to, with the path of the venue."""
        return f"ws://127.0.0.1:{self._port}{self._speaker.path}"

    # What a venue does

    def trade(
        self,
        symbol: str,
        price: str,
        *,
        time_us: int | None = None,
        id: int | None = None,
        lost: bool = False,
    ) -> Trade:
        """Have a trade, now and with the next id unless told, and tell who has subscribed to it.

        One that is `lost` takes its place in the sequence and in snapshots, and is never sent.
        """
        trade = Trade(
            symbol=symbol,
            price=price,
            time_us=time.time_ns() // 1000 if time_us is None else time_us,
            id=self._last_id + 1 if id is None else id,
        )
        self.send([trade], lost=lost)
        return trade

    def send(self, trades: Sequence[Trade], *, per_frame: int = 1, lost: bool = False) -> None:
        """Tell trades of one symbol in frames of so many, all at once; many are a burst."""
        symbol = trades[0].symbol
        self._last_id = max(self._last_id, *(trade.id for trade in trades[-PAST_TRADES:]))
        past = self._past.setdefault(symbol, [])
        past.extend(trades[-PAST_TRADES:])
        del past[:-PAST_TRADES]
        for connection in self._open():
            if symbol in connection.speaker.subscribed:
                with connection.writing:
                    frames = [
                        connection.speaker.trades(trades[at : at + per_frame])
                        for at in range(0, len(trades), per_frame)
                    ]
                    if not lost:
                        connection.send(*frames)

    def heartbeat(self) -> None:
        """Show that the venue lives, where it does so by a frame."""
        for connection in self._open():
            with connection.writing:
                if text := connection.speaker.heartbeat():
                    connection.send(text)

    def _beat(self) -> None:
        while not self._lifeless.wait(BEAT_SECONDS):
            self.heartbeat()

    def announce_shutdown(self) -> None:
        """Tell that the connections will soon be ended, as the venue does that."""
        assert self._speaker.going_away is not None, "this venue does not announce it"
        self.say(self._speaker.going_away)

    # What it does wrong

    def unlist(self, symbol: str) -> None:
        """Know a symbol no more: asked for, it is refused as the venue does that."""
        self._unlisted.add(symbol)

    def list_again(self, symbol: str) -> None:
        """Know an unlisted symbol again."""
        self._unlisted.discard(symbol)

    def ignore_requests(self, count: int) -> None:
        """Answer and obey none of the next texts, so many of them, that clients send."""
        with self._changed:
            self._to_ignore = count

    def say(self, text: str) -> None:
        """Send any text to every client: an empty one, garbage, an error."""
        for connection in self._open():
            connection.send(text)

    def send_bytes(self, data: bytes) -> None:
        """Send bytes that need not be a frame to every client."""
        for connection in self._open():
            connection.send_bytes(data)

    def drop(self, *, reset: bool = True) -> None:
        """End every connection without a close frame: by a TCP reset, or by a plain FIN."""
        with self._changed:
            connections, self._connections = self._connections, []
        for connection in connections:
            connection.drop(reset=reset)

    def close(self, code: int = 1001, reason: str = "") -> None:
        """End every connection with a close frame."""
        for connection in self._open():
            connection.close(code, reason)

    def silence(self, *, newcomers: bool = False) -> None:
        """Say nothing more on the open connections, and keep their sockets open.

        With `newcomers`, whoever connects from now on is not answered either.
        """
        self._silent = newcomers
        with self._changed:
            for connection in self._connections:
                connection.silent = True

    def die_inside(self) -> None:
        """Send no heartbeat any more by itself, and answer whatever is asked, pings too."""
        self._lifeless.set()

    def speak(self) -> None:
        """Answer whoever connects from now on."""
        self._silent = False

    def refuse_connections(self) -> None:
        """Have no one listen on the port; open connections stay."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        if self._acceptor is not None:
            self._acceptor.join()

    def accept_connections(self) -> None:
        """Listen on the port, also after `refuse_connections`."""
        self._listener = _listening(self._port)
        self._port = self._listener.getsockname()[1]
        arguments = (self._listener,)
        self._acceptor = threading.Thread(target=self._accept, args=arguments, daemon=True)
        self._acceptor.start()

    # What it saw

    def connections(self) -> list[Connection]:
        """The clients that are connected and spoken to."""
        return self._open()

    def heard(self) -> list[str]:
        """The texts of every connection that is there still."""
        with self._changed:
            return [text for connection in self._connections for text in connection.heard]

    def wait_connected(self, times: int = 1) -> None:
        """Wait until so many connections were accepted since the start."""
        self.wait_for(lambda: self.accepted >= times, f"{times} connections")

    def wait_subscribed(self, *symbols: str) -> None:
        """Wait until some open connection gets the trades of each of these."""
        self.wait_for(lambda: self._subscribed().issuperset(symbols), f"subscribers of {symbols}")

    def wait_heard(self, part: str, times: int = 1) -> None:
        """Wait until so many texts with this in them came in."""
        self.wait_for(
            lambda: sum(part in text for text in self.heard()) >= times, f"{times} x {part!r}"
        )

    def wait_pinged(self, times: int = 1) -> None:
        """Wait until so many ping frames came in on connections that are there still."""
        self.wait_for(
            lambda: sum(one.pings for one in self._open()) >= times, f"{times} ping frames"
        )

    def wait_for(
        self, condition: Callable[[], bool], what: str, *, seconds: float = WAIT_SECONDS
    ) -> None:
        """Wait for anything that depends on what clients do; raises `AssertionError` if in vain."""
        with self._changed:
            if not self._changed.wait_for(condition, seconds):
                raise AssertionError(
                    f"waited {seconds} s for {what}: {self.accepted} connections so far,"
                    f" {len(self._open())} open, heard {self.heard()}"
                )

    def _open(self) -> list[Connection]:
        with self._changed:
            return [one for one in self._connections if one.open and not one.silent]

    def _subscribed(self) -> set[str]:
        return {symbol for one in self._open() for symbol in one.speaker.subscribed}

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                speaker = self._speaker(self._is_listed, self._recent)
                with self._changed:
                    self._connections.append(Connection(sock, speaker, self, silent=self._silent))
                    self.accepted += 1
                    self._changed.notify_all()

    def _is_listed(self, symbol: str) -> bool:
        return symbol not in self._unlisted

    def _recent(self, symbol: str) -> list[Trade]:
        return list(self._past.get(symbol, ()))

    def happened(self) -> None:
        """Wake those who wait; for connections."""
        with self._changed:
            self._changed.notify_all()

    def ignores(self) -> bool:
        """Whether a text that came in is to be ignored; for connections."""
        with self._changed:
            self._to_ignore -= 1
            return self._to_ignore >= 0


def trades_of(
    symbol: str,
    prices: Sequence[str],
    *,
    first_id: int = 1,
    start_us: int | None = None,
    apart_us: int = 1_000,
) -> list[Trade]:
    """Trades at these prices, so far apart in the venue's time; they end now unless told."""
    if start_us is None:
        start_us = time.time_ns() // 1000 - apart_us * len(prices)
    return [
        Trade(symbol=symbol, price=price, time_us=start_us + apart_us * index, id=first_id + index)
        for index, price in enumerate(prices)
    ]


def _listening(port: int) -> socket.socket:
    # Below the ports that clients get: a client that keeps trying to reconnect to a closed port
    # of those can, in the end, connect to itself.
    while True:
        chosen = port or random.randrange(20_000, 32_000)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", chosen))
            listener.listen()
        except OSError:
            listener.close()
            if port:
                raise
        else:
            return listener
