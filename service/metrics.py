"""What Prometheus scrapes: the metrics of `docs/metrics.md`, in a registry of their own.

The only place where an amount becomes a float. A scrape holds the interpreter's lock: what it costs
grows with the accounts and their checks, not with the positions.
"""

from collections import Counter as Tally
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from actors.messages import Announced
from actors.published import Published, Version
from service.inlet import FeedStatus
from trading.books import HealthStatus
from trading.events import PositionClosed, PositionOpened, RungHit
from trading.ladder_shape import RUNGS_MAX
from trading.model import Side


class Metrics:
    """The process's metrics.

    Give `count` to the system as a listener, then call `watch` with what the system publishes,
    before commands and prices come.
    """

    def __init__(self) -> None:
        """Begin every counter at 0."""
        # A series for the time of each counter's first increment would double their number.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        Info("backstay_build", "The version that runs.", registry=self._registry).info(
            {"version": metadata.version("backstay")}
        )
        hits = Counter(
            "backstay_take_profit_hits_total",
            "Take-profit rungs that prices reached, since the process started.",
            ["rung", "side"],
            registry=self._registry,
        )
        self._hits = {
            (rung, side): hits.labels(str(rung), str(side))
            for rung in range(1, RUNGS_MAX + 1)
            for side in Side
        }
        notifications = Counter(
            "backstay_notifications_total",
            "Attempts to send a notification, since the process started.",
            ["result"],
            registry=self._registry,
        )
        self._notifications = {
            sent: notifications.labels("sent" if sent else "failed") for sent in (True, False)
        }
        self._positions: _OpenPositions | None = None

    def watch(self, published: Published) -> None:
        """Show from now on what a system publishes; to be called once."""
        self._positions = _OpenPositions(published.version)
        self._registry.register(_PublishedCollector(published, self._positions))

    def watch_feeds(self, statuses: Callable[[], Mapping[str, FeedStatus]]) -> None:
        """Show from now on how the feeds stand; to be called once."""
        self._registry.register(_FeedsCollector(statuses))

    def count(self, message: Announced) -> None:
        """Count what one commit made durable; a listener."""
        for change in message.changes:
            for event in change.events:
                if isinstance(event, RungHit):
                    self._hits[event.rung, event.side].inc()
        if self._positions is not None:
            self._positions.count(message)

    def count_notification(self, sent: bool) -> None:
        """Count an attempt to send a notification; may be called on any thread."""
        self._notifications[sent].inc()

    def render(self) -> tuple[bytes, str]:
        """The exposition's text, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4


class _FeedsCollector(Collector):
    """Reads at each scrape how the feeds stand."""

    def __init__(self, statuses: Callable[[], Mapping[str, FeedStatus]]) -> None:
        self._statuses = statuses

    def collect(self) -> Iterator[Metric]:
        labels = ["venue"]
        connected = GaugeMetricFamily(
            "backstay_feed_connected", "Whether a feed brings prices.", labels=labels
        )
        last_message = GaugeMetricFamily(
            "backstay_feed_last_message_timestamp_seconds",
            "When a feed's last message came, as a Unix time; 0 before the first.",
            labels=labels,
        )
        reconnects = CounterMetricFamily(
            "backstay_feed_reconnects_total",
            "Connections that were begun anew, since the process started.",
            labels=labels,
        )
        blocked = CounterMetricFamily(
            "backstay_feed_blocked_seconds_total",
            "For how long a feed's prices have waited for markets with full mailboxes.",
            labels=labels,
        )
        unknown = CounterMetricFamily(
            "backstay_feed_unknown_frames_total",
            "Frames that are none of those that the venue's documentation knows.",
            labels=labels,
        )
        for name, status in self._statuses().items():
            connected.add_metric([name], status.connected)
            last_message.add_metric([name], status.last_message_seconds or 0)
            reconnects.add_metric([name], status.reconnects)
            blocked.add_metric([name], status.blocked_us / 1_000_000)
            unknown.add_metric([name], sum(status.unknown.values()))
        yield from (connected, last_message, reconnects, blocked, unknown)


class _OpenPositions:
    """How many positions are open on each side: counted once, then carried on by announcements."""

    def __init__(self, version: Version) -> None:
        self._commit_id = version.commit_id
        self._by_side = Tally(position.side for position in version.positions.values())

    def count(self, message: Announced) -> None:
        """Take one commit's events, unless it was counted already."""
        if message.commit_id <= self._commit_id:
            return
        for change in message.changes:
            for event in change.events:
                if isinstance(event, PositionOpened):
                    self._by_side[event.side] += 1
                elif isinstance(event, PositionClosed):
                    self._by_side[event.side] -= 1

    def of(self, side: Side) -> int:
        """How many of a side are open."""
        return self._by_side[side]


class _PublishedCollector(Collector):
    """Reads at each scrape what is published."""

    def __init__(self, published: Published, positions: _OpenPositions) -> None:
        self._published = published
        self._positions = positions

    def collect(self) -> Iterator[GaugeMetricFamily]:
        drift = GaugeMetricFamily(
            "backstay_wallet_drift",
            "Actual less expected, in the account's currency, by the last health check.",
            labels=["account", "check"],
        )
        healthy = GaugeMetricFamily(
            "backstay_wallet_healthy",
            "Whether every check of the account's last health check passed.",
            labels=["account"],
        )
        for account, report in sorted(self._published.health.copy().items()):
            for check in report.checks:
                drift.add_metric([account, check.name], float(check.difference))
            healthy.add_metric([account], report.status is HealthStatus.HEALTHY)
        positions = GaugeMetricFamily("backstay_positions_open", "Open positions.", labels=["side"])
        for side in Side:
            positions.add_metric([str(side)], self._positions.of(side))
        yield from (drift, healthy, positions)
