"""The API tour does what it says, and leaves no route out."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from backstay.web.access.connection_stats import ConnectionStats
from backstay.web.app import create_app
from backstay.web.backend import Backend
from backstay.web.request_stats import RequestStats
from harness.http_api import Api
from harness.service_process import ServiceProcess

TOUR = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
ADDRESS = "http://127.0.0.1:8470"

STRICT_CURL = 'set -e; curl() { command curl --show-error --fail-with-body "$@" && echo; }\n'
"""A refusal fails the script."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    """A service as the tour starts it, on a port of its own."""
    with ServiceProcess(tmp_path, "--feed", "none", warm=True) as service:
        yield service.wait_ready()


def blocks(language: str) -> str:
    """All of the tour's blocks in a language."""
    return "\n".join(re.findall(rf"^```{language}\n(.*?)^```", TOUR, re.DOTALL | re.MULTILINE))


def keys(text: str) -> set[str]:
    return set(re.findall(r'"(\w+)":', text))


def test_every_command_of_the_tour_is_answered(service: ServiceProcess) -> None:
    """None is refused, and the answers have the fields that the tour shows."""
    script = blocks("sh")
    assert ADDRESS in script
    ended = subprocess.run(
        ["bash", "-c", STRICT_CURL + script.replace(ADDRESS, service.url)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    of_a_problem = {"type", "title", "detail"}
    assert keys(blocks("json")) - keys(ended.stdout) - of_a_problem == set()
    # A price is answered when it is accepted, before the position that it closes.
    with Api(service) as api:
        assert api.until(1, lambda it: it["status"] == "CLOSED")["net_pnl"] == "2.32225000"


def test_every_route_is_in_the_tour() -> None:
    """By its path, with any id or name in the place of a parameter."""
    backend = SimpleNamespace(
        access=None,
        hook=None,
        refused_alerts=None,
        root_path="",
        requests=RequestStats(),
        connections=ConnectionStats(),
    )
    paths = create_app(cast(Backend, backend)).openapi()["paths"]
    told = TOUR.replace("$API", "/api/v1").replace("${API%/api/v1}", "")
    missing = [
        path
        for path in paths
        if not re.search(re.sub(r"\\{\w+\\}", r"[\\w{}]+", re.escape(path)) + r"(?![\w/.])", told)
    ]
    assert paths
    assert missing == []
