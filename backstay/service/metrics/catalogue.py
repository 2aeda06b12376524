"""Every metric, once: what the exposition, `backstay metrics` and docs/metrics.md are made of."""

from actors.engine.stats import CLOSE_SECONDS, COMMIT_CHANGES, COMMIT_SECONDS, CommitFailure
from actors.engine.supervised import ActorKind
from backstay.service.metrics.catalogue_prices import PRICES
from backstay.service.metrics.model import (
    Kind,
    Label,
    Metric,
    MetricGroup,
    counter,
    gauge,
    histogram,
    label,
)
from backstay.web.access.connection_stats import CutOff
from backstay.web.hooks.refused_alerts import AlertRefusal
from backstay.web.request_stats import SECONDS, STATUSES
from trading.ladder_shape import RUNGS_MAX
from trading.model import CloseReason, DenialReason, EntryType, Side

ACCOUNTS = 50
ROUTES = 40
ROUTE_METHODS = 60
"""What the worst case is counted with; `ROUTE_METHODS` are pairs of a route and a method."""

OPEN_DENIALS = tuple(
    reason
    for reason in DenialReason
    if reason
    not in (
        # What only other commands are denied for, and what is answered without a record.
        DenialReason.ACCOUNT_EXISTS,
        DenialReason.CANDIDATE_UNKNOWN,
        DenialReason.DEPOSED,
        DenialReason.NOTHING_TO_REPAIR,
        DenialReason.POSITION_CLOSED,
        DenialReason.POSITION_UNKNOWN,
        DenialReason.REPAIR_IMPOSSIBLE,
        DenialReason.SHUTTING_DOWN,
        DenialReason.STOP_INVALID,
    )
)
CHECKS = ("total", "locked", "used", "chain", "memory")
COST_KINDS = ("entry_fee", "exit_fee", "spread", "slippage")
STOP_MOVES = ("breakeven", "rung", "manual")

_ACCOUNT = Label(name="account", values_max=ACCOUNTS)
_ROUTE = Label(name="route", values_max=ROUTES)
_SIDE = Label(name="side", values=tuple(map(str, Side)))
_ACTOR = Label(name="actor", values=tuple(map(str, ActorKind)))
_MONEY = "money"
_SECONDS = "seconds"
_COUNT = ""


BOOKS = MetricGroup(
    title="Books",
    metrics=(
        gauge(
            "backstay_wallet_balance",
            _MONEY,
            "what an account owns, what its open positions lock, and what is left to use",
            _ACCOUNT,
            label("kind", "total", "locked", "available"),
        ),
        gauge(
            "backstay_wallet_drift",
            _MONEY,
            "what is kept less what the ledger says, by the last health check: 0 when they agree; "
            "memory is missing where the wallet was too busy to be compared",
            _ACCOUNT,
            label("check", *CHECKS),
        ),
        gauge(
            "backstay_wallet_healthy",
            _COUNT,
            "1 if every check of the last health check passed, else 0; a check can fail without a "
            "drift, where two errors cancel out: alert on this one",
            _ACCOUNT,
        ),
        gauge(
            "backstay_wallet_first_divergent_entry",
            _COUNT,
            "the number of the first ledger entry that diverges, by the last health check; 0 while "
            "none does",
            _ACCOUNT,
        ),
        gauge(
            "backstay_health_check_last_success_timestamp_seconds",
            _SECONDS,
            "when the account last passed a health check, as a Unix time; 0 before the first",
            _ACCOUNT,
        ),
        counter(
            "backstay_health_checks_total",
            _COUNT,
            "health checks of an account that were made",
            label("result", "healthy", "mismatch"),
        ),
        counter("backstay_shortfalls_total", _COUNT, "losses that went beyond the whole wallet"),
        counter(
            "backstay_ledger_entries_total",
            _COUNT,
            "ledger entries that were written",
            label("type", *EntryType),
        ),
    ),
)

LADDERS = MetricGroup(
    title="Ladders",
    metrics=(
        gauge("backstay_positions_open", _COUNT, "open positions", _SIDE),
        counter("backstay_positions_opened_total", _COUNT, "positions that were opened", _SIDE),
        counter(
            "backstay_positions_closed_total",
            _COUNT,
            "positions that were closed, by what closed them",
            label("reason", *CloseReason),
            _SIDE,
        ),
        counter(
            "backstay_take_profit_hits_total",
            _COUNT,
            "take-profit rungs that prices reached and that are committed; rung counts from 1",
            label("rung", *range(1, RUNGS_MAX + 1)),
            _SIDE,
        ),
        counter(
            "backstay_stop_loss_moves_total",
            _COUNT,
            "stop-losses that were tightened: by a rung to the entry price or to an earlier rung, "
            "or by a person",
            label("to", *STOP_MOVES),
        ),
        counter(
            "backstay_opens_denied_total",
            _COUNT,
            "opens that were refused and recorded; while the database is away none is recorded",
            label("reason", *OPEN_DENIALS),
        ),
        counter("backstay_gains_total", _MONEY, "net PnL of the closed parts that gained"),
        counter(
            "backstay_losses_total",
            _MONEY,
            "net PnL of the closed parts that lost, without its sign",
        ),
        counter(
            "backstay_costs_total",
            _MONEY,
            "costs of the closed parts; gains and losses are net of them",
            label("kind", *COST_KINDS),
        ),
        histogram(
            "backstay_position_close_seconds",
            _SECONDS,
            CLOSE_SECONDS,
            "from the acceptance of a price by its market to the commit of the close that it "
            "caused; closes by hand are left out",
        ),
        gauge(
            "backstay_positions_beyond_stop",
            _COUNT,
            "open positions whose stop-loss the newest price of their symbol has reached, also a "
            "price that was rejected, ignored, quarantined, or came while the market was paused; "
            "each is closed in a moment, unless something is wrong",
        ),
    ),
)

ENGINE = MetricGroup(
    title="Engine",
    metrics=(
        histogram(
            "backstay_commit_seconds", _SECONDS, COMMIT_SECONDS, "how long a transaction took"
        ),
        histogram(
            "backstay_commit_changes",
            "changes",
            COMMIT_CHANGES,
            "changes in a transaction: what has queued up is written together",
        ),
        counter(
            "backstay_commit_failures_total",
            _COUNT,
            "transactions that failed: the database was not there, refused one (it is then run "
            "again change by change), or did not say whether it committed",
            label("kind", *CommitFailure),
        ),
        gauge(
            "backstay_mailbox_depth",
            "messages",
            "messages that wait in the deepest mailbox of a kind of actor; the Committer's also "
            "count what it has taken and not written, and of positions 2,000 are looked at in "
            "each scrape, in turn",
            _ACTOR,
        ),
        Metric(
            name="backstay_message_seconds",
            kind=Kind.SUMMARY,
            unit=_SECONDS,
            meaning="messages that actors of a kind have handled, and how long that took",
            labels=(_ACTOR,),
        ),
        counter(
            "backstay_actor_restarts_total", _COUNT, "actors that failed and began anew", _ACTOR
        ),
        gauge(
            "backstay_set_aside",
            _COUNT,
            "parts of the service that failed for good and stand still until the next start: "
            "while one does, what needs it is not guarded or not booked",
            _ACTOR,
        ),
        counter("backstay_dead_letters_total", _COUNT, "messages to actors that were not there"),
        gauge(
            "backstay_owner",
            _COUNT,
            "1 while the process owns its database, 0 as a standby or once it is deposed",
        ),
        gauge(
            "backstay_database_up",
            _COUNT,
            "0 while the database cannot be written, or a standby gets no answer of it, else 1",
        ),
        gauge("backstay_ready", _COUNT, "1 if /readyz says that the service is ready, else 0"),
        gauge("backstay_event_stream_clients", _COUNT, "clients that follow the event stream"),
        gauge("backstay_http_connections", _COUNT, "HTTP connections that are open"),
        counter(
            "backstay_http_cut_off_total",
            _COUNT,
            "connections cut off, or their request refused, by the bound that they met",
            label("reason", *CutOff),
        ),
        counter(
            "backstay_alerts_refused_total",
            _COUNT,
            "alerts that the hook refused",
            label("reason", *AlertRefusal),
        ),
        Metric(
            name="backstay_http_requests_total",
            kind=Kind.COUNTER,
            unit=_COUNT,
            meaning="HTTP requests; unmatched is the route of unknown addresses and methods, and "
            "of what was refused before a route was looked for",
            labels=(Label(name="method", values_max=8), _ROUTE, label("status", *STATUSES)),
            label_sets_max=ROUTE_METHODS * len(STATUSES),
        ),
        histogram(
            "backstay_http_request_seconds",
            _SECONDS,
            SECONDS,
            "from an HTTP request to the beginning of its answer",
            _ROUTE,
        ),
        counter(
            "backstay_notifications_total",
            _COUNT,
            "attempts to send a notification: sent arrived, failed did not and is tried again; "
            "what keeps failing needs a person, and the log says which target and why",
            label("result", "sent", "failed"),
        ),
        counter(
            "backstay_log_lines_lost_total",
            _COUNT,
            "log lines that their reader, standing still, or a full disk has lost",
        ),
        gauge(
            "backstay_build_info",
            _COUNT,
            "always 1: the version that runs",
            Label(name="version", values_max=1),
        ),
    ),
)


PROCESS = MetricGroup(
    title="Process",
    metrics=(
        gauge("process_virtual_memory_bytes", "bytes", "virtual memory"),
        gauge("process_resident_memory_bytes", "bytes", "resident memory"),
        gauge(
            "process_start_time_seconds",
            _SECONDS,
            "when the process started, as a Unix time",
        ),
        counter("process_cpu_seconds_total", _SECONDS, "processor time, user and system"),
        gauge("process_open_fds", _COUNT, "open file descriptors"),
        gauge("process_max_fds", _COUNT, "how many the process may open"),
    ),
)
"""What the Prometheus library itself says about the process."""

CATALOGUE = (BOOKS, LADDERS, PRICES, ENGINE, PROCESS)
METRICS = tuple(metric for group in CATALOGUE for metric in group.metrics)
OURS = tuple(metric for metric in METRICS if metric not in PROCESS.metrics)
