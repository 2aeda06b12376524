"""Exits that cannot be, asked for at every door: refused with figures and remedy, nothing done."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.api import AppClient, serving
from tests.acceptance.doors import DOORS, HOOK, Asked, Door, door_of
from tests.command_line import CommandLine


@dataclass(frozen=True, slots=True)
class Bad:
    """Exits of a LONG at 100 that cannot be, and what every door says about them."""

    exits: dict[str, Any]
    says: str
    is_read: bool = True
    """Whether the text alone is wrong; otherwise the price, or an account's terms, decide."""


BAD = {
    "stop on the wrong side": Bad(
        {"stop_loss": "105"},
        "the stop-loss of a LONG must lie below its entry of 100",
        is_read=False,
    ),
    "target passed": Bad(
        {"take_profits": ["99"]},
        "take-profit 1 at 99 is not above the entry of 100, the market has passed it already",
        is_read=False,
    ),
    "rungs out of order": Bad({"take_profits": ["6%", "3%"]}, "take-profit 2 of 3% is not beyond"),
    "prices out of order": Bad(
        {"take_profits": ["106", "103"]}, "put them in order", is_read=False
    ),
    "a rung's stop beyond it": Bad(
        {"take_profits": [{"at": "103", "stop": "104"}, {"at": "106"}]},
        "take-profit 1 at 103 sends the stop-loss to 104 (104), which is not",
        is_read=False,
    ),
    "shares above 100 %": Bad(
        {"take_profits": [{"at": "3%", "close": "60%"}, {"at": "6%", "close": "60%"}]},
        "the shares of the take-profits come to 120% at number 2: they may come to 100% at most",
    ),
    "a share above 100 %": Bad(
        {"take_profits": [{"at": "3%", "close": "140%"}]}, "share 140% is above 100%"
    ),
    "a share without its sign": Bad(
        {"take_profits": [{"at": "3%", "close": "0.4"}]},
        "'0.4' is not a percentage: write it with its sign, such as 3%",
    ),
    "a trail of nothing": Bad({"trailing": "0"}, "'0' is not above 0"),
    "a trail of 0 %": Bad({"trailing": "0%"}, "'0%' is not above 0"),
    "a step as a price": Bad({"trailing": "2%/5"}, "'5' is not a percentage: write it with its"),
    "a trail of a rung that is not there": Bad(
        {"trailing": "2% from rung 4"},
        "the trail begins at rung 4, and the ladder has 3",
        is_read=False,
    ),
    "a duration without a unit": Bad({"close_after": "4"}, "'4' is not a duration"),
    "thousands separators in a stop": Bad(
        {"stop_loss": "62,800"}, "'62,800' has thousands separators: write 62800"
    ),
    "thousands separators in a target": Bad(
        {"take_profits": ["65,000"]}, "separate take-profits with ;"
    ),
    "a percentage where a price must be": Bad(
        {"stop_loss": "62800%"}, "to give a price, leave out the %"
    ),
    "a price where a share must be": Bad(
        {"take_profits": ["3%@65000"]}, "'65000' is not a percentage: write it with its sign"
    ),
    "40 targets": Bad(
        {"take_profits": [f"{number}%" for number in range(1, 41)]},
        "40 take-profits: give at most 8",
    ),
    "no stop-loss": Bad(
        {"stop_loss": "none"},
        "there is no stop-loss: give one such as 5%, or a trail from the entry in its place",
        is_read=False,
    ),
    "an unknown word": Bad(
        {"take_profits": ["3%>middle"]}, "`keep`, `breakeven`, `breakeven_net`, `previous`"
    ),
    "a fill that is neither": Bad(
        {"take_profit_fill": "limit"}, "'limit' is neither `price` nor `level`"
    ),
}
bad_exits = pytest.mark.parametrize("bad", BAD.values(), ids=BAD)


@pytest.fixture
def api(tmp_path: Path) -> Iterator[AppClient]:
    """An account of 1000, a market at 100, and a hook."""
    with serving(f"sqlite:///{tmp_path / 'bad.db'}", tmp_path, hook=HOOK) as api:
        api.account("1000")
        api.price("100")
        yield api


@pytest.fixture(params=DOORS)
def door_name(request: pytest.FixtureRequest) -> str:
    """The name of each of the doors."""
    return str(request.param)


@pytest.fixture
def door(
    door_name: str, api: AppClient, shell: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> Door:
    """Each of the doors."""
    return door_of(door_name, api, shell, monkeypatch)


@bad_exits
def test_every_door_refuses_it_with_the_remedy(
    api: AppClient, door: Door, door_name: str, bad: Bad
) -> None:
    """Nothing is opened or held; an alert's sender finds the refusal among the events."""
    before = api.get("/accounts/demo")

    refused = door(Asked(exits=bad.exits))

    assert refused is not None
    assert bad.says in refused
    assert api.get("/positions")["items"] == []
    assert api.get("/accounts/demo") == before
    if door_name.startswith("hook"):
        kept = [text for text in api.told() if bad.says in text]
        begins = "Alert refused: " if bad.is_read else "Signal 1 denied: "
        assert len([text for text in kept if text.startswith(begins)]) == 1


@bad_exits
def test_a_signals_file_with_it_is_refused_by_its_line_or_its_signal_is_denied(
    shell: CommandLine, bad: Bad
) -> None:
    """What the text alone shows stops the replay; what the price shows denies the signal."""
    line = Asked(exits=bad.exits).one_line
    Path("signals.csv").write_text(
        f"id,timestamp,symbol,side,notional,{','.join(line)}\n"
        "first,1700000000,BTCUSDT,LONG,25" + "," * len(line) + "\n"
        "bad,1700000000,BTCUSDT,LONG,25," + ",".join(f'"{text}"' for text in line.values()) + "\n"
    )
    Path("prices.csv").write_text("symbol,timestamp,price\nBTCUSDT,1700000000,100\n")

    replay = ("replay", "prices.csv", "--signals", "signals.csv", "--report", "out")
    code, _, error = shell.run(*replay)

    if bad.is_read:
        assert code == 2
        assert "signals.csv, line 3: " in error
        assert bad.says in error
        assert not Path("out").exists()
        return
    assert code == 0
    report = json.loads(Path("out/report.json").read_text())
    (denied,) = report["denied"]
    assert denied["signal_id"] == "bad"
    assert bad.says in denied["detail"]
    assert [position["signal_id"] for position in report["positions"]] == ["first"]


FORMER = {"stop_loss_pct": "5", "take_profit_pcts": ["3", "6"], "close_fractions": ["0.5", "0.5"]}


@pytest.mark.parametrize("name", FORMER)
def test_a_field_for_percentages_only_is_refused_with_the_form_that_replaces_it(
    api: AppClient, door: Door, door_name: str, name: str
) -> None:
    """It is not ignored: the position would have another ladder than its sender thinks."""
    if door_name in ("one line", "command line"):
        pytest.skip("the same body, or an option that is not there: see test_commands_trade")
    refused = door(Asked(exits={name: FORMER[name]}))

    assert refused is not None
    instead = "stop_loss" if name == "stop_loss_pct" else "take_profits"
    assert re.search(rf"\b{name}\b.*\b{instead}\b", refused)
    assert api.get("/positions")["items"] == []
