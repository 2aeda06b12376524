"""The words for events of markets."""

from decimal import Decimal
from typing import assert_never

from trading.events import (
    MarketEvent,
)
from trading.events.markets import (
    MarketPaused,
    MarketResumed,
    MarketRetired,
    MarketStale,
    PriceQuarantined,
    PriceRejected,
    PriceTimesRebased,
    QuarantineEnded,
)
from trading.events.words.words import Gravity, Words
from trading.money import plain
from trading.times import SECOND_US


def of_market(event: MarketEvent) -> Words:
    """The words for one of these events."""
    match event:
        case PriceQuarantined():
            return Words(
                Gravity.WARNING,
                f"price of {event.symbol} quarantined",
                f"Price {plain(event.price)} of {event.symbol} quarantined: too far from the last "
                f"accepted {plain(event.last_price)}",
            )
        case QuarantineEnded():
            return Words(
                Gravity.INFO,
                f"quarantine of {event.symbol} ended",
                f"Quarantine of {event.symbol} ended: candidate {plain(event.candidate)} "
                f"{event.outcome} at {plain(event.price)}",
            )
        case PriceRejected():
            return Words(
                Gravity.WARNING,
                f"price of {event.symbol} rejected",
                f"Price {event.price} of {event.symbol} rejected: {event.why}",
            )
        case PriceTimesRebased():
            seconds = Decimal(event.ahead_us) / SECOND_US
            return Words(
                Gravity.WARNING,
                f"prices of {event.symbol}: a clock was wrong",
                f"A clock was wrong: the last price of {event.symbol} was stamped "
                f"{seconds:.1f} s ahead of our clock; its times begin anew",
            )
        case MarketStale():
            return Words(
                Gravity.WARNING,
                f"{event.symbol} has no price",
                f"{event.symbol} has no price to act on: {event.why}",
            )
        case MarketRetired():
            return Words(
                Gravity.INFO,
                f"{event.symbol} retired",
                f"The market of {event.symbol} was retired: its next price starts it again",
            )
        case MarketPaused():
            return Words(
                Gravity.WARNING,
                f"{event.symbol} paused",
                f"{event.symbol} paused, no price is judged: {event.why}",
            )
        case MarketResumed():
            seconds = Decimal(event.paused_us) / SECOND_US
            return Words(
                Gravity.INFO,
                f"{event.symbol} resumed",
                f"{event.symbol} resumed after {seconds:.1f} s",
            )
        case _:
            assert_never(event)
