"""The Grafana boards' queries, run by a real Prometheus that scrapes the real service."""

import math
import time
from collections.abc import Iterator

import pytest

from tests.monitoring.board_scenario import ALL, TIMES, Played, played
from tests.monitoring.boards import (
    QUERYING,
    Json,
    annotation_queries,
    panel_queries,
    substituted,
    variables,
)

TILES = ("Healthy", "Drift", "Total", "Locked", "Available", "Open positions", "Shortfalls")


@pytest.fixture(scope="module")
def scenario(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Played]:
    """The scenario, played once."""
    with played(tmp_path_factory.mktemp("boards")) as scenario:
        yield scenario


@pytest.mark.parametrize("board", QUERYING.values(), ids=QUERYING)
def test_every_query_finds_something(board: Json, scenario: Played) -> None:
    """Panels and annotations, with everything chosen and with what the variables offer."""
    end = time.time() + 1  # the newest samples may be younger than the last whole step
    empty = [
        str(asked)
        for values in (ALL, scenario.chosen())
        for asked in [*panel_queries(board), *annotation_queries(board)]
        if not any(
            math.isfinite(value)
            for _, series in scenario.prometheus.query_range(
                substituted(asked.expr, values | TIMES), scenario.start, end
            )
            for value in series
        )
    ]
    assert empty == []


def test_the_variables_offer_what_there_is(scenario: Played) -> None:
    """One job, the service's address, and its account."""
    chosen = scenario.chosen()
    assert chosen.pop("instance").startswith("127.0.0.1:")
    assert chosen == {"job": "backstay", "account": "demo"}
    names = [[variable["name"] for variable in variables(board)] for board in QUERYING.values()]
    assert names == [["job", "instance", "account"]] * len(QUERYING)


def test_books_show_the_balances_of_the_api(scenario: Played) -> None:
    """To the last digit, with the open positions; and somebody has just checked them."""
    shown = {title: scenario.tiles[f"Backstay / Books / {title}"][""] for title in TILES}
    assert shown == {
        "Healthy": 1,
        "Drift": 0,
        "Total": float(scenario.account["total_balance"]),
        "Locked": 50,
        "Available": float(scenario.account["available_balance"]),
        "Open positions": 2,
        "Shortfalls": 0,
    }
    assert 0 <= scenario.tiles["Backstay / Books / Last check"][""] < 10


def test_ladders_show_what_prices_did(scenario: Played) -> None:
    """Rungs, stops, closes and denials, as the scenario made them.

    Prometheus extrapolates an increase to the whole range, by more the fewer scrapes there were.
    """
    shown = {
        title.removeprefix("Backstay / Ladders / "): values
        for title, values in scenario.tiles.items()
        if title.startswith("Backstay / Ladders / ")
    }
    happened = {
        "Open positions": {"LONG": 1, "SHORT": 1},
        "Beyond the stop": {"": 0},
        "Past the time stop": {"": 0},
        "Rungs hit": {"LONG": 3, "SHORT": 1},
        "Stop moves": {"": 5},
        "Closed": {"": 2},
        "Opens denied": {"": 2},
    }
    assert shown.keys() == happened.keys()
    for title, values in happened.items():
        assert shown[title] == pytest.approx(values, rel=0.3), title


def test_the_engine_is_well(scenario: Played) -> None:
    """Ready, with its feed back, and nothing failed."""
    shown = {
        title: scenario.tiles[f"Backstay / Engine / {title}"][""]
        for title in ("Ready", "Database", "Feeds away", "Actor restarts", "Commit failures")
    }
    assert shown == {
        "Ready": 1,
        "Database": 1,
        "Feeds away": 0,
        "Actor restarts": 0,
        "Commit failures": 0,
    }


def test_a_changed_balance_is_seen_on_the_board(scenario: Played) -> None:
    """The books are not healthy, by how much they are off, and the alert is marked."""
    assert scenario.broken["Backstay / Books / Healthy"] == {"": 0}
    assert scenario.broken["Backstay / Books / Drift"] == {"": pytest.approx(0.0018)}
    (alerts,) = [it for it in annotation_queries(QUERYING["books"]) if it.where == "Alerts"]
    marked = scenario.prometheus.query(substituted(alerts.expr, scenario.chosen()))
    assert "WalletHealthMismatch" in {sample.labels["alertname"] for sample in marked}
