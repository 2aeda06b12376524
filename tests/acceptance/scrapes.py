"""What a scrape says, for tests that ask for one series."""

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from actors.engine.stats import Histogram
from backstay.feeds.live.inlet import DELAY_SECONDS, FeedStatus
from backstay.service.metrics import Metrics
from backstay.service.running.feeds import Feeds


class StubFeed:
    """A feed that brings no prices; it stands as it is told."""

    def __init__(self, name: str, *symbols: str) -> None:
        self.name = name
        self.delay = Histogram(DELAY_SECONDS)
        self.ended = False
        self._symbols = symbols

    def start(self) -> None: ...

    def ask_to_stop(self) -> None: ...

    def stop(self, timeout_seconds: float = 2.0) -> None: ...

    def symbols(self) -> tuple[str, ...]:
        return self._symbols

    def trouble(self) -> str | None:
        return None

    def status(self) -> FeedStatus:
        return FeedStatus(
            connected=not self.ended,
            ended=self.ended,
            blocked_us=1_500_000,
            last_message_seconds=1_800_000_000.0,
            reconnects=2,
            unknown={"odd trade": 3, "book": 4},
            delay=self.delay,
        )


def feeds(*stubs: StubFeed) -> Feeds:
    """These as a service's feeds."""
    return Feeds(stubs)


def scraped(metrics: Metrics) -> dict[str, Metric]:
    """What a scrape says, by the name of the family."""
    text, content_type = metrics.render()
    assert content_type.startswith("text/plain; version=0.0.4")
    return {family.name: family for family in text_string_to_metric_families(text.decode())}


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    """One series' value, its name without the prefix; None where there is no such series."""
    for family in scraped(metrics).values():
        for sample in family.samples:
            if sample.name == f"backstay_{name}" and sample.labels == labels:
                return float(sample.value)
    return None
