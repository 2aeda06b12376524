"""The page while its service comes and goes, and for whom it shows what."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from harness.http_api import Api
from harness.service_process import ServiceProcess
from tests.browser.chromium import Complaints
from tests.browser.conftest import OpenPage
from tests.browser.page_parts import LIVE, UNREACHABLE, card, chip, events, live

LogIn = Callable[[Scope], Page]


@pytest.fixture
def log_in(service: ServiceProcess, open_page: OpenPage, tmp_path: Path, api: Api) -> LogIn:
    """Opens the page after a login with a token of a scope; a position is open."""
    api.price("BTCUSDT", "100")
    api.open("demo", "BTCUSDT")

    def log_in(scope: Scope) -> Page:
        token = TokenFile(tmp_path / "backstay-tokens.json").create(str(scope), scope)
        page = open_page("/")
        page.get_by_label("Token").fill(token)
        page.get_by_role("button", name="Log in").click()
        expect(card(page, 1)).to_be_visible()
        return page

    return log_in


def test_a_crash_and_a_restart_are_survived(
    page: Page, service: ServiceProcess, api: Api, complaints: Complaints
) -> None:
    """It says for how long it is stale, greys what it shows, and goes on by itself."""
    complaints.expect(UNREACHABLE)
    api.price("BTCUSDT", "100")
    api.open("demo", "BTCUSDT")
    expect(card(live(page), 1)).to_be_visible()
    service.keep_port().kill()

    banner = page.locator("#stale")
    expect(banner).to_contain_text("Connection lost. This page shows the state of")
    expect(page.locator("body")).to_have_attribute("data-stale", "true")
    expect(card(page, 1)).to_be_visible()
    service.start().wait_ready()
    with Api(service) as again:
        again.price("BTCUSDT", "103")
        expect(page.locator("#connection")).to_have_text(LIVE)
        expect(banner).to_be_hidden()
        expect(card(page, 1).locator(".rung.hit")).to_have_count(1)
        again.open("demo", "BTCUSDT")
        expect(card(page, 2)).to_be_visible()


@pytest.mark.slow
def test_what_happened_during_a_break_is_there_after_it(
    page: Page, api: Api, complaints: Complaints
) -> None:
    """Events and positions of the time without a connection, in their order and once."""
    complaints.expect("ERR_INTERNET_DISCONNECTED")
    api.price("BTCUSDT", "100")
    live(page)
    page.context.set_offline(True)
    expect(page.locator("#stale")).to_be_visible()

    api.open("demo", "BTCUSDT")
    api.price("BTCUSDT", "103")
    page.context.set_offline(False)

    expect(card(page, 1).locator(".rung.hit")).to_have_count(1)
    told = events(page).locator("li")
    expect(told.filter(has_text="TP1 (+3%) hit")).to_have_count(1)
    expect(told.filter(has_text="opened at 100")).to_have_count(1)


@pytest.mark.slow
def test_another_database_is_read_from_its_beginning(
    page: Page, service: ServiceProcess, api: Api, tmp_path: Path, complaints: Complaints
) -> None:
    """Where the events' numbers have gone back, nothing of the former ones stays."""
    complaints.expect(UNREACHABLE + "|status of 503|status of 404")
    api.price("BTCUSDT", "100")
    for _ in range(3):
        api.open("demo", "BTCUSDT")
    api.close(1)
    live(page)
    expect(page.locator("#closed")).to_contain_text("BTCUSDT")

    service.keep_port().stop()
    for file in tmp_path.glob("backstay.db*"):
        file.unlink()
    service.start().wait_ready()

    expect(page.locator("#positions-empty")).to_have_text("No position is open.")
    expect(page.locator("#closed")).to_contain_text("No position has been closed yet.")
    expect(events(page)).not_to_contain_text("BTCUSDT")


@pytest.mark.slow
def test_a_stream_that_is_refused_leaves_the_page_in_step(
    page: Page, open_page: OpenPage, api: Api, complaints: Complaints
) -> None:
    """Without events it says so, and reads everything again and again instead."""
    complaints.expect("status of 503")
    api.price("BTCUSDT", "100")

    def refuse(route: Route) -> None:
        route.fulfill(status=503, json={"type": "x", "detail": "too many are open"})

    page.context.route("**/api/v1/events*", refuse)
    page.reload()
    expect(page.locator("#stale")).to_be_visible()
    api.open("demo", "BTCUSDT")

    expect(card(page, 1)).to_be_visible()


def test_books_that_do_not_balance_are_told(
    service: ServiceProcess, api: Api, open_page: OpenPage, tmp_path: Path, complaints: Complaints
) -> None:
    """MISMATCH with what it amounts to, next to the account, and not ready in the head."""
    complaints.expect("status of 503")
    service.keep_port().stop()
    with closing(sqlite3.connect(tmp_path / "backstay.db")) as database, database:
        database.execute("UPDATE accounts SET total = total + 500000000")
    service.start().wait_ready()

    page = open_page("/")

    expect(page.locator("#accounts")).to_contain_text("MISMATCH of 5.00")
    chip(page, "readiness", "MISMATCH in demo")
    chip(page, "trading", "Opens refused: health: MISMATCH in demo")


@pytest.mark.parametrize(
    ("scope", "offered"),
    [
        (Scope.READ, []),
        pytest.param(Scope.TRADE, ["Open position", "Close all"], marks=pytest.mark.slow),
        (Scope.ADMIN, ["Open position", "Pause opens", "Close all"]),
    ],
)
def test_a_token_sees_what_it_may_do(
    log_in: LogIn, complaints: Complaints, scope: Scope, offered: list[str]
) -> None:
    """One that may only read sees no dead buttons; everybody who logged in can log out."""
    complaints.expect("status of 401")
    page = live(log_in(scope))

    assert page.locator(".top button:visible").all_inner_texts() == [*offered, "Log out"]
    assert page.get_by_role("button", name="Close position 1").is_visible() == bool(offered)
    expect(page.get_by_role("button", name="History of position 1").first).to_be_visible()


def test_who_logs_out_is_asked_for_a_token_again(log_in: LogIn, complaints: Complaints) -> None:
    """The session has ended, not only the page."""
    complaints.expect("status of 401|net::ERR_")
    page = live(log_in(Scope.READ))
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url("**/login")
    page.goto("/")
    assert page.url.endswith("/login?next=%2F")


def test_a_revoked_token_leads_to_the_login(
    log_in: LogIn, tmp_path: Path, complaints: Complaints
) -> None:
    """And from there back to the page."""
    complaints.expect("status of 401|net::ERR_")
    page = live(log_in(Scope.READ))

    TokenFile(tmp_path / "backstay-tokens.json").revoke("read")

    page.wait_for_url("**/login")
