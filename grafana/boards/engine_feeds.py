"""The engine's row of feeds: whether prices come, how late, and what became of them."""

from grafana.boards.parts import PER_BAR, Graph, Query, Row, Timeline, Word
from grafana.boards.promql import now, per_bar, quantile, rate, series

FOUND_NOTHING = "Nothing scraped"
NO_FEED = "No feed"

FEEDS = Row(
    "Feeds and prices",
    (
        Timeline(
            title="Feeds",
            description="Whether each feed brings prices, over time; a recorded one has an end.",
            queries=(
                Query(
                    f"min by (venue) ({series('feed_connected')} + 2 * {series('feed_ended')})",
                    "{{venue}}",
                ),
            ),
            no_data=NO_FEED,
            unit="none",
            words={
                0: Word("Away", "red"),
                1: Word("Connected", "green"),
                2: Word("Ended", "blue"),
            },
            width=8,
        ),
        Graph(
            title="Since the last message",
            description="For how long each feed has said nothing, once it has spoken.",
            queries=(
                Query(
                    f"time() - max by (venue)"
                    f" ({series('feed_last_message_timestamp_seconds')} > 0)",
                    "{{venue}}",
                ),
            ),
            no_data="No message yet",
            unit="s",
            steps=((60, "red"),),
            width=8,
        ),
        Graph(
            title="Markets by state",
            description=(
                "Live, stale (no price for too long), in quarantine (a jump waits for more prices)"
                " or paused."
            ),
            queries=(Query(now("markets", "state"), "{{state}}"),),
            no_data=FOUND_NOTHING,
            stacked=True,
            colors={
                "LIVE": "semi-dark-green",
                "STALE": "semi-dark-yellow",
                "QUARANTINED": "semi-dark-orange",
                "PAUSED": "semi-dark-purple",
            },
            width=8,
        ),
        Graph(
            title="Prices by result",
            description="What the guard made of the prices, a second.",
            queries=(Query(rate("prices_total", "result"), "{{result}}"),),
            no_data=FOUND_NOTHING,
            unit="cps",
            colors={
                "accepted": "semi-dark-green",
                "ignored": "semi-dark-blue",
                "quarantined": "semi-dark-orange",
                "rejected": "semi-dark-red",
            },
        ),
        Graph(
            title="Prices by venue",
            description="Prices of each feed a second; those that came by the API are of api.",
            queries=(Query(rate("prices_total", "venue"), "{{venue}}"),),
            no_data=FOUND_NOTHING,
            unit="cps",
            stacked=True,
        ),
        Graph(
            title="Price delay",
            description=(
                "95 % of the prices took no longer from the exchange's time of the trade until they"
                " were taken from the connection. It includes what the two clocks differ."
            ),
            queries=(Query(quantile("0.95", "price_delay_seconds", "venue"), "{{venue}}"),),
            no_data="No live prices",
            unit="s",
            width=8,
        ),
        Graph(
            title="Time lost to full mailboxes",
            description=(
                "The share of time in which a feed's prices waited for a market that could take no"
                " more. They are never dropped."
            ),
            queries=(Query(rate("feed_blocked_seconds_total", "venue"), "{{venue}}"),),
            no_data=NO_FEED,
            unit="percentunit",
            width=8,
        ),
        Graph(
            title="Reconnects and unknown frames",
            description=f"Connections begun anew, frames that were not understood, {PER_BAR}.",
            queries=(
                Query(per_bar("feed_reconnects_total", "venue"), "{{venue}} reconnects"),
                Query(per_bar("feed_unknown_frames_total", "venue"), "{{venue}} unknown"),
            ),
            no_data=NO_FEED,
            bars=True,
            width=8,
        ),
    ),
)
