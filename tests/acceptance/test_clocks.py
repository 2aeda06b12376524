"""The real service on a machine whose clock is set: forward, back, and between two lives."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from harness import service_process
from harness.service_process import WITHIN_SECONDS, ServiceProcess

SERVICE = """
from pathlib import Path
from actors.engine.clock import SystemClock

right_us = SystemClock.now_us
SystemClock.now_us = lambda self: right_us(self) + int(Path(CLOCK).read_text())
from backstay.cli.main import main
main()
"""
"""The service with a clock that a file sets, to so many microseconds from what is right."""

HOUR_US = 3_600_000_000

PRICE = {"symbol": "BTCUSDT"}


class Clock:
    """The time of day of the processes that are started with it."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.set(0)
        code = SERVICE.replace("CLOCK", repr(str(self._file)))
        self.command = [sys.executable, "-c", code]

    def set(self, hours: int) -> None:
        """Set it to so many hours from what is right; at once for everybody."""
        new = self._file.with_suffix(".new")
        new.write_text(str(hours * HOUR_US))
        new.replace(self._file)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    """A clock that is right until it is set."""
    clock = Clock(tmp_path)
    monkeypatch.setattr(service_process, "COMMAND", clock.command)
    return clock


@pytest.fixture
def service(tmp_path: Path, clock: Clock, feed: str) -> Iterator[ServiceProcess]:
    """A service that lives by this clock."""
    with ServiceProcess(tmp_path, env={"BACKSTAY_FEED": feed}) as service:
        yield service.wait_ready()


def price(client: httpx.Client, text: str) -> tuple[str, str]:
    """Bring a price without a time; tells what became of it, and why."""
    [item] = client.post("/api/v1/prices", json={**PRICE, "price": text}).json()["items"]
    return item["result"], item["reason"] or ""


@pytest.mark.parametrize("feed", ["none"])
@pytest.mark.parametrize("wrong", [1, 400 * 24, -1, -400 * 24])
def test_a_clock_that_was_wrong_once_blocks_nothing(
    service: ServiceProcess, clock: Clock, wrong: int
) -> None:
    """Opened while it was wrong, the position is stopped once it is right, before and after a stop.

    A price from a wrong future is told with the next one, which begins the times anew.
    """
    clock.set(wrong)
    with service.client() as client:
        assert price(client, "100") == ("accepted", "")
        for _ in range(2):
            order = {"account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "25"}
            opened = client.post("/api/v1/positions", json=order)
            assert opened.status_code == 201, opened.text
        clock.set(0)
        result, why = price(client, "99")
        assert result == "accepted"
        assert why.startswith("times begin anew" if wrong > 0 else "")
        clock.set(wrong)
        assert price(client, "98")[0] == "accepted"
    service.stop()
    clock.set(0)
    service.start().wait_ready()
    with service.client() as client:
        assert price(client, "90")[0] == "accepted"
        wait_for_positions(client, 0)
        assert client.get("/api/v1/accounts/demo").json()["locked_balance"] == "0.00000000"
        metrics = client.get("/metrics").text
    assert f"backstay_price_times_rebased_total {float(wrong > 0)}" in metrics


@pytest.mark.parametrize("feed", ["simulated"])
def test_the_simulated_feed_goes_on_where_the_clock_goes_back(
    service: ServiceProcess, clock: Clock
) -> None:
    """No price of it is rejected or ignored."""
    clock.set(-1)
    with service.client() as client:
        before = prices(client)["accepted"]
        deadline = time.monotonic() + WITHIN_SECONDS
        while prices(client)["accepted"] < before + 3:
            assert time.monotonic() < deadline, service.log
        counts = prices(client)
    assert (counts["rejected"], counts["ignored"]) == (0, 0)


def wait_for_positions(client: httpx.Client, count: int) -> None:
    """Ask until so many positions are open."""
    deadline = time.monotonic() + WITHIN_SECONDS
    while len(client.get("/api/v1/positions?status=OPEN").json()["items"]) != count:
        assert time.monotonic() < deadline, "positions stay open"


def prices(client: httpx.Client) -> dict[str, float]:
    """How many prices the simulated feed brought, by what became of them."""
    found = {}
    for line in client.get("/metrics").text.splitlines():
        if line.startswith("backstay_prices_total{") and 'venue="simulated"' in line:
            result = line.partition('result="')[2].partition('"')[0]
            found[result] = float(line.rpartition(" ")[2])
    return found
