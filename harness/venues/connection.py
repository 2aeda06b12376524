"""One client of the local venue server, on a thread of its own."""

import socket
import struct
import threading
from contextlib import suppress
from typing import Protocol

from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import State
from websockets.server import ServerProtocol

from harness.venues.speaker import Speaker

READ_BYTES = 65_536


class ConnectionOwner(Protocol):
    """What a connection needs of its server."""

    def happened(self) -> None:
        """Something has changed."""
        ...

    def ignores(self) -> bool:
        """Whether the text that came in is to be ignored."""
        ...


class Connection:
    """The handshake, frames and closing are those of `websockets`; the socket is ours to abuse.

    `heard` keeps the texts that came in, and `pings` counts the client's ping frames. One that is
    `silent` reads, and says nothing.
    """

    def __init__(
        self, sock: socket.socket, speaker: Speaker, owner: ConnectionOwner, *, silent: bool
    ) -> None:
        self.speaker = speaker
        self.heard: list[str] = []
        self.pings = 0
        self.silent = silent
        self.open = False
        self._socket = sock
        self._owner = owner
        self._protocol = ServerProtocol()
        # What is written in one piece, and numbered by the speaker in the order of writing.
        self.writing = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="venue-client", daemon=True)
        self._thread.start()

    def send(self, *texts: str) -> None:
        """Send texts, each in a frame of its own, all at once; nobody may be left to read them."""
        self.send_bytes(b"".join(frame_of(text.encode()) for text in texts))

    def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        with self.writing:
            if self.open and not self.silent:
                with suppress(OSError):
                    self._socket.sendall(data)

    def close(self, code: int, reason: str) -> None:
        """Close as the protocol asks for, with a close frame."""
        with self.writing:
            self._protocol.send_close(code, reason)
            self._flush()

    def drop(self, *, reset: bool) -> None:
        """End without a close frame: by a TCP reset, or by a plain FIN."""
        with suppress(OSError):
            if reset:
                linger = struct.pack("ii", 1, 0)
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                # Wakes the reader, which closes the socket; a FIN it does not send.
                self._socket.shutdown(socket.SHUT_RD)
            else:
                self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _run(self) -> None:
        with suppress(OSError):
            while data := self._socket.recv(READ_BYTES):
                if not self.silent:
                    self._take(data)
        self.open = False
        self._socket.close()
        self._owner.happened()

    def _take(self, data: bytes) -> None:
        with self.writing:
            self._protocol.receive_data(data)
            for event in self._protocol.events_received():
                if isinstance(event, Request):
                    self._protocol.send_response(self._protocol.accept(event))
                    self._flush()
                    self.open = self._protocol.state is State.OPEN
                    self.send(*self.speaker.greeting())
                elif not isinstance(event, Frame):
                    continue
                elif event.opcode is Opcode.TEXT:
                    text = bytes(event.data).decode()
                    self.heard.append(text)
                    if not self._owner.ignores():
                        self.send(*self.speaker.hear(text))
                elif event.opcode is Opcode.PING:
                    self.pings += 1
            self._flush()
        self._owner.happened()

    def _flush(self) -> None:
        for data in self._protocol.data_to_send():
            with suppress(OSError):
                if data:
                    self._socket.sendall(data)
                else:
                    self._socket.shutdown(socket.SHUT_WR)


def frame_of(payload: bytes) -> bytes:
    """A text frame as a server sends it: whole, and not masked."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return struct.pack("!BBH", 0x81, 126, size) + payload
    return struct.pack("!BBQ", 0x81, 127, size) + payload
