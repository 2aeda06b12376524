"""The panic button over HTTP."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from actors.market.messages import SetPause
from actors.position.messages import ClosePosition
from persistence.state import PositionRecord, Unreadable
from tests.acceptance.api import AppClient, serving
from tests.acceptance.house import WITHIN


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[AppClient]:
    """Two accounts of 100, and two markets."""
    with serving(database_url, tmp_path, faulty=True) as api:
        api.account("100")
        api.account("100", account="other")
        api.price("100")
        api.price("10", symbol="ETHUSDT")
        yield api


def test_it_closes_every_open_position(api: AppClient) -> None:
    """Of all accounts and symbols; a second time there is nothing left."""
    opened = [
        api.open()["id"],
        api.open(symbol="ETHUSDT")["id"],
        api.open(account="other")["id"],
    ]
    answer = api.post("/positions/close-all")
    assert [position["id"] for position in answer["closed"]] == opened
    assert {position["status"] for position in answer["closed"]} == {"CLOSED"}
    assert {position["close_note"] for position in answer["closed"]} == {"close-all"}
    assert (answer["denied"], answer["pending"]) == ([], [])
    assert api.get("/accounts/demo")["locked_balance"] == "0.00000000"
    again = api.post("/positions/close-all")
    assert not any(again.values()), "nothing is left to close"


def test_all_that_is_closed_is_read_at_once(api: AppClient) -> None:
    """A panic button does not ask the database once for each position."""
    opened = [api.open(notional="1")["id"] for _ in range(3)]
    read: list[list[int]] = []

    def read_positions_by_id(ids: list[int]) -> tuple[PositionRecord | Unreadable, ...]:
        read.append(ids)
        return api.house.store.read_positions_by_id(ids)

    reader: Any = SimpleNamespace(read_positions_by_id=read_positions_by_id)
    api.app.state.backend = replace(api.app.state.backend, reader=reader)
    closed = api.post("/positions/close-all")["closed"]
    assert [position["id"] for position in closed] == opened
    assert read == [opened]


def test_it_closes_only_what_is_named(api: AppClient) -> None:
    """An account, a symbol, or both."""
    mine = api.open()["id"]
    ether = api.open(symbol="ETHUSDT")["id"]
    theirs = api.open(account="other")["id"]
    by_both = api.post("/positions/close-all", {"account": "demo", "symbol": "eth-usdt"})
    assert [position["id"] for position in by_both["closed"]] == [ether]
    by_account = api.post("/positions/close-all", {"account": "demo"})
    assert [position["id"] for position in by_account["closed"]] == [mine]
    by_symbol = api.post("/positions/close-all", {"symbol": "BTCUSDT"})
    assert [position["id"] for position in by_symbol["closed"]] == [theirs]
    assert api.problem("POST", "/positions/close-all", {"account": "nobody"})["status"] == 404


def test_one_that_is_denied_stops_none_of_the_others(api: AppClient) -> None:
    """What its market does not allow is listed with the problem."""
    stuck = api.open()["id"]
    closed = api.open(symbol="ETHUSDT")["id"]
    api.house.system.directory.to_market("BTCUSDT", SetPause(why="its venue's connection is down"))
    answer = api.post("/positions/close-all")
    assert [position["id"] for position in answer["closed"]] == [closed]
    assert [denied["id"] for denied in answer["denied"]] == [stuck]
    assert answer["denied"][0]["problem"]["type"] == "urn:backstay:problem:paused-by-network"
    assert api.get(f"/positions/{stuck}")["status"] == "OPEN"


def test_what_is_not_answered_in_time_is_pending(api: AppClient) -> None:
    """The closes are carried out when the database is back."""
    position_id = api.open()["id"]
    api.take_database_away()
    answer = api.post("/positions/close-all")
    assert answer["pending"] == [position_id]
    assert answer["closed"] == answer["denied"] == []
    api.give_database_back()
    waiting = api.house.tell(lambda reply: ClosePosition(position_id=position_id, reply_to=reply))
    assert waiting.get(WITHIN).already_closed
    assert api.get(f"/positions/{position_id}")["close_note"] == "close-all"


def test_forced_it_acts_on_a_stale_price(database_url: str, tmp_path: Path) -> None:
    """After a restart no price has come in yet: the last one is taken only by force."""
    with serving(database_url, tmp_path) as api:
        api.account("100")
        api.price("100")
        position_id = api.open()["id"]
        api.house.stop()
    with serving(database_url, tmp_path) as api:
        denied = api.post("/positions/close-all")["denied"]
        assert denied[0]["problem"]["type"] == "urn:backstay:problem:price-stale"
        closed = api.post("/positions/close-all", {"force": True})["closed"]
        assert [(position["id"], position["exit_price"]) for position in closed] == [
            (position_id, "100")
        ]
