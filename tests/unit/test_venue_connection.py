"""Frames as they come out of a socket that delivers them in pieces of any size."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websocket import ABNF

from backstay.feeds.venues.connection import (
    MESSAGE_BYTES_MAX,
    BufferedWebSocket,
    Disconnected,
    VenueConnection,
)

SIZES = st.sampled_from([0, 1, 2, 124, 125, 126, 127, 128, 1_000, 65_535, 65_536, 70_000])
FRAMES = st.lists(
    st.tuples(st.sampled_from(["text", "fragments", "ping", "pong", "masked"]), SIZES), max_size=8
)


class Pipe:
    """The two ends of a connection: ours, and the socket of the other side."""

    def __init__(self) -> None:
        self.socket, self.other = socket.socketpair()
        self.socket.setblocking(False)
        websocket = BufferedWebSocket(skip_utf8_validation=True, enable_multithread=False)
        websocket.sock = self.socket
        self.connection = VenueConnection(websocket, self.socket)

    def close(self) -> None:
        """Close both."""
        self.connection.close()
        self.other.close()


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    """An open connection."""
    pipe = Pipe()
    yield pipe
    pipe.close()


def frame(data: bytes, opcode: int = ABNF.OPCODE_TEXT, *, fin: int = 1, mask: int = 0) -> bytes:
    """A frame's bytes."""
    return ABNF(fin, 0, 0, 0, opcode, mask, data).format()


@given(frames=FRAMES, data=st.data())
def test_texts_come_out_whole_however_they_are_cut(
    frames: list[tuple[str, int]], data: st.DataObject
) -> None:
    """Short and long, in fragments, between pings, in one piece or byte by byte."""
    wire, texts = b"", []
    for number, (kind, size) in enumerate(frames):
        text = bytes(((number + index) % 26 + 97) for index in range(size))
        match kind:
            case "ping" | "pong":
                opcode = ABNF.OPCODE_PING if kind == "ping" else ABNF.OPCODE_PONG
                wire += frame(text[:125], opcode)
                continue
            case "fragments":
                half = size // 2
                wire += frame(text[:half], fin=0) + frame(b"beat", ABNF.OPCODE_PING)
                wire += frame(text[half:], ABNF.OPCODE_CONT)
            case _:
                wire += frame(text, mask=int(kind == "masked"))
        texts.append(text)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=10)))
    pipe, received = Pipe(), list[bytes]()
    for start, end in zip([0, *cuts], [*cuts, len(wire)], strict=True):
        pipe.other.sendall(wire[start:end])
        while piece := list(pipe.connection.receive()):
            received += piece
        received += pipe.connection.receive()
        pipe.connection.check()
    while len(received) < len(texts):
        received += pipe.connection.receive()
        pipe.connection.check()
    assert received == texts
    pipe.close()


def test_what_came_before_a_close_frame_is_received(pipe: Pipe) -> None:
    """A venue's last price counts, and its reason is told."""
    close = frame(b"\x03\xf4overloaded", ABNF.OPCODE_CLOSE)
    pipe.other.sendall(frame(b"last") + close + frame(b"never"))
    assert pipe.connection.receive() == [b"last"]
    with pytest.raises(Disconnected, match="1012 overloaded"):
        pipe.connection.check()


def test_pings_are_answered_with_their_payload(pipe: Pipe) -> None:
    """Binance ends a connection that does not."""
    pipe.other.sendall(frame(b"1770123456789", ABNF.OPCODE_PING))
    before = pipe.connection.heard_at
    assert pipe.connection.receive() == []
    assert pipe.connection.heard_at > before
    answer = pipe.other.recv(100)
    assert answer[0] == 0x80 | ABNF.OPCODE_PONG
    assert ABNF.mask(answer[2:6], answer[6:]) == b"1770123456789"


def test_half_a_frame_is_no_sign_of_life(pipe: Pipe) -> None:
    """A stream that is out of step ends in silence, not in a message that never ends."""
    before = pipe.connection.heard_at
    pipe.other.sendall(b"\xff" * 200)
    assert pipe.connection.receive() == []
    pipe.connection.check()
    assert pipe.connection.heard_at == before


@pytest.mark.parametrize(
    "begins",
    [
        pytest.param(b"\x81\x7f" + b"\x7f" + b"\xff" * 7, id="a frame of exabytes"),
        pytest.param(b"\x01\x00", id="a message of ever more frames"),
    ],
)
def test_a_message_without_end_is_a_loss(pipe: Pipe, begins: bytes) -> None:
    """Neither a frame nor a row of them fills the memory, pings between them or not."""
    more = frame(b"x" * 50_000, ABNF.OPCODE_CONT, fin=0) + frame(b"", ABNF.OPCODE_PING)
    pipe.other.sendall(begins)

    def read_on() -> None:
        for _ in range(MESSAGE_BYTES_MAX // 50_000 + 1):
            pipe.other.sendall(more)
            assert pipe.connection.receive() == []
            pipe.connection.check()

    with pytest.raises(Disconnected, match="more than 4,194,304 bytes"):
        read_on()


def test_a_day_of_pings_is_no_message_without_end(pipe: Pipe) -> None:
    """What is whole is counted no longer."""
    pings = frame(b"x" * 125, ABNF.OPCODE_PING) * 100
    for _ in range(MESSAGE_BYTES_MAX // len(pings) + 1):
        pipe.other.sendall(pings)
        pipe.connection.receive()
        pipe.connection.check()
        pipe.other.recv(100_000)


def test_sending_to_nobody_is_a_loss(pipe: Pipe) -> None:
    """The session is told so, in one way, whatever the socket says."""
    pipe.other.close()
    with pytest.raises(Disconnected):
        pipe.connection.send("hello")


def test_a_connection_can_be_closed_whatever_became_of_it(pipe: Pipe) -> None:
    """Letting go of a connection never fails."""
    pipe.other.close()
    with suppress(Disconnected):
        pipe.connection.ping()
    pipe.connection.close()
    pipe.connection.close()
