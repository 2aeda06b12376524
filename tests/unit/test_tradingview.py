"""TradingView's alerts: what their bodies mean, and what is said about the others."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.web.hooks.body import AlertError
from backstay.web.hooks.tradingview import ALERTS_MAX, KEYS, SIZES, Alert, parsed
from trading.exits.notation import EXIT_FIELDS, exits_text
from trading.money import is_money
from trading.signals import SignalAction

FILLED_IN = {
    "exchange": "BINANCE",
    "ticker": "BTCUSDT.P",
    "interval": "60",
    "timenow": "2026-01-31T12:00:00Z",
    "strategy.order.action": "buy",
    "strategy.order.id": "Long",
    "strategy.market_position": "long",
    "strategy.market_position_size": "1.5",
    "strategy.prev_market_position_size": "2",
}


def only(body: bytes) -> Alert:
    """The alert of a body that has one."""
    (alert,) = parsed(body).items
    return alert


def from_json(**fields: Any) -> Alert:
    """An alert of a JSON body, by default to buy BTCUSDT."""
    return only(json.dumps({"action": "buy", "symbol": "BTCUSDT", **fields}).encode())


def test_a_json_body_gives_every_field() -> None:
    """As the documentation has it to paste, with the placeholders replaced."""
    alert = only(
        b"""
        {
          "action": "sell",
          "symbol": "BINANCE:BTCUSDT",
          "notional": "25.50",
          "market_position": "short",
          "account": "trend",
          "id": "a-17",
          "time": "2026-01-31T12:00:00Z"
        }
        """
    )
    assert (alert.action, alert.symbol, alert.flat) == (SignalAction.SELL, "BTCUSDT", False)
    assert (alert.notional, alert.account, alert.client_id) == (Decimal("25.50"), "trend", "a-17")
    assert alert.sent_us == 1_769_860_800_000_000
    assert len(alert.digest) == 64


@pytest.mark.parametrize(
    "body",
    [
        "action=buy symbol=BINANCE:BTCUSDT notional=25 id=abc",
        "action = buy, symbol = BINANCE:BTCUSDT, notional = 25, id = abc",
        "action: buy\nsymbol: BINANCE:BTCUSDT\nnotional: 25\nid: abc\n",
        "action:buy;symbol:BTCUSDT;notional:25;id:abc",
        'Action="BUY" symbol="BTC/USDT" notional="25" id="abc"',
        "\ufeffaction=buy\r\nsymbol=btc-usdt\r\nnotional=25\r\nid=abc\r\n",
    ],
)
def test_a_text_body_is_pairs(body: str) -> None:
    """With = or :, and any of the usual separators."""
    alert = only(body.encode())
    assert (alert.action, alert.symbol) == (SignalAction.BUY, "BTCUSDT")
    assert (alert.notional, alert.client_id) == (Decimal(25), "abc")


def test_an_unknown_field_is_ignored_and_named() -> None:
    """Templates carry more than an alert needs here."""
    alert = from_json(price=64000.5, contracts="0.1", comment={"a": [1]})
    assert alert.action is SignalAction.BUY
    (note,) = alert.notes
    assert note.startswith("ignored: 'price', 'contracts', 'comment'; the fields are action,")
    assert only(b"action=buy symbol=BTCUSDT comment=long").notes == (
        "ignored: 'comment'; the fields are " + ", ".join(KEYS),
    )


@pytest.mark.parametrize(
    ("written", "action"),
    [
        ("long", SignalAction.BUY),
        ("SHORT", SignalAction.SELL),
        ("flat", SignalAction.CLOSE),
        ("exit", SignalAction.CLOSE),
    ],
)
def test_an_action_may_name_the_side_that_is_wanted(written: str, action: SignalAction) -> None:
    """As strategies and bots do."""
    assert from_json(action=written).action is action


@pytest.mark.parametrize(
    "written",
    ["1769860800000", 1_769_860_800, "1769860800.000", "2026-01-31T12:00:00Z"],
)
def test_a_time_may_be_seconds_or_milliseconds_since_1970(written: Any) -> None:
    """As JavaScript and most exchanges have it, as a number or as text."""
    assert from_json(time=written).sent_us == 1_769_860_800_000_000
    assert from_json(time=1_769_860_800_123).sent_us == 1_769_860_800_123_000


def test_a_batch_is_several_alerts_in_their_order() -> None:
    """Each with its own fields, digest and notes."""
    body = b"""[
        {"action": "close", "symbol": "ETHUSDT", "id": "1"},
        {"action": "buy", "symbol": "BTCUSDT.P", "notional": 25, "id": "2", "price": 1}
    ]"""
    alerts = parsed(body)
    assert alerts.is_batch
    first, second = alerts.items
    assert (first.action, first.symbol, first.notes) == (SignalAction.CLOSE, "ETHUSDT", ())
    assert (second.action, second.symbol, len(second.notes)) == (SignalAction.BUY, "BTCUSDT", 2)
    assert first.digest != second.digest
    assert not parsed(b"action=close symbol=BTCUSDT").is_batch


@pytest.mark.parametrize(
    "symbol",
    ["BTCUSDT", "BINANCE:BTCUSDT", "BTCUSDT.P", "BYBIT:BTCUSDT.P", "COINBASE_DLY:BTC/USDT"],
)
def test_a_symbol_loses_its_exchange_and_the_mark_of_a_perpetual(symbol: str) -> None:
    """`BINANCE:BTCUSDT.P` and `btcusdt` are one market."""
    assert from_json(symbol=symbol).symbol == "BTCUSDT"


@pytest.mark.parametrize("written", ['"0.1"', "0.1", "0.10000000", "1e-1"])
def test_an_amount_is_read_exactly(written: str) -> None:
    """From a string or a number: no float comes in between."""
    body = f'{{"action": "buy", "symbol": "BTCUSDT", "notional": {written}}}'
    assert only(body.encode()).notional == Decimal("0.1")


def test_what_is_empty_is_not_given() -> None:
    """Placeholders may come out empty."""
    alert = from_json(account="", id="", time="", market_position="", notional=None)
    assert (alert.account, alert.client_id, alert.sent_us, alert.notional) == (None,) * 4
    assert not alert.flat


def test_a_flat_strategy_only_closes() -> None:
    """Whichever way the order went that closed its position."""
    assert from_json(market_position="flat").flat
    assert not from_json(market_position="flat").opens
    assert not from_json(action="close").opens
    assert from_json(market_position="long").opens


def test_a_time_without_a_zone_is_utc() -> None:
    """Never this machine's zone."""
    assert from_json(time="2026-01-31T12:00:00").sent_us == 1_769_860_800_000_000


def test_the_digest_is_of_the_body() -> None:
    """The same body has the same, any other another one."""
    first, again = from_json(id="1"), from_json(id="1")
    assert first.digest == again.digest != from_json(id="2").digest


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "action is missing; the fields are action, symbol,"),
        (b"buy BTCUSDT", "is not a key=value pair: write action=buy"),
        (b"action=buy", "symbol is missing"),
        (b"action=hold symbol=BTCUSDT", "action 'hold' is unknown: write buy, long, sell,"),
        (b"action=buy symbol=BTCUSDT action=sell", "'action' is given twice"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "action": "sell"}', "'action' is given twice"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "ACTION": "buy"}', "'action' is given twice"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "x": 1, "x": 2}', "'x' is given twice"),
        (b"action=buy symbol=$$$", "does not name a market"),
        (b"action=buy symbol={{ticker}}", "TradingView has not replaced {{ticker}}"),
        (b'{"action": "buy", "symbol": ', "the body is not JSON"),
        (b'["buy"]', "alert 1 of 1: 'buy' is not an alert: send a JSON object"),
        (b"[]", f"the batch has 0 alerts: send 1 to {ALERTS_MAX}"),
        (
            b'[{"action": "buy", "symbol": "BTCUSDT"}, {"action": "go"}]',
            "alert 2 of 2: action",
        ),
        (b'[{"action": "buy", "symbol": "A"}, {"symbol": "A", "action": "buy"}]', "are the same"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"action=buy symbol=BTCUSDT notional=-1", "is not an amount above 0"),
        (b"action=buy symbol=BTCUSDT notional=0.000000001", "is not an amount above 0"),
        (b"action=buy symbol=BTCUSDT notional=NaN", "is not an amount above 0"),
        (b"action=buy symbol=BTCUSDT notional=1e999", "is not an amount above 0"),
        (b"action=buy symbol=BTCUSDT time=yesterday", "write {{timenow}}"),
        (b"action=buy symbol=BTCUSDT market_position=1", "write long, short or flat"),
        (b"action=buy symbol=BTCUSDT market_position=short", "how much it has closed is not said"),
        (b"action=sell symbol=BTCUSDT market_position=long", "how much it has closed is not said"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "id": "a\\u0000"}', "printable characters"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "account": "\\ud800"}', "printable characters"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "notional": true}', "notional 'True' is not"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "id": true}', "id is not text or a number"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "id": ' + b"[" * 100_000, "nested too deeply"),
        (b"[" * 100_000, "nested too deeply"),
        ('{"action": "buy", "symbol": "BTCUSDT", "notional": "1_0"}', "is not an amount"),
        ('{"action": "buy", "symbol": "BTCUSDT", "notional": "\u0662\u0665"}', "is not an amount"),
        ('{"action": "buy", "symbol": "BTCUSDT", "notional": "+12"}', "is not an amount"),
        (b"action=buy symbol=BTCUSDT notional=1_0", "is not an amount"),
        (b"action=buy symbol=BTCUSDT notional=+12", "is not an amount"),
        (b"action=buy symbol=BTCUSDT time=4102444800", "is not in a year"),
        (
            b"action=buy symbol=BTCUSDT market_position=short market_position_size=1 "
            b"prev_market_position_size=9e99",
            "prev_market_position_size '9e99' refused: a size is at most",
        ),
        (b"action=close symbol=BTCUSDT share=1e99%", "share: share 1e99% is too large"),
        (b"action=close symbol=BTCUSDT share=0%", "close refused: a share of 0% closes nothing"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "tp": {}}', "take_profits: write a list, as"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "tp": {"at": "3%"}}', "take_profits: write a li"),
    ],
)
def test_what_cannot_be_understood_is_an_error_that_says_why(body: bytes | str, says: str) -> None:
    """The message names the field and what it may hold."""
    with pytest.raises(AlertError) as caught:
        parsed(body.encode() if isinstance(body, str) else body)
    assert says in str(caught.value)


PIECES = st.sampled_from([*KEYS, "buy", "BTCUSDT", "{", "}", '"', ":", "=", ",", " ", "\n", "25"])
PARTS = st.sampled_from(["5", "%", "e9", "e99", ".", ";", "@", ">", "/", " from ", "rung ", "keep"])
EXITS = st.lists(PARTS).map("".join) | st.decimals().map(str) | st.integers() | st.lists(st.text())
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())
BODIES = (
    st.binary()
    | st.lists(PIECES).map("".join).map(str.encode)
    | st.dictionaries(st.sampled_from(KEYS), VALUES).map(lambda body: json.dumps(body).encode())
    | st.fixed_dictionaries(
        {"action": st.sampled_from(["buy", "sell", "close"]), "symbol": st.just("BTCUSDT")},
        optional={
            "notional": st.decimals().map(str),
            "id": st.text(),
            "time": st.text() | st.integers(),
            **dict.fromkeys((*EXIT_FIELDS, *SIZES, "share"), EXITS),
            "market_position": st.sampled_from(["long", "short", "flat"]),
        },
    ).map(lambda body: json.dumps(body).encode())
)


@given(BODIES)
def test_no_body_raises_anything_else(body: bytes) -> None:
    """Whatever comes is an alert that can be stored, or an error for its sender."""
    try:
        alerts = parsed(body).items
    except AlertError:
        return
    for alert in alerts:
        assert alert.symbol.isalnum()
        assert alert.notional is None or (is_money(alert.notional) and alert.notional > 0)
        assert alert.client_id is None or alert.client_id.isprintable()


def test_a_key_may_have_digits() -> None:
    """So that an unknown one is named, and is no part of the value before it."""
    alert = only(b"action=buy symbol=BTCUSDT id=a-1 ema1=65000 notional=25")
    assert (alert.client_id, alert.notional) == ("a-1", Decimal(25))
    assert "ignored: 'ema1'" in alert.notes[0]


@pytest.mark.parametrize("name", ["stoploss", "tp1", "sl_price", "takeProfit", "trailing_stop"])
def test_an_unknown_field_that_looks_like_an_exit_is_refused(name: str) -> None:
    """Without it the default would guard the position, and senders do not read notes."""
    with pytest.raises(AlertError, match=f"'{name.lower()}' is not a field: the exits are"):
        from_json(**{name: "62800"})


def test_the_documented_texts_are_understood() -> None:
    """Every text to paste, once TradingView has filled it in."""
    page = (Path(__file__).parents[2] / "docs" / "tradingview.md").read_text()
    section = page.split("## Texts to paste")[1].split("\n## ")[0]
    alerts = []
    for text in re.findall(r"```(?:json|text)\n(.*?)```", section, re.DOTALL):
        for placeholder, value in FILLED_IN.items():
            text = text.replace("{{" + placeholder + "}}", value)
        alerts.append(only(text.encode()))
    assert [alert.action for alert in alerts] == ["buy", "buy", "sell", "close", "buy", "close"]
    assert exits_text(alerts[4].exits)["trailing"] == "2%/0.5% from rung 2"
    assert alerts[5].share == Decimal("0.5")
    assert {alert.symbol for alert in alerts} == {"BTCUSDT"}
    assert alerts[0].client_id == "alert-1 BTCUSDT.P 60 Long buy 2026-01-31T12:00:00Z"
    assert alerts[0].sent_us == 1_769_860_800_000_000
