"""The page's files as they are served; what they do is tested in `tests/browser`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backstay.web.page.files import FOLDER, POLICY
from tests.acceptance.api import AppClient, serving


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    """A house over a database in memory."""
    with serving("sqlite://", tmp_path) as api:
        yield api


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/static/chart.js", "javascript; charset=utf-8"),
        ("/static/theme.css", "text/css; charset=utf-8"),
        ("/static/icon.svg", "image/svg+xml"),
    ],
)
def test_the_page_is_served_with_what_keeps_it_safe_and_fresh(
    api: AppClient, path: str, kind: str
) -> None:
    """Its type, its policy, and that a browser asks each time whether it has changed."""
    answer = api.ask_at("GET", path)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].endswith(kind)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-cache"
    again = api.ask_at("GET", path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["Cache-Control"] == "no-cache"
    head = api.ask_at("HEAD", path)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == answer.headers["Content-Length"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/",
        "/static/nothing.js",
        "/static/../page.py",
        "/static/%2e%2e/page.py",
        "/static/..%2fpage.py",
        "/static/%2fetc%2fpasswd",
        "/static/..%5cpage.py",
        "/static/%00",
    ],
)
def test_nothing_else_is_served(api: AppClient, path: str) -> None:
    """Neither a list of the files, nor what lies beside them."""
    answer = api.ask_at("GET", path)

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/", "/static/theme.css"])
def test_the_page_takes_nothing(api: AppClient, path: str) -> None:
    """It is read, and no more."""
    answer = api.ask_at("POST", path)

    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD"}


def test_the_policy_lets_nothing_in_from_elsewhere() -> None:
    """No inline script or style, no other host, no frame around it."""
    assert "unsafe" not in POLICY
    assert "default-src 'self'" in POLICY
    assert "frame-ancestors 'none'" in POLICY
    assert "//" not in POLICY
    assert (FOLDER / "index.html").is_file()
