"""What a request must look like to be heard, whoever sends it, and what every answer has."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from backstay.web.access.access import FAILURES_PER_MINUTE, Access
from backstay.web.access.gate import BODY_BYTES_MAX
from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from tests.acceptance.api import API, AppClient, serving


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    with serving(f"sqlite:///{tmp_path / 'backstay.db'}", tmp_path) as api:
        yield api


def kind(response: httpx.Response) -> str:
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    return str(response.json()["type"]).removeprefix("urn:backstay:problem:")


# --- Host and Origin -------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8470", "LOCALHOST:1", "[::1]:8470"])
def test_the_service_answers_for_its_own_names(api: AppClient, host: str) -> None:
    """By address and by name, with a port or without."""
    assert api.ask_at("GET", "/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:8470",
        "192.0.2.7",
        "127.0.0.2:8470",
        "[2001:db8::1]",
        "",
        "[::1",
        "1",
    ],
)
def test_the_service_answers_for_no_other_name(api: AppClient, host: str) -> None:
    """A page whose name was bound anew to this machine's address (DNS rebinding) gets nowhere."""
    answer = api.ask_at("GET", "/healthz", headers={"Host": host})

    assert answer.status_code == 421
    assert kind(answer) == "host-unknown"


def test_a_request_with_two_hosts_is_refused(api: AppClient) -> None:
    """Which of them a proxy went by cannot be known."""
    hosts = [("Host", "localhost"), ("Host", "localhost")]

    assert api.ask_at("GET", "/healthz", headers=hosts).status_code == 421


def test_bound_elsewhere_it_answers_for_addresses_and_the_names_it_was_told(
    tokens: TokenFile,
) -> None:
    """A name is answered for when it was named, an address always."""
    access = Access(host="0.0.0.0", tokens_file=tokens.path, allowed_hosts=["Backstay.Example"])

    answered = ["192.0.2.7", "[2001:db8::1]", "backstay.example", "localhost"]
    assert [host for host in answered if not access.answers_for(host)] == []
    assert not access.answers_for("evil.example")


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:8470", "http://127.0.0.1:8470", 201),
        ("127.0.0.1:8470", "https://127.0.0.1:8470", 201),
        ("localhost", "http://localhost", 201),
        ("localhost", "http://localhost:80", 201),
        ("localhost:443", "https://localhost", 201),
        ("localhost", "https://localhost:80", 403),
        ("127.0.0.1:8470", "http://localhost:8470", 403),
        ("127.0.0.1:8470", "http://127.0.0.1:3000", 403),
        ("127.0.0.1:8470", "https://evil.example", 403),
        ("127.0.0.1:8470", "null", 403),
        ("127.0.0.1:8470", "", 403),
        ("127.0.0.1:8470", "http://[", 403),
    ],
)
def test_changes_are_taken_from_the_service_s_own_pages_only(
    api: AppClient, host: str, origin: str, status: int
) -> None:
    """Another site's page can send a request; its origin gives it away."""
    body = {"account": "demo", "initial_balance": "100"}

    answer = api.ask("POST", "/accounts", body, headers={"Host": host, "Origin": origin})

    assert answer.status_code == status, answer.text
    if status == 403:
        assert kind(answer) == "origin-refused"


def test_no_other_page_is_allowed_to_read(api: AppClient) -> None:
    """No answer carries a header that would let a foreign page's script read it."""
    answer = api.ask("GET", "/accounts", headers={"Origin": "https://evil.example"})
    preflight = api.ask("OPTIONS", "/accounts", headers={"Origin": "https://evil.example"})

    for headers in (answer.headers, preflight.headers):
        assert not [name for name in headers if name.startswith("access-control")]


# --- Size and rate ---------------------------------------------------------------------------


def body_of(size: int) -> bytes:
    return b'{"note": "' + b"x" * (size - 12) + b'"}'


async def in_chunks(body: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(body), 65_536):
        yield body[begin : begin + 65_536]


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(("excess", "status"), [(0, 422), (1, 413)])
def test_a_body_has_a_largest_size(api: AppClient, chunked: bool, excess: int, status: int) -> None:
    """It is counted also where no length is announced."""
    body = body_of(BODY_BYTES_MAX + excess)

    answer = api.ask_at(
        "POST",
        f"{API}/positions",
        content=in_chunks(body) if chunked else body,
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == status, answer.text
    assert ("content-length" in answer.request.headers) is not chunked
    if status == 413:
        assert kind(answer) == "body-too-large"


def test_a_body_in_chunks_arrives_whole(api: AppClient) -> None:
    """A body within the limit is put together again."""
    body = b'{"account": "demo", "initial_balance": "100"}'

    answer = api.ask_at(
        "POST",
        f"{API}/accounts",
        content=in_chunks(body),
        headers={"Content-Type": "application/json"},
    )

    assert answer.status_code == 201


def test_failed_authentications_are_limited_and_nothing_else(
    api: AppClient, tokens: TokenFile
) -> None:
    """Guessing is slowed down, and a good token never waits for it."""
    good = {"Authorization": f"Bearer {tokens.create('bot', Scope.READ)}"}
    wrong = {"Authorization": "Bearer bks_wrong"}

    failures = [api.ask("GET", "/accounts", headers=wrong) for _ in range(FAILURES_PER_MINUTE + 1)]

    assert [answer.status_code for answer in failures] == [401] * FAILURES_PER_MINUTE + [429]
    assert kind(failures[-1]) == "too-many-requests"
    assert 1 <= int(failures[-1].headers["Retry-After"]) <= 60
    login = api.ask_at("POST", "/login", json={"token": "bks_wrong"})
    assert login.status_code == 429
    for _ in range(3 * FAILURES_PER_MINUTE):
        assert api.ask("GET", "/accounts", headers=good).status_code == 200


def test_the_hook_is_limited(api: AppClient) -> None:
    """Whoever guesses its address gets few attempts, and the API goes on."""
    calls = [
        api.ask("POST", "/hooks/tradingview/wrong", {}).status_code
        for _ in range(FAILURES_PER_MINUTE + 1)
    ]

    assert calls == [404] * FAILURES_PER_MINUTE + [429]
    assert api.ask("GET", "/accounts").status_code == 200


# --- Headers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/healthz", "/nothing", "/login", "/docs", f"{API}/accounts"])
@pytest.mark.parametrize("host", ["localhost", "evil.example"])
def test_every_answer_has_the_headers_that_keep_browsers_safe(
    api: AppClient, path: str, host: str
) -> None:
    """No sniffing, no frames, no address passed on, and nothing kept in a cache."""
    headers = api.ask_at("GET", path, headers={"Host": host}).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
