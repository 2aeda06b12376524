"""Connections that keep the service waiting: answered where that is possible, cut off, counted."""

import contextlib
import resource
from asyncio import selector_events
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from backstay.service.http import connections
from backstay.service.http import server as web_server
from backstay.service.http.server import WebServer, bound_socket, url_of
from backstay.web.access import gate as access_gate
from backstay.web.access.connection_stats import ConnectionStats, CutOff
from harness.http_api import until
from tests.acceptance.api import API, AppClient, serving
from tests.acceptance.conftest import Log
from tests.acceptance.raw_client import (
    BIG_READ,
    CHUNKED,
    GET,
    POST,
    STREAM,
    RawClient,
    status_of,
)

ROOM = 4


class Door:
    """A server whose patience is short: a second of it takes a tenth of one."""

    def __init__(self, api: AppClient, url: str, stats: ConnectionStats) -> None:
        self.api = api
        self.url = url
        self.stats = stats
        self.clients: list[RawClient] = []

    def ask(self, sent: bytes = b"", receive_buffer: int | None = None) -> RawClient:
        """A client that has sent this; it hangs up at the end of the test."""
        self.clients.append(RawClient(self.url, sent, receive_buffer=receive_buffer))
        return self.clients[-1]

    def counted(self, reason: CutOff, count: int = 1) -> None:
        """Wait until a bound was met so often, and no other one."""
        expected = dict.fromkeys(CutOff, 0) | {reason: count}
        until(lambda: self.stats.cut_off == expected)

    def serves(self) -> None:
        """A price is taken from whoever comes now."""
        answer = httpx.post(f"{self.url}{API}/prices", json={"symbol": "BTCUSDT", "price": "100"})
        assert answer.json()["items"][0]["result"] == "accepted"


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, log: Log) -> Iterator[Door]:
    monkeypatch.setattr(web_server, "TICKS_A_SECOND", 1)
    monkeypatch.setattr(connections, "CONNECTIONS_MAX", ROOM)
    monkeypatch.setattr(access_gate, "BODY_SECONDS_MAX", 1.0)
    bound = bound_socket("127.0.0.1", 0)
    with serving("sqlite://", tmp_path) as api:
        stats = api.app.state.backend.connections
        server = WebServer(api.app, bound, pytest.fail, stats)
        server.start()
        door = Door(api, url_of(bound), stats)
        yield door
        for client in door.clients:
            client.close()
        door.serves()
        until(lambda: stats.open == 0)
        server.stop()
    assert [line for line in log.records if "Traceback" in line] == []
    assert [line for line in log.lines if "request failed" in line] == []


@pytest.mark.parametrize(
    ("sent", "answer", "reason"),
    [
        (GET + b"X-A: ", (408, "request-timeout"), CutOff.HEAD_SLOW),
        (GET + b"X-A: " + b"a" * 100_000, (431, "head-too-large"), CutOff.HEAD_LARGE),
        (b"\x16\x03\x01 hello\r\n\r\n", (400, "unreadable-request"), CutOff.MALFORMED),
        (POST + CHUNKED + b"zz\r\n", (400, "unreadable-request"), CutOff.MALFORMED),
        (POST + b"Content-Length: 9\r\n\r\n{", (408, "request-timeout"), CutOff.BODY_SLOW),
        (POST + CHUNKED + b"1\r\n{\r\n", (408, "request-timeout"), CutOff.BODY_SLOW),
    ],
)
def test_what_is_not_a_whole_request_in_time_is_answered_with_why(
    door: Door, sent: bytes, answer: tuple[int, str], reason: CutOff
) -> None:
    """As a problem, and the connection ends."""
    assert door.ask(sent).status() == answer
    door.counted(reason)


def test_a_body_with_two_ends_is_refused(door: Door) -> None:
    """A proxy may have taken the other header's word; nothing more is read of that connection."""
    client = door.ask(POST + b"Content-Length: 2\r\n" + CHUNKED + b"0\r\n\r\n" + GET + b"\r\n")
    received = client.received()
    assert status_of(received) == (400, "unreadable-request")
    assert received.count(b"HTTP/1.1") == 1


def test_who_says_nothing_is_told_nothing(door: Door) -> None:
    """A browser opens connections that it may need: an answer to nothing would confuse it."""
    assert door.ask().received() == b""
    door.counted(CutOff.HEAD_SLOW)


def test_a_head_that_comes_byte_by_byte_is_no_better(door: Door) -> None:
    """Slowloris: a byte now and then does not buy more time."""
    client = door.ask()
    with contextlib.suppress(OSError):
        for byte in GET + b"X-A: " + b"a" * 1000:
            client.socket.sendall(bytes([byte]))
            if door.stats.cut_off[CutOff.HEAD_SLOW]:
                break
            client.socket.settimeout(0.05)
            with contextlib.suppress(TimeoutError):
                client.socket.recv(1, 2)
    door.counted(CutOff.HEAD_SLOW)


def test_a_second_request_has_as_much_time_as_the_first(door: Door) -> None:
    """A connection that is kept is bounded like a new one."""
    client = door.ask(GET + b"\r\n" + GET)
    received = client.received()
    first, second = (
        received[: received.rindex(b"HTTP/1.1")],
        received[received.rindex(b"HTTP/1.1") :],
    )
    assert (status_of(first)[0], status_of(second)[0]) == (200, 408)
    door.counted(CutOff.HEAD_SLOW)


def test_a_body_that_is_too_large_is_refused_before_it_comes(door: Door) -> None:
    """By what it announces; whoever goes on sending it is cut off."""
    client = door.ask(POST + b"Content-Length: 10000000000\r\n\r\n{")
    assert client.status() == (413, "body-too-large")
    until(lambda: door.stats.cut_off[CutOff.BODY_UNWANTED] == 1)
    assert door.stats.cut_off[CutOff.BODY_LARGE] == 1


def test_a_body_without_an_end_is_refused_when_it_is_too_large(door: Door) -> None:
    """What comes after that is read by nobody, and not for long."""
    client = door.ask(POST + CHUNKED)
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    with contextlib.suppress(ConnectionError):
        while True:
            client.socket.sendall(chunk)
    until(lambda: door.stats.cut_off[CutOff.BODY_UNWANTED] == 1)
    assert door.stats.cut_off[CutOff.BODY_LARGE] == 1


def test_a_read_is_answered_whatever_body_it_has(door: Door) -> None:
    """And the rest of that body is not waited for."""
    received = door.ask(GET + CHUNKED + b"1\r\nx\r\n").received()
    assert status_of(received)[0] == 200
    door.counted(CutOff.BODY_UNWANTED)


def test_an_answer_that_nobody_reads_is_dropped(door: Door) -> None:
    """Also where many were asked for at once."""
    door.ask(BIG_READ * 200, receive_buffer=4096)
    door.counted(CutOff.ANSWER_UNREAD)


def test_who_does_not_read_why_it_is_cut_off_is_gone_all_the_same(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A transport closes when everything is read; nobody looks at this one any more."""
    monkeypatch.setattr(connections, "LAST_WORDS_SECONDS", 0.05)
    monkeypatch.setattr(
        vars(selector_events)["_SelectorSocketTransport"], "close", lambda _self: None
    )
    client = door.ask(b"\x16\x03\x01 hello\r\n\r\n")
    door.counted(CutOff.MALFORMED)
    until(lambda: door.stats.open == 0)
    assert client.status() == (400, "unreadable-request")


def test_a_body_that_was_broken_off_is_nobodys_failure(door: Door, log: Log) -> None:
    """Nothing is done, and the log has no failure."""
    for sent in (b"Content-Length: 9\r\n\r\n{", CHUNKED + b"1\r\n{\r\n"):
        door.ask(POST + sent).close()
    until(lambda: len([line for line in log.lines if line.endswith(": hung up")]) == 2)


def test_however_many_hang_who_comes_is_heard(door: Door) -> None:
    """The one that has waited the longest goes, with an answer."""
    clients = [door.ask(GET + b"X-A: ") for _ in range(3 * ROOM)]
    door.serves()
    until(lambda: door.stats.cut_off[CutOff.TOO_MANY] >= 2 * ROOM)
    assert clients[0].status() == (503, "too-many-connections")
    assert door.stats.open <= ROOM


def test_who_finds_only_streams_is_refused(door: Door) -> None:
    """They are not ended for somebody else; the next one finds room once one has gone."""
    streams = [door.ask(STREAM) for _ in range(ROOM)]
    for stream in streams:
        stream.received(until=b"retry: ")
    assert door.ask().status() == (503, "too-many-connections")
    door.counted(CutOff.TOO_MANY)
    for stream in streams:
        stream.close()
    until(lambda: door.stats.open == 0)


def test_streams_that_are_asked_for_at_once_are_bounded_too(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each takes its place before it waits for anything."""
    monkeypatch.setattr(door.api.app.state.backend.events, "_streams_max", 1)
    with ThreadPoolExecutor(ROOM) as pool:
        streams = list(pool.map(lambda _: door.ask(STREAM), range(ROOM)))
        answers = list(pool.map(lambda stream: stream.received(until=b"\r\n\r\n"), streams))
    statuses = sorted(int(answer.split(b" ", 2)[1]) for answer in answers)
    assert statuses == [200] + [503] * (ROOM - 1)


def test_few_open_files_mean_few_connections(monkeypatch: pytest.MonkeyPatch, log: Log) -> None:
    """The process asks for more, and says so where it gets none."""
    asked: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 1024))
    monkeypatch.setattr(resource, "setrlimit", lambda _, limits: asked.append(limits))
    assert connections.streams_max(connections.connections_max()) == 64
    assert asked == [(1024, 1024)]
    assert any("at most 128 HTTP connections" in line for line in log.lines)
