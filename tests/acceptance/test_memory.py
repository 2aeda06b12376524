"""Memory under full load: it does not grow with what has been and is over."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import pytest

from harness.http_api import Api
from harness.service_process import ServiceProcess
from tests.acceptance.full_load import ACCOUNTS, FullLoad, resident_bytes

SECONDS = int(os.environ.get("BACKSTAY_TEST_LOAD_SECONDS", "600"))
WARM_UP = 0.25
GROWTH_MAX = 0.05


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[ServiceProcess]:
    env = {"BACKSTAY_DATABASE": database_url, "BACKSTAY_FEED": "none"}
    with ServiceProcess(tmp_path, env=env) as service:
        yield service.wait_ready()


@pytest.mark.slow
@pytest.mark.timeout(2 * SECONDS + 300)
def test_memory_is_level_under_full_load(
    service: ServiceProcess, capsys: pytest.CaptureFixture[str]
) -> None:
    """For BACKSTAY_TEST_LOAD_SECONDS (600): after a quarter of them it grows by less than 5 %."""
    samples: list[tuple[float, int]] = []

    def watch(done: threading.Event) -> None:
        began = time.monotonic()
        while (passed := time.monotonic() - began) < SECONDS and not done.wait(0.5):
            samples.append((passed, resident_bytes(service.pid)))

    load = FullLoad(service)
    load.run(watch)

    warm = [resident for passed, resident in samples if passed >= WARM_UP * SECONDS]
    tenth = max(1, len(warm) // 10)
    first, last = median(warm[:tenth]), median(warm[-tenth:])
    growth = last / first - 1
    with capsys.disabled():
        sys.stdout.write(
            f"\n{SECONDS} s: {load.opens} opens, {first / 1e6:.1f} MB after the warm-up, "
            f"{last / 1e6:.1f} MB at the end ({growth:+.1%})\n"
        )
    assert load.unexpected == []
    assert load.opens > SECONDS
    with Api(service) as api:
        assert [api.health(account)["status"] for account in ACCOUNTS] == ["HEALTHY"] * 3
    assert growth < GROWTH_MAX
