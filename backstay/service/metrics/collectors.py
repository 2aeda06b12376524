"""Readings of published state and of counts kept elsewhere: no actor is asked."""

from collections.abc import Callable, Mapping, Set

from actors.engine.clock import Clock
from actors.engine.dispatcher import Work
from actors.engine.pooled import PooledActor
from actors.engine.stats import EngineStats
from actors.engine.supervised import ActorKind, SupervisedActor
from actors.mailboxes import Mailboxes
from actors.published import MarketState, MarketStatus, Published
from backstay.feeds.live.inlet import FeedStatus
from backstay.service.metrics.catalogue_prices import BY_API, PRICE_RESULTS
from backstay.service.metrics.model import Readings, Summary, Value
from backstay.web.backend import Backend
from trading.books import HealthStatus
from trading.times import SECOND_US

Labels = tuple[str, ...]


def books(published: Published, stats: EngineStats) -> Readings:
    """Each account's balances, and the results of its health checks."""
    wallets = published.version.wallets
    balances: dict[Labels, Value] = {}
    for account, wallet in wallets.items():
        balances[account, "total"] = wallet.total
        balances[account, "locked"] = wallet.locked
        balances[account, "available"] = wallet.available
    reports = published.health.copy()
    return {
        "backstay_wallet_balance": balances,
        "backstay_wallet_drift": {
            (account, check.name): check.difference
            for account, report in reports.items()
            for check in report.checks
        },
        "backstay_wallet_healthy": {
            (account,): report.status is HealthStatus.HEALTHY for account, report in reports.items()
        },
        "backstay_wallet_first_divergent_entry": {
            (account,): report.first_divergent_entry or 0 for account, report in reports.items()
        },
        "backstay_health_check_last_success_timestamp_seconds": {
            (account,): stats.last_healthy_us.get(account, 0) / SECOND_US for account in wallets
        },
        "backstay_health_checks_total": {
            (status.lower(),): count for status, count in stats.health_checks.items()
        },
    }


LEFT_OUT = (MarketState.STALE, MarketState.QUARANTINED)
"""States that count only where a feed brings prices or a position waits for one."""


def markets(published: Published, clock: Clock, awaited: Set[str]) -> Readings:
    """The number of markets in each state, and of the pauses.

    `awaited` are the symbols that a feed brings.
    """
    now_us = clock.monotonic_us()
    held = {symbol for its in published.version.exposures.values() for symbol in its}
    all_states = {
        symbol: status.state(now_us) for symbol, status in published.markets.copy().items()
    }
    states = [
        state
        for symbol, state in all_states.items()
        if symbol in awaited or symbol in held or state not in LEFT_OUT
    ]
    reports = published.health.copy().values()
    return {
        "backstay_markets": {(str(state),): states.count(state) for state in MarketState},
        "backstay_trading_paused": {
            ("network",): states.count(MarketState.PAUSED),
            ("operator",): len(published.version.pauses),
            ("health",): sum(one.status is HealthStatus.MISMATCH for one in reports),
        },
    }


class FeedPriceCounts:
    """Prices by the feed that brings them, from what each market has counted.

    A market that failed counts from 0 in its next life. Its former counts are kept here, except
    for the prices after the last reading.
    """

    def __init__(self, published: Published, feed_names: Callable[[], Mapping[str, str]]) -> None:
        """`feed_names` says which feed brings a symbol's prices."""
        self._published = published
        self._feed_names = feed_names
        self._last: dict[str, tuple[int, ...]] = {}
        self._totals: dict[Labels, int] = {}
        self._rebased = 0
        self._expect(BY_API)

    def readings(self) -> Readings:
        """The counts so far."""
        names = self._feed_names()
        for name in names.values():
            self._expect(name)
        for symbol, status in self._published.markets.copy().items():
            name, counts = names.get(symbol, BY_API), _counts_of(status)
            last = self._last.get(symbol, (0,) * len(counts))
            if any(count < before for count, before in zip(counts, last, strict=True)):
                last = (0,) * len(counts)
            for result, count, before in zip(PRICE_RESULTS, counts, last, strict=False):
                self._totals[name, result] += count - before
            self._rebased += counts[-1] - last[-1]
            self._last[symbol] = counts
        return {
            "backstay_prices_total": dict(self._totals),
            "backstay_price_times_rebased_total": {(): self._rebased},
        }

    def _expect(self, name: str) -> None:
        for result in PRICE_RESULTS:
            self._totals.setdefault((name, result), 0)


def _counts_of(status: MarketStatus) -> tuple[int, ...]:
    """Counts by the guard's verdict, in the order of `PRICE_RESULTS`; the last is of new times."""
    return status.accepted, status.rejected, status.ignored, status.quarantined, status.rebased


def feeds(statuses: Mapping[str, FeedStatus]) -> Readings:
    """Each feed's state, by its name."""
    each = {(name,): status for name, status in statuses.items()}
    return {
        "backstay_feed_connected": {name: one.connected for name, one in each.items()},
        "backstay_feed_ended": {name: one.ended for name, one in each.items()},
        "backstay_feed_last_message_timestamp_seconds": {
            name: one.last_message_seconds or 0 for name, one in each.items()
        },
        "backstay_feed_reconnects_total": {name: one.reconnects for name, one in each.items()},
        "backstay_feed_blocked_seconds_total": {
            name: one.blocked_us / SECOND_US for name, one in each.items()
        },
        "backstay_feed_unknown_frames_total": {
            name: sum(one.unknown.values()) for name, one in each.items()
        },
        "backstay_feed_clock_ahead_seconds": {
            name: one.clock_ahead_seconds
            for name, one in each.items()
            if one.clock_ahead_seconds is not None
        },
        "backstay_price_delay_seconds": {
            name: one.delay for name, one in each.items() if one.delay is not None
        },
    }


def engine(
    stats: EngineStats,
    mailboxes: Mailboxes,
    work: Mapping[type[PooledActor], Work],
    dead_letters: int,
) -> Readings:
    """Commits, mailboxes and lives."""
    return {
        "backstay_position_close_seconds": {(): stats.close_seconds},
        "backstay_commit_seconds": {(): stats.commit_seconds},
        "backstay_commit_changes": {(): stats.commit_changes},
        "backstay_commit_failures_total": {
            (str(kind),): count for kind, count in stats.commit_failures.items()
        },
        "backstay_mailbox_depth": {
            (str(kind),): depth for kind, depth in mailboxes.deepest().items()
        },
        "backstay_message_seconds": {
            (str(actor_type.kind),): Summary(done.messages, done.busy_us / SECOND_US)
            for actor_type, done in work.items()
            if issubclass(actor_type, SupervisedActor)
        },
        "backstay_actor_restarts_total": {
            (kind,): count for kind, count in stats.restarts.copy().items()
        },
        "backstay_dead_letters_total": {(): dead_letters},
    }


def set_aside(published: Published) -> Readings:
    """The number of actors of each kind that are set aside."""
    kinds = [one.kind for one in published.standing_still()]
    return {"backstay_set_aside": {(str(kind),): kinds.count(kind) for kind in ActorKind}}


def web(backend: Backend) -> Readings:
    """Readiness, event streams, connections, and HTTP requests."""
    stats = backend.requests
    return {
        "backstay_ready": {(): backend.readiness().ok},
        "backstay_event_stream_clients": {(): backend.events.clients},
        "backstay_http_connections": {(): backend.connections.open},
        "backstay_alerts_refused_total": {
            (str(reason),): count for reason, count in backend.refused_alerts.counts.items()
        },
        "backstay_http_cut_off_total": {
            (str(reason),): count for reason, count in backend.connections.cut_off.items()
        },
        "backstay_http_requests_total": {
            (method, route, status): count
            for (route, method, status), count in stats.requests.items()
        },
        "backstay_http_request_seconds": {
            (route,): seconds for route, seconds in stats.seconds.items()
        },
    }
