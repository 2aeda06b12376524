"""Time stops that are overdue: which positions stay open past their time."""

from decimal import Decimal

import pytest

from actors.engine.clock import VirtualClock
from actors.published import MarketPause, MarketStatus, Published, Version
from backstay.service.running.time_stops import past_time_stop
from persistence.changes import Change
from trading.costs import DEFAULT_RATES
from trading.exits.notation import exits_from
from trading.model import MarketPrice, Side
from trading.positions.opening import opened
from trading.times import SECOND_US

AGE_US_MAX = 60 * SECOND_US
PAUSE = MarketPause(why="its venue's connection is down", since_us=1)


def overdue(
    *,
    seconds: int,
    after_price: int = 0,
    armed: int = 2,
    due: int = 60,
    pause: MarketPause | None = None,
) -> list[int]:
    """Position 1 closes after a minute and 2 never: the ids past their time, `seconds` on.

    The last price came `after_price` seconds after the open, and the market waits for a time stop
    that is `due` after as many. The exchange's time is an hour behind the machine's.
    """
    clock = VirtualClock(3_600 * SECOND_US)
    positions = tuple(
        opened(
            position_id=position_id,
            account="demo",
            symbol="BTCUSDT",
            side=Side.LONG,
            quantity=Decimal(1),
            entry_price=Decimal(100),
            entry_time_us=SECOND_US,
            ladder=exits_from({"close_after": close_after}).over(),
            rates=DEFAULT_RATES,
        ).position
        for position_id, close_after in ((1, "1m"), (2, "none"))
    )
    published = Published(Version())
    published.publish(1, (Change(account="demo", positions=positions),), 1)
    time_us = (1 + after_price) * SECOND_US
    published.markets["BTCUSDT"] = MarketStatus(
        symbol="BTCUSDT",
        last=MarketPrice(symbol="BTCUSDT", price=Decimal(100), time_us=time_us),
        received_us=clock.monotonic_us() + after_price * SECOND_US,
        price_age_us_max=AGE_US_MAX,
        pause=pause,
        armed=armed,
        due_us=(1 + due) * SECOND_US,
    )
    clock.advance_to(clock.now_us() + seconds * SECOND_US)
    return [one.position_id for one in past_time_stop(published, clock)]


@pytest.mark.parametrize(
    ("seconds", "after_price", "pause", "ids"),
    [
        (60, 0, None, [1]),
        (59, 0, None, []),
        (60, 30, PAUSE, [1]),
        (59, 30, PAUSE, []),
    ],
)
def test_a_silent_or_paused_market_leaves_time_stops_overdue(
    seconds: int, after_price: int, pause: MarketPause | None, ids: list[int]
) -> None:
    """Counted by the exchange's time, which goes on from the last price."""
    assert overdue(seconds=seconds, after_price=after_price, pause=pause) == ids


def test_where_no_market_waits_for_a_time_that_has_passed_nothing_is_looked_at() -> None:
    """However many positions there are, a look costs one comparison a market."""
    assert overdue(seconds=61, due=600) == []


def test_a_position_that_does_not_wait_for_its_time_is_looked_at() -> None:
    """Its actor, or its commit, does not act."""
    assert overdue(seconds=61, due=600, armed=1) == [1]
