"""docs/replay.md: the example of signals with exits, and its sweep, come to what the page says."""

import csv
import json
import re
import shlex
from pathlib import Path

import pytest

from tests.command_line import CommandLine

TEXT = (Path(__file__).parents[2] / "docs" / "replay.md").read_text(encoding="utf-8")
FILES = dict(
    zip(
        ("signals.csv", "prices.csv"),
        re.findall(r"^```csv\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL),
        strict=True,
    )
)
_COMMAND = re.compile(r"^(?:`|```\n)backstay (replay prices\.csv [^`]*?)\s*`", re.MULTILINE)
REPLAY, SWEEP = (shlex.split(found.replace("\\\n", " ")) for found in _COMMAND.findall(TEXT))


@pytest.fixture(autouse=True)
def files(shell: CommandLine) -> None:
    """The page's files, in a folder of their own."""
    for name, text in FILES.items():
        Path(name).write_text(text, encoding="utf-8")


def rows_below(header: str) -> list[tuple[str, ...]]:
    """The cells of the page's table that has this header, without their backquotes."""
    table = TEXT.split(f"\n{header}\n", 1)[1].split("\n\n", 1)[0]
    lines = table.splitlines()[1:]
    return [tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in lines]


def test_the_signals_with_exits_end_as_the_page_says(shell: CommandLine) -> None:
    """One for each column: the reason, the last exit, the rungs and the net PnL."""
    shell.says(*REPLAY)
    report = json.loads(Path("out/report.json").read_text())
    told = rows_below("| signal | closed by | last exit | rungs hit | net PnL | because |")
    assert [row[:5] for row in told] == [
        (
            position["signal_id"],
            position["close_reason"],
            position["exit_price"],
            str(position["rungs_hit"]),
            position["net_pnl"],
        )
        for position in report["positions"]
    ]


def test_the_sweep_ranks_as_the_page_says(shell: CommandLine) -> None:
    """What is swept stands as the whole notation, beside the net PnL of each ladder."""
    shell.says(*SWEEP)
    with Path("out/sweep.csv").open(encoding="utf-8") as file:
        ranked = list(csv.DictReader(file))
    columns = ("rank", "take_profits", "trailing", "net_pnl")
    told = rows_below("| rank | take_profits | trailing | net PnL |")
    assert told == [tuple(row[name] for name in columns) for row in ranked]
