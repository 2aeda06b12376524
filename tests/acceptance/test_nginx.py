"""Behind a real nginx, as docs/access.md configures it: the stream, paths, callers, cookies."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from harness.service_process import ServiceProcess
from tests.nginx import NAME, a_free_port, nginx, through_tls

SETTINGS = {
    "BACKSTAY_FEED": "none",
    "BACKSTAY_ALLOWED_HOSTS": NAME,
    "BACKSTAY_ROOT_PATH": "/backstay",
}


@dataclass
class Front:
    """nginx with TLS before a service."""

    service: ServiceProcess
    port: int
    token: str

    def client(self, address: str = "127.0.0.1") -> httpx.Client:
        """A client that calls from one of this machine's addresses."""
        insecure = ssl.create_default_context()
        insecure.check_hostname = False
        insecure.verify_mode = ssl.CERT_NONE
        transport = httpx.HTTPTransport(verify=insecure, local_address=address, retries=5)
        return httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}/backstay",
            headers={"Host": f"{NAME}:{self.port}"},
            transport=transport,
            timeout=10,
        )

    @property
    def bearer(self) -> dict[str, str]:
        """The header of an admin."""
        return {"Authorization": f"Bearer {self.token}"}


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """The documented nginx before a service with a token."""
    token = TokenFile(tmp_path / "backstay-tokens.json").create("admin", Scope.ADMIN)
    port = a_free_port()
    with ExitStack() as stack:
        service = stack.enter_context(ServiceProcess(tmp_path, env=SETTINGS, warm=True))
        service.wait_ready()
        stack.enter_context(nginx(tmp_path, through_tls(tmp_path, port, service.url)))
        yield Front(service, port, token)


def test_the_stream_comes_through_at_once(front: Front) -> None:
    """Its first bytes before anything happens, and each event as it is committed."""
    with (
        front.client() as client,
        client.stream("GET", "/api/v1/events", headers=front.bearer) as stream,
    ):
        assert stream.headers["Content-Type"].startswith("text/event-stream")
        parts = stream.iter_text()
        assert next(parts).startswith("retry: 2000\nid: ")

        body = {"account": "second", "initial_balance": "100"}
        with front.client() as other:
            answer = other.post("/api/v1/accounts", json=body, headers=front.bearer)
        assert answer.status_code == 201, answer.text
        assert "event: account_opened" in next(parts)


def test_everything_is_served_below_the_root_path(front: Front) -> None:
    """The page's files, the API's page and its document, the probes, and the way to the form."""
    with front.client() as client:
        for path in ("/", "/static/main.js", "/docs", "/openapi.json", "/metrics"):
            assert client.get(path, headers=front.bearer).status_code == 200, path
        assert client.get("/readyz").status_code == 200
        document = client.get("/openapi.json", headers=front.bearer).json()
        assert document["servers"] == [{"url": "/backstay"}]
        form = client.get("/docs", headers={"Accept": "text/html"})
        assert form.headers["Location"] == "/backstay/login?next=%2Fbackstay%2Fdocs"
    # The command line on the machine itself knows nothing of it.
    direct = httpx.get(f"{front.service.url}/api/v1/accounts", headers=front.bearer)
    assert direct.status_code == 200


def test_the_cookie_of_a_login_over_tls_is_secure_and_for_this_path(front: Front) -> None:
    """The proxy tells the scheme, and is believed."""
    with front.client() as client:
        origin = {"Origin": f"https://{NAME}:{front.port}"}
        login = client.post("/login", data={"token": front.token}, headers=origin)
        assert login.status_code == 303
        assert login.headers["Location"] == "/backstay/"
        assert {"Secure", "Path=/backstay/"} <= set(login.headers["Set-Cookie"].split("; "))


def failures_of(client: httpx.Client, count: int, **forged: str) -> list[int]:
    """The answers to so many wrong tokens."""
    return [
        client.get(
            "/api/v1/accounts",
            headers={
                "Authorization": "Bearer wrong",
                "X-Forwarded-For": f"203.0.113.{number}",
                **forged,
            },
        ).status_code
        for number in range(count)
    ]


def test_callers_are_told_apart_by_what_a_trusted_proxy_says(front: Front) -> None:
    """Each has its own failures, whatever it claims to be; who is not trusted is not believed."""
    with front.client("127.0.0.2") as one, front.client("127.0.0.3") as other:
        assert failures_of(one, 11) == [401] * 10 + [429]
        assert failures_of(other, 1) == [401]
    transport = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=front.service.url, transport=transport) as direct:
        assert failures_of(direct, 1) == [429]


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_bare_proxy_pass_makes_no_visitor_an_admin(tmp_path: Path, version: str) -> None:
    """Without a token: by its HTTP/1.0, or by the public name where the Host is kept."""
    port = a_free_port()
    with ServiceProcess(tmp_path, env=SETTINGS, warm=True) as service:
        service.wait_ready()
        more = "proxy_http_version 1.1; proxy_set_header Host $http_host;"
        server = (
            f"server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {service.url};"
            f" {more if version == '1.1' else ''} }} }}"
        )
        with nginx(tmp_path, server):
            transport = httpx.HTTPTransport(retries=5)
            with httpx.Client(transport=transport) as client:
                answer: Any = client.get(
                    f"http://127.0.0.1:{port}/api/v1/accounts", headers={"Host": NAME}
                )
        assert answer.status_code == 401
        assert "without a token only this machine's own requests are served" in answer.text
        assert httpx.get(f"{service.url}/api/v1/accounts").status_code == 200
