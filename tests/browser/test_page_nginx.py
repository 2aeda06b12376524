"""The page and the API's page in a browser, through a real nginx with TLS and below a path."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from harness.http_api import Api
from harness.service_process import ServiceProcess
from tests.browser.chromium import Complaints
from tests.browser.conftest import WAIT_MS_MAX
from tests.browser.page_parts import card, live
from tests.nginx import a_free_port, nginx, through_tls

NAME = "backstay.localhost"
"""Browsers take it for this machine."""

SETTINGS = {
    "BACKSTAY_FEED": "none",
    "BACKSTAY_ALLOWED_HOSTS": NAME,
    "BACKSTAY_ROOT_PATH": "/backstay",
}


@pytest.fixture
def token(tmp_path: Path) -> str:
    """An admin's."""
    return TokenFile(tmp_path / "backstay-tokens.json").create("admin", Scope.ADMIN)


def test_the_page_works_through_nginx_below_a_path(
    tmp_path: Path, browser: Browser, complaints: Complaints, token: str
) -> None:
    """Log in, see events as they come, look at the API's page, log out: without a complaint."""
    # A session that has just ended is asked for what its page still reads.
    complaints.expect("status of 401|net::ERR_")
    port = a_free_port()
    with ServiceProcess(tmp_path, env=SETTINGS, warm=True) as service:
        service.wait_ready()
        with (
            nginx(tmp_path, through_tls(tmp_path, port, service.url)),
            browser.new_context(ignore_https_errors=True) as context,
        ):
            context.set_default_timeout(WAIT_MS_MAX)
            page = context.new_page()
            origin = f"https://{NAME}:{port}"
            complaints.watch(page, origin)
            page.goto(f"{origin}/backstay/")
            page.get_by_label("Token").fill(token)
            page.get_by_role("button", name="Log in").click()
            live(page)
            expect(page).to_have_url(f"{origin}/backstay/")

            with Api(service, token) as api:
                api.price("BTCUSDT", "100")
                api.open("demo", "BTCUSDT")
            expect(card(page, 1)).to_be_visible()

            page.goto(f"{origin}/backstay/docs")
            expect(page.locator(".opblock").first).to_be_visible()
            page.goto(f"{origin}/backstay/")
            page.get_by_role("button", name="Log out").click()
            page.wait_for_url(f"{origin}/backstay/login")
