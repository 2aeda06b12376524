"""A service and a real browser that looks at it."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from harness.http_api import Api
from harness.service_process import ServiceProcess
from tests.browser.chromium import Complaints, launched

SCREENSHOTS = "BACKSTAY_SCREENSHOTS"
WAIT_MS_MAX = 60_000

OpenPage = Callable[..., Page]
Picture = Callable[..., None]


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """One browser for these tests; ended before others, which may want a loop of their own."""
    expect.set_options(timeout=WAIT_MS_MAX)
    with launched() as browser:
        yield browser


@pytest.fixture
def service_arguments() -> tuple[str, ...]:
    """What `backstay serve` is given; a test that wants something else parametrizes it."""
    return ("--feed", "none")


@pytest.fixture
def service(
    tmp_path: Path,
    browser: Browser,  # without one, the test is skipped before a service starts
    service_arguments: tuple[str, ...],
) -> Iterator[ServiceProcess]:
    """A service in a folder of its own, ready; after `keep_port` it starts again at its port."""
    with ServiceProcess(tmp_path, *service_arguments, warm=True) as service:
        yield service.wait_ready()


@pytest.fixture
def api(service: ServiceProcess) -> Iterator[Api]:
    """The service's API, to bring about what the page shows."""
    with Api(service) as api:
        yield api


@pytest.fixture
def complaints() -> Iterator[Complaints]:
    """What pages complain of; a test that provokes something says so with `expect`."""
    complaints = Complaints()
    yield complaints
    assert complaints.unexpected() == []


@pytest.fixture
def open_page(
    browser: Browser, service: ServiceProcess, complaints: Complaints
) -> Iterator[OpenPage]:
    """Opens a path of the service in a browser without a past.

    Takes what `Browser.new_context` does: `viewport`, `color_scheme`, `has_touch`.
    """
    contexts = []

    def open_page(path: str = "/", **how: Any) -> Page:
        context = browser.new_context(
            **{"base_url": service.url, "locale": "en-GB", "timezone_id": "UTC", **how}
        )
        contexts.append(context)
        context.set_default_timeout(WAIT_MS_MAX)
        page = context.new_page()
        complaints.watch(page, service.url)
        page.goto(path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def page(open_page: OpenPage) -> Page:
    """The page at `/`, on a screen of 1280 x 800."""
    return open_page("/", viewport={"width": 1280, "height": 800})


@pytest.fixture
def picture() -> Picture:
    """Writes a page's picture to the folder that `BACKSTAY_SCREENSHOTS` names, if it does."""
    folder = os.environ.get(SCREENSHOTS)

    def picture(page: Page, name: str, **how: Any) -> None:
        if folder:
            page.screenshot(path=Path(folder) / f"{name}.png", animations="disabled", **how)

    return picture
