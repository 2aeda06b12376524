"""Stops that are not honoured: which positions are past their stop by the newest price."""

from decimal import Decimal

import pytest

from actors.published import Heard, MarketStatus, Published, Version
from backstay.service.running.stops import beyond_stop
from persistence.changes import Change
from trading.costs import DEFAULT_RATES
from trading.exits.ladder import DEFAULT_LADDER
from trading.model import MarketPrice, Position, Side
from trading.positions.opening import opened
from trading.price_guard import Verdict


def a_position(position_id: int, side: Side) -> Position:
    """Opened at 100: its stop is at 95 or 105."""
    return opened(
        position_id=position_id,
        account="demo",
        symbol="BTCUSDT",
        side=side,
        quantity=Decimal(1),
        entry_price=Decimal(100),
        entry_time_us=1,
        ladder=DEFAULT_LADDER,
        rates=DEFAULT_RATES,
        idempotency_key=None,
        request=None,
    ).position


def passed(last: str, heard: str | None, *, armed: int = 2) -> list[int]:
    """Of a LONG, 1, and a SHORT, 2: the ids of those past their stop."""
    positions = (a_position(1, Side.LONG), a_position(2, Side.SHORT))
    published = Published(Version())
    published.publish(1, (Change(account="demo", positions=positions),), 1)
    published.markets["BTCUSDT"] = MarketStatus(
        symbol="BTCUSDT",
        last=MarketPrice(symbol="BTCUSDT", price=Decimal(last), time_us=1),
        received_us=1,
        price_age_us_max=1,
        heard=None if heard is None else Heard(Decimal(heard), Verdict.REJECTED),
        armed=armed,
    )
    return [one.position_id for one in beyond_stop(published)]


@pytest.mark.parametrize(
    ("heard", "ids"),
    [("95", [1]), ("95.01", []), ("90", [1]), ("105", [2]), ("104.99", []), ("200", [2])],
)
def test_the_newest_price_counts_though_it_was_not_accepted(heard: str, ids: list[int]) -> None:
    """At the stop or past it, of either side."""
    assert passed("100", heard) == ids


def test_a_position_that_does_not_wait_for_its_triggers_is_looked_at() -> None:
    """Its price was accepted, and it is open: its actor, or its commit, does not act."""
    assert passed("95", None, armed=1) == [1]
    assert passed("96", None, armed=1) == []


def test_who_waits_for_triggers_was_not_reached_by_an_accepted_price() -> None:
    """So that nobody is looked at while all is well, however many there are."""
    assert passed("95", None, armed=2) == []
