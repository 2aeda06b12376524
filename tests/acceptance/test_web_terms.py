"""An account's own cost rates and exits over HTTP, and what its next opens make of them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.api import AppClient, serving
from tests.acceptance.doors import HOOK, HOOK_ADDRESS

SERVICE_COSTS = {"fee": "0.26%", "spread": "0.1%", "slippage": "0.05%"}
SERVICE_EXITS = {
    "stop_loss": "5%",
    "take_profits": "3%@0%>breakeven;6%@0%>previous;10%@100%>previous",
    "trailing": "none",
    "close_after": "none",
    "take_profit_fill": "price",
}
NOTHING_OWN = dict.fromkeys(SERVICE_EXITS)


@pytest.fixture
def api(database_url: str, tmp_path: Path) -> Iterator[AppClient]:
    """An account of 100 and a market at 100."""
    with serving(database_url, tmp_path) as api:
        api.account("100")
        api.price("100")
        yield api


def test_an_account_begins_with_the_service_s_terms(api: AppClient) -> None:
    """It has none of its own, and both are shown."""
    account = api.get("/accounts/demo")

    assert account["costs"] == {"own": None, "effective": SERVICE_COSTS}
    assert account["exits"] == {"own": NOTHING_OWN, "effective": SERVICE_EXITS}


def test_cost_rates_are_those_of_the_next_opens(api: AppClient) -> None:
    """A position that is open keeps its own; the one after is charged by the new rates."""
    before = api.open(notional="10")
    own = {"fee": "1%", "spread": "0%", "slippage": "0.5%"}

    account = api.put("/accounts/demo/costs", own)

    assert account["costs"] == {"own": own, "effective": own}
    assert api.get("/accounts/demo")["costs"] == account["costs"]
    after = api.open(notional="10")
    closed = [
        api.post(f"/positions/{position['id']}/close")["position"] for position in (before, after)
    ]
    assert [position["costs"] for position in closed] == ["0.06700000", "0.25000000"]
    assert "Cost rates of the next opens of demo: fee 1%, spread 0%, slippage 0.5%" in api.told()


@pytest.mark.parametrize("body", [{}, {"fee": None, "spread": None, "slippage": None}])
def test_an_account_without_rates_of_its_own_has_the_service_s(api: AppClient, body: Any) -> None:
    """An empty object, or nulls, give them back."""
    api.put("/accounts/demo/costs", {"fee": "1%", "spread": "0%", "slippage": "0%"})

    account = api.put("/accounts/demo/costs", body)

    assert account["costs"] == {"own": None, "effective": SERVICE_COSTS}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"fee": "0.1%"}, "spread and slippage not given: give fee, spread and slippage"),
        ({**SERVICE_COSTS, "fee": "12%"}, "fee of 12% of a notional is not between 0% and 10%"),
        ({**SERVICE_COSTS, "fee": "0.0026"}, "write it with its sign, such as 3%"),
        ({**SERVICE_COSTS, "fee": 0.26}, 'write it as a string, as "0.26%"'),
        ({**SERVICE_COSTS, "fee": "-0.1%"}, "'-0.1%' is not a percentage such as 3%"),
        ({**SERVICE_COSTS, "fee": "0.00000000000000001%"}, "with at most 16 decimals"),
        ({**SERVICE_COSTS, "tax": "1%"}, "known are fee, spread, slippage"),
    ],
)
def test_rates_that_cannot_be_charged_are_refused(
    api: AppClient, body: dict[str, Any], why: str
) -> None:
    """With the remedy, and the account keeps what it had."""
    problem = api.problem("PUT", "/accounts/demo/costs", body)

    assert problem["status"] == 422
    assert why in problem["detail"]
    assert api.get("/accounts/demo")["costs"]["own"] is None


def test_an_account_s_exits_stand_in_for_what_an_open_leaves_out(api: AppClient) -> None:
    """Field by field; what neither says is the service's."""
    account = api.put("/accounts/demo/exits", {"stop_loss": "4%", "trailing": "2% from rung 1"})

    own = {**NOTHING_OWN, "stop_loss": "4%", "trailing": "2%/0.1% from rung 1"}
    effective = {**SERVICE_EXITS, "stop_loss": "4%", "trailing": "2%/0.1% from rung 1"}
    assert account["exits"] == {"own": own, "effective": effective}
    assert api.get("/accounts/demo")["exits"] == account["exits"]
    assert api.open()["asked"] == effective
    asked = api.open(stop_loss="97", trailing="none")["asked"]
    assert asked == {**effective, "stop_loss": "97", "trailing": "none"}


def test_an_alert_has_the_account_s_terms_for_what_it_leaves_out(tmp_path: Path) -> None:
    """Its own stop-loss, the account's take-profit, and the account's cost rates."""
    with serving(f"sqlite:///{tmp_path / 'hook.db'}", tmp_path, hook=HOOK) as api:
        api.account("100")
        api.price("100")
        api.put("/accounts/demo/costs", {"fee": "1%", "spread": "0%", "slippage": "0%"})
        api.put("/accounts/demo/exits", {"stop_loss": "4%", "take_profits": ["8%"]})

        api.ask_at("POST", HOOK_ADDRESS, content="action=buy symbol=BTCUSDT sl=98")
        api.house.settle()

        (opened,) = api.get("/positions")["items"]
        assert (opened["stop_loss"], opened["take_profit_prices"]) == ("98", ["108"])
        api.price("108")
        assert api.get(f"/positions/{opened['id']}")["costs"] == "0.52000000"


@pytest.mark.parametrize("body", [{}, NOTHING_OWN])
def test_an_account_without_exits_of_its_own_has_the_service_s(api: AppClient, body: Any) -> None:
    """An empty object, or nulls, give them back: exits that were set before do not linger."""
    api.put("/accounts/demo/exits", {"stop_loss": "4%"})

    account = api.put("/accounts/demo/exits", body)

    assert account["exits"] == {"own": NOTHING_OWN, "effective": SERVICE_EXITS}
    assert api.open()["asked"] == SERVICE_EXITS


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"stop_loss": "none"}, "there is no stop-loss: give one such as 5%"),
        ({"trailing": "2% from rung 4"}, "the trail begins at rung 4, and the ladder has 3"),
        ({"take_profits": ["3%@60%", "6%@60%"]}, "come to 120% at number 2"),
        ({"stop_loss_pct": "4"}, 'write "stop_loss": "5%"'),
    ],
)
def test_exits_that_could_not_guard_an_open_are_refused(
    api: AppClient, body: dict[str, Any], why: str
) -> None:
    """As they are set, and not at each alert that relies on them."""
    problem = api.problem("PUT", "/accounts/demo/exits", body)

    assert problem["status"] == 422
    assert why in problem["detail"]
    assert api.get("/accounts/demo")["exits"]["own"] == NOTHING_OWN


@pytest.mark.parametrize("terms", ["costs", "exits"])
def test_terms_of_an_account_that_is_not_there_are_refused(api: AppClient, terms: str) -> None:
    """With the remedy that every command to it has."""
    problem = api.problem("PUT", f"/accounts/nobody/{terms}", {})

    assert (problem["status"], problem["type"]) == (404, "urn:backstay:problem:account-unknown")


def test_terms_survive_a_restart(database_url: str, tmp_path: Path) -> None:
    """They are in the account's row."""
    own = {"fee": "0.1%", "spread": "0%", "slippage": "0%"}
    with serving(database_url, tmp_path) as api:
        api.account("100")
        api.put("/accounts/demo/costs", own)
        before = api.put("/accounts/demo/exits", {"close_after": "4h"})
    with serving(database_url, tmp_path) as api:
        assert api.get("/accounts/demo") == before
