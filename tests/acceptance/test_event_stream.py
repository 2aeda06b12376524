"""The event stream over a real socket: what a browser or a program gets, and how it goes on."""

import json
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from actors.commit.listener import ListenerActor
from backstay.service.http import server as web_server
from backstay.service.http.server import WebServer, bound_socket, url_of
from backstay.web.access.connection_stats import CutOff
from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from backstay.web.backend import Backend
from backstay.web.stream.event_stream import EventStream
from harness.http_api import until as wait_until
from persistence.state import StoredEvent
from tests.acceptance.api import AppClient, serving
from tests.acceptance.conftest import Log

WITHIN = 60.0
EVENTS = "/api/v1/events"
BIG_EVENTS = 600
BIG_CHARS = 65_536
WHOLE = re.compile(rb"^id: (\d+)\nevent: trading_paused\ndata: [^\n]*\n\n", re.MULTILINE)


class Street:
    """A server on a real socket, and the clients that listen to it."""

    def __init__(self, api: AppClient, stream: EventStream, server: WebServer, url: str) -> None:
        self.api = api
        self.stream = stream
        self.server = server
        self.url = url

    @contextmanager
    def listening(self, **how: Any) -> Iterator[Iterator[dict[str, str]]]:
        """The events that a client gets, each with its `id`, `event` and `data`."""
        with httpx.stream("GET", self.url + EVENTS, timeout=WITHIN, **how) as answer:
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
            yield events_in(answer.iter_lines())

    def trade(self) -> int:
        """Have a position opened and closed by its ladder; returns the newest event's id."""
        self.api.price("100")
        self.api.open()
        self.api.price("103", "106", "110")
        return self.newest

    @property
    def newest(self) -> int:
        """The newest event's id."""
        return self.api.house.store.last_event_id()


def events_in(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    """Server-sent events by their fields; comments are left out."""
    event: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if name:
            event[name] = value
        elif event and not line:
            yield event
            event = {}


def begun(events: Iterator[dict[str, str]]) -> int:
    """The id after which a stream goes on; it comes first."""
    first = next(events)
    assert first.keys() == {"retry", "id"}
    return int(first["id"])


def until(events: Iterator[dict[str, str]], last_id: int) -> list[dict[str, str]]:
    """The events that come, up to one's id."""
    got: list[dict[str, str]] = []
    while not got or int(got[-1]["id"]) < last_id:
        got.append(next(events))
    return got


def ids(events: list[dict[str, str]]) -> list[int]:
    return [int(event["id"]) for event in events]


@contextmanager
def a_street(tmp_path: Path, reader: Any = None, **settings: Any) -> Iterator[Street]:
    with serving(f"sqlite:///{tmp_path / 'backstay.db'}", tmp_path) as api:
        stream = EventStream(reader or api.house.store, **settings)
        listener = api.house.dispatcher.start(ListenerActor("events", stream.announced))
        api.house.system.directory.listeners += (listener,)
        backend: Backend = api.app.state.backend
        api.app.state.backend = replace(backend, events=stream)
        bound = bound_socket("127.0.0.1", 0)
        server = WebServer(api.app, bound, pytest.fail, backend.connections)
        server.start()
        try:
            yield Street(api, stream, server, url_of(bound))
        finally:
            stream.close()
            server.stop()


@pytest.fixture
def street(tmp_path: Path) -> Iterator[Street]:
    with a_street(tmp_path) as street:
        street.api.account()
        yield street


def test_a_stream_brings_what_was_and_what_comes(street: Street) -> None:
    """From the first event on, each once and in order, across the seam of old and new."""
    before = street.trade()

    with street.listening(params={"since": 0}) as events:
        assert begun(events) == 0
        old = until(events, before)
        after = street.trade()
        new = until(events, after)

    got = old + new
    assert ids(got) == list(range(1, after + 1))
    stored = street.api.house.events()
    assert [event["event"] for event in got] == [event.kind for event in stored]
    for event, row in zip(got, stored, strict=True):
        data = json.loads(event["data"])
        assert (data["id"], data["kind"]) == (row.id, row.kind)
        assert (data["account"], data["position_id"]) == (row.account, row.position_id)
        assert data["data"] == json.loads(row.data)


def test_a_stream_begins_at_the_present_end(street: Street) -> None:
    """Who names no start is told of nothing that was before."""
    before = street.trade()

    with street.listening() as events:
        assert begun(events) == before
        after = street.trade()
        got = until(events, after)

    assert ids(got) == list(range(before + 1, after + 1))


def test_a_client_resumes_where_it_was_cut_off(street: Street) -> None:
    """The header of a reconnect goes before the start in the address."""
    last = street.trade()
    with street.listening(params={"since": 0}) as events:
        assert begun(events) == 0
        known = int(next(events)["id"])
    street.trade()

    # As EventSource does it: the same address, and where it got to in a header.
    resumed = {"params": {"since": 0}, "headers": {"Last-Event-ID": str(known)}}
    with street.listening(**resumed) as events:
        assert begun(events) == known
        got = until(events, last)

    assert ids(got) == list(range(known + 1, last + 1))


@pytest.mark.parametrize(
    "how",
    [
        {"params": {"since": "-1"}},
        {"params": {"since": "x"}},
        {"params": {"since": str(2**63)}},
        {"headers": {"Last-Event-ID": "x"}},
    ],
)
def test_an_impossible_start_is_refused(street: Street, how: dict[str, Any]) -> None:
    """A start that is not a number, or lies ahead of the last event, is the client's error."""
    answer = httpx.get(street.url + EVENTS, **how)

    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:backstay:problem:invalid-request"


def test_too_many_streams_are_refused(tmp_path: Path) -> None:
    """The answer says when to try again."""
    with a_street(tmp_path, streams_max=1) as street, street.listening() as events:
        begun(events)
        answer = httpx.get(street.url + EVENTS)

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:backstay:problem:streams-full"
    assert answer.headers["Retry-After"] == "1"


def test_a_revoked_token_s_stream_ends(tmp_path: Path) -> None:
    """Its page is told nothing from the next sign of life on."""
    tokens = TokenFile(tmp_path / "tokens.json")
    token = tokens.create("page", Scope.READ)

    with (
        a_street(tmp_path, keep_alive_seconds=0.05) as street,
        street.listening(headers={"Authorization": f"Bearer {token}"}) as events,
    ):
        begun(events)
        tokens.revoke("page")

        assert list(events) == []


def test_a_stream_by_cookie_ends_with_the_logout(tmp_path: Path) -> None:
    """As every other answer to that cookie does."""
    token = TokenFile(tmp_path / "tokens.json").create("page", Scope.READ)
    with a_street(tmp_path, keep_alive_seconds=0.05) as street:
        login = httpx.post(f"{street.url}/login", json={"token": token})
        cookie = {"Cookie": login.headers["Set-Cookie"].partition(";")[0]}

        with street.listening(headers=cookie) as events:
            begun(events)
            httpx.post(f"{street.url}/logout", headers=cookie | {"Origin": street.url})

            assert list(events) == []


def test_a_stop_ends_the_streams_at_once(street: Street, log: Log) -> None:
    """The server need not wait for its clients, nor complain of them."""
    with street.listening() as first, street.listening() as second:
        begun(first)
        begun(second)

        street.stream.close()
        street.server.stop()

        assert (list(first), list(second)) == ([], [])
    assert [line for line in log.records if "timeout" in line or "without completing" in line] == []


class BigEvents:
    """A table of events that no socket's buffers hold."""

    def last_event_id(self) -> int:
        return BIG_EVENTS

    def read_events(self, after_id: int, limit: int) -> tuple[StoredEvent, ...]:
        last = min(BIG_EVENTS, after_id + limit)
        return tuple(map(self._event, range(after_id + 1, last + 1)))

    def _event(self, event_id: int) -> StoredEvent:
        return StoredEvent(
            id=event_id,
            kind="trading_paused",
            account=None,
            position_id=None,
            symbol=None,
            time_us=event_id,
            commit_id=event_id,
            done_us=event_id,
            data=json.dumps({"reason": "x" * BIG_CHARS}),
        )


def test_a_client_that_does_not_read_is_cut_off_and_can_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It costs the others nothing, and gets the rest when it comes again."""
    monkeypatch.setattr(web_server, "TICKS_A_SECOND", 1)
    with a_street(tmp_path, BigEvents()) as street:
        stats = street.api.app.state.backend.connections
        address = urlsplit(street.url)
        with socket.create_connection((address.hostname, address.port), WITHIN) as slow:
            slow.sendall(f"GET {EVENTS}?since=0 HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
            wait_until(lambda: stats.cut_off[CutOff.ANSWER_UNREAD] == 1)
            received = b"".join(iter(lambda: slow.recv(2**20), b""))
        got = [int(found) for found in WHOLE.findall(received)]

        with street.listening(headers={"Last-Event-ID": str(got[-1])}) as events:
            begun(events)
            rest = ids(until(events, BIG_EVENTS))

    assert got[-1] < BIG_EVENTS
    assert got + rest == list(range(1, BIG_EVENTS + 1))
