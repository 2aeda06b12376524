"""The machine's Chromium, headless, and what its pages must never do."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, sync_playwright

NAMED = "BACKSTAY_TEST_CHROMIUM"
FLAGS = (
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)


def executable() -> str:
    """Where Chromium is; skips the test where it is not."""
    found = os.environ.get(NAMED) or shutil.which("chromium")
    if found is None:
        pytest.skip(f"no chromium here: apt-get install chromium, or name one in {NAMED}")
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser; while it runs its thread counts as one with a running asyncio loop."""
    path = executable()
    with sync_playwright() as playwright:
        # As root Chromium's sandbox refuses to work.
        browser = playwright.chromium.launch(
            executable_path=path, args=FLAGS, chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield browser
        finally:
            browser.close()


class Complaints:
    """What goes wrong in the pages under test: errors, refused content, requests to other hosts."""

    def __init__(self) -> None:
        self._found: list[str] = []
        self._expected: list[str] = []

    def expect(self, pattern: str) -> None:
        """Let this test's pages complain of what this regular expression finds."""
        self._expected.append(pattern)

    def watch(self, page: Page, origin: str) -> None:
        """Listen to a page that may only speak with this origin."""

        def on_console(message: ConsoleMessage) -> None:
            if message.type in {"error", "warning"}:
                self._found.append(f"{message.type}: {message.text} ({message.location['url']})")

        def on_request(request: Request) -> None:
            parts = urlsplit(request.url)
            is_local = f"{parts.scheme}://{parts.netloc}" == origin
            if not is_local and parts.scheme not in {"data", "blob"}:
                self._found.append(f"foreign request: {request.url}")

        page.on("console", on_console)
        page.on("pageerror", lambda error: self._found.append(f"page error: {error}"))
        page.on("request", on_request)

    def unexpected(self) -> list[str]:
        """What nobody expected."""
        return [
            text
            for text in self._found
            if not any(re.search(pattern, text) for pattern in self._expected)
        ]
