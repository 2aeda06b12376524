"""The specification's Scenario 1, TP1 to TP2 to TP3, with its numbers; its mirror and its turns."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from tests.acceptance.conftest import Log
from tests.acceptance.house import House, Number, amounts, balances
from tests.unit.accounts import a_ladder
from trading.model import CloseReason, PositionStatus, Side
from trading.money import plain, trimmed


def test_scenario_1_tp1_tp2_tp3_progression(house: House) -> None:
    """100 → open 25 → TP1 and TP2 only move the stop → TP3 closes at once, net 2.32225."""
    house.open_account(100)
    house.price(100)
    position_id = house.open(25).position_id
    assert balances(house.wallet()) == amounts(100, 25, 75)

    house.price(103)
    position = house.position(position_id)
    assert (position.status, position.rungs_hit) == (PositionStatus.OPEN, 1)
    assert position.stop_price == 100

    house.price(106)
    position = house.position(position_id)
    assert (position.status, position.rungs_hit) == (PositionStatus.OPEN, 2)
    assert position.stop_price == 103
    assert house.wallet().available == 75

    house.price(110)
    position = house.position(position_id)
    assert position.status is PositionStatus.CLOSED
    assert position.close_reason is CloseReason.TAKE_PROFIT
    assert position.rungs_hit == 3
    assert position.exit_price == 110
    assert position.net_pnl == Decimal("2.32225")
    assert balances(house.wallet()) == amounts("102.32225", 0, "102.32225")


def test_a_close_sets_closed_at_in_the_database(house: House) -> None:
    """`closed_at` is null while the position is open, and set by the commit that closes it."""
    house.open_account()
    house.price(100)
    house.open()
    assert house.sql("SELECT closed_at, status FROM positions") == [(None, "OPEN")]
    house.price(110)
    ((closed_at, status),) = house.sql("SELECT closed_at, status FROM positions")
    assert closed_at is not None
    assert status == "CLOSED"


def test_every_balance_change_has_its_entry_with_the_specifications_texts(house: House) -> None:
    """Opening, open and close are recorded, with balances before and after and a breakdown."""
    house.open_account(100)
    house.price(100)
    house.open(25)
    house.price(110)
    entries = house.entries()
    assert [(str(entry.entry_type), entry.description) for entry in entries] == [
        ("opening", "Opened account with 100 USDT"),
        ("position_open", "Opened LONG position for BTCUSDT: 0.25 @ $100.000000"),
        (
            "position_close",
            "Closed LONG BTCUSDT: TP3 (+10%) reached, Net PnL=$2.32 (Gross=$2.50, Costs=$0.18)",
        ),
    ]
    assert [(e.amount, e.balance_before, e.balance_after) for e in entries] == [
        amounts(100, 0, 100),
        amounts(-25, 100, 75),
        amounts("2.32225", 75, "102.32225"),
    ]


def test_position_wallet_and_entry_are_one_commit(house: House) -> None:
    """What a close writes carries one commit id, and that commit is recorded."""
    house.open_account()
    house.price(100)
    house.open()
    house.price(110)
    entry_commit = "SELECT max(commit_id) FROM wallet_transactions"
    event_commits = "SELECT DISTINCT commit_id FROM events WHERE kind = 'position_closed'"
    assert house.sql(entry_commit) == house.sql(event_commits)
    assert house.sql(f"SELECT count(*) FROM commits WHERE id = ({entry_commit})") == [(1,)]


def test_the_log_reads_as_in_the_specification(house: House, log: Log) -> None:
    """Open, rungs, breakdown, wallet, close, repeated close and health, word for word."""
    house.open_account(100)
    house.price(100)
    number = house.open(25).position_id
    house.price(103, 106, 110)
    house.close(number)
    house.check()
    assert log.lines[-10:] == [
        f"✓ Position opened successfully: ID {number}",
        "Wallet updated: Locked $25.00, Available: $100.00 → $75.00",
        f"TP1 hit for position {number} at +3%. Stop-loss: 95 → 100",
        f"TP2 hit for position {number} at +6%. Stop-loss: 100 → 103",
        f"TP3 hit for position {number} at +10%. Closing position immediately.",
        "PnL Calculation: Gross PnL=$2.50 (+10%), Entry Fee=$0.065, Exit Fee=$0.0715, "
        "Spread=$0.0275, Slippage=$0.01375, Total Costs=$0.178, Net PnL=$2.322 (+9.29%)",
        "Wallet updated: Freed $25.00, PnL=$2.32, Available: $75.00 → $102.32",
        f"✓ Position {number} closed: TP3 (+10%) reached, Net PnL: $2.3222 (+9.29%)",
        f"Position {number} already closed, skipping",
        "✓ Wallet health check PASSED: Total=$102.32, Available=$102.32",
    ]
    assert log.level_of(f"Position {number} already closed, skipping") == "warning"


def test_the_balance_was_never_negative(house: House) -> None:
    """Not in any entry, on the way of a gain and of a loss."""
    house.open_account(25)
    house.price(100)
    house.open(25)
    house.price(110)
    house.open(25)
    house.price(90)
    assert min(entry.balance_after for entry in house.entries()) == 0
    assert house.wallet().available > 0


@dataclass(frozen=True)
class Course:
    """Prices, and what they must make of a position of 25 at 100."""

    name: str
    side: Side
    prices: tuple[Number, ...]
    reason: CloseReason | None
    rungs_hit: int
    exit_price: Number | None
    stop_price: Number
    net_pnl: str


COURSES = [
    Course("SHORT to its last rung", Side.SHORT, (97, 94, 90), CloseReason.TAKE_PROFIT, 3, 90, 94,
           "2.34275"),
    Course("gap past all rungs", Side.LONG, (120,), CloseReason.TAKE_PROFIT, 3, 120, 106,
           "4.812"),
    Course("SHORT gap past all rungs", Side.SHORT, (80,), CloseReason.TAKE_PROFIT, 3, 80, 94,
           "4.853"),
    Course("breakeven after TP1", Side.LONG, (103, 100), CloseReason.STOP_LOSS, 1, 100, 100,
           "-0.1675"),
    Course("SHORT breakeven after TP1", Side.SHORT, (97, 100), CloseReason.STOP_LOSS, 1, 100, 100,
           "-0.1675"),
    Course("TP1 after TP2", Side.LONG, (103, 106, 103), CloseReason.STOP_LOSS, 2, 103, 103,
           "0.579425"),
    Course("SHORT TP1 after TP2", Side.SHORT, (97, 94, 97), CloseReason.STOP_LOSS, 2, 97, 97,
           "0.585575"),
    Course("gap past two rungs, then TP1", Side.LONG, (107, 103), CloseReason.STOP_LOSS, 2, 103,
           103, "0.579425"),
    Course("initial stop", Side.LONG, (99, 95), CloseReason.STOP_LOSS, 0, 95, 95, "-1.412375"),
    Course("gap through the stop", Side.LONG, (60,), CloseReason.STOP_LOSS, 0, 60, 95, "-10.1265"),
    Course("SHORT gap through the stop", Side.SHORT, (140,), CloseReason.STOP_LOSS, 0, 140, 105,
           "-10.2085"),
]  # fmt: skip


def test_ladders_their_mirrors_and_their_turns_end_as_they_must(house: House) -> None:
    """The exit is the price that triggered, gaps included; the wallet gets the net PnL."""
    for course in COURSES:
        house.open_account(100, account=course.name)
        house.price(100, symbol=course.name)
        house.open(25, course.side, account=course.name, symbol=course.name)
        house.price(*course.prices, symbol=course.name)
        (position,) = house.store.read_positions(course.name)
        assert course == Course(
            name=course.name,
            side=position.side,
            prices=course.prices,
            reason=position.close_reason,
            rungs_hit=position.rungs_hit,
            exit_price=position.exit_price,
            stop_price=position.stop_price,
            net_pnl=plain(trimmed(position.net_pnl)),
        )
        total = 100 + Decimal(course.net_pnl)
        assert balances(house.wallet(course.name)) == amounts(total, 0, total)
        assert house.check(course.name).failed_checks == ()


PARTS = a_ladder(3, 6, 10, closes=("0.25", "0.25", "0.5"))

PARTIAL_CLOSES = [
    (Side.LONG, (103, 106, 110), ["0.57942500", "1.32635000", "4.64450000"], "6.55027500"),
    (Side.LONG, (103, 100), ["0.57942500", "-0.50250000"], "0.07692500"),
    (Side.SHORT, (97, 94, 90), ["0.58557500", "1.33865000", "4.68550000"], "6.60972500"),
]


@pytest.mark.parametrize(("side", "prices", "parts", "net"), PARTIAL_CLOSES)
def test_partial_closes_book_their_shares(
    house: House, side: Side, prices: tuple[int, ...], parts: list[str], net: str
) -> None:
    """100 at 100, rungs that close 25, 25 and 50 %: each part's hold and net, to the last digit."""
    house.open_account(100)
    house.price(100)
    position_id = house.open(100, side, ladder=PARTS).position_id
    for index, price in enumerate(prices):
        house.price(price)
        assert house.entries()[-1].amount == Decimal(parts[index])
        if index < len(prices) - 1:
            assert house.wallet().locked == 75 - 25 * index
    position = house.position(position_id)
    assert position.status is PositionStatus.CLOSED
    assert position.net_pnl == Decimal(net)
    assert house.wallet().total == 100 + Decimal(net)
    kinds = [str(entry.entry_type) for entry in house.entries()[2:]]
    assert kinds == ["position_reduce"] * (len(prices) - 1) + ["position_close"]
    assert house.check().failed_checks == ()
