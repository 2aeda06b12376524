"""Write the boards: `python -m grafana.boards`."""

from collections.abc import Mapping
from pathlib import Path

from grafana.boards.books import BOOKS
from grafana.boards.engine import ENGINE
from grafana.boards.frame import draw
from grafana.boards.ladders import LADDERS
from grafana.boards.parts import Board
from grafana.boards.runbook import RUNBOOK, runbook

FOLDER = Path(__file__).parents[1] / "dashboards"


def boards() -> Mapping[str, Board]:
    """Every board, by the name of its file."""
    return {
        "books.json": BOOKS,
        "ladders.json": LADDERS,
        "engine.json": ENGINE,
        "runbook.json": runbook(RUNBOOK.read_text(encoding="utf-8")),
    }


def main() -> None:
    """Write every board to its file."""
    for name, board in boards().items():
        (FOLDER / name).write_text(draw(board), encoding="utf-8")


if __name__ == "__main__":
    main()
