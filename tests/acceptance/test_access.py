"""Who may ask what of the API, and what a request must look like to be heard at all."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from tests.acceptance.api import API, Api, serving
from tests.acceptance.conftest import Log
from web.access import Access, Caller, TokenFileError
from web.backend import Backend, HookSettings
from web.tokens import Scope, TokenFile

OPEN = {"/healthz", "/readyz", "/login", "/logout", f"{API}/hooks/tradingview/1"}
ADMIN = {
    f"{API}/accounts",
    f"{API}/accounts/1/transfers",
    f"{API}/markets/1/release",
    f"{API}/trading/pause",
    f"{API}/trading/resume",
}
SECRET = "a-hook-secret-of-the-test"


@pytest.fixture
def tokens(tmp_path: Path) -> TokenFile:
    return TokenFile(tmp_path / "tokens.json")


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    with serving(f"sqlite:///{tmp_path / 'backstay.db'}", tmp_path) as api:
        yield api


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def kind(response: httpx.Response) -> str:
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    return str(response.json()["type"]).removeprefix("urn:backstay:problem:")


def routes_of(api: Api) -> list[tuple[str, str]]:
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
    if method in {"GET", "HEAD"}:
        return Scope.READ
    return Scope.ADMIN if path in ADMIN else Scope.TRADE


def test_every_route_asks_for_its_scope(api: Api, tokens: TokenFile) -> None:
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


def test_an_unknown_path_tells_a_stranger_nothing(api: Api, tokens: TokenFile) -> None:
    tokens.create("bot", Scope.READ)

    assert api.ask_at("GET", "/nothing").status_code == 401
    assert api.ask_at("GET", "/static-offline-docs/swagger-ui.css").status_code == 401


def test_a_refusal_says_what_is_missing(api: Api, tokens: TokenFile) -> None:
    token = tokens.create("page", Scope.READ)

    nobody = api.ask("GET", "/accounts")
    reader = api.ask("POST", "/accounts", {}, headers=bearer(token))

    assert nobody.headers["WWW-Authenticate"] == "Bearer"
    assert kind(nobody) == "unauthorized"
    assert kind(reader) == "forbidden"
    assert reader.json()["detail"] == (
        "POST /api/v1/accounts refused: it needs the scope admin, and token 'page' has read"
    )


def test_without_tokens_everybody_on_this_machine_is_admin(api: Api) -> None:
    assert api.account()["account"] == "demo"


def test_what_a_proxy_passes_on_is_not_this_machine(tokens: TokenFile) -> None:
    access = Access(tokens_file=tokens.path)
    assert access.caller_of(None, None, "127.0.0.1") == Caller(Scope.ADMIN)
    assert access.caller_of(None, None, "203.0.113.9") is None


def test_the_first_token_closes_the_door_at_once(api: Api, tokens: TokenFile) -> None:
    api.account()
    token = tokens.create("bot", Scope.READ)

    assert api.ask("GET", "/accounts").status_code == 401
    assert api.ask("GET", "/accounts", headers=bearer(token)).status_code == 200

    tokens.revoke("bot")
    assert api.ask("GET", "/accounts", headers=bearer(token)).status_code == 401
    assert api.ask("GET", "/accounts").status_code == 401


@pytest.mark.parametrize("header", ["Bearer", "Bearer x y", "Basic YTpi", "", "bearer\t"])
def test_a_header_that_is_no_token_is_refused(api: Api, tokens: TokenFile, header: str) -> None:
    tokens.create("bot", Scope.READ)

    answer = api.ask("GET", "/accounts", headers={"Authorization": header})

    assert answer.status_code == 401


# --- Binding ---------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_a_loopback_needs_no_token(host: str, tokens: TokenFile) -> None:
    Access(host=host, tokens_file=tokens.path).check_binding()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "backstay.example"])
def test_binding_elsewhere_without_a_token_is_refused(host: str, tokens: TokenFile) -> None:
    access = Access(host=host, tokens_file=tokens.path)

    with pytest.raises(TokenFileError, match="run `backstay token create NAME"):
        access.check_binding()

    assert access.caller_of(None, None, "127.0.0.1") is None
    tokens.create("bot", Scope.ADMIN)
    access.check_binding()


def test_a_broken_token_file_stops_the_start(tokens: TokenFile) -> None:
    tokens.path.write_text("oops")

    with pytest.raises(TokenFileError, match="cannot be read"):
        Access(tokens_file=tokens.path).check_binding()


# --- Secrets ---------------------------------------------------------------------------------


def test_no_secret_reaches_the_log(api: Api, tokens: TokenFile, log: Log) -> None:
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
