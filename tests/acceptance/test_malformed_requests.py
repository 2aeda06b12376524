"""Malformed input at every door of HTTP: refused with a problem, and nobody behind it notices."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from backstay.web.access.connection_stats import ConnectionStats
from backstay.web.app import create_app
from backstay.web.backend import Backend, HookSettings
from backstay.web.request_stats import RequestStats
from tests.acceptance.api import AppClient, serving
from tests.acceptance.conftest import Log

SECRET = "a-secret-of-the-hook"
DOCUMENT = create_app(
    cast(
        Backend,
        SimpleNamespace(
            access=None,
            hook=None,
            refused_alerts=None,
            requests=RequestStats(),
            connections=ConnectionStats(),
            root_path="",
        ),
    )
).openapi()

HUGE = b"9" * 200_000
BODIES = {
    "nothing": b"",
    "no JSON": b"{",
    "no UTF-8": b'{"account": "\xff"}',
    "a lone surrogate": rb'{"account": "\ud800", "symbol": "\udfff", "notional": "\ud800"}',
    "a NUL": rb'{"account": "a\u0000b", "symbol": "\u0000", "reference": "\u0000"}',
    "a number that is none": b'{"notional": NaN, "price": Infinity, "amount": -Infinity}',
    "an exponent": b'{"notional": 1e999999, "price": "1e999999", "amount": 1e-999999}',
    "many digits": b'{"notional": ' + HUGE + b"}",
    "many digits as text": b'{"notional": "' + HUGE + b'"}',
    "deep nesting": b"[" * 100_000,
    "deep objects": b'{"a":' * 40_000,
    "a key twice": b'{"account": "demo", "account": "other", "notional": "1", "notional": "2"}',
    "an unknown field": b'{"surprise": 1}',
    "a list": b"[1, null, [], {}]",
    "a number": b"1",
    "null": b"null",
    "a huge text": b'{"account": "' + b"x" * 200_000 + b'"}',
}
PATH_PARTS = ("%00", "..%2F..", "%FF%FE", "9" * 300, "-1", "1e9", "x" * 5_000, "%F0%9F%92%A9", "'")
FINE = {
    ("/api/v1/markets/{symbol}", "nothing"),
    *(("/api/v1/positions/close-all", name) for name in ("nothing", "null")),
}
CONTENT_TYPES = ("application/json", "text/plain", "application/xml", "")


@pytest.fixture
def api(database_url: str, tmp_path: Path, log: Log) -> Iterator[AppClient]:
    """A whole system; afterwards it trades on, its books are sound, and no bug was logged."""
    hook = HookSettings(secret=SECRET, account="demo", notionals={})
    with serving(database_url, tmp_path, hook=hook) as api:
        api.account("1000")
        api.price("100")
        yield api
        assert [item["result"] for item in api.price("101")] == ["accepted"]
        assert api.open()["status"] == "OPEN"
        assert api.get("/accounts/demo/health")["status"] == "HEALTHY"
        assert api.house.system.directory.stats.restarts == {}
    assert [entry for entry in log.entries if entry["log_level"] == "error"] == []


def operations(*methods: str) -> list[tuple[str, str]]:
    """Every operation of the document with one of these methods; the stream has its own tests."""
    return [
        (method.upper(), path)
        for path, its in DOCUMENT["paths"].items()
        for method in its
        if method in methods and not path.endswith("/events")
    ]


def filled(path: str, part: str | None = None) -> str:
    """A path with something in each of its places."""
    usual = {"account": "demo", "symbol": "BTCUSDT", "position_id": "1", "secret": SECRET}
    return re.sub(r"{(\w+)}", lambda name: part or usual[name[1]], path)


def refused(api: AppClient, method: str, address: str, **how: Any) -> int:
    """The status of an answer, which is a problem if it is a refusal, and never a failure."""
    answer = api.ask_at(method, address, **how)
    assert answer.status_code < 500, f"{method} {address[:80]} {answer.text}"
    if answer.status_code >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json()["status"] == answer.status_code
        assert len(answer.text) < 10_000
    return answer.status_code


def test_no_body_is_too_odd_to_be_refused(api: AppClient) -> None:
    """Every route that takes one, with every content type."""
    counted, accepted = 0, set[tuple[str, str]]()
    for method, path in operations("post", "put", "patch", "delete"):
        for name, body in BODIES.items():
            for kind in CONTENT_TYPES:
                headers = {"Content-Type": kind} if kind else {}
                status = refused(api, method, filled(path), content=body, headers=headers)
                if status < 400:
                    accepted.add((path, name))
                counted += status >= 400
    assert accepted == FINE
    requests = api.app.state.backend.requests.requests
    assert sum(requests[key] for key in requests if key[2] == "4xx") == counted
    assert counted > 500


@pytest.mark.parametrize("kind", [*CONTENT_TYPES, "application/x-www-form-urlencoded"])
def test_no_body_of_a_login_is_too_odd_to_be_refused(api: AppClient, kind: str) -> None:
    """The form and its JSON, which stand in no document."""
    odd_tokens = {
        "a deep token": b'{"token": ' + b"[" * 100_000,
        "deep objects": b'{"token":' * 25_000,
        "a lone surrogate": rb'{"token": "\ud800"}',
        "a number": b'{"token": 1}',
        "a form of bytes": b"token=%FF%FE&next=%00",
        "a form's address": b"next=//elsewhere",
    }
    for body in (BODIES | odd_tokens).values():
        headers = {"Content-Type": kind} if kind else {}
        assert 400 <= refused(api, "POST", "/login", content=body, headers=headers) < 500


def test_no_address_is_too_odd_to_be_refused(api: AppClient) -> None:
    """Every place of every path, and every parameter of every query."""
    for method, path in operations("get", "post"):
        for part in PATH_PARTS:
            if "{" in path:
                refused(api, method, filled(path, part), json={})
            query = "&".join(
                f"{name}={part}"
                for name in ("limit", "cursor", "status", "account", "symbol", "since", "hours")
            )
            refused(api, method, f"{filled(path)}?{query}", json={})


HEADERS = (
    "Authorization",
    "Cookie",
    "Idempotency-Key",
    "X-Request-ID",
    "Content-Length",
    "Accept",
    "Origin",
    "X-Forwarded-For",
)


@pytest.mark.parametrize("header", HEADERS)
def test_no_header_is_too_odd_to_be_refused(api: AppClient, header: str) -> None:
    """Whatever stands in it."""
    body = {"account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "1"}
    for value in (b"\xff\xfe", b"", b"Bearer " + b"x" * 20_000, b"9" * 5_000, b"a=b; =;;;=", b"-1"):
        content = json.dumps(body).encode()
        headers = [(b"content-type", b"application/json"), (header.lower().encode(), value)]
        refused(api, "POST", "/api/v1/positions", content=content, headers=headers)


@pytest.mark.parametrize("value", ["-1", "x", "9" * 5_000, "1e9", "NaN", "\uff11\uff12"])
def test_no_start_of_a_stream_is_too_odd_to_be_refused(api: AppClient, value: str) -> None:
    """By header and by address."""
    header = {"Last-Event-ID": value.encode()}
    for how in ({"headers": header}, {"params": {"since": value}}):
        assert refused(api, "GET", "/api/v1/events", **how) == 422


@pytest.mark.parametrize(
    "body",
    [
        rb'{"action":"buy","symbol":"BTCUSDT","notional":1,"account":"a\u0000b"}',
        rb'{"action":"buy","symbol":"BTCUSDT","notional":1,"id":"\u0000"}',
        b'{"action":"buy","symbol":"BTCUSDT","notional":1,"account":"' + b"x" * 200_000 + b'"}',
        b'{"action":"buy","symbol":"BTCUSDT","notional":1,"time":"0001-01-01T00:00:00+23:59"}',
        b'{"action":"buy","symbol":"BTCUSDT","notional":1,"time":"9999-12-31T23:59:59-23:59"}',
        b'{"action":"buy","symbol":"BTCUSDT","notional":1e999999}',
        b'{"action":"buy","symbol":"BTCUSDT","id":' + b"9" * 5_000 + b"}",
        b"action=buy symbol=BTCUSDT notional=\x00",
        b"action=buy " * 20_000,
    ],
    ids=range(9),
)
def test_no_alert_is_too_odd_to_be_judged(api: AppClient, body: bytes) -> None:
    """It is refused, or stored and then denied: the signals after it are carried out."""
    refused(api, "POST", f"/api/v1/hooks/tradingview/{SECRET}", content=body)
    good = b"action=buy symbol=BTCUSDT notional=25"
    assert refused(api, "POST", f"/api/v1/hooks/tradingview/{SECRET}", content=good) == 202
    api.house.settle()
    assert len(api.get("/positions")["items"]) == 1, "only the good alert opens something"
