"""Every metric, once: the source of the exposition, `backstay metrics` and docs/metrics.md."""

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
from trading.exits.ladder import RUNGS_MAX
from trading.model import CloseReason, DenialReason, EntryType, Side

ACCOUNTS = 50
ROUTES = 40
ROUTE_METHODS = 60
"""The numbers that the worst case assumes; `ROUTE_METHODS` are pairs of a route and a method."""

OPEN_DENIALS = tuple(
    reason
    for reason in DenialReason
    if reason
    not in (
        # Reasons of other commands only, and of answers without a record.
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
STOP_MOVES = ("breakeven", "rung", "trail", "manual")

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
            "an account's balance: all of it, the part that open positions lock, and the rest",
            _ACCOUNT,
            label("kind", "total", "locked", "available"),
        ),
        gauge(
            "backstay_wallet_drift",
            _MONEY,
            "the stored amount less the ledger's, at the last health check; 0 when they agree; "
            "memory is missing if the wallet was too busy to be compared",
            _ACCOUNT,
            label("check", *CHECKS),
        ),
        gauge(
            "backstay_wallet_healthy",
            _COUNT,
            "1 if every check of the last health check passed, else 0; a check can fail without a "
            "drift when two errors cancel out, so alert on this metric",
            _ACCOUNT,
        ),
        gauge(
            "backstay_wallet_first_divergent_entry",
            _COUNT,
            "the number of the first ledger entry that diverges, at the last health check; 0 if "
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
            "health checks of accounts",
            label("result", "healthy", "mismatch"),
        ),
        counter("backstay_shortfalls_total", _COUNT, "closes that lost more than the account had"),
        counter(
            "backstay_ledger_entries_total",
            _COUNT,
            "committed ledger entries",
            label("type", *EntryType),
        ),
    ),
)

LADDERS = MetricGroup(
    title="Ladders",
    metrics=(
        gauge("backstay_positions_open", _COUNT, "open positions", _SIDE),
        counter("backstay_positions_opened_total", _COUNT, "opened positions", _SIDE),
        counter(
            "backstay_positions_closed_total",
            _COUNT,
            "closed positions, by the reason",
            label("reason", *CloseReason),
            _SIDE,
        ),
        counter(
            "backstay_take_profit_hits_total",
            _COUNT,
            "committed hits of take-profit rungs; the first rung is 1",
            label("rung", *range(1, RUNGS_MAX + 1)),
            _SIDE,
        ),
        counter(
            "backstay_stop_loss_moves_total",
            _COUNT,
            "tightened stop-losses: by a rung to breakeven (before costs or after), by a rung to "
            "another place, by a trail, or by a client",
            label("to", *STOP_MOVES),
        ),
        counter(
            "backstay_opens_denied_total",
            _COUNT,
            "refused opens that were recorded; none is recorded while the database is away",
            label("reason", *OPEN_DENIALS),
        ),
        counter("backstay_gains_total", _MONEY, "net PnL of the closed parts that gained"),
        counter(
            "backstay_losses_total",
            _MONEY,
            "net PnL of the closed parts that lost, as a positive number",
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
            "the time from the acceptance of a price by its market to the commit of the close that "
            "it caused; without manual closes",
        ),
        gauge(
            "backstay_positions_beyond_stop",
            _COUNT,
            "open positions whose stop-loss the newest price of their symbol has reached; "
            "rejected, ignored and quarantined prices count, and prices of a paused market; "
            "each closes within milliseconds unless there is a fault",
        ),
        gauge(
            "backstay_positions_past_time_stop",
            _COUNT,
            "open positions whose time stop has passed; the next accepted price closes each, so "
            "they stay only while their market is paused, quarantined or silent, or by a fault",
        ),
    ),
)

ENGINE = MetricGroup(
    title="Engine",
    metrics=(
        histogram(
            "backstay_commit_seconds", _SECONDS, COMMIT_SECONDS, "the duration of a transaction"
        ),
        histogram(
            "backstay_commit_changes",
            "changes",
            COMMIT_CHANGES,
            "changes in a transaction; changes that queue up are written together",
        ),
        counter(
            "backstay_commit_failures_total",
            _COUNT,
            "failed transactions: the database did not answer, refused it (the service then "
            "writes its changes one by one), or did not say whether it committed",
            label("kind", *CommitFailure),
        ),
        gauge(
            "backstay_mailbox_depth",
            "messages",
            "messages that wait in the deepest mailbox of a kind of actor; the Committer's count "
            "includes changes that it has taken and not written; each scrape reads the mailboxes "
            "of 2,000 positions, in turn",
            _ACTOR,
        ),
        Metric(
            name="backstay_message_seconds",
            kind=Kind.SUMMARY,
            unit=_SECONDS,
            meaning="messages that actors of a kind have handled, and the time that they took",
            labels=(_ACTOR,),
        ),
        counter("backstay_actor_restarts_total", _COUNT, "restarts of actors that failed", _ACTOR),
        gauge(
            "backstay_set_aside",
            _COUNT,
            "parts of the service that keep failing and do nothing until the next start; positions "
            "and accounts that need them are not guarded or not booked",
            _ACTOR,
        ),
        counter("backstay_dead_letters_total", _COUNT, "messages to actors that had ended"),
        gauge(
            "backstay_owner",
            _COUNT,
            "1 while the process owns its database, 0 as a standby or once it is deposed",
        ),
        gauge(
            "backstay_database_up",
            _COUNT,
            "1, or 0 while the database cannot be written or does not answer a standby",
        ),
        gauge("backstay_ready", _COUNT, "1 if /readyz says that the service is ready, else 0"),
        gauge("backstay_event_stream_clients", _COUNT, "clients that follow the event stream"),
        gauge("backstay_http_connections", _COUNT, "open HTTP connections"),
        counter(
            "backstay_http_cut_off_total",
            _COUNT,
            "connections that were closed, or their request refused, by the limit that they "
            "reached",
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
            meaning="HTTP requests; the route is unmatched for unknown addresses and methods, and "
            "for requests that were refused before routing",
            labels=(Label(name="method", values_max=8), _ROUTE, label("status", *STATUSES)),
            label_sets_max=ROUTE_METHODS * len(STATUSES),
        ),
        histogram(
            "backstay_http_request_seconds",
            _SECONDS,
            SECONDS,
            "the time from an HTTP request to the beginning of its answer",
            _ROUTE,
        ),
        counter(
            "backstay_notifications_total",
            _COUNT,
            "attempts to send a notification; a failed one is repeated; if a target keeps failing, "
            "an operator must act, and the log gives the target and the reason",
            label("result", "sent", "failed"),
        ),
        counter(
            "backstay_log_lines_lost_total",
            _COUNT,
            "log lines that were lost because their reader had stopped or the disk was full",
        ),
        gauge(
            "backstay_build_info",
            _COUNT,
            "always 1; the label is the running version",
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
        gauge("process_max_fds", _COUNT, "the largest number of open file descriptors"),
    ),
)
"""The metrics that the Prometheus library itself has about the process."""

CATALOGUE = (BOOKS, LADDERS, PRICES, ENGINE, PROCESS)
METRICS = tuple(metric for group in CATALOGUE for metric in group.metrics)
OURS = tuple(metric for metric in METRICS if metric not in PROCESS.metrics)
