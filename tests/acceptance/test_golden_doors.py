"""The worked numbers of every exit, asked for at every door: each comes to the same figures."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.api import AppClient, serving
from tests.acceptance.doors import DOORS, HOOK, Asked, Door, door_of
from tests.acceptance.house import SYMBOL
from tests.command_line import CommandLine

Case = dict[str, Any]
CASES: list[Case] = json.loads((Path(__file__).parents[1] / "golden" / "exits.json").read_text())
golden = pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])

BEGIN = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    """An account of 10,000 and a hook; prices come by the test alone."""
    with serving(f"sqlite:///{tmp_path / 'golden.db'}", tmp_path, hook=HOOK) as api:
        api.account("10000")
        yield api


@pytest.fixture(params=DOORS)
def door(
    request: pytest.FixtureRequest,
    api: AppClient,
    shell: CommandLine,
    monkeypatch: pytest.MonkeyPatch,
) -> Door:
    """Each of the doors."""
    return door_of(request.param, api, shell, monkeypatch)


def asked(case: Case) -> Asked:
    """What the case asks for, with the names of every door; what it has none of is left out."""
    exits = {name: case[name] for name in ("stop_loss", "take_profits", "take_profit_fill")}
    if case["trailing"] is not None:
        exits["trailing"] = case["trailing"]
    if case["close_after_seconds"] is not None:
        exits["close_after"] = f"{case['close_after_seconds']}s"
    return Asked(side=case["side"], notional=case["notional"], exits=exits)


def at(seconds: int) -> str:
    return (BEGIN + timedelta(seconds=seconds)).isoformat()


def price(api: AppClient, price: str, seconds: int) -> None:
    """Let a price of that second come in."""
    body = {"symbol": SYMBOL, "price": price, "timestamp": at(seconds)}
    (taken,) = api.post("/prices", body)["items"]
    assert taken["result"] == "accepted"
    api.house.settle()


def parts_of(api: AppClient, position_id: int) -> list[tuple[Decimal, Decimal, str]]:
    """The parts that were closed: price, net PnL and reason."""
    parts = []
    for item in api.get(f"/positions/{position_id}/history")["items"]:
        if item["kind"] in ("position_reduced", "position_closed"):
            data = item["data"]
            net_pnl = Decimal(data["gross_pnl"]) - sum(map(Decimal, data["costs"].values()))
            reason = data.get("reason", "TAKE_PROFIT")
            parts.append((Decimal(data["exit_price"]), net_pnl, reason))
    return parts


@golden
def test_every_case_comes_to_its_figures_at_every_door(
    api: AppClient, door: Door, case: Case
) -> None:
    """Stop and rungs after each price, then every part's price, net PnL and reason."""
    price(api, case["entry_price"], 0)
    assert door(asked(case)) is None
    (opened,) = api.get("/positions")["items"]
    assert opened["stop_loss"] == case["stop_at_open"]

    for step in case["steps"]:
        price(api, step["price"], step["seconds"])
        position = api.get(f"/positions/{opened['id']}")
        assert (position["stop_loss"], position["rungs_hit"]) == (
            step["stop_after"],
            step["rungs_hit"],
        ), step

    assert position["close_reason"] == case["closed_for"]
    assert Decimal(position["net_pnl"]) == Decimal(case["net_pnl_so_far"])
    assert parts_of(api, opened["id"]) == [
        (Decimal(part["exit_price"]), Decimal(part["net_pnl"]), part["reason"])
        for step in case["steps"]
        for part in step["closed"]
    ]


def test_every_case_comes_to_its_figures_in_a_signals_file(shell: CommandLine) -> None:
    """One replay of all cases, each on a market of its own."""
    columns = ("stop_loss", "take_profits", "trailing", "close_after", "take_profit_fill")
    signals = [f"id,timestamp,symbol,side,notional,{','.join(columns)}"]
    prices = []
    for number, case in enumerate(CASES):
        symbol, asks = f"S{number}USDT", asked(case)
        cells = ",".join(f'"{asks.one_line.get(name, "")}"' for name in columns)
        signals.append(f"{case['name']},{at(0)},{symbol},{asks.side},{asks.notional},{cells}")
        steps = [(0, case["entry_price"]), *((s["seconds"], s["price"]) for s in case["steps"])]
        prices += [(seconds, f"{symbol},{at(seconds)},{price}") for seconds, price in steps]
    prices.sort(key=lambda row: row[0])
    Path("signals.csv").write_text("\n".join(signals) + "\n")
    Path("prices.csv").write_text("\n".join(["symbol,timestamp,price", *(r for _, r in prices)]))

    shell.says(
        "replay", "prices.csv", "--signals", "signals.csv", "--balance", "10000", "--report", "out"
    )

    found = json.loads(Path("out/report.json").read_text())["positions"]
    assert {
        position["signal_id"]: (
            position["close_reason"],
            position["exit_price"],
            position["rungs_hit"],
            position["stop_loss"],
            Decimal(position["net_pnl"]),
        )
        for position in found
    } == {
        case["name"]: (
            case["closed_for"],
            case["steps"][-1]["closed"][-1]["exit_price"],
            case["steps"][-1]["rungs_hit"],
            case["steps"][-1]["stop_after"],
            Decimal(case["net_pnl_so_far"]),
        )
        for case in CASES
    }
