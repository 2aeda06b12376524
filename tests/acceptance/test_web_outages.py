"""The database is away: what the API still answers, and what a 503 says for certain."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from actors.auditor.messages import CheckHealth
from actors.position.messages import ClosePosition
from backstay.web.api import waiting as commands
from backstay.web.backend import Backend
from tests.acceptance.api import AppClient, an_open, serving
from tests.acceptance.house import WITHIN


@pytest.fixture
def api(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppClient]:
    """An account of 100 and a market at 100, over a database that can be made to fail."""
    monkeypatch.setattr(commands, "ANSWER_SECONDS", 2.5)
    with serving(database_url, tmp_path, faulty=True) as api:
        api.account("100")
        api.price("100")
        yield api


def unavailable(api: AppClient, method: str, path: str, body: object = None, **how: object) -> str:
    """Ask for what cannot be answered now; returns the problem's type."""
    response = api.ask(method, path, body, **how)
    assert response.status_code == 503, response.text
    assert response.headers["Retry-After"] == "1"
    return str(response.json()["type"]).removeprefix("urn:backstay:problem:")


def test_an_open_is_refused_and_certainly_not_made_later(api: AppClient) -> None:
    """The same key opens it once the database is back, and then only once."""
    api.take_database_away()
    how = {"headers": {"Idempotency-Key": "k"}}
    assert unavailable(api, "POST", "/positions", an_open(), **how) == "deadline-passed"
    api.give_database_back()
    back(api)
    assert api.get("/positions")["items"] == []
    assert api.get("/accounts/demo")["locked_balance"] == "0.00000000"
    opened = api.ask("POST", "/positions", an_open(), **how)
    assert opened.status_code == 201
    assert api.open("k") == opened.json()


def test_a_close_is_carried_out_later_and_may_be_repeated(api: AppClient) -> None:
    """It says so, and the repeat finds it done."""
    position_id = api.open()["id"]
    api.take_database_away()
    path = f"/positions/{position_id}/close"
    assert unavailable(api, "POST", path, {"note": "first"}) == "no-answer"
    detail = api.problem("POST", path)["detail"]
    assert detail == (
        f"the close of position {position_id} was not answered within 3 s: it may still be "
        "carried out; send it again, it is done once"
    )
    api.give_database_back()
    waiting = api.house.tell(lambda reply: ClosePosition(position_id=position_id, reply_to=reply))
    waiting.get(WITHIN)
    again = api.post(path)
    assert again["already_closed"] is True
    assert again["position"]["close_note"] == "first"


def test_a_part_is_to_be_closed_again_only_with_its_key(
    api: AppClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one the answer says to look first; with one the repeat finds it done."""
    monkeypatch.setattr(commands, "ANSWER_SECONDS", 0.1)
    position = api.open()
    path, half = f"/positions/{position['id']}", {"share": "50%"}
    key = {"headers": {"Idempotency-Key": "half"}}
    api.take_database_away()
    for method, where, body in (
        ("POST", f"{path}/close", half),
        ("PATCH", path, {"close_after": "4h"}),
    ):
        assert unavailable(api, method, where, body) == "no-answer"
        assert api.problem(method, where, body)["detail"].endswith(
            "look at the position before you send it again: only with an Idempotency-Key it is "
            "done once"
        )
    keyed = api.ask("POST", f"{path}/close", half, **key)
    assert keyed.json()["detail"].endswith("send it again, it is done once")
    api.give_database_back()
    back(api)
    done = api.ask("POST", f"{path}/close", half, **key).json()["position"]
    assert Decimal(done["open_quantity"]) == Decimal(position["quantity"]) / 8


def test_what_is_open_is_read_all_the_same(api: AppClient) -> None:
    """Accounts, open positions and markets are published; what only the database has is a 503."""
    position = api.get(f"/positions/{api.open()['id']}")
    api.take_database_away()
    assert api.get("/positions", status="OPEN")["items"] == [position]
    assert api.get(f"/positions/{position['id']}") == position
    assert api.get("/accounts/demo")["locked_balance"] == "25.00000000"
    assert api.get("/markets")["items"][0]["last_price"] == "100"
    for path in (
        "/positions",
        f"/positions/{position['id']}/history",
        "/accounts/demo/transactions",
        "/accounts/demo/transactions.csv",
    ):
        assert unavailable(api, "GET", path) == "database-unavailable"
    assert unavailable(api, "GET", "/accounts/demo/health") == "no-answer"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/prices", {"symbol": "BTCUSDT", "price": "101"}),
        ("/markets/BTCUSDT/release", {"price": "101"}),
    ],
)
def test_what_reaches_no_market_is_said_at_once(api: AppClient, path: str, body: object) -> None:
    """Between two lives of its actor nobody takes it, so that nothing is done later either."""
    before = api.house.system.directory.markets.pop("BTCUSDT")
    assert unavailable(api, "POST", path, body) == "not-delivered"
    assert "nothing was done" in api.problem("POST", path, body)["detail"]
    api.house.system.directory.markets["BTCUSDT"] = before
    assert api.get("/markets")["items"][0]["last_price"] == "100"


def test_a_release_that_is_not_answered_says_where_to_look(
    api: AppClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent again blindly it could be refused although it was done."""
    monkeypatch.setattr(commands, "ANSWER_SECONDS", 0.0)
    backend: Backend = api.app.state.backend
    api.app.state.backend = replace(backend, to_market=lambda *_: True, command_seconds=0.01)
    problem = api.problem("POST", "/markets/BTCUSDT/release", {"price": "101"})
    assert problem["type"] == "urn:backstay:problem:no-answer"
    assert problem["detail"] == (
        "the release of BTCUSDT was not answered within 0.01 s: it may still be accepted; look at "
        "the market before you release it again"
    )


def back(api: AppClient) -> None:
    """Wait until a transaction went through and the books were checked."""
    deposit = {"amount": "0.01", "reference": "back"}
    while not api.ask("POST", "/accounts/demo/transfers", deposit).is_success:
        continue
    api.house.tell(lambda reply: CheckHealth(account="demo", reply_to=reply)).get(WITHIN)
