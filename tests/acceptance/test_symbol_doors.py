"""One name of a market at every door: the API, the hook, a file of signals, a file of prices."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from backstay.feeds.signals import read_signals
from backstay.web.backend import HookSettings
from tests.acceptance.api import API, AppClient, an_open, serving

HOOK = HookSettings(secret="a-hook-secret-of-the-test", account="demo", notionals={})
SPELLINGS = ["BTCUSDT", "btc-usdt", "BTC/USDT", "xbt_usdt", "BINANCE:BTCUSDT"]
PERPETUALS = ["BTCUSDT.P", "BYBIT:BTCUSDT.P", "BTCUSDTPERP", "BTC/USDT:USDT", "BTC-USDT-SWAP"]


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    """An account of 1000, a market at 100, and a hook."""
    with serving("sqlite://", tmp_path, hook=HOOK) as api:
        api.account("1000")
        api.price("100")
        yield api


@pytest.mark.parametrize("text", [*SPELLINGS, *PERPETUALS])
def test_every_door_finds_the_same_market(api: AppClient, tmp_path: Path, text: str) -> None:
    """An order, a filter, an alert and a row of signals; a perpetual's sender is told."""
    opened = api.ask("POST", "/positions", an_open(symbol=text)).json()
    assert opened["symbol"] == "BTCUSDT"
    assert api.get("/positions", symbol=text)["items"][0]["id"] == opened["id"]
    alert = {"action": "buy", "symbol": text, "notional": "10", "id": "a"}
    answer = api.ask_at("POST", f"{API}/hooks/tradingview/{HOOK.secret}", json=alert).json()
    api.house.settle()
    assert [item["symbol"] for item in api.get("/positions")["items"]] == ["BTCUSDT"] * 2
    file = tmp_path / "signals.csv"
    file.write_text(f"id,timestamp,symbol,side,notional\n1,1,{text},LONG,5\n")
    (signal,) = read_signals(str(file))
    assert signal.symbol == "BTCUSDT"
    note = f"{text} is a perpetual: the prices of BTCUSDT guard it" if text in PERPETUALS else None
    assert opened["market_note"] == signal.market_note == note
    assert answer["notes"] == ([] if note is None else [note])


@pytest.mark.parametrize("text", PERPETUALS)
def test_a_perpetuals_price_is_not_taken_for_its_pairs(api: AppClient, text: str) -> None:
    """Two markets' prices in one would move stops; the answer says what to send."""
    (result,) = api.ask("POST", "/prices", {"symbol": text, "price": "50"}).json()["items"]
    assert result["result"] == "rejected"
    assert "send its prices as BTCUSDT" in result["reason"]
    assert api.get("/markets")["items"][0]["last_price"] == "100"
