"""A ladder's levels become prices at the fill, or the open is refused with the figures."""

import re
from decimal import Decimal

import pytest

from tests.unit.accounts import TIME_US, Number, a_ladder, a_position
from trading.costs import DEFAULT_RATES
from trading.events.positions import PositionOpened
from trading.exits.ladder import Ladder
from trading.exits.notation import exits_from
from trading.model import PositionStatus, Side
from trading.money import PRICE_MAX
from trading.positions.opening import opened, quantity_for


def asked(**fields: str) -> Ladder:
    return exits_from(fields).over()


def test_an_opened_position_says_what_was_opened() -> None:
    """The open's event carries hold, levels and what was asked; the position is at version 1."""
    step = opened(
        position_id=7,
        account="demo",
        symbol="ETHUSDT",
        side=Side.SHORT,
        quantity=Decimal("0.3"),
        entry_price=Decimal("33.333333337"),
        entry_time_us=TIME_US,
        ladder=a_ladder(3),
        rates=DEFAULT_RATES,
        idempotency_key="key",
        request="request",
    )
    position = step.position
    assert position.hold == position.notional == Decimal("10.00000000")
    assert (position.version, position.rungs_hit, position.status) == (1, 0, PositionStatus.OPEN)
    assert (position.idempotency_key, position.request) == ("key", "request")
    assert position.open_quantity == position.quantity
    assert step.events == (
        PositionOpened(
            account="demo",
            position_id=7,
            symbol="ETHUSDT",
            side=Side.SHORT,
            quantity=Decimal("0.3"),
            entry_price=Decimal("33.333333337"),
            hold=Decimal("10.00000000"),
            stop_price=position.stop_price,
            take_profit_prices=position.take_profit_prices,
            time_us=TIME_US,
            asked="stop_loss 5%, take_profits 3%@100%>breakeven",
        ),
    )


@pytest.mark.parametrize(
    ("side", "stop", "rungs"),
    [(Side.LONG, "95", ["103", "106", "110"]), (Side.SHORT, "105", ["97", "94", "90"])],
)
def test_levels_lie_at_their_distance_from_the_entry(
    side: Side, stop: str, rungs: list[str]
) -> None:
    """Rungs lie toward profit and the stop toward loss, mirrored for a SHORT."""
    position = a_position(side)
    assert position.stop_price == Decimal(stop)
    assert [str(level) for level in position.take_profit_prices] == rungs


def test_a_price_is_a_level_as_it_stands() -> None:
    """Prices and percentages go together; the percentages count from the entry."""
    ladder = asked(stop_loss="62800", take_profits="65000@40%;3%@30%>keep;68000")
    position = a_position(entry_price=64200, ladder=ladder)
    assert position.stop_price == 62800
    assert position.take_profit_prices == tuple(map(Decimal, (65000, 66126, 68000)))


@pytest.mark.parametrize(
    ("side", "entry_price", "stop", "rung"),
    [
        (Side.LONG, "0.000000000000000100", "95E-18", "103E-18"),
        (Side.LONG, "0.000000000000000033", "31E-18", "34E-18"),
        (Side.SHORT, "0.000000000000000100", "105E-18", "97E-18"),
        (Side.LONG, "0.00001234", "0.000011723", "0.0000127102"),
    ],
)
def test_levels_of_tiny_prices_keep_18_decimals(
    side: Side, entry_price: str, stop: str, rung: str
) -> None:
    """Levels are rounded to 18 decimals, so that the smallest coins have ladders too."""
    position = a_position(side, entry_price=entry_price, ladder=a_ladder(3))
    assert position.stop_price == Decimal(stop)
    assert position.take_profit_prices == (Decimal(rung),)


@pytest.mark.parametrize(
    ("side", "entry_price", "ladder"),
    [
        (Side.SHORT, "100", a_ladder(3, 100)),
        (Side.SHORT, "100", a_ladder(3, 250)),
        (Side.LONG, "1E-18", a_ladder(3)),
        (Side.LONG, "20E-18", a_ladder(6, "6.1")),
        (Side.SHORT, "1E-17", a_ladder(10, stop="0.001")),
    ],
    ids=["at zero", "below zero", "rung on the entry", "rungs on each other", "stop on the entry"],
)
def test_levels_must_lie_strictly_in_order(side: Side, entry_price: str, ladder: Ladder) -> None:
    """A ladder whose levels meet, or come to nothing, is refused with its levels."""
    with pytest.raises(ValueError, match=f"^ladder of {side} at .* refused: stop-loss"):
        a_position(side, entry_price=entry_price, ladder=ladder)


@pytest.mark.parametrize(
    ("side", "exits", "why"),
    [
        (
            Side.LONG,
            {"stop_loss": "101"},
            "stop-loss 101, take-profits 103, 106, 110: the stop-loss of a LONG must lie below "
            "its entry of 100",
        ),
        (
            Side.SHORT,
            {"stop_loss": "95"},
            "stop-loss 95, take-profits 97, 94, 90: the stop-loss of a SHORT must lie above its "
            "entry of 100",
        ),
        (
            Side.LONG,
            {"take_profits": "99;110"},
            "stop-loss 95, take-profits 99, 110: take-profit 1 at 99 is not above the entry of "
            "100, the market has passed it already",
        ),
        (
            Side.LONG,
            {"take_profits": "103;6%;105"},
            "stop-loss 95, take-profits 103, 106, 105: take-profit 3 at 105 is not above "
            "take-profit 2 at 106: put them in order",
        ),
        (
            Side.SHORT,
            {"take_profits": "97;98"},
            "stop-loss 105, take-profits 97, 98: take-profit 2 at 98 is not below take-profit 1 "
            "at 97: put them in order",
        ),
    ],
)
def test_an_open_is_refused_with_the_level_that_is_out_of_order(
    side: Side, exits: dict[str, str], why: str
) -> None:
    """Every level is told, and which of them does not lie on its side."""
    with pytest.raises(ValueError, match="refused") as refused:
        a_position(side, ladder=asked(**exits))
    assert str(refused.value) == f"ladder of {side} at 100 refused: {why}"


@pytest.mark.parametrize(
    ("side", "rungs", "stop"),
    [
        (Side.LONG, "0.5%>breakeven_net", "100.67275830906717542 (breakeven_net)"),
        (Side.LONG, "103>103", "103 (103)"),
        (Side.LONG, "3%>4%", "104 (4%)"),
        (Side.SHORT, "97>3%", "97 (3%)"),
    ],
)
def test_a_rung_stop_lies_strictly_behind_its_rung(side: Side, rungs: str, stop: str) -> None:
    """So that judging a price twice is harmless; the refusal names both and the remedy."""
    with pytest.raises(ValueError, match="not strictly behind it") as refused:
        a_position(side, ladder=asked(take_profits=rungs))
    assert f"sends the stop-loss to {stop}, which is not strictly behind it" in str(refused.value)
    assert "give the rung another stop, or a level further toward profit" in str(refused.value)


@pytest.mark.parametrize(
    ("side", "entry_price", "ladder"),
    [
        (Side.SHORT, "1000000000000", a_ladder(3, 6)),
        (Side.SHORT, "952380952381", a_ladder(3)),
        (Side.LONG, "1000000000000", a_ladder(3)),
        (Side.LONG, "100000000000", a_ladder(3, 1000)),
    ],
)
def test_a_level_above_the_largest_price_is_refused(
    side: Side, entry_price: str, ladder: Ladder
) -> None:
    """No accepted price could reach it: its stop or take-profit would guard nothing."""
    why = f"{side} at {entry_price} refused: .*: prices lie above 0 and up to 1000000000000"
    with pytest.raises(ValueError, match=why):
        a_position(side, entry_price=entry_price, ladder=ladder)


@pytest.mark.parametrize(
    ("side", "entry_price", "start", "says"),
    [
        (Side.SHORT, "100", "100%", "the trail begins at 0 (100%), and prices lie above 0"),
        (Side.SHORT, "100", "150%", "the trail begins at -50 (150%), and prices lie above 0"),
        (Side.LONG, "500000000000", "101%", "the trail begins at 1005000000000 (101%), and"),
    ],
)
def test_a_trail_begins_at_a_price(side: Side, entry_price: str, start: str, says: str) -> None:
    """One that no price reaches would seem to guard, and never begin."""
    ladder = asked(take_profits="none", trailing=f"2% from {start}")
    with pytest.raises(ValueError, match=re.escape(says)):
        a_position(side, entry_price=entry_price, ladder=ladder)


def test_a_stop_at_the_largest_price_guards() -> None:
    """The largest price is accepted, and so it is reached."""
    short = a_position(Side.SHORT, entry_price="800000000000", ladder=a_ladder(3, stop=25))
    assert short.stop_price == PRICE_MAX


def test_a_long_may_aim_beyond_100_percent() -> None:
    """A LONG's take-profit may be up to ten times its entry away."""
    assert a_position(ladder=a_ladder(100, 900)).take_profit_prices == (Decimal(200), Decimal(1000))


@pytest.mark.parametrize(
    ("side", "stop_loss", "distance", "stop"),
    [
        (Side.LONG, "5%", "2%", 98),
        (Side.LONG, "1%", "2%", 99),
        (Side.LONG, "none", "2%", 98),
        (Side.LONG, "none", "600", None),
        (Side.SHORT, "5%", "2%", 102),
        (Side.SHORT, "none", "3", 103),
    ],
)
def test_a_trail_from_the_entry_and_the_stop_loss_the_tighter_holds(
    side: Side, stop_loss: str, distance: str, stop: Number | None
) -> None:
    """The entry is its first best price; without a stop-loss the trail stands in for it."""
    ladder = asked(stop_loss=stop_loss, trailing=distance)
    if stop is None:
        with pytest.raises(ValueError, match="prices lie above 0"):
            a_position(side, ladder=ladder)
        return
    position = a_position(side, ladder=ladder)
    assert (position.stop_price, position.best_price) == (stop, position.entry_price)


def test_a_notional_buys_a_quantity() -> None:
    """The quantity of a notional is rounded to 18 decimals, so its hold is the notional again."""
    quantity = quantity_for(Decimal(25), Decimal(3))
    assert quantity == Decimal("8.333333333333333333")
    assert a_position(entry_price=3, quantity=quantity).hold == Decimal(25)
