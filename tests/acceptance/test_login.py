"""Logging in from a browser: the form, the cookie, and what a page of another site cannot do."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import httpx
import pytest

from backstay.web.access.login import STYLE_SHA256
from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from tests.acceptance.api import ADDRESS, API, AppClient, serving

OWN = {"Origin": ADDRESS}
ACCOUNT = {"account": "demo", "initial_balance": "100"}


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    with serving(f"sqlite:///{tmp_path / 'backstay.db'}", tmp_path) as api:
        yield api


@pytest.fixture
def cookie(api: AppClient, tokens: TokenFile) -> dict[str, str]:
    """The cookie of a browser that logged in with an admin's token."""
    token = tokens.create("page", Scope.ADMIN)
    return cookie_of(api.ask_at("POST", "/login", data={"token": token}, headers=OWN))


def cookie_of(login: httpx.Response) -> dict[str, str]:
    return {"Cookie": login.headers["Set-Cookie"].partition(";")[0]}


def test_the_form_logs_in(api: AppClient, tokens: TokenFile) -> None:
    """The cookie then does what the token did, and does not hold it."""
    token = tokens.create("page", Scope.READ)

    login = api.ask_at("POST", "/login", data={"token": token}, headers=OWN)

    assert login.status_code == 303
    assert login.headers["Location"] == "/"
    assert token not in login.headers["Set-Cookie"]
    assert api.ask("GET", "/accounts", headers=cookie_of(login)).status_code == 200
    assert api.ask("POST", "/accounts", ACCOUNT, headers=cookie_of(login) | OWN).status_code == 403


def test_a_program_logs_in_with_json(api: AppClient, tokens: TokenFile) -> None:
    """The answer is a cookie and no redirection."""
    token = tokens.create("page", Scope.READ)

    login = api.ask_at("POST", "/login", json={"token": token})

    assert login.status_code == 204
    assert api.ask("GET", "/accounts", headers=cookie_of(login)).status_code == 200


@pytest.mark.parametrize(("scheme", "secure"), [("http", False), ("https", True)])
def test_no_script_and_no_other_site_gets_the_cookie(
    api: AppClient, tokens: TokenFile, scheme: str, secure: bool
) -> None:
    """HttpOnly, SameSite=Strict, and Secure where the connection is."""
    token = tokens.create("page", Scope.READ)

    login = api.ask_at("POST", f"{scheme}://localhost/login", json={"token": token})

    _, *attributes = login.headers["Set-Cookie"].split("; ")
    expected = {"HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"}
    assert set(attributes) == expected | ({"Secure"} if secure else set())


@pytest.mark.parametrize("token", ["bks_wrong", "", "\ud800"])
def test_an_unknown_token_logs_nobody_in(api: AppClient, tokens: TokenFile, token: str) -> None:
    """Neither a wrong one nor one that no token could look like."""
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
    api: AppClient, tokens: TokenFile, body: bytes, kind: str
) -> None:
    """A body of another kind, or without the field, is the client's error."""
    tokens.create("page", Scope.READ)

    login = api.ask_at("POST", "/login", content=body, headers={"Content-Type": kind})

    assert login.status_code == 422


def test_a_change_by_cookie_comes_from_the_service_s_own_page(
    api: AppClient, cookie: dict[str, str]
) -> None:
    """A cookie comes by itself, so it must be shown that the page is ours."""
    unnamed = api.ask("POST", "/accounts", ACCOUNT, headers=cookie)
    foreign = {"Origin": "https://evil.example"}

    assert unnamed.status_code == 403
    assert unnamed.json()["type"] == "urn:backstay:problem:origin-missing"
    assert api.ask("POST", "/accounts", ACCOUNT, headers=cookie | foreign).status_code == 403
    assert api.ask("POST", "/accounts", ACCOUNT, headers=cookie | OWN).status_code == 201


def test_a_header_goes_before_a_cookie(api: AppClient, cookie: dict[str, str]) -> None:
    """A bad token is refused, and the cookie does not make up for it."""
    wrong = {"Authorization": "Bearer bks_wrong"}

    assert api.ask("GET", "/accounts", headers=cookie | wrong).status_code == 401


def test_a_logout_ends_the_session(api: AppClient, cookie: dict[str, str]) -> None:
    """The cookie is worth nothing afterwards, also where it was kept."""
    logout = api.ask_at("POST", "/logout", headers=cookie | OWN)

    assert logout.status_code == 204
    assert 'backstay_session="";' in logout.headers["Set-Cookie"]
    assert api.ask("GET", "/accounts", headers=cookie).status_code == 401


def test_a_session_ends_with_its_token(
    api: AppClient, tokens: TokenFile, cookie: dict[str, str]
) -> None:
    """A token of the same name that is made later does not revive it."""
    tokens.revoke("page")
    tokens.create("page", Scope.ADMIN)

    assert api.ask("GET", "/accounts", headers=cookie).status_code == 401


def test_the_form_loads_nothing_and_runs_nothing(api: AppClient) -> None:
    """No script, no foreign address, and a style that is allowed by its digest alone."""
    page = api.ask_at("GET", "/login")

    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{STYLE_SHA256}'; ")
    assert "form-action 'self'" in policy
    assert re.findall(r"<script|https?:|src=|href=", page.text) == []
    assert '<form method="post" action="login">' in page.text


def test_the_stream_takes_the_cookie(api: AppClient, cookie: dict[str, str]) -> None:
    """A browser's EventSource can send no header of its own."""
    answer = api.ask_at("GET", f"{API}/events", params={"since": -1}, headers=cookie)

    assert answer.status_code == 422


BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def test_a_browser_without_a_login_is_led_to_the_form_and_back(
    api: AppClient, tokens: TokenFile
) -> None:
    """From the page that it asked for, over the form, to that page."""
    token = tokens.create("page", Scope.READ)
    asked = f"{API}/positions?status=OPEN&limit=2"

    sent = api.ask_at("GET", asked, headers=BROWSER)

    assert sent.status_code == 303
    form = api.ask_at("GET", sent.headers["Location"], headers=BROWSER)
    following = unescape(re.findall(r'name="next" value="([^"]*)"', form.text)[0])
    assert following == asked
    login = api.ask_at(
        "POST", "/login", data={"token": token, "next": following}, headers=OWN | BROWSER
    )
    assert (login.status_code, login.headers["Location"]) == (303, asked)


@pytest.mark.parametrize("accept", ["application/json", "*/*", "text/event-stream", ""])
def test_a_program_without_a_token_gets_json(
    api: AppClient, tokens: TokenFile, accept: str
) -> None:
    """And whoever wants to change something does."""
    tokens.create("page", Scope.READ)

    answers = [
        api.ask("GET", "/positions", headers={"Accept": accept}),
        api.ask("POST", "/positions", headers=BROWSER | OWN),
    ]

    assert [answer.status_code for answer in answers] == [401, 401]
    assert {answer.headers["Content-Type"] for answer in answers} == {"application/problem+json"}


def test_a_wrong_token_in_the_form_shows_the_form_again(api: AppClient, tokens: TokenFile) -> None:
    """With what is wrong, and still with the way back."""
    tokens.create("page", Scope.READ)
    given = {"token": "bks_wrong", "next": "/metrics"}

    page = api.ask_at("POST", "/login", data=given, headers=OWN | BROWSER)

    assert page.status_code == 401
    assert page.headers["Content-Type"].startswith("text/html")
    assert '<p role="alert">token unknown or revoked' in page.text
    assert 'name="next" value="/metrics"' in page.text
    assert "bks_wrong" not in page.text


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example", "https://evil.example", "/\\evil.example", "/\t/evil.example", "docs", "/ä"],
)
def test_a_login_leads_nowhere_else(api: AppClient, tokens: TokenFile, elsewhere: str) -> None:
    """Only to a path of this service; anything else becomes the page."""
    given = {"token": tokens.create("page", Scope.READ), "next": elsewhere}

    login = api.ask_at("POST", "/login", data=given, headers=OWN | BROWSER)
    form = api.ask_at("GET", "/login", params={"next": elsewhere})

    assert login.headers["Location"] == "/"
    assert 'name="next" value="/"' in form.text


def test_a_session_that_has_ended_leads_to_the_form_however_often(
    api: AppClient, tokens: TokenFile
) -> None:
    """A browser that reloads is no guesser: it is never answered 429."""
    tokens.create("page", Scope.READ)
    stale = {"Cookie": "backstay_session=of-yesterday"} | BROWSER

    answers = [api.ask_at("GET", "/", headers=stale) for _ in range(30)]

    assert {answer.headers.get("Location") for answer in answers} == {"/login?next=%2F"}


def test_a_program_hears_that_its_session_has_ended(api: AppClient, tokens: TokenFile) -> None:
    """A stale cookie is told apart from a request that never had one."""
    tokens.create("page", Scope.READ)
    stale = {"Cookie": "backstay_session=of-yesterday"}

    answer = api.ask_at("GET", f"{API}/accounts", headers=stale)

    assert answer.status_code == 401
    assert answer.json()["detail"] == "the session has ended: log in again"


def test_what_the_form_is_given_cannot_break_out_of_it(api: AppClient) -> None:
    """A quote in the path stays a quote."""
    form = api.ask_at("GET", "/login", params={"next": '/"><script>'})

    assert "<script" not in form.text


def test_the_page_asks_for_a_login_once_there_are_tokens(api: AppClient, tokens: TokenFile) -> None:
    """The page itself, and each of its files."""
    assert api.ask_at("GET", "/", headers=BROWSER).status_code == 200

    tokens.create("page", Scope.READ)

    assert api.ask_at("GET", "/", headers=BROWSER).headers["Location"] == "/login?next=%2F"
    assert api.ask_at("GET", "/static/theme.css").status_code == 401


@pytest.mark.parametrize("path", ["/login", "/logout"])
def test_a_page_of_another_site_neither_logs_in_nor_out(
    api: AppClient, tokens: TokenFile, cookie: dict[str, str], path: str
) -> None:
    """It could put its own token into a browser, or end the session of its visitor."""
    given = {"token": tokens.create("other", Scope.READ)}
    foreign = {"Origin": "https://evil.example"} | cookie

    answer = api.ask_at("POST", path, data=given, headers=foreign)

    assert answer.status_code == 403
    assert answer.json()["type"] == "urn:backstay:problem:origin-refused"
    assert "Set-Cookie" not in answer.headers
    assert api.ask("GET", "/accounts", headers=cookie).status_code == 200
