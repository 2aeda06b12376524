"""`backstay replay`: what it does to real and generated prices, and always the same."""

import json
import random
import signal
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from backstay.feeds.batches import PriceBatch
from backstay.feeds.recorded import open_prices
from backstay.feeds.signals import RecordedSignal
from backstay.feeds.simulated import simulated_prices, simulated_signals
from backstay.replay.replay import Outcome, replayed
from backstay.replay.report.report import report_of
from persistence.store import Store
from tests.acceptance.plain_loop import PlainLoop
from tests.command_line import CommandLine
from tests.unit.accounts import a_ladder
from trading.books import HealthStatus
from trading.exits.exits import NOTHING_SAID, exits_of
from trading.exits.ladder import DEFAULT_LADDER
from trading.model import Side

HISTORY = Path(__file__).parents[3] / "shared" / "data" / "history"
LONG_RECORDINGS = (
    "binance_trades_2025-10-10_POLUSDT.csv.gz",
    "binance-delivery_trades_2025-10-10_WIFUSD_PERP.csv.gz",
)
SHORT_RECORDINGS = (
    "coinbase_trades_2025-10-10_POL-USD.csv.gz",
    "coinbase_trades_2025-10-10_WIF-USD.csv.gz",
    "gemini_trades_2025-10-10_BTCUSD.csv.gz",
)
REPLAY = ("replay", "--signals", "signals.csv")
LADDERS = (
    DEFAULT_LADDER,
    a_ladder(3, 6, 10, stop=8),
    a_ladder(3, 6, 10, closes=("0.25", "0.25", "0.5")),
)


def play(
    url: str, batches: Sequence[PriceBatch], signals: Sequence[RecordedSignal], balance: Decimal
) -> Outcome:
    """Replay over a database."""
    store = Store.open(url)
    try:
        return replayed(
            store,
            batches,
            signals,
            signals_name="signals.csv",
            account="demo",
            balance=balance,
        )
    finally:
        store.close()


def facts_of(report: dict[str, Any]) -> list[dict[str, Any]]:
    """A report's positions in the plain loop's terms."""
    decimals = ("exit_price", "gross_pnl", "costs", "net_pnl")
    plain = ("signal_id", "status", "close_reason", "rungs_hit")
    return [
        {name: position[name] for name in plain}
        | {name: None if position[name] is None else Decimal(position[name]) for name in decimals}
        for position in report["positions"]
    ]


def check_against_plain_loop(
    batches: Sequence[PriceBatch], signals: Sequence[RecordedSignal], balance: Decimal
) -> dict[str, Any]:
    """Replay in memory, and hold everything against the plain loop."""
    outcome = play("sqlite://", batches, signals, balance)
    report = report_of(outcome)
    loop = PlainLoop(total=balance).run(batches, signals)
    assert facts_of(report) == loop.facts()
    assert [denied["signal_id"] for denied in report["denied"]] == loop.denied
    assert Decimal(report["wallet"]["total_balance"]) == loop.total
    assert Decimal(report["wallet"]["locked_balance"]) == loop.locked
    assert outcome.health.status is HealthStatus.HEALTHY
    return report


@pytest.mark.parametrize("seed", range(4))
def test_a_generated_market_ends_as_in_a_plain_loop(seed: int) -> None:
    """The actors do what a loop over every open position at every price would do."""
    batches = list(simulated_prices(seed))
    report = check_against_plain_loop(batches, simulated_signals(seed), Decimal(1000))
    assert {position["close_reason"] for position in report["positions"]} >= {
        "TAKE_PROFIT",
        "STOP_LOSS",
    }


def test_a_small_balance_denies_the_same_signals_as_a_plain_loop() -> None:
    """Denials depend on the balance of the moment, and are exact to the digit."""
    report = check_against_plain_loop(
        list(simulated_prices(3)), simulated_signals(3), Decimal("120.5")
    )
    assert report["denied"]
    assert all(denied["reason"] == "insufficient_balance" for denied in report["denied"])
    assert "available" in report["denied"][0]["detail"]


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) for name in LONG_RECORDINGS]
    + list(SHORT_RECORDINGS),
)
def test_a_recorded_crash_day_ends_as_in_a_plain_loop(name: str) -> None:
    """A real day with falls of up to 74 %, a hundred signals of both sides, exact to the digit."""
    check_recording(name)


@pytest.mark.slow
def test_a_recorded_month_of_candles_ends_as_in_a_plain_loop() -> None:
    """45,031 minutes, four prices each, in the same actors and the same loop."""
    check_recording("nautilus_btc-perp-20211231-20220201_1m.csv.gz", "BTCUSD=")


def check_recording(name: str, symbol: str = "") -> None:
    path = HISTORY / name
    if not path.exists():
        pytest.skip(f"{path.name} is not on this machine")
    with open_prices([f"{symbol}{path}"]) as recorded:
        batches = list(recorded)
    times_us = [batch.times_us[0] for batch in batches]
    chance = random.Random(name)
    signals = [
        RecordedSignal(
            signal_id=f"s{number}",
            time_us=time_us,
            symbol=batches[0].symbol,
            side=chance.choice(tuple(Side)),
            notional=Decimal(chance.randrange(1_000, 9_000)).scaleb(-2),
            exits=exits_of(chance.choice(LADDERS)),
            line=number,
        )
        for number, time_us in enumerate(
            sorted(chance.randrange(times_us[0], times_us[-1]) for _ in range(40)), start=1
        )
    ]
    report = check_against_plain_loop(batches, signals, Decimal(100_000))
    assert report["prices"]["accepted"] == report["prices"]["read"]


def test_the_report_is_the_same_bytes_on_every_database(
    tmp_path: Path, postgres_database: str
) -> None:
    """In memory, on SQLite and on PostgreSQL: byte for byte, and twice the same."""
    urls = ("sqlite://", "sqlite://", f"sqlite:///{tmp_path}/replay.db", postgres_database)
    batches, signals = list(simulated_prices(5)), simulated_signals(5)
    reports = {
        json.dumps(report_of(play(url, batches, signals, Decimal(300)))).encode() for url in urls
    }
    assert len(reports) == 1


def test_signals_after_the_last_price_are_unfilled() -> None:
    """A signal that no price follows is reported, and is no error."""
    batch = PriceBatch("BTCUSDT", [1_000_000, 2_000_000], [Decimal(100), Decimal(101)])
    signals = [
        RecordedSignal(
            signal_id=signal_id,
            time_us=time_us,
            symbol="BTCUSDT",
            side=Side.LONG,
            notional=Decimal(25),
            exits=NOTHING_SAID,
            line=line,
        )
        for line, (signal_id, time_us) in enumerate([("in time", 2_000_000), ("late", 2_000_001)])
    ]
    report = report_of(play("sqlite://", [batch], signals, Decimal(100)))
    assert report["unfilled"] == ["late"]
    assert [position["signal_id"] for position in report["positions"]] == ["in time"]


def test_a_signal_waits_for_a_price_that_the_guard_accepts() -> None:
    """A quarantined or ignored price opens nothing; it is counted, and the next one opens."""
    batch = PriceBatch(
        "BTCUSDT",
        [1_000_000, 2_000_000, 1_500_000, 3_000_000],
        [Decimal(100), Decimal(900), Decimal(100), Decimal(102)],
    )
    signal = RecordedSignal(
        signal_id="s1",
        time_us=1_500_000,
        symbol="BTCUSDT",
        side=Side.SHORT,
        notional=Decimal(25),
        exits=NOTHING_SAID,
        line=2,
    )
    report = report_of(play("sqlite://", [batch], [signal], Decimal(100)))
    assert report["positions"][0]["entry_price"] == "100"
    assert report["prices"] == {
        "read": 4,
        "accepted": 3,
        "rejected": 0,
        "ignored": 0,
        "quarantined": 1,
    }


def test_a_replay_of_candles_says_so(shell: CommandLine) -> None:
    """In the report and on the terminal: how many, how long, and in which order they are played."""
    Path("candles.csv").write_text(
        "time,open,high,low,close\n1700000000,100,103,99,102\n1700000060,102,104,90,91\n"
    )
    Path("trades.csv").write_text("timestamp,price\n1700000000,100\n1700000030,105\n")
    Path("signals.csv").write_text(
        "id,timestamp,symbol,side,notional\ns1,1700000000,BTCUSDT,LONG,25\n"
    )
    told = shell.says(*REPLAY, "BTCUSDT=candles.csv", "--report", "candles")
    report = json.loads(Path("candles/report.json").read_text())
    assert report["candles"] == {
        "count": 2,
        "interval_seconds": 60,
        "order": "open, nearer extreme, other extreme, close",
    }
    assert report["prices"]["read"] == 8
    [position] = report["positions"]
    assert (position["rungs_hit"], position["exit_price"]) == (1, "90")
    assert "2 candles of 60 s" in told
    told = shell.says(*REPLAY, "BTCUSDT=trades.csv", "--report", "trades")
    assert "candles" not in json.loads(Path("trades/report.json").read_text())
    assert "candles of" not in told


def write_one_trade() -> None:
    Path("trades.csv").write_text("timestamp,price\n1700000000,100\n1700000030,105\n")
    Path("signals.csv").write_text(
        "id,timestamp,symbol,side,notional\ns1,1700000000,BTCUSDT,LONG,25\n"
    )


def test_a_report_s_folder_that_is_a_file_is_refused_before_the_replay(shell: CommandLine) -> None:
    """Nobody waits for a replay whose report has no place."""
    write_one_trade()
    code, out, error = shell.run(*REPLAY, "BTCUSDT=trades.csv", "--report", "trades.csv")
    assert (code, out) == (2, "")
    assert "'--report': dir 'trades.csv' is a file" in error


def test_an_account_s_name_is_no_markup_of_the_table(shell: CommandLine) -> None:
    """It is printed as it was given."""
    write_one_trade()
    told = shell.says(*REPLAY, "BTCUSDT=trades.csv", "--account", "[bold]:moon:[/x]")
    assert "Replay of account [bold]:moon:[/x]" in told


def test_ctrl_c_within_an_actor_ends_the_replay(
    shell: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what it is: the actor's loop does not keep it, and no failure is told of instead."""
    write_one_trade()
    monkeypatch.setattr(
        "backstay.replay.playing.write_journal", lambda _: signal.raise_signal(signal.SIGINT)
    )
    inherited = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code, out, error = shell.run(*REPLAY, "BTCUSDT=trades.csv", "--verbose")
        assert (code, out, error) == (130, "", "")
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, inherited)


def test_the_report_s_health_is_figures_only() -> None:
    """What a check says for people is the API's: the report's bytes are a promise."""
    batch = PriceBatch("BTCUSDT", [1_000_000], [Decimal(100)])
    report = report_of(play("sqlite://", [batch], [], Decimal(100)))
    assert {tuple(check) for check in report["health"]["checks"]} == {
        ("name", "expected", "actual", "difference", "passed")
    }
