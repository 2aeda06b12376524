"""`backstay replay` on files as they are found: rows in any order, and none left out silently."""

import json
import random
from pathlib import Path

import pytest

from tests.command_line import CommandLine

REPLAY = ("replay", "--signals", "signals.csv", "--report", "out")
BACKWARDS = ("1682899200101,100", "1685463466083,94", "1682899200129,111")


def write_prices(*lines: str, name: str = "prices.csv") -> str:
    Path(name).write_text("\n".join(("timestamp,price", *lines)) + "\n", encoding="utf-8")
    return f"BTCUSDT={name}"


def write_signal(time: str) -> None:
    Path("signals.csv").write_text(
        f"id,timestamp,symbol,side,notional\ns1,{time},BTCUSDT,LONG,25\n", encoding="utf-8"
    )


def report() -> bytes:
    return Path("out/report.json").read_bytes()


def plain(text: str) -> str:
    """What was printed, wherever its lines were broken."""
    return " ".join(text.split())


def test_rows_that_run_backwards_end_as_if_they_were_sorted(shell: CommandLine) -> None:
    """The take-profit that comes before the stop-loss in time is the one that counts."""
    write_signal(BACKWARDS[0].split(",")[0])
    told = shell.says(*REPLAY, write_prices(*BACKWARDS))
    found = json.loads(report())
    assert found["positions"][0]["close_reason"] == "TAKE_PROFIT"
    assert found.pop("reordered") == [
        {"file": "prices.csv", "rows": "out of order", "late_rows": 1}
    ]
    assert (
        "prices.csv is out of order: 1 row comes after a later one. The rows were played by "
        "their times."
    ) in plain(told)
    told = shell.says(*REPLAY, write_prices(*sorted(BACKWARDS)))
    assert json.loads(report()) == found
    assert "out of order" not in told


@pytest.mark.parametrize("seed", range(3))
def test_a_shuffled_file_gives_the_report_of_the_sorted_one(shell: CommandLine, seed: int) -> None:
    """To the last byte, but for the line that says so; also newest first."""
    chance = random.Random(seed)
    price, lines = 1_000, []
    for number in range(300):
        price += chance.choice((-9, 0, 11))
        lines.append(f"{1_700_000_000 + number},{price}.5")
    write_signal("1700000010")
    shell.says(*REPLAY, write_prices(*lines))
    expected = json.loads(report())
    chance.shuffle(shuffled := list(lines))
    for order, name in ((shuffled, "out of order"), (lines[::-1], "newest first")):
        told = shell.says(*REPLAY, write_prices(*order))
        found = json.loads(report())
        [moved] = found.pop("reordered")
        assert found == expected
        assert moved["rows"] == name
        assert f"prices.csv is {name}: " in plain(told)


def test_prices_that_are_not_acted_on_are_said_and_end_with_their_own_exit_code(
    shell: CommandLine,
) -> None:
    """A result that leaves rows out never looks like one that does not."""
    write_signal("1700000000")
    prices = write_prices("1700000000,100", "1700000001,0", "1700000002,900", "1700000003,101")
    code, out, err = shell.run(*REPLAY, prices)
    assert (code, err) == (4, "")
    assert "2 prices were not acted on: 1 rejected, 0 ignored, 1 quarantined." in plain(out)
    counts = json.loads(report())["prices"]
    assert (counts["read"], counts["rejected"], counts["quarantined"]) == (4, 1, 1)


@pytest.mark.slow
def test_a_sweep_says_what_a_replay_would(shell: CommandLine) -> None:
    """Which file was put in order, and how many prices were not acted on."""
    write_signal("1700000000")
    prices = write_prices("1700000002,101", "1700000001,0", "1700000000,100")
    code, out, _ = shell.run(*REPLAY, prices, "--sweep", "stop_loss=2%,3%", "--workers", "1")
    assert code == 4
    assert "prices.csv is newest first: its rows were played in reverse." in plain(out)
    assert "1 price was not acted on: 1 rejected" in plain(out)
    document = json.loads(Path("out/sweep.json").read_text())
    assert document["reordered"][0]["late_rows"] == 2
    assert document["prices"]["rejected"] == 1


def test_rows_too_late_end_the_replay_before_anything_is_kept(shell: CommandLine) -> None:
    """The line and the remedy are named, and the database stays as it was."""
    write_signal("1700000000")
    lines = [f"{1_700_000_000 + number},100" for number in range(25_000)]
    prices = write_prices(*lines, "1700000001,200")
    code, out, err = shell.run(*REPLAY, prices, "--database", "sqlite:///kept.db")
    assert (code, out) == (2, "")
    assert "prices.csv, line 25002: row of 2023-11-14T22:13:21" in err
    assert "sort its rows by time" in err
    assert not Path("kept.db").exists()
