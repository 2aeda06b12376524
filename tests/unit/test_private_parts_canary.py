"""The private names of uvicorn and websocket-client that we use: a new one must not move them."""

import inspect
import re
from importlib.metadata import requires

import pytest
from uvicorn.protocols.http.flow_control import CLOSE_HEADER
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol, RequestResponseCycle
from uvicorn.server import Server, ServerState
from websocket import WebSocket
from websocket._abnf import continuous_frame, frame_buffer

from backstay.service.http.connections import ClientConnection


@pytest.mark.parametrize("library", ["pykka", "uvicorn", "websocket-client"])
def test_a_library_whose_privates_are_used_is_pinned_to_a_minor_version(library: str) -> None:
    """A patch may be taken; a minor version is looked at first."""
    (pin,) = [line for line in requires("backstay") or () if re.match(rf"{library}\b", line)]
    assert re.fullmatch(rf"{library}==\d+\.\d+\.\*", pin)


def test_uvicorn_keeps_what_a_connection_looks_at() -> None:
    """`ClientConnection` reads these of the protocol, and sets `disconnected` of the cycle."""
    protocol = inspect.getsource(H11Protocol)
    names = ("conn", "cycle", "transport", "scope", "loop", "server_state")
    assert [name for name in names if f"self.{name}" not in protocol] == []
    assert "self.disconnected" in inspect.getsource(RequestResponseCycle)
    assert "default_headers" in vars(ServerState())


def test_uvicorn_calls_what_a_connection_overrides() -> None:
    """`send_400_response` is called while h11's error is handled; `on_tick` by the loop."""
    source = inspect.getsource(H11Protocol.handle_events)
    handling = source.split("except h11.RemoteProtocolError", 1)[1]
    assert "self.send_400_response(msg)" in handling
    for each in (ClientConnection, H11Protocol):
        assert list(inspect.signature(each.send_400_response).parameters) == ["self", "msg"]
    assert "self.on_tick(" in inspect.getsource(Server.main_loop)


def test_uvicorn_names_a_status_and_the_end_of_a_connection_in_bytes() -> None:
    """h11 takes both as they are."""
    assert STATUS_PHRASES[408] == b"Request Timeout"
    assert CLOSE_HEADER == (b"connection", b"close")


def test_websocket_client_reads_frames_by_the_method_that_is_overridden() -> None:
    """`BufferedWebSocket._recv` feeds the buffer of frames, which keeps what it has."""
    assert list(inspect.signature(WebSocket._recv).parameters) == ["self", "bufsize"]
    assert "frame_buffer(self._recv," in inspect.getsource(WebSocket.__init__)
    pieces = iter([b"\x81"])
    buffer = frame_buffer(lambda _size: next(pieces), skip_utf8_validation=True)
    with pytest.raises(StopIteration):
        buffer.recv_strict(2)
    assert buffer.recv_buffer == [b"\x81"]


def test_websocket_client_forgets_a_message_of_parts_once_it_is_whole() -> None:
    """`take_frames` counts a message's bytes until `cont_data` is None."""
    assert continuous_frame(False, True).cont_data is None
