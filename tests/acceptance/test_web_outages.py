"""The database is away: what the API still answers, and what a 503 says for certain."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.messages import CheckHealth, ClosePosition
from tests.acceptance.api import Api, an_open, serving
from tests.acceptance.house import WITHIN


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[Api]:
    """An account of 100 and a market at 100, over a database that can be made to fail."""
    with serving(database_url, tmp_path, faulty=True, command_seconds=0.5) as api:
        api.account("100")
        api.price("100")
        yield api


def unavailable(api: Api, method: str, path: str, body: object = None, **how: object) -> str:
    """Ask for what cannot be answered now; returns the problem's type."""
    response = api.ask(method, path, body, **how)
    assert response.status_code == 503, response.text
    assert response.headers["Retry-After"] == "1"
    return str(response.json()["type"]).removeprefix("urn:backstay:problem:")


def test_an_open_is_refused_and_certainly_not_made_later(api: Api) -> None:
    """The same key opens it once the database is back, and then only once."""
    api.faults.down = True
    how = {"headers": {"Idempotency-Key": "k"}}
    assert unavailable(api, "POST", "/positions", an_open(), **how) == "deadline-passed"
    api.faults.down = False
    back(api)
    assert api.get("/positions")["items"] == []
    assert api.get("/accounts/demo")["locked_balance"] == "0.00000000"
    opened = api.ask("POST", "/positions", an_open(), **how)
    assert opened.status_code == 201
    assert api.open("k") == opened.json()


def test_a_close_is_carried_out_later_and_may_be_repeated(api: Api) -> None:
    """It says so, and the repeat finds it done."""
    position_id = api.open()["id"]
    api.faults.down = True
    path = f"/positions/{position_id}/close"
    assert unavailable(api, "POST", path, {"note": "first"}) == "no-answer"
    detail = api.problem("POST", path)["detail"]
    assert detail == (
        f"the close of position {position_id} was not answered within 1.5 s: it may still be "
        "carried out; send it again, it is done once"
    )
    api.faults.down = False
    waiting = api.house.tell(lambda reply: ClosePosition(position_id=position_id, reply_to=reply))
    waiting.get(WITHIN)
    again = api.post(path)
    assert again["already_closed"] is True
    assert again["position"]["close_note"] == "first"


def test_what_is_open_is_read_all_the_same(api: Api) -> None:
    """Accounts, open positions and markets are published; what only the database has is a 503."""
    position = api.open()
    api.faults.down = True
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


def back(api: Api) -> None:
    """Wait until a transaction went through and the books were checked."""
    deposit = {"amount": "0.01", "reference": "back"}
    while not api.ask("POST", "/accounts/demo/transfers", deposit).is_success:
        continue
    api.house.tell(lambda reply: CheckHealth(account="demo", reply_to=reply)).get(WITHIN)
