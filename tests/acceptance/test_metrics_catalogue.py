"""One catalogue: the exposition, `backstay metrics` and the page have every metric that it has."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path

import pytest

from actors.engine.dispatcher import PooledDispatcher, SequentialDispatcher
from backstay.feeds.venues.registry import VENUES
from backstay.service.metrics import Metrics
from backstay.service.metrics.catalogue import ACCOUNTS, CATALOGUE, METRICS, OURS
from backstay.service.metrics.exposition import CatalogueCollector
from backstay.service.metrics.markdown import section
from backstay.service.metrics.model import Kind, MetricGroup
from backstay.web.backend import Backend, Probe
from backstay.web.stream.event_stream import EventStream
from tests.acceptance.api import AppClient, serving
from tests.acceptance.house import House, running
from tests.acceptance.scrapes import StubFeed, feeds, scraped
from tests.acceptance.scrapes import value as value_of
from tests.command_line import CommandLine

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"
SERIES_MAX = 2_000


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    with serving("sqlite://", tmp_path) as api:
        yield api


@pytest.fixture
def metrics(api: AppClient) -> Metrics:
    """Everything that the service gives it to watch, and the exchanges that there are."""
    dispatcher = api.house.dispatcher
    assert isinstance(dispatcher, PooledDispatcher)
    metrics = Metrics()
    metrics.watch(api.house.system, dispatcher, dispatcher.worked)
    stubs = [StubFeed(f"exchange-{number}", f"COIN{number}") for number in range(len(VENUES))]
    metrics.watch_feeds(api.house.system, feeds(*stubs))
    metrics.watch_web(api.app.state.backend)
    return metrics


def test_the_exposition_is_the_catalogue(api: AppClient, metrics: Metrics) -> None:
    """By name, type and labels; and closed labels have no other values."""
    api.account("100")
    api.house.check()
    families = scraped(metrics)
    exposed = {
        f"{name}_total" if family.type == "counter" else name: family.type
        for name, family in families.items()
    }
    assert exposed == {metric.name: metric.kind for metric in METRICS}
    for metric in OURS:
        closed = {label.name: label.values for label in metric.labels}
        for sample in families[metric.name.removesuffix("_total")].samples:
            found = {name: it for name, it in sample.labels.items() if name != "le"}
            assert found.keys() == closed.keys(), metric.name
            assert all(it in closed[name] for name, it in found.items() if closed[name])


def test_every_series_that_is_known_beforehand_is_there_from_the_start(metrics: Metrics) -> None:
    """With 0: a counter that appears with 1 has no increase."""
    families = scraped(metrics)
    for metric in OURS:
        if metric.kind in (Kind.COUNTER, Kind.GAUGE):
            family = families[metric.name.removesuffix("_total")]
            there = {
                tuple(sample.labels[label.name] for label in metric.labels)
                for sample in family.samples
            }
            assert set(metric.label_sets()) - there == set(), metric.name


def test_there_are_never_too_many_series(api: AppClient, metrics: Metrics) -> None:
    """With 50 accounts and all exchanges, as a scrape counts them; none has more than it says."""
    for number in range(ACCOUNTS):
        api.house.open_account(100, account=f"account-{number}")
        api.house.check(f"account-{number}")
    families = scraped(metrics)
    counts = {name: len(family.samples) for name, family in families.items()}
    most = {metric.name.removesuffix("_total"): metric.series for metric in METRICS}
    assert {name: count for name, count in counts.items() if count > most[name]} == {}
    assert sum(counts.values()) < SERIES_MAX
    assert sum(most.values()) < SERIES_MAX


def test_promtool_finds_nothing_to_say(api: AppClient, metrics: Metrics) -> None:
    """Names, units and types are as Prometheus would have them."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("no promtool here (Debian: apt-get install prometheus)")
    api.account("100")
    api.house.check()
    command = [promtool, "check", "metrics"]
    checked = subprocess.run(
        command, input=metrics.render()[0], capture_output=True, check=False, timeout=30
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.parametrize("group", CATALOGUE, ids=lambda group: group.title)
def test_the_page_has_each_group_as_it_is(group: MetricGroup) -> None:
    """What is missing or different, the failure shows as it must be."""
    assert section(group) in DOCS.read_text()


def test_the_page_has_no_other_metric() -> None:
    """One that is gone is gone there, too; and the sum of their series is the page's."""
    text = DOCS.read_text()
    rows = [line for line in text.splitlines() if line.startswith("| `")]
    assert len(rows) == len(METRICS)
    assert f": {sum(metric.series for metric in METRICS):,} in all." in text


def test_the_command_lists_each_metric(shell: CommandLine) -> None:
    """For people with labels and meaning, for programs with everything."""
    printed = shell.says("metrics")
    for metric in METRICS:
        assert metric.name in printed
        assert metric.meaning in printed
    document = shell.document("metrics")
    listed = [metric for group in document["groups"] for metric in group["metrics"]]
    assert [one["name"] for one in listed] == [metric.name for metric in METRICS]
    assert document["series"] == sum(metric.series for metric in METRICS)


def test_a_reading_that_the_catalogue_does_not_have_is_a_bug() -> None:
    """So that none is shown that nobody can look up."""
    collector = CatalogueCollector([lambda: {"backstay_odd_total": {(): 1}}])
    with pytest.raises(AssertionError, match="backstay_odd_total"):
        list(collector.collect())


@pytest.fixture
def house() -> Iterator[House]:
    with running("sqlite://", faulty=True) as house:
        yield house


def test_a_scrape_asks_nobody(house: House) -> None:
    """It is answered while the database is away and no actor gets to its messages."""
    house.open_account(100)
    metrics = Metrics()
    metrics.watch(house.system, house.dispatcher)
    house.faults.down = True
    tries = house.faults.tries
    metrics.render()
    assert isinstance(house.dispatcher, SequentialDispatcher)
    assert not house.dispatcher.has_work
    assert house.faults.tries == tries


def test_what_the_web_knows_is_shown(
    api: AppClient, metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the service is ready, who follows its events, and which version it is."""
    version = metadata.version("backstay")
    shown = partial(value_of, metrics)
    assert (shown("ready"), shown("event_stream_clients")) == (1, 0)
    assert shown("build_info", version=version) == 1
    backend: Backend = api.app.state.backend
    draining = Probe(ok=False, checks={"draining": "the service is stopping"})
    monkeypatch.setattr(EventStream, "clients", 2)
    metrics.watch_web(replace(backend, readiness=lambda: draining))
    assert (shown("ready"), shown("event_stream_clients")) == (0, 2)


def test_a_delay_is_shown_in_seconds(api: AppClient) -> None:
    """By venue, in the bucket that it belongs to and those above."""
    metrics, stub = Metrics(), StubFeed("kraken", "BTCUSD")
    metrics.watch_feeds(api.house.system, feeds(stub))
    stub.delay.observe(0.2)
    shown = partial(value_of, metrics, venue="kraken")
    bounds = ("0.1", "0.25", "10.0", "+Inf")
    assert [shown("price_delay_seconds_bucket", le=le) for le in bounds] == [0, 1, 1, 1]
    assert (shown("price_delay_seconds_sum"), shown("price_delay_seconds_count")) == (0.2, 1)


def test_requests_are_counted_by_their_routes(api: AppClient, metrics: Metrics) -> None:
    """By templates, so that nobody makes series by asking for addresses."""
    api.account("100")
    for address in ("/api/v1/accounts/demo", "/api/v1/accounts/nobody", "/api/v1/odd", "/odd"):
        api.ask_at("GET", address)
    api.ask_at("BREW", "/api/v1/accounts")
    account = {"method": "GET", "route": "/api/v1/accounts/{account}"}
    unmatched = {"route": "unmatched", "status": "4xx"}
    counted = [
        value_of(metrics, "http_requests_total", **account, status="2xx"),
        value_of(metrics, "http_requests_total", **account, status="4xx"),
        value_of(metrics, "http_requests_total", method="GET", **unmatched),
        value_of(metrics, "http_requests_total", method="other", **unmatched),
    ]
    assert counted == [1, 1, 2, 1]
    count = value_of(metrics, "http_request_seconds_count", route="/api/v1/accounts/{account}")
    assert count == 2
