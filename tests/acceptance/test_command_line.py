"""The commands that need no service: what they print, how they end, and what they leave behind."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from backstay.service.exits import EXIT_FAILED
from harness.service_process import clean_environment, run_command
from tests.command_line import CommandLine

PRICES = """timestamp,price
2025-01-01T00:00:00Z,100
2025-01-01T00:00:01Z,103
2025-01-01T00:00:02Z,106
2025-01-01T00:00:03Z,110
"""
SIGNALS = """id,timestamp,symbol,side,notional
s1,2025-01-01T00:00:00Z,BTCUSDT,LONG,25
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a day of prices and a signal."""
    (tmp_path / "prices.csv").write_text(PRICES)
    (tmp_path / "signals.csv").write_text(SIGNALS)
    return tmp_path


def test_the_worked_close_comes_out_of_a_replay(folder: Path) -> None:
    """100, open 25, TP1, TP2, TP3 closes: the specification's 102.32225, from files to report."""
    ended = run_command(
        "replay", "BTCUSDT=prices.csv", "--signals", "signals.csv", "--balance", "100",
        "--report", "out", folder=folder,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    report = json.loads((folder / "out" / "report.json").read_text())
    position = report["positions"][0]
    assert position["close_reason"] == "TAKE_PROFIT"
    assert position["rungs_hit"] == 3
    assert Decimal(position["net_pnl"]) == Decimal("2.32225")
    assert Decimal(report["wallet"]["total_balance"]) == Decimal("102.32225")
    assert report["health"]["status"] == "HEALTHY"
    assert "HEALTHY" in ended.stdout


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("prices.csv", None, "prices.csv: "),
        ("prices.csv", PRICES + "2025-01-01T00:00:04Z,abc\n", "prices.csv, line 6: "),
        ("prices.csv", "time,last\n1,2\n", "prices.csv, line 1: "),
        ("signals.csv", SIGNALS.replace("25\n", "-25\n"), "signals.csv, line 2: "),
        ("signals.csv", SIGNALS.replace("BTCUSDT", "ETHUSDT"), "signals.csv, line 2: "),
        ("signals.csv", SIGNALS.replace("LONG", "UP"), "signals.csv, line 2: "),
        ("signals.csv", SIGNALS.replace("notional", "size"), "signals.csv, line 1: "),
    ],
    ids=["missing", "no number", "header", "negative", "no prices", "side", "signal header"],
)
def test_bad_input_names_its_place_and_writes_nothing(
    shell: CommandLine, folder: Path, file: str, text: str | None, place: str
) -> None:
    """A clear error with file and line, exit code 2, no report, and an untouched database."""
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text)
    code, _, error = shell.run(
        "replay", "BTCUSDT=prices.csv", "--signals", "signals.csv", "--report", "out",
        "--database", "sqlite:///books.db",
    )  # fmt: skip
    assert code == 2
    assert error.startswith(f"backstay: {place}")
    assert error.count("\n") == 1
    assert not (folder / "out").exists()
    assert not (folder / "books.db").exists()


@pytest.mark.parametrize("name", ["", " demo", "de\nmo", "x" * 65])
def test_an_account_needs_a_name(shell: CommandLine, folder: Path, name: str) -> None:
    """A name that nobody could read or type is refused, with what to give."""
    code, _, error = shell.run(
        "replay", "BTCUSDT=prices.csv", "--signals", "signals.csv", "--account", name,
        "--report", "out",
    )  # fmt: skip
    assert code == 2
    assert error.startswith(f"backstay: account name {name!r} refused: give 1 to 64")
    assert not (folder / "out").exists()


@pytest.mark.usefixtures("folder")
def test_a_replay_begins_with_an_empty_database(shell: CommandLine) -> None:
    """A second replay into the same database is refused, and the first one's books stay."""
    arguments = (
        "replay", "BTCUSDT=prices.csv", "--signals", "signals.csv",
        "--database", "sqlite:///books.db",
    )  # fmt: skip
    shell.says(*arguments)
    code, _, error = shell.run(*arguments)
    assert code == 2
    assert "begins empty" in error


def test_the_demo_needs_no_file(tmp_path: Path) -> None:
    """A market that makes itself: rungs and stops are hit, and the books balance."""
    quiet = run_command("demo", folder=tmp_path)
    assert (quiet.returncode, quiet.stderr) == (0, "")
    ended = run_command("demo", "--report", "out", "--verbose", folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith(quiet.stdout)
    assert "TP3 hit for position" in ended.stderr
    assert "Closing position immediately." in ended.stderr
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["health"]["status"] == "HEALTHY"
    assert len(report["positions"]) == 60


def test_the_version_is_printed(shell: CommandLine) -> None:
    """`--version` ends with 0, an unknown command with 2."""
    assert shell.says("--version").startswith("backstay 0.")
    assert shell.run("sail")[0] == 2


def test_a_command_to_a_service_loads_neither_database_nor_server(tmp_path: Path) -> None:
    """It starts in the time that a person does not notice."""
    program = """
import sys
from backstay.cli.main import main
sys.argv = ["backstay", "positions", "--url", "http://127.0.0.1:9"]
try:
    main()
finally:
    print(*sys.modules, sep="\\n")
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=clean_environment(),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    loaded = set(ended.stdout.split())
    assert ended.returncode == EXIT_FAILED, ended.stderr
    assert "httpx" in loaded
    assert loaded & {"sqlalchemy", "fastapi", "uvicorn", "pykka", "structlog"} == set()
