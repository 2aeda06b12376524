"""The Grafana boards as files: generated, complete, and by the rules of Grafana's own linter."""

import json
import re
from itertools import combinations
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import dashboard, units

from backstay.service.metrics.catalogue import METRICS
from grafana.boards.__main__ import boards
from grafana.boards.frame import draw
from tests.monitoring.boards import (
    BOARDS,
    FOLDER,
    QUERYING,
    ROOT,
    SELECTOR,
    Json,
    annotation_queries,
    label_values,
    panel_queries,
    panels,
    variables,
)

OF_THE_DATA_SOURCE = {"step", "tagKeys", "textFormat", "titleFormat", "useValueForTime"}
"""What Prometheus' annotations have beside what the SDK knows."""
UNITS = {value for name, value in vars(units).items() if isinstance(value, str) and name[0] != "_"}
COLUMNS = 24

every_board = pytest.mark.parametrize("board", BOARDS.values(), ids=BOARDS)
querying_board = pytest.mark.parametrize("board", QUERYING.values(), ids=QUERYING)


def test_the_committed_boards_are_what_the_program_writes() -> None:
    """Byte for byte; `python -m grafana.boards` writes them anew."""
    drawn = {name: draw(board) for name, board in boards().items()}
    committed = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert committed == drawn


@every_board
def test_no_key_is_misspelt(board: Json) -> None:
    """Read into the SDK's types and written again, nothing is lost."""
    register_default_plugins()
    known: Json = json.loads(json.dumps(board))
    for annotation in known["annotations"]["list"]:
        assert annotation.keys() >= OF_THE_DATA_SOURCE
        for key in OF_THE_DATA_SOURCE:
            del annotation[key]
    again = JSONEncoder().encode(dashboard.Dashboard.from_json(known))
    assert json.loads(again) == known


def test_boards_keep_their_addresses_and_cannot_be_edited() -> None:
    """Links and bookmarks hold; a change in the browser would be lost."""
    assert {name: board["uid"] for name, board in BOARDS.items()} == {
        name: f"backstay-{name}" for name in ("books", "engine", "ladders", "runbook")
    }
    assert not any(board["editable"] for board in BOARDS.values())


@every_board
def test_every_board_leads_to_the_others_and_to_the_runbook(board: Json) -> None:
    """With the same time and the same choice."""
    (link,) = board["links"]
    assert (link["type"], link["keepTime"], link["includeVars"]) == ("dashboards", True, True)
    assert all(set(link["tags"]) <= set(other["tags"]) for other in BOARDS.values())


@every_board
def test_panels_do_not_overlap_and_have_ids_of_their_own(board: Json) -> None:
    """Each cell of the grid is one panel's, and the grid is 24 wide."""
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    places = [panel["gridPos"] for panel in board["panels"]]
    assert all(place["x"] + place["w"] <= COLUMNS for place in places)
    assert not [(one, other) for one, other in combinations(places, 2) if _overlap(one, other)]


def _overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    across = one["x"] < other["x"] + other["w"] and other["x"] < one["x"] + one["w"]
    return across and one["y"] < other["y"] + other["h"] and other["y"] < one["y"] + one["h"]


def test_the_first_row_of_books_says_what_matters() -> None:
    """Whether the books balance, what there is, and when somebody last looked."""
    top = [panel["title"] for panel in BOARDS["books"]["panels"] if panel["gridPos"]["y"] == 1]
    assert top == [
        "Healthy",
        "Drift",
        "First divergent entry",
        "Total",
        "Locked",
        "Available",
        "Open positions",
        "Last check",
    ]


def test_the_runbook_is_at_hand() -> None:
    """Its whole text, without links to files that Grafana does not have."""
    (panel,) = [it for it in BOARDS["runbook"]["panels"] if it["type"] == "text"]
    content = panel["options"]["content"]
    headings = re.findall(r"^## \w+", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    assert re.findall(r"^## \w+", content, re.MULTILINE) == headings
    assert headings
    assert not re.search(r"]\((?!#|https?:)", content)


# The rules of github.com/grafana/dashboard-linter


@querying_board
def test_the_data_source_is_a_variable(board: Json) -> None:
    """One, of Prometheus, which everything on the board uses."""
    listed = board["templating"]["list"]
    (source,) = [each for each in listed if each["type"] == "datasource"]
    assert (source["name"], source["label"]) == ("datasource", "Data source")
    assert source["query"] == "prometheus"
    users = [*panels(board), *variables(board), *board["annotations"]["list"]]
    users += [target for panel in panels(board) for target in panel["targets"]]
    templated = {"type": "prometheus", "uid": "${datasource}"}
    assert all(user["datasource"] == templated for user in users)


@querying_board
def test_job_instance_and_account_can_be_chosen(board: Json) -> None:
    """Several or all of them, from what there is in the time that is shown."""
    assert [variable["name"] for variable in variables(board)] == ["job", "instance", "account"]
    for variable in variables(board):
        name = variable["name"]
        assert variable["label"] == name.capitalize()
        assert (variable["multi"], variable["includeAll"]) == (True, True)
        assert variable["allValue"] == ".+"
        assert variable["refresh"] == dashboard.VariableRefresh.ON_TIME_RANGE_CHANGED
        assert label_values(variable)[1] == name


@querying_board
def test_every_panel_says_what_it_shows(board: Json) -> None:
    """A title, sentences, a unit that Grafana knows, and words for when there is nothing."""
    titles = [panel["title"] for panel in panels(board)]
    assert len(set(titles)) == len(titles)
    for panel in panels(board):
        defaults = panel["fieldConfig"]["defaults"]
        assert panel["title"], panel
        assert panel["description"].endswith("."), panel["title"]
        assert defaults["unit"] in UNITS, panel["title"]
        assert defaults["noValue"], panel["title"]
        assert panel["targets"], panel["title"]
        assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])


@querying_board
def test_every_query_selects_what_is_chosen(board: Json) -> None:
    """By job and instance, and by account where a metric has accounts."""
    for asked in panel_queries(board):
        selected = list(SELECTOR.finditer(asked.expr))
        assert selected, asked
        for found in selected:
            assert 'job=~"$job", instance=~"$instance"' in found["matchers"], asked
            if re.match(r"backstay_(wallet|health_check_last)_", found["metric"]):
                assert 'account=~"$account"' in found["matchers"], asked


@querying_board
def test_counters_are_read_by_their_rise(board: Json) -> None:
    """Over Grafana's rate interval, or over the whole time that is shown."""
    rises = r"(?:rate\(%s\[\$__rate_interval\]\)|increase\(%s\[\$__(?:rate_interval|range)\]\))"
    for asked in panel_queries(board):
        for found in SELECTOR.finditer(asked.expr):
            if re.search("_(total|bucket|sum|count)$", found["metric"]):
                selector = re.escape(found[0])
                assert re.search(rises % (selector, selector), asked.expr), asked
        assert asked.expr.count("[") == len(re.findall(r"\b(?:rate|increase)\(", asked.expr))


# What they stand on


@querying_board
def test_every_metric_in_a_query_exists(board: Json) -> None:
    """With the labels that it is summed by."""
    known = {metric.name: {label.name for label in metric.labels} for metric in METRICS}
    for asked in [*panel_queries(board), *annotation_queries(board)]:
        labels = {"le", "job", "instance"}
        for found in SELECTOR.finditer(asked.expr):
            metric = re.sub("_(bucket|sum|count)$", "", found["metric"])
            assert metric in known or metric == "ALERTS", asked
            labels |= known.get(metric, set())
        for summed_by in re.findall(r"by \(([^)]+)\)", asked.expr):
            assert set(summed_by.split(", ")) <= labels, asked


def test_provisioning_finds_the_boards() -> None:
    """One Prometheus by default, and a folder that the browser cannot change."""
    folder = ROOT / "grafana" / "provisioning"
    (source,) = _yaml(folder / "datasources" / "backstay.yaml")["datasources"]
    assert (source["type"], source["isDefault"]) == ("prometheus", True)
    scraping = _yaml(ROOT / "prometheus" / "prometheus.yml")["global"]["scrape_interval"]
    assert source["jsonData"]["timeInterval"] == scraping
    (provider,) = _yaml(folder / "dashboards" / "backstay.yaml")["providers"]
    assert (provider["type"], provider["allowUiUpdates"]) == ("file", False)


def _yaml(path: Any) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
