"""What a position's history says in words."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.event_codec import EVENT_TYPES, event_json, event_of
from persistence.state import StoredEvent
from trading.events import Event
from trading.events.accounts import HealthRestored, ShortfallCovered
from trading.events.markets import PriceQuarantined, PriceRejected, QuarantineEnded
from trading.events.positions import PositionClosed, PositionOpened, RungHit, StopMoved
from trading.events.services import PartSetAside
from trading.events.signals import SignalFinished
from trading.events.unknown import UnknownEvent
from trading.events.words import Gravity, Words, words_of
from trading.model import Side
from trading.signals import SignalStatus


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


RESTORED = HealthRestored(account="demo", time_us=1)

finite = st.decimals(
    allow_nan=False, allow_infinity=False, places=8, min_value=-(10**9), max_value=10**9
)
st.register_type_strategy(Decimal, finite)


def stored(event: Event) -> StoredEvent:
    """An event as the database has it."""
    return StoredEvent(
        id=1,
        kind=event.kind,
        account=getattr(event, "account", None),
        position_id=getattr(event, "position_id", None),
        symbol=getattr(event, "symbol", None),
        time_us=event.time_us,
        done_us=event.time_us,
        commit_id=1,
        data=event_json(event),
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
            PriceRejected(symbol="BTCUSDT", price="NaN", why="it is not a price", time_us=1),
            "Price NaN of BTCUSDT rejected: it is not a price",
        ),
    ],
)
def test_each_event_is_a_sentence(event: Event, text: str) -> None:
    """An event reads the same when it happens and when it comes back from the database."""
    assert words_of(event).sentence == text
    assert words_of(event_of(stored(event))).sentence == text


def _any_of(event_type: type[Event]) -> st.SearchStrategy[Event]:
    return st.from_type(event_type)


@pytest.mark.parametrize("kind", EVENT_TYPES)
@given(data=st.data())
def test_every_event_comes_back_from_its_row_as_it_was(kind: str, data: st.DataObject) -> None:
    """Types, decimals and missing values survive the way through JSON."""
    event = data.draw(_any_of(EVENT_TYPES[kind]))
    back = event_of(stored(event))
    assert back == event
    assert words_of(back) == words_of(event)


@pytest.mark.parametrize("kind", EVENT_TYPES)
@pytest.mark.parametrize("fields", ["{}", "[]", "null", '{"time_us": "soon"}'])
def test_an_event_that_another_version_stored_differently_is_named(kind: str, fields: str) -> None:
    """A missing or odd field is no reason to fail: the kind and the time are left."""
    strange = replace(stored(RESTORED), kind=kind, data=fields)
    assert event_of(strange) == UnknownEvent(kind=kind, time_us=1)
    assert words_of(event_of(strange)).sentence == kind.replace("_", " ").capitalize()


@pytest.mark.parametrize("kind", EVENT_TYPES)
@given(data=st.data())
def test_every_event_has_a_title_and_a_sentence(kind: str, data: st.DataObject) -> None:
    """Whatever its fields hold."""
    words = words_of(data.draw(_any_of(EVENT_TYPES[kind])))
    assert isinstance(words.gravity, Gravity)
    assert words.title
    assert words.sentence


@given(data=st.data())
@pytest.mark.parametrize(
    ("net_pnl", "gravity"),
    [("-0.00000001", Gravity.LOSS), ("0", Gravity.LOSS), ("0.00000001", Gravity.GAIN)],
)
def test_a_close_is_a_gain_if_its_position_earned_something(
    net_pnl: str, gravity: Gravity, data: st.DataObject
) -> None:
    """All its parts and all costs counted."""
    closed = data.draw(st.from_type(PositionClosed))
    closed = replace(closed, net_pnl_total=Decimal(net_pnl))
    assert words_of(closed).gravity is gravity


@pytest.mark.parametrize("status", [SignalStatus.DONE, SignalStatus.DENIED])
def test_a_signal_that_was_not_carried_out_is_a_warning(status: SignalStatus) -> None:
    """The sentence says what it did, or why not."""
    finished = SignalFinished(
        account="demo",
        signal_id=7,
        symbol="BTCUSDT",
        status=status,
        outcome="opened 1",
        time_us=1,
    )
    word = status.lower()
    gravity = Gravity.INFO if status is SignalStatus.DONE else Gravity.WARNING
    expected = Words(gravity, f"signal 7 of demo {word}", f"Signal 7 {word}: opened 1")
    assert words_of(finished) == expected


def test_a_part_that_is_set_aside_is_a_failure() -> None:
    """Nobody guards what it guarded."""
    aside = PartSetAside(
        part="position 1", account="demo", position_id=1, symbol="BTCUSDT", why="a bug", time_us=1
    )
    assert words_of(aside) == Words(
        Gravity.FAILURE,
        "position 1 is set aside",
        "position 1 is set aside until the next start: a bug",
    )


def test_an_event_of_an_unknown_kind_is_named() -> None:
    """A history with what a later version wrote can be read."""
    strange = replace(stored(RESTORED), kind="something_new")
    assert words_of(event_of(strange)) == Words(Gravity.INFO, "something new", "Something new")
