"""The process's metrics: fed by commits and published state, read at each scrape.

A scrape asks no actor and no database. It holds the interpreter's lock, for a time that grows with
the accounts, their checks and the routes, and with the positions only while one is not armed or is
past its time stop.
"""

import threading
from collections.abc import Callable, Mapping, Set
from functools import partial
from importlib import metadata
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from actors.commit.messages import Announced
from actors.engine.dispatcher import Dispatcher, Work
from actors.engine.pooled import PooledActor
from actors.mailboxes import Mailboxes
from actors.system import System
from backstay.service.metrics import collectors
from backstay.service.metrics.counts import CommitCounts
from backstay.service.metrics.exposition import CatalogueCollector
from backstay.service.metrics.model import Readings
from backstay.service.running.stops import beyond_stop
from backstay.service.running.time_stops import past_time_stop

if TYPE_CHECKING:
    from backstay.service.running.feeds import Feeds
    from backstay.service.running.ownership import OwnerCandidate
    from backstay.web.backend import Backend


class Metrics:
    """The process's metrics.

    Give `count` to the system as a listener, then call `watch` with the system, before commands
    and prices come.
    """

    def __init__(self, lines_lost: Callable[[], int] = int) -> None:
        """Begin every counter at 0; `lines_lost` returns the number of lost log lines."""
        self._lines_lost = lines_lost
        self._commits = CommitCounts()
        self._awaited: Callable[[], Set[str]] = frozenset
        self._version = metadata.version("backstay")
        self._lock = threading.Lock()
        self._notifications = {True: 0, False: 0}
        self._sources: list[Callable[[], Readings]] = [self._own, self._commits.readings]
        self._registry = CollectorRegistry()
        self._registry.register(CatalogueCollector(self._sources))
        ProcessCollector(registry=self._registry)

    def watch_standby(self, candidate: "OwnerCandidate") -> None:
        """Show whether the database answers, while the process does not own it."""
        self._sources.append(lambda: {"backstay_database_up": {(): not candidate.database_away}})

    def watch(
        self,
        system: System,
        dispatcher: Dispatcher,
        work: Callable[[], Mapping[type[PooledActor], Work]] = dict,
    ) -> None:
        """Show from now on what a system does; `work` says how much its actors have done."""
        published, directory, clock = system.published, system.directory, dispatcher.clock
        mailboxes = Mailboxes(directory)
        self._commits.watch(published)

        def engine() -> Readings:
            dead_letters = directory.dead_letters + dispatcher.dead_letters
            its = collectors.engine(directory.stats, mailboxes, work(), dead_letters)
            return {
                **its,
                "backstay_owner": {(): not published.deposed},
                "backstay_database_up": {(): published.database_away is None},
            }

        self._sources += [
            partial(collectors.books, published, directory.stats),
            lambda: {"backstay_positions_beyond_stop": {(): len(beyond_stop(published))}},
            lambda: {
                "backstay_positions_past_time_stop": {(): len(past_time_stop(published, clock))}
            },
            partial(collectors.set_aside, published),
            lambda: collectors.markets(published, clock, self._awaited()),
            engine,
        ]

    def watch_feeds(self, system: System, feeds: "Feeds") -> None:
        """From now on show the feeds' states and prices."""
        prices = collectors.FeedPriceCounts(system.published, feeds.names_by_symbol)
        self._awaited = feeds.awaited_symbols
        self._sources += [lambda: collectors.feeds(feeds.statuses()), prices.readings]

    def watch_web(self, backend: "Backend") -> None:
        """From now on show the readiness of the service, and its requests."""
        self._sources.append(partial(collectors.web, backend))

    def count(self, message: Announced) -> None:
        """Count the changes of one commit; a listener of commits."""
        self._commits.count(message)

    def count_notification(self, sent: bool) -> None:
        """Count an attempt to send a notification; may be called on any thread."""
        with self._lock:
            self._notifications[sent] += 1

    def render(self) -> tuple[bytes, str]:
        """The exposition's text, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_PLAIN_0_0_4

    def _own(self) -> Readings:
        counts = self._notifications
        return {
            "backstay_build_info": {(self._version,): 1},
            "backstay_log_lines_lost_total": {(): self._lines_lost()},
            "backstay_notifications_total": {("sent",): counts[True], ("failed",): counts[False]},
        }
