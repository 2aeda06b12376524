"""The page at `/` comes up in a real browser, from this service alone."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from harness.service_process import ServiceProcess
from tests.browser.chromium import Complaints
from tests.browser.conftest import OpenPage


def test_the_page_loads_without_a_word_of_complaint(page: Page) -> None:
    """No error, no refused script or style, no request to another host."""
    expect(page).to_have_title("Backstay")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.wait_for_load_state("load")


def test_the_harness_sees_what_goes_wrong(page: Page, complaints: Complaints) -> None:
    """An error, what the policy refuses, and a foreign host; else the test above said nothing."""
    page.evaluate("console.error('an error')")
    page.evaluate("setTimeout(() => { throw new Error('a page error') })")
    page.evaluate("document.body.append(document.createElement('style'))")
    page.evaluate("fetch('http://203.0.113.1/').catch(() => 0)")
    page.wait_for_function("true")

    said = "\n".join(complaints.unexpected())

    complaints.expect("")
    assert "error: an error" in said
    assert "page error: a page error" in said
    assert "Content Security Policy" in said


@pytest.mark.slow
def test_who_has_to_log_in_comes_back_to_the_page(
    service: ServiceProcess, open_page: OpenPage, tmp_path: Path
) -> None:
    """Over the form, with a token."""
    token = TokenFile(tmp_path / "backstay-tokens.json").create("laptop", Scope.READ)

    page = open_page("/")

    expect(page).to_have_url(f"{service.url}/login?next=%2F")
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Log in").click()
    expect(page).to_have_url(f"{service.url}/")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
