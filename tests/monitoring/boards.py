"""The committed Grafana boards, read as Grafana would read them."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "grafana" / "dashboards"
SELECTOR = re.compile(r"(?P<metric>\w+)\{(?P<matchers>[^}]*)\}")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One query of a board; `instant` where only the newest value is shown."""

    board: str
    where: str
    expr: str
    instant: bool = False

    def __str__(self) -> str:
        return f"{self.board} / {self.where}: {self.expr}"


def load(name: str) -> Json:
    """A board by the name of its file, without its ending."""
    board: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return board


BOARDS = {path.stem: load(path.stem) for path in sorted(FOLDER.glob("*.json"))}
QUERYING = {name: board for name, board in BOARDS.items() if name != "runbook"}


def panels(board: Json) -> list[Json]:
    """Every panel that asks something."""
    return [panel for panel in board["panels"] if panel["type"] not in ("row", "text")]


def variables(board: Json) -> list[Json]:
    """Every variable whose values are asked for."""
    return [each for each in board["templating"]["list"] if each["type"] == "query"]


def panel_queries(board: Json) -> list[Asked]:
    """The queries of the panels."""
    return [
        Asked(board["uid"], panel["title"], target["expr"], target.get("instant", False))
        for panel in panels(board)
        for target in panel["targets"]
    ]


def annotation_queries(board: Json) -> list[Asked]:
    """The queries of the annotations."""
    listed = board["annotations"]["list"]
    return [Asked(board["uid"], each["name"], each["expr"]) for each in listed]


def label_values(variable: Json) -> tuple[str, str]:
    """The series and the label whose values a variable takes."""
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
    assert found is not None, variable
    return found[1], found[2]


def substituted(expr: str, values: Mapping[str, str]) -> str:
    """A query in which every variable has its value; an unknown one fails the test."""
    return re.sub(r"\$(\w+)", lambda found: values[found[1]], expr)
