"""Liveness and readiness of the process: the answers of `/healthz` and `/readyz`.

A process that is not alive should be restarted. One that is not ready should get no commands;
it goes on guarding its positions, and may become ready by itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from actors.engine.clock import Clock
from actors.engine.dispatcher import POOL, Dispatcher
from actors.messages import Ping, Pong
from actors.system import System
from backstay.service.running.stale import StaleWatch
from backstay.service.running.stops import StopWatch
from backstay.web.backend import Probe
from trading.books import HealthStatus
from trading.times import SECOND_US

PING_SECONDS = 2.0
STILL_SECONDS_MAX = 10.0
"""How long an actor or worker may be silent before the process counts as dead."""

AUDITS_MISSED = 3
"""After this many health checks that did not end, the state of the books is unknown."""
PARTS_NAMED_MAX = 5

OK = "ok"
DAMAGED = (
    "damaged, deleted or replaced: stop the service and restore a backup with backstay restore; "
    "the log has the details"
)
DEPOSED = "deposed: another process owns the database, or it was restored; this process ends"


@dataclass(frozen=True, slots=True)
class _Beat:
    """From a timer: ping again."""


class Pulse:
    """Pings the Desk and the Committer, and checks stops and the ages of prices.

    It is the recipient of its own timer, so that it does not depend on the workers it watches.
    """

    def __init__(
        self,
        system: System,
        dispatcher: Dispatcher,
        *,
        busy_us: Callable[[], Mapping[str, int]],
        feed_trouble: Callable[[], str | None],
        audit_seconds: float,
    ) -> None:
        """Watch a system that has started.

        `busy_us` returns how long each worker has been at its present slice of messages.
        `feed_trouble` returns what is wrong with the feeds, or None. `audit_seconds` is the
        interval of the health checks.
        """
        clock = dispatcher.clock
        self._system = system
        self._dispatcher = dispatcher
        self._busy_us = busy_us
        self._feed_trouble = feed_trouble
        self._audit_seconds_max = AUDITS_MISSED * audit_seconds + STILL_SECONDS_MAX
        self._stops = StopWatch(system.published, clock)
        self._stale = StaleWatch(system.published, clock, system.directory.to_committer)
        self._desk = _Heard(clock)
        self._committer = _Heard(clock)
        self._first_accounts = frozenset(system.published.version.wallets)
        self._draining = False
        self._stopped = False

    def start(self) -> None:
        """Ping now, and then every two seconds until `stop`."""
        self.tell(_Beat())

    def stop(self) -> None:
        """Stop pinging."""
        self._stopped = True

    def drain(self) -> None:
        """Note that the service is stopping, so that it is no longer ready."""
        self._draining = True

    def tell(self, message: Any) -> None:
        """Take a beat of the timer."""
        assert isinstance(message, _Beat), message
        if self._stopped:
            return
        directory = self._system.directory
        directory.to_desk(Ping(reply_to=self._desk))
        directory.to_committer(Ping(reply_to=self._committer))
        self._stops.look()
        self._stale.look()
        self._dispatcher.after(PING_SECONDS, self, message)

    def liveness(self) -> Probe:
        """Whether the Desk, the Committer and every worker have moved within ten seconds."""
        return _probe(
            desk=self._desk.trouble(),
            committer=self._committer.trouble(),
            workers=self._workers_trouble(),
        )

    def readiness(self) -> Probe:
        """Whether commands can be taken, and the books of every account balance."""
        return _probe(
            owner=DEPOSED if self._system.published.deposed else None,
            # The caller may be unauthenticated: the error and its addresses stay in the log.
            database=self._database_trouble(),
            # A system exists only on a database whose schema is the current one.
            migrations=None,
            health=self._health_trouble(),
            guards=self._guards_trouble(),
            feed=self._feed_trouble(),
            stops=self._stops.trouble,
            draining="the service is stopping" if self._draining else None,
        )

    def _database_trouble(self) -> str | None:
        published = self._system.published
        if published.damaged:
            return DAMAGED
        return "away, the log says why" if published.database_away else None

    def _workers_trouble(self) -> str | None:
        # The Committer is pinged, and the Auditor may take its time.
        busy = [us for worker, us in self._busy_us().items() if worker.startswith(f"{POOL}-")]
        seconds = max(busy, default=0) / SECOND_US
        if seconds <= STILL_SECONDS_MAX:
            return None
        return f"a worker has been at one actor's messages for {seconds:.0f} s"

    def _guards_trouble(self) -> str | None:
        """The parts set aside, with their accounts; the reason is in the log and the API."""
        parts = [
            f"account {one.account}, {one.part}" if one.kind == "position" else one.part
            for one in self._system.published.standing_still()
        ]
        if not parts:
            return None
        more = f" and {len(parts) - PARTS_NAMED_MAX} more" if len(parts) > PARTS_NAMED_MAX else ""
        return f"set aside: {'; '.join(parts[:PARTS_NAMED_MAX])}{more}"

    def _health_trouble(self) -> str | None:
        reports = self._system.published.health.copy()
        unchecked = sorted(self._first_accounts - reports.keys())
        if unchecked:
            return f"not checked yet: {', '.join(unchecked)}"
        broken = sorted(a for a, r in reports.items() if r.status is HealthStatus.MISMATCH)
        if broken:
            return f"MISMATCH in {', '.join(broken)}"
        audited_us, seconds_max = self._system.published.audited_us, self._audit_seconds_max
        if audited_us is None or self._age_seconds(audited_us) <= seconds_max:
            return None
        return f"no check has come to an end for {self._age_seconds(audited_us):.0f} s"

    def _age_seconds(self, since_us: int) -> float:
        return (self._dispatcher.clock.monotonic_us() - since_us) / SECOND_US


class _Heard:
    """Takes an actor's answers, and notes when the last one came."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._at_us = clock.monotonic_us()

    def tell(self, message: Pong) -> None:
        self._at_us = self._clock.monotonic_us()

    def trouble(self) -> str | None:
        """The failure, if the actor has been silent for too long."""
        seconds = (self._clock.monotonic_us() - self._at_us) / SECOND_US
        return None if seconds <= STILL_SECONDS_MAX else f"no answer for {seconds:.0f} s"


def _probe(**troubles: str | None) -> Probe:
    return Probe(
        ok=not any(troubles.values()),
        checks={name: trouble or OK for name, trouble in troubles.items()},
    )
