"""Prices and markets over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from actors.desk.messages import OpenMarket
from actors.market.messages import SetPause
from backstay.web.access.scopes import Scope
from backstay.web.access.tokens import TokenFile
from backstay.web.api import markets as routes_markets
from tests.acceptance.api import AppClient, serving


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[AppClient]:
    """A house where a feed brings the prices of SOLUSDT."""
    with serving(database_url, tmp_path, bound_symbols={"SOLUSDT": "kraken"}) as api:
        yield api


def results(items: list[dict[str, object]]) -> list[object]:
    """What became of each price."""
    return [item["result"] for item in items]


def test_a_price_may_come_alone_or_in_a_list(api: AppClient) -> None:
    """A market begins with its first price, in any spelling of its name."""
    alone = api.post("/prices", {"symbol": "btc-usdt", "price": "100.50"})["items"]
    assert results(alone) == ["accepted"]
    assert (alone[0]["symbol"], alone[0]["price"]) == ("BTCUSDT", "100.50")
    assert results(api.price("101", "102")) == ["accepted", "accepted"]
    assert api.post("/prices", [])["items"] == []
    [market] = api.get("/markets")["items"]
    assert (market["symbol"], market["state"], market["last_price"]) == ("BTCUSDT", "LIVE", "102")
    assert 0 <= market["age_seconds"] < 60
    assert market["candidate"] is None


def test_a_price_beside_a_feed_that_is_away_tells_what_is_traded(api: AppClient) -> None:
    """It never acts, and it is refused as ever; but a stop that it is past will be seen."""
    backend = api.app.state.backend
    api.house.ask(lambda reply: OpenMarket(symbol="SOLUSDT", reply_to=reply))
    market, markets = api.house.system.directory.markets["SOLUSDT"], backend.published.markets
    price = {"symbol": "SOLUSDT", "price": "90"}
    for message, heard in (
        (None, None),
        (SetPause(why="its venue's connection is down"), Decimal(90)),
    ):
        if message is not None:
            market.tell(message)
            api.house.settle()
        assert results(api.post("/prices", price)["items"]) == ["rejected"]
        told = markets["SOLUSDT"].heard
        assert (None if told is None else told.price) == heard
        assert markets["SOLUSDT"].last is None


def test_each_price_of_a_list_is_judged_for_itself(api: AppClient) -> None:
    """Of several symbols, in the order in which they were sent; the reasons say why not."""
    prices = [
        {"symbol": "BTCUSDT", "price": "100"},
        {"symbol": "SOLUSDT", "price": "20"},
        {"symbol": "ETHUSDT", "price": "10"},
        {"symbol": "BTCUSDT", "price": "0"},
        {"symbol": "BTCUSDT", "price": "300"},
        {"symbol": "ETHUSDT", "price": "11", "timestamp": "2001-01-01T00:00:00Z"},
        {"symbol": "ETHUSDT", "price": "11", "timestamp": "2999-01-01T00:00:00+01:00"},
        {"symbol": "BTCUSDT", "price": "101"},
    ]
    items = api.post("/prices", prices)["items"]
    assert [(item["symbol"], item["price"]) for item in items] == [
        (price["symbol"], price["price"]) for price in prices
    ]
    assert results(items) == [
        "accepted",
        "rejected",
        "accepted",
        "rejected",
        "quarantined",
        "ignored",
        "rejected",
        "accepted",
    ]
    assert [item["reason"] is None for item in items] == [
        result == "accepted" for result in results(items)
    ]
    assert items[1]["reason"] == "a feed brings the prices of SOLUSDT"
    assert items[5]["timestamp"] == "2001-01-01T00:00:00.000000Z"
    assert [market["symbol"] for market in api.get("/markets")["items"]] == ["BTCUSDT", "ETHUSDT"]


def test_what_is_no_price_makes_no_market(api: AppClient) -> None:
    """It is rejected in the guard's words; what is a price beside it makes one."""
    odd = {"symbol": "AAA", "price": "0"}
    ahead = {"symbol": "AAA", "price": "1", "timestamp": "2999-01-01T00:00:00Z"}
    items = api.post("/prices", [odd, ahead])["items"]
    assert results(items) == ["rejected", "rejected"]
    assert items[0]["reason"].startswith("not a price: not above 0")
    assert "ahead of our clock" in items[1]["reason"]
    assert api.get("/markets")["items"] == []
    assert results(api.price("0", "1", "-1", "1.1", symbol="AAA")) == [
        "rejected",
        "accepted",
        "rejected",
        "accepted",
    ]
    assert results(api.price("0", symbol="AAA")) == ["rejected"]


def test_the_api_makes_only_so_many_markets(
    api: AppClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond them a price is rejected with what to do; those that are there go on."""
    monkeypatch.setattr(routes_markets, "MARKETS_MAX", 2)
    for symbol in ("AAA", "BBB"):
        assert results(api.price("1", symbol=symbol)) == ["accepted"]
    [beyond] = api.price("1", symbol="CCC")
    assert (beyond["result"], beyond["reason"]) == (
        "rejected",
        "no market of CCC made: there are 2 already: send prices of one that is there, or retire "
        "one, or have a feed bring those of CCC",
    )
    assert results(api.price("1.1", symbol="AAA")) == ["accepted"]
    assert [market["symbol"] for market in api.get("/markets")["items"]] == ["AAA", "BBB"]


def test_only_an_admin_makes_a_market(api: AppClient, tmp_path: Path) -> None:
    """A trade token sends prices of markets that exist; junk symbols would stay for good."""
    token_file = TokenFile(tmp_path / "tokens.json")
    trade, admin = (
        {"Authorization": f"Bearer {token_file.create(scope, scope)}"}
        for scope in (Scope.TRADE, Scope.ADMIN)
    )
    price = {"symbol": "BTCUSDT", "price": "100"}

    def sent(headers: dict[str, str]) -> Any:
        return api.ok(api.ask("POST", "/prices", price, headers=headers))["items"][0]

    refused = sent(trade)
    assert refused["result"] == "rejected"
    assert "making a market needs the scope admin" in refused["reason"]
    assert api.ok(api.ask("GET", "/markets", headers=trade))["items"] == []
    assert [sent(admin)["result"], sent(trade)["result"]] == ["accepted", "accepted"]


def test_only_a_new_market_is_asked_for(api: AppClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A price of one that is there goes to it and to nobody else."""
    api.price("100")
    told: list[object] = []
    api.app.state.backend = replace(api.app.state.backend, tell=told.append)
    assert results(api.price("101")) == ["accepted"]
    assert told == []


def test_a_candidate_is_released_by_naming_it(api: AppClient) -> None:
    """The market says what it holds back; another price is not taken for it."""
    api.price("100", "300")
    [market] = api.get("/markets")["items"]
    assert (market["state"], market["last_price"], market["candidate"]) == (
        "QUARANTINED",
        "100",
        "300",
    )
    other = api.problem("POST", "/markets/BTCUSDT/release", {"price": "301"})
    assert other["type"] == "urn:backstay:problem:candidate-unknown"
    released = api.post("/markets/btc-usdt/release", {"price": "300.0"})
    assert (released["state"], released["last_price"]) == ("LIVE", "300")
    assert api.get("/markets")["items"][0]["last_price"] == "300"


def test_markets_come_in_pages_and_tell_their_states(api: AppClient) -> None:
    """A market whose venue is away is PAUSED."""
    for symbol in ("CCC", "AAA", "BBB"):
        api.price("1", symbol=symbol)
    api.house.system.directory.to_market("BBB", SetPause(why="its venue's connection is down"))
    api.house.settle()
    first = api.get("/markets", limit=2)
    second = api.get("/markets", limit=2, cursor=first["next"])
    assert second["next"] is None
    markets = first["items"] + second["items"]
    states = [(market["symbol"], market["state"]) for market in markets]
    assert states == [("AAA", "LIVE"), ("BBB", "PAUSED"), ("CCC", "LIVE")]


def test_a_market_names_the_feed_that_brings_its_prices(api: AppClient) -> None:
    """None for one whose prices come by the API."""
    api.price("100")
    api.house.system.tell(OpenMarket(symbol="SOLUSDT"))
    api.house.settle()
    feeds = {market["symbol"]: market["feed"] for market in api.get("/markets")["items"]}
    assert feeds == {"BTCUSDT": None, "SOLUSDT": "kraken"}


def test_a_market_s_prices_are_told_as_they_were_sampled(api: AppClient) -> None:
    """Accepted ones, the oldest first; of a market without any none, of no market a 404."""
    for price in ("100.50", "300", "101"):
        api.price(price)
        markets, clock = api.house.system.published.markets, api.house.dispatcher.clock
        api.app.state.price_tapes.sample(markets, clock)
    api.house.system.tell(OpenMarket(symbol="ETHUSDT"))
    api.house.settle()
    prices = api.get("/markets/btc-usdt/prices")
    assert prices["symbol"] == "BTCUSDT"
    times = [item.pop("time") for item in prices["items"]]
    assert times == sorted(times)
    assert prices["items"] == [
        {"low": price, "high": price, "last": price} for price in ("100.5", "101")
    ]
    assert api.get("/markets/ETHUSDT/prices")["items"] == []
    assert api.ask("GET", "/markets/NONE/prices").status_code == 404


def test_after_a_restart_a_market_is_stale_with_its_last_price(
    database_url: str, tmp_path: Path
) -> None:
    """The price is kept, its age is not known."""
    with serving(database_url, tmp_path) as api:
        api.price("100")
        api.house.stop()
    with serving(database_url, tmp_path) as api:
        [market] = api.get("/markets")["items"]
        assert (market["state"], market["last_price"]) == ("STALE", "100")
        assert market["age_seconds"] is None


@pytest.mark.parametrize(
    ("price", "place"),
    [
        ({"symbol": "BTCUSDT", "price": 100}, "price"),
        ({"symbol": "BTCUSDT", "price": "NaN"}, "price"),
        ({"symbol": "BTCUSDT", "price": "1", "timestamp": 1}, "timestamp"),
        ({"symbol": "BTCUSDT", "price": "1", "timestamp": "2026-01-01T00:00:00"}, "timestamp"),
        ({"symbol": "!", "price": "1"}, "symbol"),
    ],
)
def test_what_is_no_price_at_all_is_refused(
    tmp_path: Path, price: dict[str, object], place: str
) -> None:
    """A number that is not a string, no number, a time without its offset; the place is named."""
    with serving("sqlite://", tmp_path) as api:
        single = api.problem("POST", "/prices", price)
        in_list = api.problem("POST", "/prices", [{"symbol": "BTCUSDT", "price": "1"}, price])
        assert api.get("/markets")["items"] == []
    assert [error["place"] for error in single["errors"]] == [f"body.{place}"]
    assert [error["place"] for error in in_list["errors"]] == [f"body.1.{place}"]


def test_a_market_without_positions_is_retired_and_made_again(api: AppClient) -> None:
    """It leaves the list with its last price, and its next price makes it anew."""
    api.price("100", symbol="AAA")
    assert api.ask("DELETE", "/markets/AAA").status_code == 204
    assert api.get("/markets")["items"] == []
    assert api.ask("DELETE", "/markets/AAA").status_code == 404
    assert results(api.price("1", symbol="AAA")) == ["accepted"]


def test_a_market_with_an_open_position_is_not_retired(api: AppClient) -> None:
    """The refusal says how many positions are open."""
    api.post("/accounts", {"account": "demo", "initial_balance": "100"})
    api.price("100")
    api.open()
    answer = api.ask("DELETE", "/markets/BTCUSDT")
    assert answer.status_code == 409
    assert "1 positions are open" in answer.json()["detail"]
