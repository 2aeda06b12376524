"""An open WebSocket connection, read in large pieces: every frame that has come, at once."""

import socket
import ssl
import time
from collections.abc import Sequence
from contextlib import suppress

from websocket import ABNF, STATUS_NORMAL, WebSocket, WebSocketException, WebSocketTimeoutException

READ_BYTES = 65_536

MESSAGE_BYTES_MAX = 4 * 1024 * 1024
"""Much more than any venue sends at once; what is longer never ends, and would fill the memory."""


class Disconnected(Exception):
    """The connection cannot be used any more; the message says why, for people."""


class VenueConnection:
    """An open connection, for one thread; nothing of it waits.

    `receive` is to be called when `fileno` is readable; pings are answered by themselves. Sending
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
        """Read once, and return the texts that are complete now, in order: then `check`."""
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
        """Ask for a sign of life."""
        self._send(b"", ABNF.OPCODE_PING)

    def close(self) -> None:
        """Say goodbye if that is possible at once, and close the socket."""
        if self._lost is None:
            self._websocket.send_close()
        self._socket.close()

    def _send(self, data: bytes, opcode: int) -> None:
        try:
            self._websocket.send(data, opcode)
        except (OSError, WebSocketException) as error:
            raise Disconnected(reason_of(error)) from error


class BufferedWebSocket(WebSocket):
    """websocket-client's, fed in large pieces: by itself it reads a frame by two or three calls."""

    _buffer = b""
    _at = 0
    _bytes_of_message = 0

    def fill(self, sock: socket.socket) -> bool:
        """Read what has come, once all from before is taken; tells whether there was any."""
        try:
            self._buffer = sock.recv(READ_BYTES)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        self._at = 0
        if not self._buffer:
            raise Disconnected("the connection ended without a close frame")
        return True

    def take_frames(self, texts: list[bytes]) -> int:
        """Take all frames that are complete, and tell how many; `texts` gets those that are texts.

        The list has what came before also if this raises.
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
        """Close the connection politely, if the other side is still there."""
        with suppress(OSError, WebSocketException):
            super().send_close(status, reason)

    def _recv(self, bufsize: int) -> bytes:
        """What websocket-client reads frames by: from memory; it goes on later if that ends."""
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
    """An error's words, or its name where it has none."""
    return str(error) or type(error).__name__


def _close_reason(data: bytes) -> str:
    """What a close frame says: a code in two bytes, and a text."""
    code = int.from_bytes(data[:2]) if len(data) >= 2 else None
    text = data[2:].decode(errors="replace")
    return f"closed by the venue: {code or 'without a code'} {text}".rstrip()
