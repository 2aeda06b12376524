"""Equity over a replay, worked by hand."""

from decimal import Decimal
from typing import Any

from actors.commit.messages import Announced
from backstay.feeds.batches import PriceBatch
from backstay.replay.event_tape import EventTape, TapedEvent
from backstay.replay.report.equity_curve import EquityPoint, equity_curve, thinned
from backstay.replay.report.price_buckets import PriceBuckets
from persistence.changes import Change
from trading.events.accounts import AccountOpened, ShortfallCovered
from trading.events.markets import PriceQuarantined
from trading.events.positions import PositionClosed, PositionOpened, PositionReduced
from trading.model import CloseReason, Costs, Side

SYMBOL = "BTCUSDT"
NO_COSTS = Costs(exit_fee=Decimal(0))


def at(time_us: int, equity: str, peak: str) -> EquityPoint:
    amount = Decimal(equity)
    return EquityPoint(time_us=time_us, balance=amount, equity=amount, peak=Decimal(peak))


def short_sold_at_100() -> list[TapedEvent]:
    """Two units sold at 100; one bought back at 90 and one at 130, more than was there."""
    account: dict[str, Any] = {"account": "demo"}
    position: dict[str, Any] = {**account, "position_id": 1, "symbol": SYMBOL, "side": Side.SHORT}
    part: dict[str, Any] = {
        **position,
        "entry_price": Decimal(100),
        "quantity": Decimal(1),
        "costs": NO_COSTS,
    }
    return [
        AccountOpened(
            **account,
            account_type="demo",
            currency="USDT",
            initial_balance=Decimal(15),
            time_us=1,
        ),
        PositionOpened(
            **position,
            quantity=Decimal(2),
            entry_price=Decimal(100),
            hold=Decimal(10),
            stop_price=Decimal(130),
            take_profit_prices=(Decimal(90),),
            time_us=1,
        ),
        PositionReduced(
            **part,
            rung=1,
            distance_pct=Decimal(10),
            exit_price=Decimal(90),
            released=Decimal(5),
            gross_pnl=Decimal(10),
            time_us=3,
        ),
        ShortfallCovered(**account, position_id=1, symbol=SYMBOL, amount=Decimal(5), time_us=5),
        PositionClosed(
            **part,
            reason=CloseReason.STOP_LOSS,
            reason_text="stop-loss at 130 reached",
            note=None,
            exit_price=Decimal(130),
            released=Decimal(5),
            gross_pnl=Decimal(-30),
            net_pnl_total=Decimal(-20),
            notional=Decimal(200),
            time_us=5,
        ),
    ]


def test_equity_is_the_balance_and_what_is_open_at_the_mark() -> None:
    """A SHORT of two gains when the price falls; half of it is closed; the rest loses all."""
    prices = PriceBuckets()
    marks = [100, 98, 90, 100, 130, 140]
    prices.take(PriceBatch(SYMBOL, [1, 2, 3, 4, 5, 6], [Decimal(mark) for mark in marks]))
    curve = equity_curve(prices, short_sold_at_100())
    found = [(point.time_us, int(point.balance), int(point.equity)) for point in curve]
    assert found == [
        (1, 15, 15),
        (2, 15, 19),
        (3, 25, 35),
        (4, 25, 25),
        (5, 0, 0),
        (6, 0, 0),
    ]
    assert [point.drawdown for point in curve] == [0, 0, 0, 10, 35, 35]
    assert curve[4].drawdown_pct == 100


def test_a_thinned_curve_keeps_its_ends_and_extremes() -> None:
    """The deepest fall is drawn however few points are left."""
    points = [at(time, str(100 + time % 7), "106") for time in range(1_000)]
    points[500] = at(500, "1", "106")
    few = thinned(points, 20)
    assert len(few) <= 20
    assert (few[0], few[-1]) == (points[0], points[-1])
    assert points[500] in few
    assert thinned(few, 20) == few


def test_an_event_tape_keeps_what_happens_to_positions() -> None:
    """What the guard did is not drawn."""
    tape, events = EventTape(), short_sold_at_100()
    quarantine = PriceQuarantined(
        symbol=SYMBOL, price=Decimal(900), last_price=Decimal(100), time_us=2
    )
    for event in [*events[:2], quarantine, *events[2:]]:
        change = Change(account="demo", events=(event,))
        tape.take(Announced(commit_id=1, first_event_id=1, changes=(change,)))
    assert tape.events == events
