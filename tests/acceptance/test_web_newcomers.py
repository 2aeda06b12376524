"""What somebody meets who tries the API for the first time: its page, and its ways to say no."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import backstay.web.app
from backstay.web.api.fields import RequestBody
from backstay.web.api.paging import PageQuery
from tests.acceptance.api import AppClient, serving


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    """A house over a database in memory, as its first start leaves it, with a market."""
    with serving("sqlite://", tmp_path) as api:
        api.account("1000")
        api.price("60000")
        yield api


def bodies(model: type[RequestBody] = RequestBody) -> Iterator[type[RequestBody]]:
    """Every model of a request's body."""
    for each in model.__subclasses__():
        if not issubclass(each, PageQuery) and each.__module__.startswith("web."):
            yield each
        yield from bodies(each)


BODIES = [
    body for body in bodies() if body.__module__.startswith(backstay.web.app.__package__ or "")
]


@pytest.mark.parametrize("model", BODIES, ids=lambda model: str(model.__name__))
def test_every_body_has_an_example_that_is_valid(model: type[RequestBody]) -> None:
    """What the page suggests is taken as it stands."""
    examples = model.model_json_schema().get("examples", [])
    assert examples
    for example in examples:
        model.model_validate(example)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/positions", 201),
        ("/accounts", 201),
        ("/prices", 200),
        ("/accounts/demo/transfers", 200),
        ("/positions/close-all", 200),
        ("/trading/pause", 200),
    ],
)
def test_an_example_of_the_page_works_unchanged(api: AppClient, path: str, status: int) -> None:
    """On a fresh service with a demo account, as the document has it."""
    document = api.ask_at("GET", "/openapi.json").json()
    operation = document["paths"]["/api/v1" + path.replace("demo", "{account}")]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    first = next(iter(schema.get("anyOf") or schema.get("oneOf") or [schema]))
    named = document["components"]["schemas"][first["$ref"].rpartition("/")[2]]
    assert api.ask("POST", path, named["examples"][0]).status_code == status


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_body_that_is_not_called_json_says_what_to_send(api: AppClient, kind: str | None) -> None:
    """The header is what is missing: curl sends another one by itself."""
    body = b'{"account": "second", "initial_balance": "1"}'
    headers = {} if kind is None else {"Content-Type": kind}
    for path in ("/accounts", "/prices"):
        refused = api.ask_at("POST", f"/api/v1{path}", content=body, headers=headers)
        assert refused.status_code == 422
        advice = "body: send JSON with `Content-Type: application/json`"
        assert refused.json()["detail"] == advice


def test_broken_json_is_told_of_with_its_place(api: AppClient) -> None:
    """Counted in characters from 0, and what was expected there."""
    headers = {"Content-Type": "application/json"}
    refused = api.ask_at("POST", "/api/v1/accounts", content=b'{"account": }', headers=headers)
    assert refused.status_code == 422
    assert refused.json()["detail"] == "body: no JSON at character 12: Expecting value"


def test_an_unknown_field_is_answered_with_those_that_are_known(api: AppClient) -> None:
    """One price and a list of them alike, and inside of a body; no name of the inside is told."""
    price = {"symbol": "BTCUSDT", "price": "1", "time": "now"}
    known = "there is no such field; known are symbol, price, timestamp"
    assert api.problem("POST", "/prices", price)["detail"] == f"time: {known}"
    assert api.problem("POST", "/prices", [price])["detail"] == f"0.time: {known}"
    account = {"account": "a", "initial_balance": "1", "limits": {"max": 1}}
    detail = api.problem("POST", "/accounts", account)["detail"]
    assert detail.startswith("limits.max: there is no such field; known are open_positions_")
    assert "account" in api.problem("GET", "/positions", params={"acount": "demo"})["detail"]


def test_a_mistyped_symbol_closes_nothing_and_says_so(api: AppClient) -> None:
    """Nobody shall think that everything is closed."""
    api.open()
    problem = api.problem("POST", "/positions/close-all", {"symbol": "BTCUSD"})
    assert problem["status"] == 404
    assert problem["type"] == "urn:backstay:problem:market-unknown"
    assert "there is no market BTCUSD, and nothing was closed" in problem["detail"]
    listing = api.problem("GET", "/positions", params={"symbol": "btc-usd"})
    assert listing["type"] == "urn:backstay:problem:market-unknown"
    assert "there is no market BTCUSD, and it has no positions" in listing["detail"]


@pytest.mark.parametrize(("key", "named"), [(None, False), ("k", True)])
def test_an_open_without_an_answer_speaks_of_the_key_that_was_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str | None, *, named: bool
) -> None:
    """Who gave none cannot send the same one again."""
    monkeypatch.setattr("backstay.web.api.waiting.ANSWER_SECONDS", 0.1)
    with serving("sqlite://", tmp_path, command_seconds=0) as api:
        silent = replace(api.app.state.backend, tell=lambda _: None)
        api.app.state.backend = silent
        headers = {} if key is None else {"Idempotency-Key": key}
        body = {"account": "demo", "symbol": "BTCUSDT", "side": "LONG", "notional": "25"}
        problem = api.problem("POST", "/positions", body, headers=headers)
    assert problem["status"] == 503
    assert "was not answered within" in problem["detail"]
    assert ("the same Idempotency-Key" in problem["detail"]) is named
