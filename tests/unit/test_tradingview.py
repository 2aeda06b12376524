"""TradingView's alerts: what their bodies mean, and what is said about the others."""

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.money import is_money
from trading.signals import SignalAction
from web.tradingview import KEYS, Alert, AlertError, parsed

FILLED_IN = {
    "exchange": "BINANCE",
    "ticker": "BTCUSDT.P",
    "timenow": "2026-01-31T12:00:00Z",
    "strategy.order.action": "buy",
    "strategy.order.id": "Long",
    "strategy.market_position": "long",
}


def from_json(**fields: Any) -> Alert:
    """An alert of a JSON body, by default to buy BTCUSDT."""
    return parsed(json.dumps({"action": "buy", "symbol": "BTCUSDT", **fields}).encode())


def test_a_json_body_gives_every_field() -> None:
    """As the documentation has it to paste, with the placeholders replaced."""
    alert = parsed(
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
    alert = parsed(body.encode())
    assert (alert.action, alert.symbol) == (SignalAction.BUY, "BTCUSDT")
    assert (alert.notional, alert.client_id) == (Decimal(25), "abc")


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
    assert parsed(body.encode()).notional == Decimal("0.1")


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
        (b"", "missing required field `action`"),
        (b"buy BTCUSDT", "is no key=value pair: write action=buy"),
        (b"action=buy", "missing required field `symbol`"),
        (b"action=hold symbol=BTCUSDT", "action 'hold' is unknown: write buy, sell or close"),
        (b"action=buy symbol=BTCUSDT action=sell", "action is given twice"),
        (b"action=buy symbol=BTCUSDT notionl=25", "unknown field `notionl`"),
        (b"action=buy symbol=$$$", "is no market's name"),
        (b"action=buy symbol={{ticker}}", "TradingView has not replaced {{ticker}}"),
        (b'{"action": "buy", "symbol": ', "truncated"),
        (b'["buy"]', "is no key=value pair"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"action=buy symbol=BTCUSDT notional=-1", "is no amount above 0"),
        (b"action=buy symbol=BTCUSDT notional=0.000000001", "is no amount above 0"),
        (b"action=buy symbol=BTCUSDT notional=NaN", "is no amount above 0"),
        (b"action=buy symbol=BTCUSDT notional=1e999", "is no amount above 0"),
        (b"action=buy symbol=BTCUSDT time=yesterday", "write {{timenow}}"),
        (b"action=buy symbol=BTCUSDT market_position=1", "write long, short or flat"),
        (b"action=buy symbol=BTCUSDT market_position=short", "cannot close a part"),
        (b"action=sell symbol=BTCUSDT market_position=long", "cannot close a part"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "id": "a\\u0000"}', "printable characters"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "notional": true}', "$.notional"),
        (b'{"action": "buy", "symbol": "BTCUSDT", "id": ' + b"[" * 100_000, "$.id"),
    ],
)
def test_what_cannot_be_understood_is_an_error_that_says_why(body: bytes, says: str) -> None:
    """The message names the field and what it may hold."""
    with pytest.raises(AlertError) as caught:
        parsed(body)
    assert says in str(caught.value)


PIECES = st.sampled_from([*KEYS, "buy", "BTCUSDT", "{", "}", '"', ":", "=", ",", " ", "\n", "25"])
VALUES = st.none() | st.booleans() | st.integers() | st.text() | st.lists(st.integers())
BODIES = (
    st.binary()
    | st.lists(PIECES).map("".join).map(str.encode)
    | st.dictionaries(st.sampled_from(KEYS), VALUES).map(lambda body: json.dumps(body).encode())
    | st.fixed_dictionaries(
        {"action": st.sampled_from(["buy", "sell", "close"]), "symbol": st.just("BTCUSDT")},
        optional={"notional": st.decimals().map(str), "id": st.text(), "time": st.text()},
    ).map(lambda body: json.dumps(body).encode())
)


@given(BODIES)
def test_no_body_raises_anything_else(body: bytes) -> None:
    """Whatever comes is an alert that can be stored, or an error for its sender."""
    try:
        alert = parsed(body)
    except AlertError:
        return
    assert alert.symbol.isalnum()
    assert alert.notional is None or (is_money(alert.notional) and alert.notional > 0)
    assert alert.client_id is None or alert.client_id.isprintable()


def test_the_documented_texts_are_understood() -> None:
    """Every text to paste, once TradingView has filled it in."""
    page = (Path(__file__).parents[2] / "docs" / "tradingview.md").read_text()
    section = page.split("## Texts to paste")[1].split("\n## ")[0]
    alerts = []
    for text in re.findall(r"```(?:json|text)\n(.*?)```", section, re.DOTALL):
        for placeholder, value in FILLED_IN.items():
            text = text.replace("{{" + placeholder + "}}", value)
        alerts.append(parsed(text.encode()))
    assert [alert.action for alert in alerts] == ["buy", "buy", "sell", "close"]
    assert {alert.symbol for alert in alerts} == {"BTCUSDT"}
    assert alerts[0].client_id == "BTCUSDT.P Long 2026-01-31T12:00:00Z"
    assert alerts[0].sent_us == 1_769_860_800_000_000
