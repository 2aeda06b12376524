"""The board of the engine: feeds, commits, actors, and what the process costs."""

from grafana.boards.engine_feeds import FEEDS
from grafana.boards.parts import (
    IN_RANGE,
    PER_BAR,
    SHADES,
    Board,
    Graph,
    Query,
    Row,
    Tile,
    Timeline,
    Word,
)
from grafana.boards.promql import (
    mean,
    now,
    per_bar,
    quantile,
    quantiles,
    rate,
    series,
    within_range,
)

FOUND_NOTHING = "Nothing scraped"
YES_NO = {0: Word("No", "red"), 1: Word("Yes", "green")}

NOW = Row(
    "Now, and in the time shown",
    (
        Tile(
            title="Ready",
            description="Whether the owner takes commands: what its /readyz says.",
            queries=(
                Query(f"min({series('ready')} unless on (job, instance) {series('owner')} == 0)"),
            ),
            no_data="Down",
            unit="none",
            words=YES_NO,
            width=3,
        ),
        Tile(
            title="Database",
            description="Whether commits reach the database. While not, all of them wait.",
            queries=(Query(f"min({series('database_up')})"),),
            no_data="Down",
            unit="none",
            words={0: Word("Away", "red"), 1: Word("Up", "green")},
            width=3,
        ),
        Tile(
            title="Feeds away",
            description=(
                "Feeds that bring no prices, though they should: their markets are paused, stops"
                " included."
            ),
            queries=(Query(f"sum(1 - {series('feed_connected')} - {series('feed_ended')})"),),
            no_data="No feed",
            steps=((1, "red"),),
            width=3,
        ),
        Tile(
            title="Deepest mailbox",
            description="Messages that wait in the fullest mailbox of all actors.",
            queries=(Query(f"max({series('mailbox_depth')})"),),
            no_data=FOUND_NOTHING,
            steps=((64, "orange"), (1_000, "red")),
            width=3,
        ),
        Tile(
            title="Actor restarts",
            description=f"Actors that failed and were given another life. {IN_RANGE}",
            queries=(Query(within_range("actor_restarts_total")),),
            no_data=FOUND_NOTHING,
            decimals=0,
            steps=((0.5, "red"),),
            width=3,
        ),
        Tile(
            title="Commit failures",
            description=f"Transactions that did not end in a certain commit. {IN_RANGE}",
            queries=(Query(within_range("commit_failures_total")),),
            no_data=FOUND_NOTHING,
            decimals=0,
            steps=((0.5, "red"),),
            width=3,
        ),
        Tile(
            title="Event streams",
            description="Clients that follow the event stream, pages included.",
            queries=(Query(now("event_stream_clients")),),
            no_data=FOUND_NOTHING,
            width=3,
        ),
        Tile(
            title="Up for",
            description="Since when the process that started last has been running.",
            queries=(Query(f"time() - max({series('process_start_time_seconds')})"),),
            no_data="Down",
            unit="s",
            decimals=0,
            width=3,
        ),
    ),
)

COMMITS = Row(
    "Commits",
    (
        Graph(
            title="Commits and changes",
            description="Transactions and the changes in them, a second.",
            queries=(
                Query(rate("commit_seconds_count"), "commits"),
                Query(rate("commit_changes_sum"), "changes"),
            ),
            no_data=FOUND_NOTHING,
            unit="cps",
        ),
        Graph(
            title="Commit time",
            description="Half, 95 % and 99 % of the transactions took no longer.",
            queries=quantiles("commit_seconds"),
            no_data="Nothing committed",
            unit="s",
            colors=SHADES,
            steps=((0.5, "red"),),
        ),
        Graph(
            title="Changes in a commit",
            description="How many changes share a transaction, in the mean: more under load.",
            queries=(Query(mean("commit_changes"), "changes"),),
            no_data="Nothing committed",
        ),
        Graph(
            title="Commit failures by kind",
            description=(
                "The database was away (unavailable), it refused a transaction (refused), or what"
                f" became of a commit had to be looked up (unknown), {PER_BAR}."
            ),
            queries=(Query(per_bar("commit_failures_total", "kind"), "{{kind}}"),),
            no_data=FOUND_NOTHING,
            bars=True,
        ),
    ),
)

ACTORS = Row(
    "Actors",
    (
        Graph(
            title="Mailboxes",
            description="Messages that wait in the fullest mailbox of each kind of actor.",
            queries=(Query(f"max by (actor) ({series('mailbox_depth')})", "{{actor}}"),),
            no_data=FOUND_NOTHING,
        ),
        Graph(
            title="Time a message takes",
            description="The mean time in which each kind of actor handles a message.",
            queries=(Query(mean("message_seconds", "actor"), "{{actor}}"),),
            no_data="No messages",
            unit="s",
        ),
        Graph(
            title="Busy",
            description=(
                "The share of time that each kind of actor spends on messages; 100 % is one thread"
                " that never rests."
            ),
            queries=(Query(rate("message_seconds_sum", "actor"), "{{actor}}"),),
            no_data="No messages",
            unit="percentunit",
            stacked=True,
        ),
        Graph(
            title="Restarts and dead letters",
            description=(
                "Actors that failed and were given another life, and messages to actors that are"
                f" gone, {PER_BAR}."
            ),
            queries=(
                Query(per_bar("actor_restarts_total", "actor"), "{{actor}} restarts"),
                Query(per_bar("dead_letters_total"), "dead letters"),
            ),
            no_data=FOUND_NOTHING,
            bars=True,
        ),
    ),
)

OUTSIDE = Row(
    "HTTP, notifications, process",
    (
        Graph(
            title="Requests by status",
            description="HTTP requests a second, by the class of their status.",
            queries=(Query(rate("http_requests_total", "status"), "{{status}}"),),
            no_data=FOUND_NOTHING,
            unit="reqps",
            stacked=True,
            colors={
                "2xx": "semi-dark-green",
                "3xx": "semi-dark-blue",
                "4xx": "semi-dark-orange",
                "5xx": "red",
            },
        ),
        Graph(
            title="Request time by route",
            description="95 % of a route's requests took no longer.",
            queries=(Query(quantile("0.95", "http_request_seconds", "route"), "{{route}}"),),
            no_data="No requests",
            unit="s",
        ),
        Graph(
            title="Requests by route",
            description="HTTP requests a second, of the ten busiest routes.",
            queries=(
                Query(
                    f"topk(10, {rate('http_requests_total', 'method, route')} > 0)",
                    "{{method}} {{route}}",
                ),
            ),
            no_data=FOUND_NOTHING,
            unit="reqps",
        ),
        Graph(
            title="Notifications",
            description=f"Attempts to send one, {PER_BAR}; what failed is tried again.",
            queries=(Query(per_bar("notifications_total", "result"), "{{result}}"),),
            no_data=FOUND_NOTHING,
            bars=True,
            colors={"sent": "semi-dark-green", "failed": "red"},
        ),
        Graph(
            title="Processor",
            description="Processor time of the process: 100 % is one core.",
            queries=(Query(rate("process_cpu_seconds_total", "instance"), "{{instance}}"),),
            no_data=FOUND_NOTHING,
            unit="percentunit",
            width=5,
        ),
        Graph(
            title="Memory",
            description="Resident memory of the process.",
            queries=(Query(now("process_resident_memory_bytes", "instance"), "{{instance}}"),),
            no_data=FOUND_NOTHING,
            unit="bytes",
            width=5,
        ),
        Graph(
            title="Open files",
            description="Open files and connections, as a share of how many there may be.",
            queries=(
                Query(
                    f"{now('process_open_fds', 'instance')} / {now('process_max_fds', 'instance')}",
                    "{{instance}}",
                ),
            ),
            unit="percentunit",
            steps=((0.8, "red"),),
            no_data=FOUND_NOTHING,
            width=4,
        ),
        Timeline(
            title="Versions",
            description="The versions that run; two of them while one replaces the other.",
            queries=(Query(now("build_info", "version"), "{{version}}"),),
            no_data="Down",
            unit="none",
            words={1: Word("runs", "semi-dark-blue")},
            width=5,
        ),
        Timeline(
            title="Owner",
            description="Which process owns the database; the others stand by, to take it over.",
            queries=(Query(now("owner", "instance"), "{{instance}}"),),
            no_data="Down",
            unit="none",
            words={0: Word("Stands by", "blue"), 1: Word("Owns", "green")},
            width=5,
        ),
    ),
)

ENGINE = Board(
    uid="backstay-engine",
    title="Backstay / Engine",
    description="Feeds, prices, commits, actors, HTTP, and what the process costs.",
    rows=(NOW, FEEDS, COMMITS, ACTORS, OUTSIDE),
)
