"""The runbook as a board: at hand where the figures are, also without a way out of the network."""

import re
from pathlib import Path

from grafana.boards.parts import Board, Row, Text

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"


def runbook(markdown: str) -> Board:
    """The runbook's text; its links to other files, which Grafana does not have, name them."""
    text = re.sub(r"\[([^]]+)\]\((?!#|https?:)([^)]+)\)", r"\1 (`docs/\2`)", markdown)
    return Board(
        uid="backstay-runbook",
        title="Backstay / Runbook",
        description="What each alert means, what to look at, what to do.",
        rows=(
            Row(
                "Runbook",
                (
                    Text(
                        title="Runbook",
                        description="docs/runbook.md of the version that these boards came with.",
                        content=text,
                    ),
                ),
            ),
        ),
    )
