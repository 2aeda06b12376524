"""`backstay replay --sweep`: every ladder as a replay of its own, ranked; it ends as it should."""

import csv
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backstay.feeds.simulated import SPAN_US, simulated_prices, simulated_signals
from backstay.replay.errors import ReplayError
from backstay.replay.sweep.grid import grid_of
from backstay.replay.sweep.sweep import Setup, drawdown_of, ranked, swept
from tests.command_line import CommandLine
from trading.model import EntryType, LedgerEntry
from trading.money import ZERO

SEED = 4
STOPS = ("2%", "3.5%")
WHOLE = {
    "3%;6%;10%": "3%@0%>breakeven;6%@0%>previous;10%@100%>previous",
    "1%>keep;2%": "1%@0%>keep;2%@100%>previous",
}
"""Take-profits, and the same without anything left out."""

TAKE_PROFITS = tuple(WHOLE)

SWEEP = ("--sweep", f"stop_loss={','.join(STOPS)}")
BOTH = (*SWEEP, "--sweep", f"take_profits={','.join(TAKE_PROFITS)}")
REPLAY = ("replay", "prices.csv", "--signals", "signals.csv", "--balance", "300")


def write_prices(span_us: int = SPAN_US) -> None:
    with Path("prices.csv").open("w", encoding="utf-8") as file:
        file.write("symbol,timestamp,price\n")
        for symbol, times_us, prices in simulated_prices(SEED, span_us=span_us):
            file.writelines(
                f"{symbol},{time_us},{price}\n"
                for time_us, price in zip(times_us, prices, strict=True)
            )


def write_signals(stop_loss: str = "", take_profits: str = "") -> None:
    """Signals with these exits."""
    with Path("signals.csv").open("w", encoding="utf-8") as file:
        file.write("id,timestamp,symbol,side,notional,stop_loss,take_profits\n")
        file.writelines(
            f"{one.signal_id},{one.time_us},{one.symbol},{one.side},{one.notional},"
            f"{stop_loss},{take_profits}\n"
            for one in simulated_signals(SEED)
        )


def figures_of(report: dict[str, Any]) -> dict[str, Any]:
    """A plain replay's report in the ranking's terms."""
    ended = [p for p in report["positions"] if p["status"] == "CLOSED"]
    ended.sort(key=lambda position: (position["exit_time"], position["id"]))
    nets = [Decimal(position["net_pnl"]) for position in ended]
    totals = [Decimal(300) + sum(nets[:count], ZERO) for count in range(len(nets) + 1)]
    falls = [max(totals[: count + 1]) - total for count, total in enumerate(totals)]
    return {
        "net_pnl": f"{sum(Decimal(p['net_pnl']) for p in report['positions']):.8f}",
        "total_balance": report["wallet"]["total_balance"],
        "max_drawdown": f"{max(falls):.8f}",
        "wins": sum(net > 0 for net in nets),
        "losses": sum(net <= 0 for net in nets),
        "closed": len(ended),
        "still_open": len(report["positions"]) - len(ended),
        "denied": len(report["denied"]),
        "unfilled": len(report["unfilled"]),
        "health": report["health"]["status"],
    }


def test_each_ladder_of_a_sweep_comes_to_what_its_plain_replay_comes_to(
    shell: CommandLine,
) -> None:
    """All figures of every row, as if the ladder were written into the signals; best first."""
    write_prices(SPAN_US // 3)
    write_signals()
    told = shell.says(*REPLAY, *BOTH, "--workers", "2", "--report", "swept")
    ladders = json.loads(Path("swept/sweep.json").read_text())["ladders"]
    expected = {}
    for stop_loss in STOPS:
        for take_profits in TAKE_PROFITS:
            write_signals(stop_loss, take_profits)
            shell.says(*REPLAY, "--report", "plain")
            report = json.loads(Path("plain/report.json").read_text())
            expected[stop_loss, WHOLE[take_profits]] = figures_of(report)
    found = {(row["stop_loss"], row["take_profits"]): row for row in ladders}
    assert {
        key: {name: row[name] for name in expected[key]} for key, row in found.items()
    } == expected
    nets = [Decimal(row["net_pnl"]) for row in ladders]
    assert nets == sorted(nets, reverse=True)
    assert len(set(nets)) > 1
    assert [row["rank"] for row in ladders] == [1, 2, 3, 4]
    assert told.splitlines()[0] == "4 ladders"
    with Path("swept/sweep.csv").open(encoding="utf-8") as file:
        assert [row["net_pnl"] for row in csv.DictReader(file)] == [r["net_pnl"] for r in ladders]


@pytest.mark.slow
def test_what_is_not_swept_stays_each_signals_own(shell: CommandLine) -> None:
    """One ladder of a sweep that chooses what the signals have already changes nothing."""
    write_prices(SPAN_US // 4)
    write_signals("5%", "1%;2%")
    told = shell.says(*REPLAY, "--sweep", "take_profits=1%;2%", "--report", "one")
    assert told.splitlines()[0] == "1 ladder"
    shell.says(*REPLAY, "--sweep", "stop_loss=5%", "--report", "other")
    [[one], [other]] = (
        json.loads(Path(name, "sweep.json").read_text())["ladders"] for name in ("one", "other")
    )
    rungs = "1%@0%>breakeven;2%@100%>previous"
    assert (one.pop("stop_loss"), one.pop("take_profits")) == (None, rungs)
    assert (other.pop("stop_loss"), other.pop("take_profits")) == ("5%", None)
    assert one == other
    assert ",own," in Path("one/sweep.csv").read_text()


@pytest.mark.slow
def test_a_sweep_over_candles_says_so(shell: CommandLine) -> None:
    """Which ladder is best depends on the path that was taken through each."""
    Path("prices.csv").write_text(
        "time,open,high,low,close,symbol\n"
        "1700000000,100,101,99,100,BTCUSDT\n1700000060,100,110,90,91,BTCUSDT\n"
    )
    Path("signals.csv").write_text(
        "id,timestamp,symbol,side,notional\ns1,1700000000,BTCUSDT,LONG,25\n"
    )
    told = shell.says(*REPLAY, *SWEEP, "--report", "swept")
    assert "2 candles of 60 s" in told
    assert json.loads(Path("swept/sweep.json").read_text())["candles"]["count"] == 2


def test_equal_sweeps_give_equal_bytes(shell: CommandLine) -> None:
    """However many workers there are, and whichever of them ends first."""
    write_prices(SPAN_US // 4)
    write_signals()
    for workers in ("1", "3"):
        shell.says(*REPLAY, *BOTH, "--workers", workers, "--report", workers)
    for name in ("sweep.json", "sweep.csv"):
        assert Path("1", name).read_bytes() == Path("3", name).read_bytes()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["stop_loss=2%,100%"], "stop-loss 100% is not below 100%; to give a price, leave out the"),
        (["stop_loss=0%"], "--sweep stop_loss: '0%' is refused: stop_loss: '0%' is not above 0"),
        (["stop_loss=2%;3%"], "'2%;3%' is refused: stop_loss: "),
        (["stop_loss=2%,,3%"], "'' is refused: it is empty"),
        (["stop_loss=2%,2.0%"], "'2.0%' is given twice; remove one"),
        (["take_profits=3%;6%,6%;3%"], "--sweep take_profits: '6%;3%' is refused: take_profits: "),
        (["take_profits=1%;2%;3%;4%;5%;6%;7%;8%;9%"], "9 take-profits: give at most 8"),
        (["take_profits=1%@60%;2%@60%"], "the shares of the take-profits come to 120% at number 2"),
        (["trailing=0"], "'0' is not above 0"),
        (["trailing=none,none"], "'none' is given twice; remove one"),
        (["close_after=4"], "--sweep close_after: '4' is refused"),
        (["stop_loss_pct=2"], "--sweep stop_loss_pct is now stop_loss, with values such as 2%,3%"),
        (["take_profit_pcts=2"], "is now take_profits, with values such as '3%;6%;10%,2%;4%;8%'"),
        (["close_fractions=1"], "is now take_profits, with values such as 3%@25%;6%@75%"),
        (["stop_loss=62,800"], "--sweep stop_loss: '62,800' may be one number with thousands"),
        (["stop_loss"], "--sweep 'stop_loss' is unknown: give stop_loss, take_profits"),
        (["stop_loss=2%", "stop_loss=3%"], "--sweep gives stop_loss twice; put all"),
        (
            [f"stop_loss={','.join(f'0.{n}1%' for n in range(1, 1003))}"],
            "--sweep asks for 1002 ladders; at most 1000 are tried",
        ),
    ],
)
def test_a_grid_that_cannot_be_is_refused_before_anything_is_read(
    shell: CommandLine, options: list[str], reason: str
) -> None:
    """The option and the value are named; none of the files is there."""
    given = [part for option in options for part in ("--sweep", option)]
    code, out, error = shell.run(*REPLAY, *given)
    assert (code, out) == (2, "")
    assert reason in error


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ([*SWEEP, "--database", "sqlite:///b.db"], "--sweep runs in memory and without a log"),
        ([*SWEEP, "--verbose"], "--sweep runs in memory and without a log"),
        (["--workers", "2"], "--workers is for --sweep"),
    ],
)
def test_options_that_do_not_go_with_a_sweep_are_refused(
    shell: CommandLine, options: list[str], reason: str
) -> None:
    """None is silently ignored."""
    code, _, error = shell.run(*REPLAY, *options)
    assert code == 2
    assert reason in error


def test_exits_that_do_not_go_with_a_signals_own_are_refused(shell: CommandLine) -> None:
    """Its line is named, before anything is played."""
    write_prices(SPAN_US // 100)
    Path("signals.csv").write_text(
        "id,timestamp,symbol,side,notional,trailing\n"
        "s1,1,BTCUSDT,LONG,25,\ns2,1,BTCUSDT,LONG,25,2% from rung 3\n"
    )
    code, _, error = shell.run(*REPLAY, "--sweep", "take_profits=1%;2%;3%,1%;2%")
    assert code == 2
    assert "signals.csv, line 3: the trail begins at rung 3, and the ladder has 2" in error
    assert "--sweep" in error


@pytest.mark.parametrize(
    ("row", "reason"),
    [("BTCUSDT,2,oops", "prices.csv, line 3: price 'oops'"), ("ETHUSDT,2,2", "no prices of SOL")],
)
def test_what_a_worker_cannot_read_is_one_clear_error(
    shell: CommandLine, row: str, reason: str
) -> None:
    """The same as a plain replay's, with its exit code, and nothing is written."""
    Path("prices.csv").write_text(f"symbol,timestamp,price\nBTCUSDT,1,1\n{row}\n")
    Path("signals.csv").write_text("id,timestamp,symbol,side,notional\ns1,1,SOLUSDT,LONG,25\n")
    code, _, error = shell.run(*REPLAY, *SWEEP, "--report", "swept")
    assert code == 2
    assert error.count("\n") == 1
    assert reason in error
    assert not Path("swept").exists()


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    """Prices that come when the test writes them: opening it waits for a reader."""
    path = tmp_path / "prices.csv"
    os.mkfifo(path)
    return path


def test_a_worker_that_is_killed_ends_the_sweep_with_a_clear_error(pipe: Path) -> None:
    """It does not wait for ever for what will not come, and leaves no process behind."""
    setup = Setup(
        prices=(str(pipe),),
        signals=(),
        signals_name="signals.csv",
        account="demo",
        balance=Decimal(300),
    )
    others = set(multiprocessing.active_children())

    def kill_a_reader() -> None:
        with pipe.open("w"):
            (set(multiprocessing.active_children()) - others).pop().kill()

    killer = threading.Thread(target=kill_a_reader)
    killer.start()
    with pytest.raises(ReplayError, match="a worker process ended before its time"):
        ranked(swept(setup, grid_of(["stop_loss=2%,3%"]), workers=1))
    killer.join()
    assert set(multiprocessing.active_children()) == others


def test_ctrl_c_ends_all_processes_at_once(pipe: Path, tmp_path: Path) -> None:
    """As a terminal sends it, to each of them: no traceback, no ranking, no orphan."""
    (tmp_path / "signals.csv").write_text("id,timestamp,symbol,side,notional\n")
    # A child keeps an ignored SIGINT, as a shell starts what runs in the background.
    program = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    program += "from backstay.cli.main import main; main()"
    sweep = subprocess.Popen(
        [sys.executable, "-c", program, *REPLAY, *SWEEP, "--workers", "2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with sweep:
        pipe.write_text("symbol,timestamp,price\nBTCUSDT,1,1\n")  # for the look at its header
        with pipe.open("w"):  # a worker is reading
            os.killpg(sweep.pid, signal.SIGINT)
            # Its outputs end when the last process that holds them has ended.
            try:
                out, error = sweep.communicate(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(sweep.pid, signal.SIGKILL)
                raise
    assert sweep.returncode not in (0, 2, 3)
    assert out == ""
    assert "Traceback" not in error


def test_a_drawdown_is_the_deepest_fall_from_the_highest_before() -> None:
    """Later highs count for later falls; a covered shortfall is not taken for a gain."""
    changes = [
        *((EntryType.OPENING, 100), (EntryType.POSITION_CLOSE, 20)),
        *((EntryType.POSITION_CLOSE, -50), (EntryType.POSITION_CLOSE, 60)),
        *((EntryType.POSITION_CLOSE, -40), (EntryType.SHORTFALL, 100)),
        (EntryType.POSITION_CLOSE, -120),
    ]
    entries = [
        LedgerEntry(
            account="demo",
            number=number,
            entry_type=entry_type,
            operation=str(number),
            amount=ZERO,
            balance_before=ZERO,
            balance_after=ZERO,
            total_change=Decimal(change),
            locked_change=ZERO,
            position_id=None,
            description="",
            time_us=number,
        )
        for number, (entry_type, change) in enumerate(changes, start=1)
    ]
    assert drawdown_of(entries[:4]) == 50
    assert drawdown_of(entries) == 60
