"""An outage of the database under load, as whoever watches the service sees it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from harness.http_api import Api, until
from harness.service_process import ServiceProcess
from tests.crashes.load import Load

SENTINEL = "SOLUSDT"
"""A market of its own, whose few prices only the test posts."""

PRICES_MEANWHILE = ("94.5", "99", "101", "97", "100")
"""The first reaches the LONG's stop and the SHORT's first rung, the third the SHORT's new stop."""

TRUTHFUL = {"deadline-passed", "no-answer", "not-delivered", "database-unavailable"}
LOOK_SECONDS = 0.05
LOG_LINES_A_SECOND_MAX = 20
READY_WITHIN_SECONDS = 60.0


@dataclass
class Times:
    """How long outages were, and how long after each the service took to be ready again."""

    outages: list[float] = field(default_factory=list)
    until_ready: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{len(self.outages)} outages, {sum(self.outages):.0f} s in all, "
            f"ready again within {max(self.until_ready, default=0):.2f} s"
        )


class Watcher:
    """Watches a service under load through one outage after the other."""

    def __init__(self, service: ServiceProcess, load: Load) -> None:
        """Both run, and go on running."""
        self.times = Times()
        self._service = service
        self._load = load

    def through(
        self, begin: Callable[[], object], end: Callable[[], object], *, seconds: float = 2.0
    ) -> None:
        """Begin an outage, see that the service says so and guards on, end it, see it resume."""
        with Api(self._service) as api, self._service.client() as client:
            guarded = _open_guarded(api)
            lines_before, began = len(self._service.lines), time.monotonic()
            failures = _commit_failures(client)
            begin()
            until(lambda: _readiness(client), lambda seen: seen[0] == 503)
            for price in PRICES_MEANWHILE:
                assert api.price(SENTINEL, price)["result"] == "accepted"
            self._see_away(client, seconds)
            _see_outage(client, failures)
            assert [api.position(each)["status"] for each in guarded] == ["OPEN", "OPEN"]
            end()
            ended = time.monotonic()
            self._see_resumed(client)
            self.times.outages.append(ended - began)
            self.times.until_ready.append(time.monotonic() - ended)
            self._see_log(lines_before, time.monotonic() - began)
            _see_closed(api, *guarded)
            self._load.journal.wait_acknowledged(10)
        silences = {why for each in tuple(self._load.journal.asked) for why in each.silences}
        assert silences <= TRUTHFUL, silences

    def _see_away(self, client: httpx.Client, seconds: float) -> None:
        """All the while, without a moment in which it would be sent commands."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status, checks = _readiness(client)
            assert (status, checks["database"]) == (503, "away, the log says why"), checks
            assert client.get("/healthz").status_code == 200
            assert metric(client, "backstay_database_up") == 0
            self._load.wait(LOOK_SECONDS)

    def _see_resumed(self, client: httpx.Client) -> None:
        deadline = time.monotonic() + READY_WITHIN_SECONDS
        while (seen := _readiness(client))[0] != 200:
            assert time.monotonic() < deadline, (seen, self._service.log[-3000:])
            self._load.wait(LOOK_SECONDS)
        assert metric(client, "backstay_database_up") == 1

    def _see_log(self, lines_before: int, seconds: float) -> None:
        lines = self._service.lines[lines_before:]
        text = "\n".join(lines)
        assert "database unavailable" in text or "database outcome unknown" in text, text
        assert "database is back" in text, text
        assert "Traceback" not in text, text
        troubled = [line for line in lines if '"level": "info"' not in line]
        assert len(troubled) < LOG_LINES_A_SECOND_MAX * seconds, troubled[-50:]


def metric(client: httpx.Client, name: str, **labels: str) -> float:
    """The sum of a metric's samples that have these labels."""
    families = text_string_to_metric_families(client.get("/metrics").text)
    samples = [s for family in families for s in family.samples if s.name == name]
    assert samples, name
    return sum(s.value for s in samples if labels.items() <= s.labels.items())


def _readiness(client: httpx.Client) -> tuple[int, Any]:
    answer = client.get("/readyz")
    return answer.status_code, answer.json()["checks"]


def _commit_failures(client: httpx.Client) -> float:
    return metric(client, "backstay_commit_failures_total")


def _open_guarded(api: Api) -> tuple[int, int]:
    """A LONG and a SHORT at 100, with the default ladder."""
    assert api.price(SENTINEL, "100")["result"] == "accepted"
    long, short = (api.open("demo", SENTINEL, side=side) for side in ("LONG", "SHORT"))
    return long["id"], short["id"]


def _see_outage(client: httpx.Client, failures_before: float) -> None:
    """Alive, and not ready; the failures are counted."""
    assert client.get("/healthz").status_code == 200
    assert metric(client, "backstay_database_up") == 0
    assert metric(client, "backstay_ready") == 0
    assert _commit_failures(client) > failures_before
    assert metric(client, "backstay_actor_restarts_total") == 0


def _see_closed(api: Api, long_id: int, short_id: int) -> None:
    """Each at the price that reached it, although others came before the database was back."""
    long = api.until(long_id, lambda row: row["status"] == "CLOSED")
    short = api.until(short_id, lambda row: row["status"] == "CLOSED")
    told = [(row["exit_price"], row["close_reason"], row["rungs_hit"]) for row in (long, short)]
    assert told == [("94.5", "STOP_LOSS", 0), ("101", "STOP_LOSS", 1)]
