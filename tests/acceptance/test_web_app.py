"""What all routes share: problem documents, request ids, the log, the page, the probes."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from tests.acceptance.api import AppClient, an_open, serving
from tests.acceptance.conftest import Log


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    """A house over a database in memory."""
    with serving("sqlite://", tmp_path) as api:
        yield api


def set_backend(api: AppClient, **parts: Any) -> None:
    """Give the app another part of its backend."""
    api.app.state.backend = replace(api.app.state.backend, **parts)


def test_the_page_needs_nothing_from_elsewhere(api: AppClient) -> None:
    """It names no host, has its document judged by none, and all that it names is served here."""
    page = api.ask_at("GET", "/docs").text
    assert "//" not in re.sub(r"<!--.*?-->|// .*", "", page)
    assert '"validatorUrl": null' in page
    assets = re.findall(r"(?:href|src)=\"([^\"]+)\"", page)
    assert len(assets) == 3
    for asset in [*assets, "/openapi.json"]:
        response = api.ask_at("GET", asset)
        assert response.status_code == 200
        assert len(response.content) > 300
    assert "'/openapi.json'" in page


def test_every_answer_has_a_policy(api: AppClient) -> None:
    """What is not a page may load nothing; the API's page may run its own script and no other."""
    for path in ("/api/v1/accounts", "/healthz", "/nothing", "/openapi.json", "/metrics"):
        policy = api.ask_at("GET", path).headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none';"), path
    policy = api.ask_at("GET", "/docs").headers["Content-Security-Policy"]
    assert re.search(r"script-src 'self' 'sha256-[A-Za-z0-9+/]{43}=';", policy)
    assert policy.endswith("frame-ancestors 'none'")


def test_the_document_says_that_decimals_are_strings(api: AppClient) -> None:
    """With a pattern each; every refusal is a problem document."""
    document = api.ask_at("GET", "/openapi.json").json()
    notional = document["components"]["schemas"]["OpenRequest"]["properties"]["notional"]
    kinds = {kind["type"] for kind in notional["anyOf"]}
    assert kinds == {"string", "null"}
    assert notional["anyOf"][0]["pattern"]
    operation = document["paths"]["/api/v1/positions"]["post"]
    for status in ("404", "409", "422", "503"):
        content = operation["responses"][status]["content"]
        assert list(content) == ["application/problem+json"]
    assert "ProblemBody" in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


@pytest.mark.parametrize(
    ("method", "address", "status", "kind"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/api/v1/positions/", 404, "not-found"),
        ("DELETE", "/api/v1/positions/1", 405, "method-not-allowed"),
        ("GET", "/api/v1/positions/0", 422, "invalid-request"),
        ("GET", "/api/v1/positions/99999999999999999999", 422, "invalid-request"),
        ("GET", f"/api/v1/positions/{'9' * 5000}", 422, "invalid-request"),
        ("POST", f"/api/v1/positions/{'9' * 5000}/close", 422, "invalid-request"),
        ("GET", "/api/v1/positions/close-all", 405, "method-not-allowed"),
        ("PATCH", "/api/v1/positions/close-all", 405, "method-not-allowed"),
        ("GET", "/api/v1/positions/x", 404, "not-found"),
        ("GET", "/static-offline-docs/nothing.js", 404, "not-found"),
    ],
)
def test_what_no_route_takes_is_a_problem_document_too(
    api: AppClient, method: str, address: str, status: int, kind: str
) -> None:
    """With a type, like every refusal."""
    response = api.ask_at(method, address)
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["type"] == f"urn:backstay:problem:{kind}"
    assert response.status_code == response.json()["status"] == status


@pytest.mark.parametrize("body", [b"{", b"\xff", b"[" * 100_000, b'{"account": "\\ud800"}'])
def test_a_body_that_cannot_be_read_is_refused(api: AppClient, body: bytes) -> None:
    """It is nobody's bug."""
    headers = {"Content-Type": "application/json"}
    response = api.ask_at("POST", "/api/v1/accounts", content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert response.headers["Content-Type"] == "application/problem+json"


def test_a_bug_is_a_500_that_tells_nothing_and_is_in_the_log(api: AppClient, log: Log) -> None:
    """The answer names the request; the log has what happened."""

    def fail() -> tuple[bytes, str]:
        raise RuntimeError("a secret of the inside")

    set_backend(api, metrics=fail)
    response = api.ask_at("GET", "/metrics", headers={"X-Request-ID": "r-7"})
    assert response.status_code == 500
    assert response.json()["type"] == "urn:backstay:problem:internal-error"
    assert "r-7" in response.json()["detail"]
    assert "secret" not in response.text
    failure = next(entry for entry in log.entries if entry["event"] == "request failed")
    assert failure["route"] == "/metrics"
    assert "a secret of the inside" in failure["error"]


@pytest.mark.parametrize(
    ("given", "is_taken"), [("abc-1.2_3", True), ("no spaces", False), ("x" * 65, False)]
)
def test_a_request_keeps_its_id_from_the_log_to_the_answer(
    api: AppClient, given: str, *, is_taken: bool
) -> None:
    """The client's own where it is short and plain; else one is made."""
    bound: list[str] = []

    def look() -> tuple[bytes, str]:
        bound.append(structlog.contextvars.get_contextvars()["request"])
        return b"", "text/plain"

    set_backend(api, metrics=look)
    response = api.ask_at("GET", "/metrics", headers={"X-Request-ID": given})
    assert bound == [response.headers["X-Request-ID"]]
    assert (bound[0] == given) is is_taken
    assert bound[0]


def test_whatever_may_change_something_is_logged_by_its_route(api: AppClient, log: Log) -> None:
    """The template of the address, not the address: some have secrets in them."""
    api.account("100")
    api.problem("POST", "/positions", an_open())
    api.problem("POST", "/positions/77/close")
    api.ask_at("POST", "/api/v1/nothing/secret")
    api.get("/positions")
    lines = [line for line in log.lines if line.startswith("POST")]
    assert lines == [
        "POST /accounts: 201",
        "POST /positions: 404",
        "POST /positions/{position_id}/close: 404",
        "POST (no such route): 404",
    ]
    everything = [*log.lines, *map(str, log.entries)]
    assert not [line for line in everything if "secret" in line]


def test_a_line_names_the_request_and_what_it_was_about(api: AppClient, log: Log) -> None:
    """Account, position and request, under the names that the actors' lines have."""
    api.account("100")
    api.price("100")
    position_id = api.open()["id"]
    api.post(f"/positions/{position_id}/close")
    api.post("/accounts/demo/transfers", {"amount": "1", "reference": "deposit-1"})
    lines = {entry["event"]: entry for entry in log.entries if "ms" in entry}
    opened = lines["POST /positions: 201"]
    assert (opened["account"], opened["position"]) == ("demo", position_id)
    assert lines["POST /positions/{position_id}/close: 200"]["position"] == position_id
    assert lines["POST /accounts/{account}/transfers: 200"]["account"] == "demo"
    assert all(line["request"] for line in lines.values())


def test_the_probes_say_what_is_wrong(tmp_path: Path) -> None:
    """200 and 503, with each part's state."""
    with serving("sqlite://", tmp_path, is_ready=False) as api:
        live, ready = api.ask_at("GET", "/healthz"), api.ask_at("GET", "/readyz")
    assert (live.status_code, live.json()) == (200, {"status": "ok", "checks": {"desk": "ok"}})
    assert ready.status_code == 503
    assert ready.json() == {"status": "failing", "checks": {"database": "away"}}


def test_metrics_are_passed_on_as_they_are(api: AppClient) -> None:
    """With the exposition's own content type."""
    response = api.ask_at("GET", "/metrics")
    assert response.text == "backstay_up 1\n"
    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
