"""Logging in from a browser: the form, the cookie, and what a page of another site cannot do."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.api import ADDRESS, API, Api, serving
from web.login import STYLE_SHA256
from web.tokens import Scope, TokenFile

OWN = {"Origin": ADDRESS}
ACCOUNT = {"account": "demo", "initial_balance": "100"}


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with serving(f"sqlite:///{tmp_path / 'backstay.db'}", tmp_path) as api:
        yield api


@pytest.fixture
def cookie(api: Api, tokens: TokenFile) -> dict[str, str]:
    """The cookie of a browser that logged in with an admin's token."""
    token = tokens.create("page", Scope.ADMIN)
    return cookie_of(api.ask_at("POST", "/login", data={"token": token}, headers=OWN))


def cookie_of(login: httpx.Response) -> dict[str, str]:
    return {"Cookie": login.headers["Set-Cookie"].partition(";")[0]}


def test_the_form_logs_in(api: Api, tokens: TokenFile) -> None:
    token = tokens.create("page", Scope.READ)

    login = api.ask_at("POST", "/login", data={"token": token}, headers=OWN)

    assert login.status_code == 303
    assert login.headers["Location"] == "/docs"
    assert token not in login.headers["Set-Cookie"]
    assert api.ask("GET", "/accounts", headers=cookie_of(login)).status_code == 200
    assert api.ask("POST", "/accounts", ACCOUNT, headers=cookie_of(login) | OWN).status_code == 403


def test_a_program_logs_in_with_json(api: Api, tokens: TokenFile) -> None:
    token = tokens.create("page", Scope.READ)

    login = api.ask_at("POST", "/login", json={"token": token})

    assert login.status_code == 204
    assert api.ask("GET", "/accounts", headers=cookie_of(login)).status_code == 200


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_no_script_and_no_other_site_gets_the_cookie(
    api: Api, tokens: TokenFile, scheme: str, secure: bool
) -> None:
    token = tokens.create("page", Scope.READ)

    login = api.ask_at("POST", f"{scheme}://localhost/login", json={"token": token})

    _, *attributes = login.headers["Set-Cookie"].split("; ")
    expected = {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"}
    assert set(attributes) == expected | ({"Secure"} if secure else set())


@pytest.mark.parametrize("token", ["bks_wrong", "", "\ud800"])
def test_an_unknown_token_logs_nobody_in(api: Api, tokens: TokenFile, token: str) -> None:
    tokens.create("page", Scope.READ)

    login = api.ask_at(
        "POST",
        "/login",
        content=f'{{"token": "{token.encode("ascii", "backslashreplace").decode()}"}}',
        headers={"Content-Type": "application/json"},
    )

    assert login.status_code == 401
    assert "Set-Cookie" not in login.headers


@pytest.mark.parametrize("body", [b"", b"[]", b'{"token": 1}', b"token", b"\xff"])
@pytest.mark.parametrize("kind", ["application/json", "application/x-www-form-urlencoded"])
def test_a_login_without_a_token_is_refused(
    api: Api, tokens: TokenFile, body: bytes, kind: str
) -> None:
    tokens.create("page", Scope.READ)

    login = api.ask_at("POST", "/login", content=body, headers={"Content-Type": kind})

    assert login.status_code == 422


def test_a_change_by_cookie_comes_from_the_service_s_own_page(
    api: Api, cookie: dict[str, str]
) -> None:
    unnamed = api.ask("POST", "/accounts", ACCOUNT, headers=cookie)
    foreign = {"Origin": "https://evil.example"}

    assert unnamed.status_code == 403
    assert unnamed.json()["type"] == "urn:backstay:problem:origin-missing"
    assert api.ask("POST", "/accounts", ACCOUNT, headers=cookie | foreign).status_code == 403
    assert api.ask("POST", "/accounts", ACCOUNT, headers=cookie | OWN).status_code == 201


def test_a_header_goes_before_a_cookie(api: Api, cookie: dict[str, str]) -> None:
    wrong = {"Authorization": "Bearer bks_wrong"}

    assert api.ask("GET", "/accounts", headers=cookie | wrong).status_code == 401


def test_a_logout_ends_the_session(api: Api, cookie: dict[str, str]) -> None:
    logout = api.ask_at("POST", "/logout", headers=cookie | OWN)

    assert logout.status_code == 204
    assert 'backstay_session="";' in logout.headers["Set-Cookie"]
    assert api.ask("GET", "/accounts", headers=cookie).status_code == 401


def test_a_session_ends_with_its_token(api: Api, tokens: TokenFile, cookie: dict[str, str]) -> None:
    tokens.revoke("page")
    tokens.create("page", Scope.ADMIN)

    assert api.ask("GET", "/accounts", headers=cookie).status_code == 401


def test_the_form_loads_nothing_and_runs_nothing(api: Api) -> None:
    page = api.ask_at("GET", "/login")

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{STYLE_SHA256}'; ")
    assert "form-action 'self'" in policy
    assert re.findall(r"<script|https?:|src=|href=", page.text) == []
    assert '<form method="post" action="/login">' in page.text


def test_the_stream_takes_the_cookie(api: Api, cookie: dict[str, str]) -> None:
    answer = api.ask_at("GET", f"{API}/events", params={"since": -1}, headers=cookie)

    assert answer.status_code == 422
