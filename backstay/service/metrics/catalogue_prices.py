"""The metrics of prices and of the feeds that bring them."""

from backstay.feeds.live.inlet import DELAY_SECONDS
from backstay.feeds.venues.registry import VENUES
from backstay.service.metrics.model import Label, MetricGroup, counter, gauge, histogram, label

PRICE_RESULTS = ("accepted", "rejected", "ignored", "quarantined")
MARKET_STATES = ("LIVE", "STALE", "QUARANTINED", "PAUSED")
BY_API = "api"
"""The venue label of prices that no feed brings."""

_VENUE = Label(name="venue", values_max=len(VENUES))
_VENUE_OR_API = Label(name="venue", values_max=len(VENUES) + 1)
_SECONDS = "seconds"
_COUNT = ""

PRICES = MetricGroup(
    title="Prices",
    metrics=(
        counter(
            "backstay_prices_total",
            _COUNT,
            "prices by the guard's verdict; the venue is the feed that brings the symbol's prices, "
            "or api",
            _VENUE_OR_API,
            label("result", *PRICE_RESULTS),
        ),
        counter(
            "backstay_price_times_rebased_total",
            _COUNT,
            "how often a symbol's price times began anew because the last price was more than 5 s "
            "ahead of the service's clock; it means that a clock was wrong",
        ),
        histogram(
            "backstay_price_delay_seconds",
            _SECONDS,
            DELAY_SECONDS,
            "the time from a trade, by the exchange's clock, to its arrival; of trades that arrive "
            "together, the newest counts",
            _VENUE,
        ),
        gauge(
            "backstay_feed_clock_ahead_seconds",
            _SECONDS,
            "how far an exchange's clock is ahead of the service's, measured by the least late "
            "trade of the last ten to twenty seconds; above 5 its prices are rejected; far below 0 "
            "the service's clock is ahead",
            _VENUE,
        ),
        gauge(
            "backstay_markets",
            _COUNT,
            "markets by state; STALE and QUARANTINED count only symbols that a feed brings or that "
            "have an open position",
            label("state", *MARKET_STATES),
        ),
        gauge(
            "backstay_trading_paused",
            _COUNT,
            "pauses: markets without a connection, pauses by an operator, and accounts whose books "
            "do not balance",
            label("by", "network", "operator", "health"),
        ),
        gauge("backstay_feed_connected", _COUNT, "1 while a feed brings prices, else 0", _VENUE),
        gauge(
            "backstay_feed_ended",
            _COUNT,
            "1 once a recorded feed has been played to its end, else 0",
            _VENUE,
        ),
        gauge(
            "backstay_feed_last_message_timestamp_seconds",
            _SECONDS,
            "when a feed's last message arrived, as a Unix time; 0 before the first",
            _VENUE,
        ),
        counter("backstay_feed_reconnects_total", _COUNT, "reconnections of a feed", _VENUE),
        counter(
            "backstay_feed_blocked_seconds_total",
            _SECONDS,
            "how long a feed's prices have waited because a market's mailbox was full; prices are "
            "never merged or dropped",
            _VENUE,
        ),
        counter(
            "backstay_feed_unknown_frames_total",
            _COUNT,
            "frames of an exchange that the service did not understand; the log names each kind "
            "once",
            _VENUE,
        ),
    ),
)
