"""What a position's history says in words."""

import json
from decimal import Decimal

import pytest

from backstay.web.api.history import sentence
from persistence.rows import event_json
from trading.events import Event
from trading.events.accounts import ShortfallCovered
from trading.events.markets import PriceQuarantined, PriceRejected, QuarantineEnded
from trading.events.positions import PositionOpened, RungHit, StopMoved
from trading.model import Side


def rung_hit(side: Side, *, stop_after: str, closes: bool = False) -> RungHit:
    """TP2 at 6 %."""
    return RungHit(
        account="demo",
        position_id=1,
        symbol="BTCUSDT",
        side=side,
        rung=2,
        rung_price=Decimal(94),
        distance_pct=Decimal("6.0"),
        price=Decimal("93.5"),
        stop_before=Decimal(100),
        stop_after=Decimal(stop_after),
        closes_position=closes,
        time_us=1,
    )


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (
            PositionOpened(
                account="demo",
                position_id=1,
                symbol="BTCUSDT",
                side=Side.SHORT,
                quantity=Decimal("0.25"),
                entry_price=Decimal(100),
                hold=Decimal("25.00000000"),
                stop_price=Decimal(105),
                take_profit_prices=(),
                time_us=1,
            ),
            "SHORT of 0.25 BTCUSDT opened at 100, 25 held, stop-loss 105, take-profits none",
        ),
        (
            rung_hit(Side.SHORT, stop_after="97"),
            "TP2 (-6%) hit at 93.5, stop-loss 100 -> 97",
        ),
        (
            rung_hit(Side.SHORT, stop_after="100"),
            "TP2 (-6%) hit at 93.5, stop-loss stays at 100",
        ),
        (
            rung_hit(Side.SHORT, stop_after="97", closes=True),
            "TP2 (-6%) hit at 93.5, closing all that is left",
        ),
        (
            StopMoved(
                account="demo",
                position_id=1,
                symbol="BTCUSDT",
                side=Side.LONG,
                stop_before=Decimal(95),
                stop_after=Decimal("98.5"),
                mark_price=Decimal(101),
                time_us=1,
            ),
            "Stop-loss tightened by hand 95 -> 98.5 at mark price 101",
        ),
        (
            ShortfallCovered(
                account="demo",
                position_id=1,
                symbol="BTCUSDT",
                amount=Decimal("12.50000000"),
                time_us=1,
            ),
            "The loss went beyond the wallet: a shortfall of 12.5 was covered",
        ),
        (
            PriceQuarantined(
                symbol="BTCUSDT", price=Decimal(40), last_price=Decimal(100), time_us=1
            ),
            "Price 40 of BTCUSDT quarantined: too far from the last accepted 100",
        ),
        (
            QuarantineEnded(
                symbol="BTCUSDT",
                outcome="dropped",
                candidate=Decimal(40),
                price=Decimal(101),
                time_us=1,
            ),
            "Quarantine of BTCUSDT ended: candidate 40 dropped at 101",
        ),
        (
            PriceRejected(symbol="BTCUSDT", price="NaN", why="it is no price", time_us=1),
            "Price NaN of BTCUSDT rejected: it is no price",
        ),
    ],
)
def test_each_event_is_a_sentence(event: Event, text: str) -> None:
    """From the data as it is stored."""
    assert sentence(event.kind, json.loads(event_json(event))) == text


def test_an_event_without_a_sentence_is_named() -> None:
    """A history with what a later version wrote can be read."""
    assert sentence("something_new", {}) == "Something new"
