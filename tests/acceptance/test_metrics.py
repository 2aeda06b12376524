"""What Prometheus reads: every metric is documented, and says what is so."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from service.inlet import FeedStatus
from service.metrics import Metrics
from tests.acceptance.house import House
from trading.model import Side

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"

Houses = Callable[..., House]
KRAKEN = FeedStatus(
    connected=True,
    blocked_us=1_500_000,
    last_message_seconds=1_800_000_000.0,
    reconnects=2,
    unknown={"odd trade": 3, "book": 4},
)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def house(a_house: Houses, metrics: Metrics) -> House:
    """A house that is measured, with an account of 100 and a price of 100."""
    house = a_house(listeners={"metrics": metrics.count})
    metrics.watch(house.system.published)
    metrics.watch_feeds(lambda: {"kraken": KRAKEN})
    house.open_account(100)
    house.price(100)
    return house


def scraped(metrics: Metrics) -> dict[str, Metric]:
    """What a scrape says, by the name of the family."""
    text, content_type = metrics.render()
    assert content_type.startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One series' value; None where there is no such series."""
    for family in scraped(metrics).values():
        for sample in family.samples:
            if sample.name == name and sample.labels == labels:
                return float(sample.value)
    return None


def test_every_metric_is_documented_and_every_documented_metric_exists(
    house: House, metrics: Metrics
) -> None:
    """By name, type and labels."""
    house.check()
    exposed = {
        (sample.name, family.type, tuple(sorted(sample.labels)))
        for family in scraped(metrics).values()
        for sample in family.samples
    }
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|([^|]*)\|", DOCS.read_text(), flags=re.MULTILINE)
    documented = {
        (name, kind, tuple(sorted(re.findall(r"`(\w+)`", labels)))) for name, kind, labels in rows
    }
    assert exposed == documented


def test_a_feed_shows_how_it_stands(house: House, metrics: Metrics) -> None:
    """Whether it is connected, when it last spoke, and what its markets cost it."""
    names = {
        "backstay_feed_connected": 1,
        "backstay_feed_last_message_timestamp_seconds": 1_800_000_000,
        "backstay_feed_reconnects_total": 2,
        "backstay_feed_blocked_seconds_total": 1.5,
        "backstay_feed_unknown_frames_total": 7,
    }
    assert {name: value(metrics, name, venue="kraken") for name in names} == names


def test_a_changed_balance_shows_as_drift(house: House, metrics: Metrics) -> None:
    """By the next health check, in the check that fails; and it goes with the repair."""
    assert value(metrics, "backstay_wallet_healthy", account="demo") is None
    house.check()
    assert value(metrics, "backstay_wallet_healthy", account="demo") == 1
    assert value(metrics, "backstay_wallet_drift", account="demo", check="total") == 0
    unit = 10**8 if house.url.startswith("sqlite") else 1
    house.sql(f"UPDATE accounts SET total = total - 0.18 * {unit}")
    house.check()
    assert value(metrics, "backstay_wallet_healthy", account="demo") == 0
    assert value(metrics, "backstay_wallet_drift", account="demo", check="total") == -0.18
    assert value(metrics, "backstay_wallet_drift", account="demo", check="locked") == 0
    house.sql(f"UPDATE accounts SET total = total + 0.18 * {unit}")
    house.check()
    assert value(metrics, "backstay_wallet_healthy", account="demo") == 1
    assert value(metrics, "backstay_wallet_drift", account="demo", check="total") == 0


def test_rungs_and_open_positions_are_counted(house: House, metrics: Metrics) -> None:
    """By rung and side, as they are committed; a gap counts every rung that it passes."""
    house.open(25)
    house.open(25)
    house.open(25, Side.SHORT)
    assert value(metrics, "backstay_positions_open", side="LONG") == 2
    assert value(metrics, "backstay_positions_open", side="SHORT") == 1
    house.price(103)
    assert value(metrics, "backstay_take_profit_hits_total", rung="1", side="LONG") == 2
    assert value(metrics, "backstay_take_profit_hits_total", rung="2", side="LONG") == 0
    house.price(110)
    assert value(metrics, "backstay_take_profit_hits_total", rung="3", side="LONG") == 2
    assert value(metrics, "backstay_take_profit_hits_total", rung="1", side="SHORT") == 0
    assert value(metrics, "backstay_positions_open", side="LONG") == 0
    assert value(metrics, "backstay_positions_open", side="SHORT") == 0


def test_after_a_restart_counters_begin_again_and_gauges_are_restored(
    house: House, a_house: Houses
) -> None:
    """The standard for counters; open positions are those of the database."""
    house.open(25)
    house.open(10, Side.SHORT)
    house.price(103)
    metrics = Metrics()
    house = a_house(listeners={"metrics": metrics.count})
    metrics.watch(house.system.published)
    metrics.watch_feeds(lambda: {"kraken": KRAKEN})
    assert value(metrics, "backstay_take_profit_hits_total", rung="1", side="LONG") == 0
    assert value(metrics, "backstay_positions_open", side="LONG") == 1
    assert value(metrics, "backstay_positions_open", side="SHORT") == 1
    house.price(106)
    assert value(metrics, "backstay_take_profit_hits_total", rung="2", side="LONG") == 1
    assert value(metrics, "backstay_positions_open", side="LONG") == 1
    assert value(metrics, "backstay_positions_open", side="SHORT") == 0
