"""Every refusal over HTTP: a problem document with a stable type, and a status that fits."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from actors.market.messages import SetPause
from backstay.web.problems import TYPE_PREFIX, problem_for
from tests.acceptance.api import AppClient, an_open, serving
from trading.model import Denial, DenialReason


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[AppClient]:
    """An account of 100 with narrow limits, and a market at 100."""
    with serving(database_url, tmp_path) as api:
        limits = {
            "open_positions_max": 2,
            "position_notional_max": "60",
            "symbol_notional_max": "70",
            "position_notional_min": "5",
        }
        api.account("100", limits=limits)
        api.price("100")
        api.price("10", symbol="ETHUSDT")
        yield api


@pytest.fixture
def memory_api(tmp_path: Path) -> Iterator[AppClient]:
    """A house over a database in memory, for what no database has a say in."""
    with serving("sqlite://", tmp_path) as api:
        yield api


def kind(document: dict[str, object]) -> tuple[object, str]:
    """The status, and the type without its prefix."""
    return document["status"], str(document["type"]).removeprefix(TYPE_PREFIX)


@pytest.mark.parametrize("reason", DenialReason)
def test_every_denial_is_a_client_s_error_or_a_reason_to_come_again(reason: DenialReason) -> None:
    """None is a 500, and who is to come again is told when."""
    problem = problem_for(Denial(reason=reason, text="why"))
    assert problem.status in (404, 409, 422, 503)
    assert ("Retry-After" in problem.headers) == (problem.status == 503)
    assert problem.document()["type"] == f"{TYPE_PREFIX}{reason.value.replace('_', '-')}"
    assert problem.document()["detail"] == "why"


def test_opens_that_the_account_does_not_allow(api: AppClient) -> None:
    """Each says what was asked and what was held."""
    api.open(notional="40")
    refused = {
        "limit-position-notional": an_open(notional="61"),
        "limit-symbol-notional": an_open(notional="31"),
        "insufficient-balance": an_open(notional="60", symbol="ETHUSDT"),
        "notional-too-small": an_open(notional="4"),
    }
    api.post("/accounts/demo/transfers", {"amount": "-1", "reference": "out"})
    for name, body in refused.items():
        assert kind(api.problem("POST", "/positions", body)) == (422, name)
    api.open(notional="5", symbol="ETHUSDT")
    third = api.problem("POST", "/positions", an_open(notional="5"))
    assert kind(third) == (422, "limit-open-positions")
    assert third["detail"] == (
        "position of 5.00 USDT refused: 2 of at most 2 positions are open in account demo"
    )


@pytest.mark.parametrize(
    ("ladder", "place"),
    [
        ({"take_profits": ["6%", "3%"]}, "body.take_profits"),
        ({"take_profits": ["3%@80%", "6%@30%"]}, "body.take_profits"),
        ({"take_profits": ["3%", {"at": "6%", "close": "101%"}]}, "body.take_profits.1.close"),
        ({"take_profits": [{"at": "3%", "stop": "nowhere"}]}, "body.take_profits.0.stop"),
        ({"take_profits": ["3%", "x", {"close": "5%"}]}, "body.take_profits.1"),
        ({"trailing": {"distance": "2%", "from": "rung x"}}, "body.trailing.from"),
        ({"trailing": {"distance": "2%", "step": "1"}}, "body.trailing.step"),
        ({"stop_loss": "5 percent"}, "body.stop_loss"),
        ({"stop_loss": "100%"}, "body.stop_loss"),
    ],
)
def test_ladders_that_cannot_be_read_are_refused_at_their_field(
    memory_api: AppClient, ladder: dict[str, object], place: str
) -> None:
    """Before anything is asked, and with the place of what is wrong."""
    problem = memory_api.problem("POST", "/positions", an_open(**ladder))
    assert kind(problem) == (422, "invalid-request")
    assert problem["errors"][0]["place"] == place


@pytest.mark.parametrize("ladder", [{"stop_loss": "101"}, {"take_profits": ["65000", "6%"]}])
def test_ladders_that_cannot_be_guarded(memory_api: AppClient, ladder: dict[str, object]) -> None:
    """What only the account's ladder or the entry price tells is refused with the figures."""
    memory_api.account("100")
    memory_api.price("100")
    assert kind(memory_api.problem("POST", "/positions", an_open(**ladder))) == (
        422,
        "ladder-invalid",
    )


def test_what_is_not_there(api: AppClient) -> None:
    """Accounts, positions, markets: 404, by reading and by doing."""
    for method, path, body in (
        ("GET", "/accounts/nobody", None),
        ("GET", "/accounts/nobody/transactions", None),
        ("GET", "/accounts/nobody/transactions.csv", None),
        ("GET", "/accounts/nobody/health", None),
        ("POST", "/accounts/nobody/transfers", {"amount": "1", "reference": "r"}),
        ("POST", "/positions", an_open(account="nobody")),
        ("POST", "/trading/pause", {"account": "nobody", "reason": "r"}),
    ):
        assert kind(api.problem(method, path, body)) == (404, "account-unknown")
    for method, path, body in (
        ("GET", "/positions/77", None),
        ("GET", "/positions/77/history", None),
        ("POST", "/positions/77/close", None),
        ("PATCH", "/positions/77", {"stop_loss": "1"}),
    ):
        assert kind(api.problem(method, path, body)) == (404, "position-unknown")
    for path, body in (
        ("/positions", an_open(symbol="DOGE")),
        ("/markets/DOGE/release", {"price": "1"}),
    ):
        assert kind(api.problem("POST", path, body)) == (404, "price-unknown")


def test_what_the_market_does_not_allow(api: AppClient) -> None:
    """A quarantine, a pause by the network: 409, until it is over."""
    api.price("400")
    quarantined = api.problem("POST", "/positions", an_open())
    assert kind(quarantined) == (409, "market-quarantined")
    other = api.problem("POST", "/markets/BTCUSDT/release", {"price": "401"})
    assert kind(other) == (409, "candidate-unknown")
    api.house.system.directory.to_market("ETHUSDT", SetPause(why="its venue's connection is down"))
    paused = api.problem("POST", "/positions", an_open(symbol="ETHUSDT"))
    assert kind(paused) == (409, "paused-by-network")


def test_after_a_restart_no_price_is_fresh(database_url: str, tmp_path: Path) -> None:
    """Opens and closes wait for the first price."""
    with serving(database_url, tmp_path) as api:
        api.account("100")
        api.price("100")
        position_id = api.open()["id"]
        api.house.stop()
    with serving(database_url, tmp_path) as api:
        stale = (409, "price-stale")
        assert kind(api.problem("POST", "/positions", an_open())) == stale
        assert kind(api.problem("POST", f"/positions/{position_id}/close")) == stale
        api.price("100")
        assert api.post(f"/positions/{position_id}/close")["already_closed"] is False


def test_an_account_whose_books_do_not_balance_opens_nothing(api: AppClient) -> None:
    """The health check finds it, and says which entry; opens are refused, the reads go on."""
    assert api.get("/accounts/demo/health")["status"] == "HEALTHY"
    api.house.sql("UPDATE accounts SET total = total + 1")
    health = api.get("/accounts/demo/health")
    assert health["status"] == "MISMATCH"
    failed = [check["name"] for check in health["checks"] if not check["passed"]]
    assert "total" in failed
    assert health["first_divergent_entry"] == 1
    assert kind(api.problem("POST", "/positions", an_open())) == (409, "books-mismatch")
    assert api.get("/accounts/demo")["total_balance"] == "100.00000000"


@pytest.mark.parametrize(
    ("body", "place"),
    [
        (an_open(notional=25), "body.notional"),
        (an_open(notional=25.5), "body.notional"),
        (an_open(notional="1e3"), "body.notional"),
        (an_open(notional="0"), "body.notional"),
        (an_open(notional="0.000000001"), "body.notional"),
        (an_open(notional="90000000000.1"), "body.notional"),
        (an_open(quantity="-1"), "body.quantity"),
        (an_open(notional="25", quantity="1"), "body"),
        (an_open(notional=None), "body"),
        (an_open(side="BUY"), "body.side"),
        (an_open(symbol="€"), "body.symbol"),
        (an_open(leverage="2"), "body.leverage"),
        (an_open(account="a\nb"), "body.account"),
        ({}, "body.account"),
    ],
)
def test_what_is_no_request_names_its_place(
    memory_api: AppClient, body: dict[str, object], place: str
) -> None:
    """Numbers that are no strings, amounts out of bounds, unknown fields."""
    document = memory_api.problem("POST", "/positions", body)
    assert kind(document) == (422, "invalid-request")
    assert document["errors"][0]["place"] == place


def test_a_number_that_is_no_string_says_how_to_write_it(memory_api: AppClient) -> None:
    """JSON numbers would lose digits on their way."""
    document = memory_api.problem("POST", "/positions", an_open(notional=25))
    assert document["detail"] == 'notional: write it as a string, as "25"'


@pytest.mark.parametrize(
    "query",
    ["cursor=%21", "cursor=eA", "cursor=LTE", "limit=0", "limit=501", "acount=demo", "status=open"],
)
def test_a_query_that_makes_no_sense_is_refused(memory_api: AppClient, query: str) -> None:
    """Nothing is ignored: a misspelled filter would list everything."""
    assert kind(memory_api.problem("GET", f"/positions?{query}")) == (422, "invalid-request")
