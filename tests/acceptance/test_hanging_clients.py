"""A thousand hanging clients of every kind, before the real service: it serves the others."""

import contextlib
import re
import resource
import time
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest

from backstay.web.stream.event_stream import STREAMS_MAX
from harness.http_api import Api, until
from harness.service_process import STOP_SECONDS_MAX, ServiceProcess
from tests.acceptance.full_load import resident_bytes
from tests.acceptance.raw_client import BIG_READ, CHUNKED, GET, POST, STREAM, RawClient

HANGING = 1000
PRICE_AND_OPEN_SECONDS_MAX = 30.0
GROWTH_MAX = 1.25
GONE_SECONDS_MAX = 90.0
KINDS = (
    b"",
    GET + b"X-A: ",
    POST + b"Content-Length: 100\r\n\r\n{",
    POST + b"Content-Length: 10000000000\r\n\r\n{",
    POST + CHUNKED + b"1\r\n{\r\n",
    GET + CHUNKED + b"1\r\n{\r\n",
    GET + b"X-A: " + b"a" * 100_000,
    b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n\xff\xfe\r\n\r\n",
    STREAM,
    BIG_READ * 50,
)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ServiceProcess]:
    with ServiceProcess(tmp_path, env={"BACKSTAY_FEED": "none"}) as service:
        yield service.wait_ready()


@pytest.fixture
def crowd(service: ServiceProcess) -> Iterator[list[RawClient]]:
    """Clients that have sent something, and say and read nothing more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * HANGING:
        pytest.skip(f"this machine allows {hard} open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2 * HANGING), hard))
    clients: list[RawClient] = []
    for sent in islice(cycle(KINDS), HANGING):
        clients.append(RawClient(service.url, receive_buffer=4096))
        with contextlib.suppress(ConnectionError):
            clients[-1].socket.sendall(sent)
    yield clients
    for client in clients:
        client.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def metric(api: Api, name: str) -> float:
    """What a scrape says of a metric, all its series together."""
    found = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", api.text("/metrics"), re.MULTILINE)
    assert found, name
    return sum(map(float, found))


@pytest.mark.slow
def test_a_thousand_hanging_clients_hold_nobody_up(
    service: ServiceProcess, crowd: list[RawClient]
) -> None:
    """Each price and open of somebody else is answered in time; then all are gone, and counted."""
    before = resident_bytes(service.pid)
    slowest = 0.0
    for number in range(20):
        began = time.monotonic()
        with Api(service) as api:
            assert api.price("BTCUSDT", "100")["result"] == "accepted"
            api.open("demo", "BTCUSDT", "10", key=f"key-{number}")
        slowest = max(slowest, time.monotonic() - began)
    assert slowest < PRICE_AND_OPEN_SECONDS_MAX

    with Api(service) as api:
        # Only event streams may stay, and this one; what was asked for is worked off first.
        until(
            lambda: metric(api, "backstay_http_connections"),
            lambda count: count <= STREAMS_MAX + 1,
            GONE_SECONDS_MAX,
        )
        assert metric(api, "backstay_http_cut_off_total") > HANGING / 2
        for client in crowd:
            client.close()
        until(lambda: metric(api, "backstay_http_connections") <= 1)
        assert resident_bytes(service.pid) < GROWTH_MAX * before
        assert api.health("demo")["status"] == "HEALTHY"
    assert "Traceback" not in service.log


@pytest.mark.slow
def test_a_stop_waits_for_none_of_them(service: ServiceProcess, crowd: list[RawClient]) -> None:
    """It is as clean and short as any other."""
    with Api(service) as api:
        api.price("BTCUSDT", "100")
        opened = api.open("demo", "BTCUSDT", "10")
    code, seconds = service.stop()
    assert (code, seconds < STOP_SECONDS_MAX) == (0, True)
    service.start().wait_ready()
    with Api(service) as api:
        assert api.position(opened["id"])["status"] == "OPEN"
