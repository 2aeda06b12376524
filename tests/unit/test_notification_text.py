"""Which events become which message."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.service.notifications.text import DEFAULT_KINDS, Wanted, next_message
from persistence.event_codec import EVENT_TYPES, event_json
from persistence.state import StoredEvent
from trading.events import Event
from trading.events.accounts import HealthMismatchFound, ShortfallCovered, TradingPaused
from trading.events.markets import MarketPaused
from trading.events.positions import OpenDenied, PositionClosed, StopMoved
from trading.events.words import Gravity
from trading.model import CloseReason, Costs, Side

NOW_US = 1_767_225_600_000_000
COSTS = Costs(
    entry_fee=Decimal("0.26"), exit_fee=Decimal("0.25"), spread=Decimal(0), slippage=Decimal(0)
)


def stored(*events: Event) -> list[StoredEvent]:
    """Events as the database has them, numbered from 1."""
    return [
        StoredEvent(
            id=number,
            kind=event.kind,
            account=getattr(event, "account", None),
            position_id=getattr(event, "position_id", None),
            symbol=getattr(event, "symbol", None),
            time_us=event.time_us,
            commit_id=1,
            done_us=event.time_us,
            data=event_json(event),
        )
        for number, event in zip(count(1), events, strict=False)
    ]


def stop_moved(position_id: int) -> StopMoved:
    return StopMoved(
        account="demo",
        position_id=position_id,
        symbol="SOLUSDT",
        side=Side.LONG,
        stop_before=Decimal(95),
        stop_after=Decimal(96),
        mark_price=Decimal(100),
        time_us=NOW_US,
    )


def closed(net: str) -> PositionClosed:
    return PositionClosed(
        account="demo",
        position_id=401,
        symbol="SOLUSDT",
        side=Side.SHORT,
        reason=CloseReason.TAKE_PROFIT,
        reason_text="TP3 (-3%) reached",
        note=None,
        quantity=Decimal("0.67"),
        entry_price=Decimal("149.1"),
        exit_price=Decimal("144.5"),
        released=Decimal(100),
        gross_pnl=Decimal("3.08"),
        costs=COSTS,
        net_pnl_total=Decimal(net),
        notional=Decimal(100),
        time_us=NOW_US,
    )


MISMATCH = HealthMismatchFound(
    account="demo",
    failed_checks=("total", "chain"),
    expected=Decimal(100),
    actual=Decimal(99),
    difference=Decimal(-1),
    first_divergent_entry=7,
    time_us=NOW_US,
)


def test_a_close_is_told_with_its_figures() -> None:
    """Whose position, which, at what price and why, and what it earned."""
    message, told = next_message(stored(closed("2.57")))
    assert told == 1
    assert message.title == "Backstay: position 401 of demo closed"
    assert message.body == (
        "2026-01-01 00:00:00 UTC: position 401 of demo (SHORT SOLUSDT): Closed at 144.5, "
        "TP3 (-3%) reached: 100 released, gross 3.08, costs 0.51, net 2.57, in all 2.57"
    )


@pytest.mark.parametrize(("net", "gravity"), [("2.57", Gravity.GAIN), ("-1", Gravity.LOSS)])
def test_a_close_is_as_grave_as_what_it_cost(net: str, gravity: Gravity) -> None:
    """A profit is green where a service has colours, a loss is not."""
    assert next_message(stored(closed(net)))[0].gravity is gravity


@pytest.mark.parametrize(
    ("event", "title", "text"),
    [
        (
            OpenDenied(
                account="demo",
                symbol="SOLUSDT",
                side=Side.LONG,
                reason="stale_price",
                text="the price is old",
                time_us=NOW_US,
            ),
            "LONG of SOLUSDT denied in demo",
            "demo: LONG of SOLUSDT not opened: the price is old",
        ),
        (
            TradingPaused(account=None, reason="lunch", time_us=NOW_US),
            "opens of all accounts paused",
            "Opens of all accounts are refused: lunch",
        ),
        (
            TradingPaused(account="demo", reason="lunch", time_us=NOW_US),
            "opens of demo paused",
            "Opens of demo are refused: lunch",
        ),
        (
            MarketPaused(symbol="SOLUSDT", why="the connection is down", time_us=NOW_US),
            "SOLUSDT paused",
            "SOLUSDT paused, no price is judged: the connection is down",
        ),
        (
            MISMATCH,
            "books of demo do not balance",
            "Books of demo do not balance, its opens are refused: "
            "total, chain failed, expected 100, actual 99",
        ),
        (
            ShortfallCovered(
                account="demo",
                position_id=401,
                symbol="SOLUSDT",
                amount=Decimal("1.50"),
                time_us=NOW_US,
            ),
            "shortfall of demo covered",
            "position 401 of demo (SOLUSDT): "
            "The loss went beyond the wallet: a shortfall of 1.5 was covered",
        ),
    ],
)
def test_what_concerns_no_price_is_told_plainly(event: Event, title: str, text: str) -> None:
    """Who reads it on a phone knows what happened and to whom."""
    message, _ = next_message(stored(event))
    assert message.title == f"Backstay: {title}"
    assert message.body == f"2026-01-01 00:00:00 UTC: {text}"


def test_what_happens_to_one_position_at_once_is_one_message() -> None:
    """Its title is what came last, its level the gravest."""
    message, told = next_message(stored(stop_moved(401), closed("-5")))
    assert told == 2
    assert message.title == "Backstay: position 401 of demo closed"
    assert message.gravity is Gravity.LOSS
    assert len(message.body.splitlines()) == 2


def test_a_burst_comes_as_one_digest() -> None:
    """Two hundred events are twenty lines; the gravest is among them, and none is uncounted."""
    events = stored(*map(stop_moved, range(1, 150)), MISMATCH, *map(stop_moved, range(151, 201)))
    message, told = next_message(events)
    lines = message.body.splitlines()
    assert (told, len(lines)) == (200, 20)
    assert message.title == "Backstay: 200 events"
    assert message.gravity is Gravity.FAILURE
    assert "Books of demo do not balance" in lines[18]
    assert lines[19] == "and 181 more: 181 stop moved"


@given(st.integers(1, 300))
def test_every_event_is_told_once_and_in_order(waiting: int) -> None:
    """However many wait, messages take them from the front and leave none out."""
    events: Sequence[StoredEvent] = stored(*map(stop_moved, range(waiting)))
    shown = 0
    while events:
        message, told = next_message(events)
        lines = message.body.splitlines()
        assert 1 <= len(lines) <= 20
        if told <= 20:
            assert [
                f"position {event.position_id} of" in line
                for event, line in zip(events, lines, strict=False)
            ] == [True] * told
        shown += told
        events = events[told:]
    assert shown == waiting


def test_a_reason_of_any_length_fits() -> None:
    """A line has at most 300 characters."""
    message, _ = next_message(
        stored(TradingPaused(account=None, reason="x" * 5_000, time_us=NOW_US))
    )
    assert len(message.body) == 300
    assert message.body.endswith("...")


def test_what_is_told_can_happen() -> None:
    """Every kind is an event's, and the usual ones are known."""
    assert set(DEFAULT_KINDS) <= set(EVENT_TYPES)


@pytest.mark.parametrize(
    ("kind", "account", "told"),
    [
        ("rung_hit", "demo", True),
        ("rung_hit", "other", False),
        ("market_paused", None, True),
        ("stop_moved", "demo", False),
    ],
)
def test_kinds_and_accounts_filter(kind: str, account: str | None, told: bool) -> None:
    """What concerns no account in particular concerns every one."""
    wanted = Wanted(frozenset({"rung_hit", "market_paused"}), frozenset({"demo"}))
    assert wanted(kind, account) is told


def test_without_accounts_all_are_told_of() -> None:
    """The filter is empty by default."""
    assert Wanted(frozenset({"rung_hit"}))("rung_hit", "whoever")
