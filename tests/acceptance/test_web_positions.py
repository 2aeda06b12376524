"""Positions over HTTP: opened once, looked at, guarded, closed once."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.api import AppClient, an_open, serving


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[AppClient]:
    """An account of 100 and a market at 100."""
    with serving(database_url, tmp_path) as api:
        api.account("100")
        api.price("100")
        yield api


def ids(page: Any) -> list[int]:
    """The positions of a page."""
    return [item["id"] for item in page["items"]]


def test_an_open_is_answered_whole_and_seen_by_every_next_read(api: AppClient) -> None:
    """201 with the position, which lists, its own address and its account show at once."""
    response = api.ask("POST", "/positions", an_open())
    assert response.status_code == 201
    position = response.json()
    assert position.pop("market_note") is None
    assert position["account"] == "demo"
    assert position["entry_price"] == "100"
    assert position["notional"] == "25.00000000"
    assert position["stop_loss"] == "95"
    assert position["take_profit_prices"] == ["103", "106", "110"]
    assert position["next_take_profit"] == "103"
    assert position["mark_price"] == "100"
    assert api.get(f"/positions/{position['id']}") == position
    for status in ({}, {"status": "OPEN"}):
        assert api.get("/positions", **status)["items"] == [position]
    assert api.get("/accounts/demo")["locked_balance"] == "25.00000000"


def test_an_open_position_is_worth_what_the_market_says(api: AppClient) -> None:
    """The mark price, the PnL that it would have, and the next rung move with each price."""
    position_id = api.open(side="SHORT")["id"]
    api.price("96")
    position = api.get(f"/positions/{position_id}")
    assert position["mark_price"] == "96"
    assert position["unrealized_pnl"] == "1.00000000"
    assert position["rungs_hit"] == 1
    assert position["next_take_profit"] == "94"
    assert position["stop_loss"] == "100"


def test_a_position_shows_what_is_realized_unrealized_and_both(api: AppClient) -> None:
    """After a take-profit that closed a half, the total has the half that is booked in it."""
    position_id = api.open(take_profits=["2%@50%", "5%@30%"])["id"]
    api.price("102")
    api.price("101")
    position = api.get(f"/positions/{position_id}")
    assert position["untargeted_fraction"] == "0.2"
    assert position["unrealized_pnl"] == "0.12500000"
    realized = Decimal(position["net_pnl"])
    assert realized > 0
    assert Decimal(position["total_pnl"]) == realized + Decimal("0.125")
    closed = api.post(f"/positions/{position_id}/close")["position"]
    assert closed["unrealized_pnl"] is None
    assert closed["total_pnl"] == closed["net_pnl"]


def test_a_key_opens_one_position(api: AppClient) -> None:
    """The same request again is answered 200 with it, spelled otherwise too; another is not."""
    first = api.open("k-1", notional="25")
    headers = {"Idempotency-Key": "k-1"}
    again = api.ask("POST", "/positions", an_open(notional="25.00"), headers=headers)
    assert again.status_code == 200
    assert again.json() == first
    assert first["signal_id"] == "k-1"
    conflict = api.problem("POST", "/positions", an_open(notional="26"), headers=headers)
    assert conflict["status"] == 409
    assert conflict["type"] == "urn:backstay:problem:key-conflict"
    assert ids(api.get("/positions")) == [first["id"]]


def test_a_key_tells_the_outcome_after_the_close(api: AppClient) -> None:
    """The position comes back as it ended."""
    position_id = api.open("k-1")["id"]
    api.price("110")
    assert api.open("k-1")["status"] == "CLOSED"
    assert ids(api.get("/positions")) == [position_id]


def test_positions_come_in_pages_from_the_newest(api: AppClient) -> None:
    """Each once, whichever status is asked for, with a cursor that ends with them."""
    opened = [api.open(notional="1")["id"] for _ in range(5)]
    for position_id in opened[:3]:
        api.post(f"/positions/{position_id}/close")
    wanted = {"OPEN": opened[3:], "CLOSED": opened[:3], None: opened}
    for status, expected in wanted.items():
        filters = {} if status is None else {"status": status}
        seen: list[int] = []
        cursor: dict[str, str] = {}
        while True:
            page = api.get("/positions", limit=1, **filters, **cursor)
            seen += ids(page)
            if page["next"] is None:
                break
            cursor = {"cursor": page["next"]}
        assert seen == expected[::-1]


def test_positions_are_found_by_account_and_symbol(api: AppClient) -> None:
    """A symbol in any spelling; an account that is not there is said to be unknown."""
    api.account("50", account="other")
    api.price("7", symbol="ETHUSDT")
    mine, theirs = (
        api.open()["id"],
        api.open(account="other", symbol="eth-usdt", notional="7")["id"],
    )
    for status in ({}, {"status": "OPEN"}):
        assert ids(api.get("/positions", account="other", **status)) == [theirs]
        assert ids(api.get("/positions", symbol="BTC/USDT", **status)) == [mine]
        assert ids(api.get("/positions", account="demo", symbol="ETHUSDT", **status)) == []
    assert api.problem("GET", "/positions?account=nobody")["status"] == 404


def test_history_tells_everything_in_order(api: AppClient) -> None:
    """Opened, each rung, each stop move, refused prices of its symbol, the close; and the PnL."""
    api.price("100", symbol="ETHUSDT")
    position_id = api.open()["id"]
    for price in ("103", "-1", "400", "104"):
        api.price(price)
    api.ask("PATCH", f"/positions/{position_id}", {"stop_loss": "101"})
    api.price("-1", symbol="ETHUSDT")
    api.price("106", "111")
    history = api.get(f"/positions/{position_id}/history")
    done = [item["done_at"] for item in history["items"]]
    assert done == sorted(done)
    assert [item["kind"] for item in history["items"]] == [
        "position_opened",
        "rung_hit",
        "price_rejected",
        "price_quarantined",
        "quarantine_ended",
        "stop_moved",
        "rung_hit",
        "rung_hit",
        "position_closed",
    ]
    texts = [item["text"] for item in history["items"]]
    assert texts[1] == "TP1 (+3%) hit at 103, stop-loss 95 -> 100"
    assert texts[5] == "Stop-loss tightened by hand 100 -> 101 at mark price 104"
    assert texts[6] == "TP2 (+6%) hit at 106, stop-loss 101 -> 103"
    assert texts[7] == "TP3 (+10%) hit at 111, closing all that is left"
    assert "TP3 (+10%) reached" in texts[8]
    assert history["items"][1]["data"]["stop_after"] == "100"
    numbers = [item["id"] for item in history["items"]]
    assert numbers == sorted(numbers)
    assert history["position"] == api.get(f"/positions/{position_id}")
    pnl = {name: Decimal(amount) for name, amount in history["pnl"].items()}
    costs = pnl["entry_fee"] + pnl["exit_fee"] + pnl["spread"] + pnl["slippage"]
    assert (pnl["gross"], pnl["net"]) == (Decimal("2.75"), pnl["gross"] - costs)
    assert pnl["net"] == Decimal(history["position"]["net_pnl"])


def test_what_an_old_price_opened_is_dated_by_its_commit(api: AppClient) -> None:
    """The price may be half a minute old: the list of what was done does not run backwards."""
    now = datetime.fromtimestamp(api.house.dispatcher.clock.now_us() / 1_000_000, UTC)
    before = (now - timedelta(seconds=30)).isoformat()
    api.post("/prices", {"symbol": "ETHUSDT", "price": "100", "timestamp": before})
    api.house.settle()
    position_id = api.open(symbol="ETHUSDT")["id"]
    (opened,) = api.get(f"/positions/{position_id}/history")["items"]
    assert datetime.fromisoformat(opened["time"]) == now - timedelta(seconds=30)
    assert datetime.fromisoformat(opened["done_at"]) >= now


def test_history_tells_of_parts(api: AppClient) -> None:
    """A rung that closes a part says how much, at what, and what it earned."""
    position_id = api.open(take_profits=["2%@50%", "4%@50%"])["id"]
    api.price("102")
    items = api.get(f"/positions/{position_id}/history")["items"]
    assert [item["kind"] for item in items] == ["position_opened", "rung_hit", "position_reduced"]
    assert items[2]["text"].startswith(
        "Closed 0.125 at 102, TP1 (+2%) reached: 12.5 released, gross 0.25"
    )
    position = api.get(f"/positions/{position_id}")
    assert position["gross_pnl"] == "0.25000000"
    assert position["status"] == "OPEN"
    assert (position["quantity"], position["open_quantity"]) == ("0.25", "0.125")
    assert [(one["close"], one["hit"]) for one in position["take_profits"]] == [
        ("50%", True),
        ("50%", False),
    ]


def test_a_close_is_done_once(api: AppClient) -> None:
    """Whoever comes later gets the recorded outcome, and is told so."""
    position_id = api.open()["id"]
    api.price("102")
    first = api.post(f"/positions/{position_id}/close", {"note": "enough"})
    assert first["already_closed"] is False
    assert first["position"]["status"] == "CLOSED"
    assert first["position"]["exit_price"] == "102"
    assert first["position"]["close_reason"] == "MANUAL"
    assert first["position"]["close_note"] == "enough"
    assert first["position"]["closed_at"] is not None
    api.price("103")
    again = api.post(f"/positions/{position_id}/close", {"note": "again"})
    assert again == {"position": first["position"], "already_closed": True}
    assert api.get(f"/positions/{position_id}") == first["position"]


def test_a_stop_only_tightens(api: AppClient) -> None:
    """It moves toward profit and acts from then on; back it does not go."""
    position_id = api.open()["id"]
    path = f"/positions/{position_id}"
    assert api.ok(api.ask("PATCH", path, {"stop_loss": "98.5"}))["stop_loss"] == "98.5"
    assert api.get(path)["stop_loss"] == "98.5"
    refused = api.problem("PATCH", path, {"stop_loss": "97"})
    assert refused["type"] == "urn:backstay:problem:stop-invalid"
    api.price("98")
    assert api.get(path)["close_reason"] == "STOP_LOSS"
    closed = api.problem("PATCH", path, {"stop_loss": "99"})
    assert (closed["status"], closed["type"]) == (409, "urn:backstay:problem:position-closed")
