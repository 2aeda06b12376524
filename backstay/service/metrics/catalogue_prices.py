"""The metrics of prices and of what brings them."""

from backstay.feeds.live.inlet import DELAY_SECONDS
from backstay.feeds.venues.registry import VENUES
from backstay.service.metrics.model import Label, MetricGroup, counter, gauge, histogram, label

PRICE_RESULTS = ("accepted", "rejected", "ignored", "quarantined")
MARKET_STATES = ("LIVE", "STALE", "QUARANTINED", "PAUSED")
BY_API = "api"
"""The venue of prices that no feed brings."""

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
            "how often a symbol's times began anew, because the last price was stamped more than "
            "5 s ahead of our clock: a clock was wrong",
        ),
        histogram(
            "backstay_price_delay_seconds",
            _SECONDS,
            DELAY_SECONDS,
            "from an exchange's time of a trade, by its own clock, to its arrival; the newest "
            "trade of what came together",
            _VENUE,
        ),
        gauge(
            "backstay_feed_clock_ahead_seconds",
            _SECONDS,
            "how far an exchange's clock is ahead of the service's, by the least late trade of the "
            "last ten to twenty seconds; beyond 5 its prices are rejected, and far below 0 the "
            "service's clock is ahead",
            _VENUE,
        ),
        gauge(
            "backstay_markets",
            _COUNT,
            "markets by their state; STALE and QUARANTINED only where a feed brings the symbol or "
            "a position is open",
            label("state", *MARKET_STATES),
        ),
        gauge(
            "backstay_trading_paused",
            _COUNT,
            "markets that a lost connection pauses, pauses by an operator, and accounts whose "
            "books do not balance",
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
            "when a feed's last message came, as a Unix time; 0 before the first",
            _VENUE,
        ),
        counter(
            "backstay_feed_reconnects_total", _COUNT, "connections that were begun anew", _VENUE
        ),
        counter(
            "backstay_feed_blocked_seconds_total",
            _SECONDS,
            "for how long a feed's prices have waited because a market's mailbox was full; they "
            "are never merged or dropped",
            _VENUE,
        ),
        counter(
            "backstay_feed_unknown_frames_total",
            _COUNT,
            "frames of an exchange that were not understood; the log names each kind once",
            _VENUE,
        ),
    ),
)
