"""Previews over HTTP: what an open, a change and a close would come to, and nothing done."""

from collections.abc import Iterator
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


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"side": "SHORT", "quantity": "0.1", "stop_loss": "104", "take_profits": ["98@40%", "96"]},
        {"trailing": {"distance": "2%", "from": "entry"}, "stop_loss": "none", "close_after": "4h"},
    ],
)
def test_a_preview_shows_the_ladder_that_the_open_then_has(
    api: AppClient, asked: dict[str, Any]
) -> None:
    """Levels, quantity and hold are the same, and the preview opens nothing."""
    preview = api.post("/positions/preview", an_open(**asked))
    assert api.get("/positions")["items"] == []
    assert api.get("/accounts/demo")["locked_balance"] == "0.00000000"

    position = api.open(**asked)

    ladder = preview["ladder"]
    assert ladder == {name: position[name] for name in ladder}
    opened = api.get(f"/positions/{position['id']}/history")["items"][0]
    assert preview["texts"] == [opened["text"]]


def test_a_preview_says_the_risk_and_the_gain_with_costs(api: AppClient) -> None:
    """The specification's open: what the stop-loss loses, and the golden close at +10 %."""
    preview = api.post("/positions/preview", an_open())

    assert preview["stop"] == {"price": "95", "distance_pct": "-5.00", "net_pnl": "-1.41237500"}
    first, _, last = preview["targets"]
    assert first["stop"] == {"price": "100", "distance_pct": "0.00", "net_pnl": "-0.16750000"}
    assert (first["quantity"], first["net_pnl"]) == ("0", "0.57942500")
    assert (last["quantity"], last["net_pnl"], last["stop"]) == ("0.25", "2.32225000", None)
    position_id = api.open()["id"]
    api.price("95")
    stopped = api.get(f"/positions/{position_id}")
    assert stopped["net_pnl"] == preview["stop"]["net_pnl"]


@pytest.mark.parametrize(
    "asked",
    [
        {"notional": "2500"},
        {"stop_loss": "101"},
        {"take_profits": ["99"]},
        {"take_profits": ["103", "102"]},
        {"stop_loss": "none"},
        {"account": "nobody"},
        {"symbol": "NOPE"},
        {"symbol": "BTCUSDT", "notional": "0.00000001"},
        {"stop_loss_pct": "5"},
        {"trailing": {"distance": "0%"}},
    ],
)
def test_a_preview_is_refused_in_the_words_of_the_open(
    api: AppClient, asked: dict[str, Any]
) -> None:
    """The same problem document, whatever is wrong."""
    body = an_open(**asked)

    preview = api.problem("POST", "/positions/preview", body)

    assert preview == api.problem("POST", "/positions", body)


def test_a_preview_is_refused_while_the_open_would_be(api: AppClient) -> None:
    """A pause, and a price in quarantine."""
    api.post("/trading/pause", {"reason": "lunch"})
    paused = api.problem("POST", "/positions/preview", an_open())
    assert paused == api.problem("POST", "/positions", an_open())
    api.post("/trading/resume", {"reason": "back"})
    api.price("20")
    quarantined = api.problem("POST", "/positions/preview", an_open())
    assert quarantined["type"].endswith("market-quarantined")
    assert quarantined == api.problem("POST", "/positions", an_open())


def test_a_change_is_previewed_as_it_is_then_made(api: AppClient) -> None:
    """The ladder after it and its sentences; nothing is changed before it is sent."""
    position_id = api.open()["id"]
    before = api.get(f"/positions/{position_id}")
    change = {"stop_loss": "98", "take_profits": ["104@50%", "108"], "trailing": "2% from rung 1"}

    preview = api.post(f"/positions/{position_id}/preview", change)

    assert api.get(f"/positions/{position_id}") == before
    assert preview["stop"]["net_pnl"] == "-0.66545000"
    after = api.ok(api.ask("PATCH", f"/positions/{position_id}", change))
    assert preview["ladder"] == {name: after[name] for name in preview["ladder"]}
    history = api.get(f"/positions/{position_id}/history")["items"]
    assert preview["texts"] == [item["text"] for item in history[1:]]


def test_a_change_s_preview_is_refused_in_the_words_of_the_change(api: AppClient) -> None:
    """A stop that would loosen, a position that is not there, and one that is closed."""
    position_id = api.open()["id"]
    for path, body in (
        (f"/positions/{position_id}", {"stop_loss": "90"}),
        (f"/positions/{position_id}", {}),
        ("/positions/77", {"stop_loss": "98"}),
    ):
        assert api.problem("POST", f"{path}/preview", body) == api.problem("PATCH", path, body)
    api.post(f"/positions/{position_id}/close")
    change = {"stop_loss": "98"}
    preview = api.problem("POST", f"/positions/{position_id}/preview", change)
    assert preview == api.problem("PATCH", f"/positions/{position_id}", change)


@pytest.mark.parametrize("body", [None, {"share": "25%"}, {"quantity": "0.1"}])
def test_a_close_is_previewed_as_it_is_then_made(api: AppClient, body: Any) -> None:
    """The price, the quantity, what is left, and the net PnL of the part."""
    position_id = api.open()["id"]
    api.price("102")

    preview = api.post(f"/positions/{position_id}/close/preview", body)

    assert api.get(f"/positions/{position_id}")["open_quantity"] == "0.25"
    after = api.post(f"/positions/{position_id}/close", body)["position"]
    assert preview["left"] == after["open_quantity"]
    assert preview["net_pnl"] == preview["net_pnl_in_all"] == after["net_pnl"]
    assert preview["price"] == "102"
