"""The web server itself, over real sockets of both loopbacks."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from backstay.service.http.server import PortTakenError, WebServer, bound_socket, url_of
from harness.http_api import until
from tests.acceptance.api import API, serving


@pytest.fixture(params=["127.0.0.1", "::1"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a service without tokens listens."""
    try:
        bound = bound_socket(request.param, 0)
    except PortTakenError as error:
        pytest.skip(f"this machine has no {request.param}: {error}")
    with serving("sqlite://", tmp_path) as api:
        server = WebServer(api.app, bound, pytest.fail)
        server.start()
        yield url_of(bound)
        server.stop()


def test_a_proxy_on_this_machine_says_who_calls(url: str) -> None:
    """Over either loopback: what it passes on from elsewhere is nobody's without a token."""
    passed_on = {"X-Forwarded-For": "203.0.113.9"}
    assert httpx.get(f"{url}{API}/accounts", headers=passed_on).status_code == 401
    assert httpx.get(f"{url}{API}/accounts").status_code == 200


def test_while_it_serves_prices_are_sampled(url: str) -> None:
    """A second after a price came it is there for who draws the market."""
    httpx.post(f"{url}{API}/prices", json={"symbol": "BTCUSDT", "price": "100"})

    items = until(lambda: httpx.get(f"{url}{API}/markets/BTCUSDT/prices").json()["items"])

    assert [item["last"] for item in items] == ["100"]
