"""Who may ask what of the API, and what a request must look like to be heard at all."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from actors.engine.clock import VirtualClock
from backstay.web.access.access import Access, TokenFileError
from backstay.web.access.scopes import Scope
from backstay.web.access.sessions import SESSION_HOURS
from backstay.web.access.tokens import TokenFile
from backstay.web.backend import Backend, HookSettings
from tests.acceptance.api import API, AppClient, serving
from tests.acceptance.conftest import Log

OPEN = {"/healthz", "/readyz", "/login", "/logout", f"{API}/hooks/tradingview/1"}
ADMIN = {
    f"{API}/accounts",
    f"{API}/accounts/1/costs",
    f"{API}/accounts/1/exits",
    f"{API}/accounts/1/repair",
    f"{API}/accounts/1/transfers",
    f"{API}/markets/1",
    f"{API}/markets/1/release",
    f"{API}/trading/pause",
    f"{API}/trading/resume",
}
SECRET = "a-hook-secret-of-the-test"


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    with serving(f"sqlite:///{tmp_path / 'backstay.db'}", tmp_path) as api:
        yield api


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def kind(response: httpx.Response) -> str:
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    return str(response.json()["type"]).removeprefix("urn:backstay:problem:")


def routes_of(api: AppClient) -> list[tuple[str, str]]:
    """Every method and path that the app answers, with 1 for each parameter."""
    found = set()
    for route in iter_route_contexts(api.app.routes):
        path = re.sub(r"\{[^}]*\}", "1", route.path or "")
        found |= {(method, path) for method in route.methods or {"GET"}}
    assert len(found) > 25
    return sorted(found)


def needed(method: str, path: str) -> Scope | None:
    """The scope that the specification asks for; None where nobody is asked who they are."""
    if path in OPEN:
        return None
    if method in {"GET", "HEAD"} or path.endswith("/preview"):
        return Scope.READ
    return Scope.ADMIN if path in ADMIN else Scope.TRADE


def test_every_route_asks_for_its_scope(api: AppClient, tokens: TokenFile) -> None:
    """No route is open by an oversight: each is asked by nobody and by every scope."""
    held = {scope: bearer(tokens.create(scope, scope)) for scope in Scope}
    wrong = []
    for method, path in routes_of(api):
        scope_needed = needed(method, path)
        for scope in (None, *Scope):
            # What the API would refuse later: an open stream would never end.
            how: dict[str, Any] = {"params": {"since": -1}}
            if method not in {"GET", "HEAD"}:
                how["json"] = {}
            answer = api.ask_at(method, path, headers=held[scope] if scope else {}, **how)
            if scope_needed is None or (scope is not None and scope.covers(scope_needed)):
                expected = "in"
            else:
                expected = "401" if scope is None else "403"
            got = str(answer.status_code) if answer.status_code in {401, 403} else "in"
            if got != expected and (method, path) != ("POST", "/login"):
                wrong.append(f"{method} {path} with {scope}: {got} instead of {expected}")

    assert wrong == []


def test_an_unknown_path_tells_a_stranger_nothing(api: AppClient, tokens: TokenFile) -> None:
    """It is not even told which pages there are."""
    tokens.create("bot", Scope.READ)

    assert api.ask_at("GET", "/nothing").status_code == 401
    assert api.ask_at("GET", "/static-offline-docs/swagger-ui.css").status_code == 401


def test_a_refusal_says_what_is_missing(api: AppClient, tokens: TokenFile) -> None:
    """Who is unknown gets 401 and how to authenticate; who may not, 403 and the scope it takes."""
    token = tokens.create("page", Scope.READ)

    nobody = api.ask("GET", "/accounts")
    reader = api.ask("POST", "/accounts", {}, headers=bearer(token))

    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    assert kind(nobody) == "unauthorized"
    assert kind(reader) == "forbidden"
    assert reader.json()["detail"] == (
        "POST /api/v1/accounts refused: it needs the scope admin, and token 'page' has read"
    )


def test_without_tokens_everybody_on_this_machine_is_admin(api: AppClient) -> None:
    """A first start needs no setting up."""
    assert api.account()["account"] == "demo"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-Proto", "http"),
        ("Forwarded", "for=127.0.0.1"),
        ("X-Real-IP", "127.0.0.1"),
        ("Via", "1.1 caddy"),
        ("Host", "backstay.example"),
    ],
)
def test_what_a_proxy_passes_on_needs_a_token(api: AppClient, name: str, value: str) -> None:
    """Without a token only this machine's own requests are served; any sign of a proxy ends it."""
    api.app.state.backend.access.allowed_hosts.add("backstay.example")
    answer = api.ask("GET", "/accounts", headers={name: value})

    assert answer.status_code == 401
    assert "without a token only this machine's own requests are served" in answer.text
    assert "backstay token create" in answer.text


@pytest.mark.parametrize("ends", ["logout", "time"])
def test_a_login_holds_until_its_end(tokens: TokenFile, ends: str) -> None:
    """Its logout or its twelve hours, also for who is being answered; a bearer's token goes on."""
    clock = VirtualClock()
    access = Access(tokens_file=tokens.path, clock=clock)
    token = tokens.create("page", Scope.READ)
    cookie = access.log_in(token)
    assert cookie is not None
    by_cookie = access.caller_of(None, cookie, is_local=True)
    by_bearer = access.caller_of(token, None, is_local=True)
    assert by_cookie is not None
    assert by_bearer is not None
    assert access.still_holds(by_cookie)
    assert cookie not in repr(by_cookie)

    if ends == "logout":
        access.sessions.end(cookie)
    else:
        clock.advance_to(SESSION_HOURS * 3600 * 1_000_000)

    assert not access.still_holds(by_cookie)
    assert access.still_holds(by_bearer)


def test_the_first_token_closes_the_door_at_once(api: AppClient, tokens: TokenFile) -> None:
    """And the last one that is revoked does not open it again."""
    api.account()
    token = tokens.create("bot", Scope.READ)

    assert api.ask("GET", "/accounts").status_code == 401
    assert api.ask("GET", "/accounts", headers=bearer(token)).status_code == 200

    tokens.revoke("bot")
    assert api.ask("GET", "/accounts", headers=bearer(token)).status_code == 401
    assert api.ask("GET", "/accounts").status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer x y", "Basic YTpi", "", "bearer\t"])
def test_a_header_that_is_no_token_is_refused(
    api: AppClient, tokens: TokenFile, header: str
) -> None:
    """Another scheme, an empty token or a half one is as good as none."""
    tokens.create("bot", Scope.READ)

    answer = api.ask("GET", "/accounts", headers={"Authorization": header})

    assert answer.status_code == 401


# --- Binding ---------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_a_loopback_needs_no_token(host: str, tokens: TokenFile) -> None:
    """Nobody but this machine's users can reach it."""
    Access(host=host, tokens_file=tokens.path).check_binding()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "backstay.example"])
def test_binding_elsewhere_without_a_token_is_refused(host: str, tokens: TokenFile) -> None:
    """The start says what to do, and goes on once there is a token."""
    access = Access(host=host, tokens_file=tokens.path)

    with pytest.raises(TokenFileError, match="run `backstay token create NAME"):
        access.check_binding()

    assert access.caller_of(None, None, is_local=True) is None
    tokens.create("bot", Scope.ADMIN)
    access.check_binding()


def test_a_broken_token_file_stops_the_start(tokens: TokenFile) -> None:
    """Without knowing who may call, nobody is let in by mistake."""
    tokens.path.write_text("oops")

    with pytest.raises(TokenFileError, match="cannot be read"):
        Access(tokens_file=tokens.path).check_binding()


# --- Secrets ---------------------------------------------------------------------------------


def test_no_secret_reaches_the_log(api: AppClient, tokens: TokenFile, log: Log) -> None:
    """Not a token, a cookie, a guess or the hook's address, whatever is asked with them."""
    backend: Backend = api.app.state.backend
    api.app.state.backend = replace(
        backend, hook=HookSettings(secret=SECRET, account="demo", notionals={})
    )
    token = tokens.create("bot", Scope.ADMIN)
    login = api.ask_at("POST", "/login", json={"token": token})
    cookie = login.cookies["backstay_session"]
    guess = "bks_a-guess-that-is-wrong"

    api.ask("GET", "/accounts", headers=bearer(token))
    api.ask("GET", "/accounts", headers=bearer(guess))
    api.ask("POST", "/accounts", {}, headers={"Cookie": f"backstay_session={cookie}"})
    api.ask("POST", "/accounts", {}, headers=bearer(token) | {"Origin": "https://evil.example"})
    api.ask_at("POST", "/login", json={"token": guess})
    api.ask_at("POST", "/login", json={"tokn": token})
    for path in (SECRET, f"{SECRET}x"):
        api.ask("POST", f"/hooks/tradingview/{path}", {"action": "buy"})
        api.ask("GET", f"/hooks/tradingview/{path}")

    logged = "\n".join([*log.records, *map(str, log.entries)])
    assert "authentication failed" in logged
    # The client of these tests logs what it asks for; a service has none.
    logged = "\n".join(line for line in logged.splitlines() if "HTTP Request" not in line)
    for secret in (token, guess, cookie, SECRET):
        assert secret not in logged
    assert token not in repr(backend)
    assert SECRET not in repr(api.app.state.backend)


def test_a_caller_is_told_how_far_they_reach(api: AppClient, tokens: TokenFile) -> None:
    """So that a page shows nobody what they may not do."""
    assert api.get("/caller") == {
        "token": None,
        "scope": "admin",
        "session": False,
    }
    reader = bearer(tokens.create("page", Scope.READ))
    told = api.ask("GET", "/caller", headers=reader).json()
    assert told == {"token": "page", "scope": "read", "session": False}
