"""An open WebSocket connection, read in large pieces: all frames that have come, at once."""

import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress

from websocket import ABNF, STATUS_NORMAL, WebSocket, WebSocketException, WebSocketTimeoutException

READ_BYTES = 65_536

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""Much more than any venue sends at once; an endless message would fill the memory."""


class Disconnected(Exception):
    """The connection is no longer usable; the message says why, for people."""


class VenueConnection:
    """An open connection, for one thread; no call waits.

    Call `receive` when `fileno` is readable; it answers pings. Sending
    raises `Disconnected` if it fails. `heard_at` is when the last frame of any kind came, on the
    monotonic clock.
    """

    def __init__(self, websocket: "BufferedWebSocket", sock: socket.socket) -> None:
        """Take over a WebSocket whose handshake is done, and its socket."""
        self.heard_at = time.monotonic()
        self._websocket = websocket
        self._socket = sock
        self._lost: Disconnected | None = None

    def fileno(self) -> int:
        """The socket's descriptor, to wait for."""
        return self._socket.fileno()

    def receive(self) -> Sequence[bytes]:
        """Read once, and return the texts that are complete now, in order; then call `check`."""
        texts: list[bytes] = []
        try:
            if self._websocket.fill(self._socket) and self._websocket.take_frames(texts):
                self.heard_at = time.monotonic()
        except Disconnected as lost:
            self._lost = lost
        except (OSError, WebSocketException) as error:
            self._lost = Disconnected(reason_of(error))
        return texts

    def check(self) -> None:
        """Raise `Disconnected` if reading has found the connection lost."""
        if self._lost is not None:
            raise self._lost

    def send(self, text: str) -> None:
        """Send a text."""
        self._send(text.encode(), ABNF.OPCODE_TEXT)

    def ping(self) -> None:
        """Send a ping."""
        self._send(b"", ABNF.OPCODE_PING)

    def close(self) -> None:
        """Send a close frame if that is possible at once, and close the socket."""
        if self._lost is None:
            self._websocket.send_close()
        self._socket.close()

    def _send(self, data: bytes, opcode: int) -> None:
        try:
            self._websocket.send(data, opcode)
        except (OSError, WebSocketException) as error:
            raise Disconnected(reason_of(error)) from error


class BufferedWebSocket(WebSocket):
    """websocket-client's class, fed in large pieces; alone it reads a frame by 2 or 3 calls."""

    _buffer = b""
    _at = 0
    _bytes_of_message = 0

    def fill(self, sock: socket.socket) -> bool:
        """Read new bytes, once the earlier ones are taken; returns whether there were any."""
        try:
            self._buffer = sock.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        self._at = 0
        if not self._buffer:
            raise Disconnected("the connection ended without a close frame")
        return True

    def take_frames(self, texts: list[bytes]) -> int:
        """Take all complete frames, and return how many; `texts` gets the text frames.

        If this raises, the list has the texts that came before.
        """
        frames = 0
        while self._at < len(self._buffer):
            try:
                opcode, data = self.recv_data(control_frame=True)
            except WebSocketTimeoutException:
                break
            if self.cont_frame.cont_data is None:
                self._bytes_of_message = 0
            frames += 1
            if opcode == ABNF.OPCODE_CLOSE:
                raise Disconnected(_close_reason(data))
            if opcode in (ABNF.OPCODE_TEXT, ABNF.OPCODE_BINARY):
                texts.append(bytes(data))
        return frames

    def send_close(self, status: int = STATUS_NORMAL, reason: str | bytes = b"") -> None:
        """Send a close frame, if the other side is still connected."""
        with suppress(OSError, WebSocketException):
            super().send_close(status, reason)

    def _recv(self, bufsize: int) -> bytes:
        """Serve websocket-client's reads from memory; if that ends, it continues later."""
        at = self._at
        if at == len(self._buffer):
            raise WebSocketTimeoutException("the rest of the frame has not come yet")
        taken = self._buffer[at : at + bufsize]
        self._at = at + len(taken)
        self._bytes_of_message += len(taken)
        if self._bytes_of_message > MESSAGE_BYTES_MAX:
            raise Disconnected(f"the venue sent a message of more than {MESSAGE_BYTES_MAX:,} bytes")
        return taken


def reason_of(error: Exception) -> str:
    """An error's text, or its class's name where it has none."""
    return str(error) or type(error).__name__


def _close_reason(data: bytes) -> str:
    """The contents of a close frame: a code in two bytes, and a text."""
    code = int.from_bytes(data[:2]) if len(data) >= 2 else None
    text = data[2:].decode(errors="replace")
    return f"closed by the venue: {code or 'without a code'} {text}".rstrip()
