"""The exits and shares of TradingView's alerts: in pairs and JSON, by short and whole names."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backstay.web.hooks.body import AlertError
from backstay.web.hooks.tradingview import Alert, parsed
from trading.exits.notation import exits_text


def only(body: bytes) -> Alert:
    """The alert of a body that has one."""
    (alert,) = parsed(body).items
    return alert


def from_json(**fields: Any) -> Alert:
    """An alert of a JSON body, by default to buy BTCUSDT for 25."""
    order = {"action": "buy", "symbol": "BTCUSDT", "notional": "25"}
    return only(json.dumps(order | fields).encode())


IN_PAIRS = "action=buy symbol=BTCUSDT notional=25 "
WHOLE = {
    "stop_loss": "62800",
    "take_profits": "65000@40%>breakeven;66000@30%>keep;68000@30%>previous",
    "trailing": "2%/0.5% from rung 2",
    "close_after": "4h",
    "take_profit_fill": "level",
}
"""Exits as they are written back, with what the ladder's pattern fills in."""


@pytest.mark.parametrize(
    "pairs",
    [
        "sl=62800 tp=65000@40%>breakeven;66000@30%>keep;68000 trail=2%/0.5% from rung 2 after=4h"
        " fill=level",
        "sl=62800, tp=65000@40%>breakeven, 66000@30%>keep, 68000, trail=2%/0.5% from rung 2, "
        "after=4h, fill=level",
        'tp: "65000@40%>breakeven;66000@30%>keep;68000"; sl: 62800; fill: LEVEL; after: 240m\n'
        'trail: "2%/0.5% from rung 2"',
        "stop_loss=62800 take_profits=65000@40%>breakeven,66000@30%>keep,68000 "
        "trailing=2%/0.5% from rung 2 close_after=4h take_profit_fill=level",
        "TP = 65000 @ 40% > breakeven ; 66000@30%>KEEP;68000 SL = 62800 AFTER = 4h FILL = level "
        "TRAIL = 2%/0.5%  from  rung 2",
    ],
)
def test_pairs_give_exits_by_their_short_and_whole_names(pairs: str) -> None:
    """A value goes on until the next key, or until the closing quote."""
    alert = only((IN_PAIRS + pairs).encode())
    assert exits_text(alert.exits) == WHOLE
    assert (alert.notional, alert.notes) == (Decimal(25), ())


@pytest.mark.parametrize(
    "fields",
    [
        {
            "sl": "62800",
            "tp": "65000@40%>breakeven;66000@30%>keep;68000",
            "trail": "2%/0.5% from rung 2",
            "after": "4h",
            "fill": "level",
        },
        {
            "stop_loss": 62800,
            "take_profits": [
                {"at": 65000, "close": "40%", "stop": "breakeven"},
                "66000@30%>keep",
                68000,
            ],
            "trailing": {"distance": "2%", "from": "rung 2", "step": "0.5%"},
            "close_after": "240m",
            "take_profit_fill": "level",
        },
        {
            "sl": "62800.0",
            "tp": [
                {"at": "65000", "close": "40%", "stop": "breakeven"},
                {"at": "66000", "close": "30%", "stop": "keep"},
                {"at": "68000", "close": None, "stop": ""},
            ],
            "trail": {"from": "rung 2", "step": "0.5%", "distance": "2%"},
            "after": "4h",
            "fill": "level",
        },
    ],
)
def test_json_gives_exits_as_text_or_with_named_fields(fields: dict[str, Any]) -> None:
    """Lists and objects say the same as the line; numbers are exact."""
    assert exits_text(from_json(**fields).exits) == WHOLE


def test_exits_left_out_say_nothing_and_none_says_that_there_is_none() -> None:
    """An empty value counts as left out; the account's exits or the default stand in."""
    assert exits_text(from_json().exits) == {}
    assert exits_text(only((IN_PAIRS + "sl= tp= trail= after= fill=").encode()).exits) == {}
    assert exits_text(only((IN_PAIRS + "sl= tp=3% trail= \nafter:").encode()).exits) == {
        "take_profits": "3%@100%>breakeven"
    }
    none = only((IN_PAIRS + "sl=none tp=none trail=2% after=none").encode()).exits
    assert exits_text(none) == {
        "stop_loss": "none",
        "take_profits": "none",
        "trailing": "2%/0.1% from entry",
        "close_after": "none",
    }


GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "exits.json").read_text())


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_a_golden_ladder_means_the_same_in_pairs_and_in_json(case: dict[str, Any]) -> None:
    """One alert in two shapes has one meaning."""
    rungs, trail = case["take_profits"], case["trailing"]
    line = ";".join(
        one["at"]
        + (f"@{one['close']}" if "close" in one else "")
        + (f">{one['stop']}" if "stop" in one else "")
        for one in rungs
    )
    seconds = case["close_after_seconds"]
    after = "none" if seconds is None else f"{seconds}s"
    trailing = "none" if trail is None else "{distance}/{step} from {from}".format(**trail)
    pairs = (
        f"sl={case['stop_loss']} tp={line or 'none'} trail={trailing} after={after} "
        f"fill={case['take_profit_fill']}"
    )
    nested = from_json(
        sl=case["stop_loss"], tp=rungs, trail=trail or "none", after=after,
        fill=case["take_profit_fill"],
    )  # fmt: skip
    assert only((IN_PAIRS + pairs).encode()).exits == nested.exits


@pytest.mark.parametrize(
    ("body", "share"),
    [
        (b"action=close symbol=BTCUSDT share=50%", "0.5"),
        (b"action=close symbol=BTCUSDT share=100%", "1"),
        (b'{"action": "close", "symbol": "BTCUSDT", "share": "12.5%"}', "0.125"),
        (
            b"action=sell symbol=BTCUSDT market_position=long market_position_size=1.5 "
            b"prev_market_position_size=2",
            "0.25",
        ),
        (
            b'{"action": "buy", "symbol": "BTCUSDT", "market_position": "short", '
            b'"market_position_size": 1, "prev_market_position_size": 4}',
            "0.75",
        ),
        (b"action=sell symbol=BTCUSDT market_position=long share=40%", "0.4"),
    ],
)
def test_a_share_or_a_strategys_sizes_say_how_much_is_closed(body: bytes, share: str) -> None:
    """Nothing is opened, so no amount is needed; a share stands above the sizes."""
    alert = only(body)
    assert alert.share == Decimal(share)
    assert not alert.opens


def test_sizes_of_a_whole_order_mean_nothing() -> None:
    """An entry and a reversal have them as well."""
    sizes = "market_position_size=2 prev_market_position_size=1"
    alert = only(f"action=buy symbol=BTCUSDT notional=25 market_position=long {sizes}".encode())
    assert (alert.share, alert.opens, alert.notes) == (None, True, ())


@pytest.mark.parametrize(
    ("pairs", "says"),
    [
        ("tp=65,000", "take_profits: '65,000' may be one price with thousands separators"),
        ("tp=65,000;66,000", "write 65000, or separate take-profits with ;"),
        ("sl=62,800", "stop_loss: '62,800' has thousands separators: write 62800"),
        ("sl=5% stop_loss=5%", "stop_loss is given twice, once as"),
        ("take_profits=3% tp=3%", "take_profits is given twice, once as 'tp'"),
        ("tp=3%@0.5", "take_profits: share '0.5' is not a percentage"),
        ("tp=3%@60%;6%@50%", "take_profits: the shares of the take-profits come to 110%"),
        ("tp=3%@@4", "take_profits: '3%@@4' is not a take-profit"),
        ("trail=2% from rung", "trailing: 'rung' is not"),
        ("after=4", "close_after: '4' is not a duration"),
        ("fill=best", "take_profit_fill: 'best' is neither `price` nor `level`"),
        ("share=50%", "share '50%' is for action=close: buy opens"),
        (
            "market_position=short market_position_size=2 prev_market_position_size=2",
            "which closes no part",
        ),
        (
            "market_position=short market_position_size=1",
            "add share=50%, or prev_market_position_size={{strategy.prev_market_position_size}}",
        ),
    ],
)
def test_pairs_that_are_no_exits_are_refused_with_the_field_and_the_remedy(
    pairs: str, says: str
) -> None:
    """An order that is not carried out as it was meant is not carried out."""
    with pytest.raises(AlertError) as caught:
        only((IN_PAIRS + pairs).encode())
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"tp": [{"close": "40%"}]}, "take_profits, number 1: at is missing; the fields are at,"),
        (
            {"tp": ["3%", {"at": "6%", "share": "1%"}]},
            "take_profits, number 2: 'share' is unknown; the fields are at, close, stop",
        ),
        ({"tp": [["3%"]]}, "take_profits, number 1: "),
        ({"tp": ["3%;6%"]}, "take_profits, number 1: '3%;6%' is not one take-profit"),
        ({"tp": ["1%"] * 9}, "take_profits: 9 take-profits: give at most 8"),
        ({"trail": {"from": "entry"}}, "trailing: distance is missing"),
        ({"trail": {"distance": "2%", "steps": "1%"}}, "trailing: 'steps' is unknown"),
        ({"trail": ["2%"]}, "trailing: "),
        ({"sl": {"at": "5%"}}, "stop_loss is not text or a number"),
        ({"sl": "5%", "stop_loss": "5%"}, "stop_loss is given twice"),
    ],
)
def test_json_that_is_no_exit_is_refused_with_its_place(fields: dict[str, Any], says: str) -> None:
    """The number of the take-profit, and the fields there are."""
    with pytest.raises(AlertError) as caught:
        from_json(**fields)
    assert says in str(caught.value)
