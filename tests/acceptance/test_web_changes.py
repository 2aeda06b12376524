"""A living position over HTTP: changed, closed in parts, each once by its key."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.api import AppClient, serving

CHANGE = {"stop_loss": "98", "take_profits": ["104@50%", "108"], "trailing": "2% from rung 1"}


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[AppClient]:
    """An account of 100, a market at 100, and position 1, LONG 25."""
    with serving(database_url, tmp_path) as api:
        api.account("100")
        api.price("100")
        api.open()
        yield api


def ask(api: AppClient, method: str, path: str, body: Any, key: str) -> httpx.Response:
    """Send a request with an idempotency key."""
    return api.ask(method, path, body, headers={"Idempotency-Key": key})


def kinds(api: AppClient) -> list[str]:
    """What happened to position 1."""
    return [item["kind"] for item in api.get("/positions/1/history")["items"]]


def test_all_that_a_change_asks_for_is_one_answer(api: AppClient) -> None:
    """Stop, rungs, trail and time stop; what was asked and what it came to."""
    changed = api.ok(api.ask("PATCH", "/positions/1", {**CHANGE, "close_after": "4h"}))

    assert (changed["stop_loss"], changed["take_profit_prices"]) == ("98", ["104", "108"])
    assert changed["asked"] == {
        "stop_loss": "5%",
        "take_profits": "104@50%>breakeven;108@50%>previous",
        "trailing": "2%/0.1% from rung 1",
        "close_after": "4h",
        "take_profit_fill": "price",
    }
    assert kinds(api) == [
        "position_opened",
        "targets_replaced",
        "trailing_set",
        "time_stop_set",
        "stop_moved",
    ]
    dropped = api.ok(api.ask("PATCH", "/positions/1", {"trailing": "none", "close_after": "none"}))
    assert (dropped["asked"]["trailing"], dropped["closes_at"]) == ("none", None)


def test_a_change_under_a_key_is_made_once(api: AppClient) -> None:
    """The same again is answered alike, however far the position is by then; another is a 409."""
    first = api.ok(ask(api, "PATCH", "/positions/1", CHANGE, "k"))
    api.ok(api.ask("PATCH", "/positions/1", {"stop_loss": "99"}))

    again = api.ok(ask(api, "PATCH", "/positions/1", CHANGE, "k"))

    assert again["id"] == first["id"]
    assert again["stop_loss"] == "99"
    assert kinds(api).count("targets_replaced") == 1
    other = ask(api, "PATCH", "/positions/1", {"stop_loss": "99.5"}, "k")
    assert (other.status_code, other.json()["type"]) == (409, "urn:backstay:problem:key-conflict")
    close = ask(api, "POST", "/positions/1/close", {"share": "50%"}, "k")
    assert close.status_code == 409
    assert api.get("/positions/1")["open_quantity"] == "0.25"


@pytest.mark.parametrize(
    ("part", "left"), [({"share": "40%"}, "0.15"), ({"quantity": "0.1"}, "0.15")]
)
def test_a_part_is_closed_once_under_its_key(
    api: AppClient, part: dict[str, str], left: str
) -> None:
    """A share of what is open, or a quantity; the rest goes on with its ladder."""
    for _ in range(2):
        done = api.ok(ask(api, "POST", "/positions/1/close", part, "half"))
        assert done["already_closed"] is False
        assert done["position"]["status"] == "OPEN"
        assert done["position"]["open_quantity"] == left

    assert kinds(api) == ["position_opened", "position_reduced"]
    assert api.get("/accounts/demo")["locked_balance"] == "15.00000000"
    assert api.get("/accounts/demo/health")["status"] == "HEALTHY"
    api.price("103", "106", "110")
    assert api.get("/positions/1")["close_reason"] == "TAKE_PROFIT"
    after = api.ok(ask(api, "POST", "/positions/1/close", part, "half"))
    assert after["position"]["status"] == "CLOSED"


def test_without_a_key_each_request_closes_a_part(api: AppClient) -> None:
    """A half, then a half of the rest."""
    left = [
        api.post("/positions/1/close", {"share": "50%"})["position"]["open_quantity"]
        for _ in range(2)
    ]
    assert left == ["0.125", "0.0625"]


def test_a_key_belongs_to_one_thing_of_its_account(api: AppClient) -> None:
    """An open's key changes nothing, a change's key opens nothing; another account's is free."""
    opened = api.open(key="one")
    assert ask(api, "PATCH", "/positions/1", CHANGE, "one").status_code == 409
    api.ok(ask(api, "PATCH", "/positions/1", CHANGE, "two"))
    body = {"account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "10"}
    assert ask(api, "POST", "/positions", body, "two").status_code == 409
    assert ask(api, "PATCH", f"/positions/{opened['id']}", CHANGE, "two").status_code == 409
    api.account("100", "other")
    api.ok(ask(api, "POST", "/positions", {**body, "account": "other"}, "two"))


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"close_after": "4h", "stop_loss": "94"}, "that of a LONG only tightens, it is at 95"),
        ({"trailing": "3%", "stop_loss": "100"}, "the mark price is 100"),
        ({"trailing": "3%", "take_profits": ["99"]}, "take-profit 1 at 99"),
        ({"trailing": "3%", "take_profits": ["108", "104"]}, "take-profit 2 at 104 is not above"),
        ({"stop_loss": "98", "take_profits": ["104@60%", "108@60%"]}, "come to 120% at number 2"),
        ({"stop_loss": "98", "trailing": "0"}, "'0' is not above 0"),
        ({"stop_loss": "98", "trailing": "2% from rung 9"}, "rung 9"),
        ({"stop_loss": "98", "close_after": "4"}, "'4'"),
        ({"stop_loss": "98,5"}, "'98,5' is not"),
        ({"stop_loss": "none"}, "'none' is not a price"),
        ({"stop_loss": "98", "take_profits": [f"{n}%" for n in range(1, 41)]}, "at most 8"),
        ({"stop_loss_pct": "2"}, "there is no such field; known are stop_loss, take_profits"),
        ({}, "nothing to change"),
    ],
)
def test_a_change_that_cannot_be_changes_nothing(
    api: AppClient, body: dict[str, Any], says: str
) -> None:
    """Not even the part of it that could be; the figures and the remedy are in the answer."""
    before = api.get("/positions/1")

    problem = api.problem("PATCH", "/positions/1", body)

    assert problem["status"] == 422
    assert says in problem["detail"]
    assert api.get("/positions/1") == before
    assert kinds(api) == ["position_opened"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({"share": "0%"}, "0%"),
        ({"share": "120%"}, "share 120% is above 100%"),
        ({"share": "0.5"}, "'0.5' is not a percentage: write it with its sign"),
        ({"share": "50%", "quantity": "0.1"}, "either"),
        ({"quantity": "0.26"}, "0.25"),
        ({"quantity": "1,000"}, "write a quantity above 0"),
        ({"quantity": "50%"}, "write a quantity above 0"),
        ({"share": None}, "share"),
    ],
)
def test_a_part_that_cannot_be_closes_nothing(
    api: AppClient, body: dict[str, Any], says: str
) -> None:
    """And its key stays free."""
    refused = ask(api, "POST", "/positions/1/close", body, "k")

    assert refused.status_code == 422
    assert says in refused.json()["detail"]
    assert kinds(api) == ["position_opened"]
    api.ok(ask(api, "POST", "/positions/1/close", {"share": "50%"}, "k"))
