"""Signals from a CSV."""

import gzip
from decimal import Decimal
from pathlib import Path

import pytest

from backstay.feeds.errors import InputError
from backstay.feeds.signals import read_signals
from trading.exits.exits import NOTHING_SAID
from trading.exits.notation import exits_text
from trading.model import Side

HEADER = "id,timestamp,symbol,side,notional"
LADDERS = f"{HEADER},stop_loss,take_profits,trailing,close_after"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signals.csv"


def write(path: Path, *lines: str) -> str:
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return str(path)


def refusal(path: Path, *lines: str) -> InputError:
    """What reading these lines is refused with; its message begins with the place."""
    with pytest.raises(InputError) as caught:
        read_signals(write(path, *lines))
    error = caught.value
    assert error.file == str(path)
    place = str(path) if error.line is None else f"{path}, line {error.line}"
    assert str(error).startswith(f"{place}: ")
    return error


def test_a_row_is_a_signal(path: Path) -> None:
    """Id, time, symbol, side and notional, with the default ladder."""
    (signal,) = read_signals(write(path, HEADER, "a1,2025-10-10T21:00:00Z,btc-usdt,long,25.50"))
    assert signal.signal_id == "a1"
    assert signal.time_us == 1_760_130_000_000_000
    assert signal.symbol == "BTCUSDT"
    assert signal.side is Side.LONG
    assert signal.notional == Decimal("25.50")
    assert signal.exits == NOTHING_SAID
    assert signal.line == 2


def test_a_signal_may_bring_its_ladder(path: Path) -> None:
    """Stop, take-profits, trail and time stop, by columns of its own."""
    cells = "2.5%,3%@25%; 6%@25%;10%@50%,2%/0.5% from rung 1,4h"
    (signal,) = read_signals(write(path, LADDERS, f"1,1,X,SHORT,5,{cells}"))
    assert exits_text(signal.exits) == {
        "stop_loss": "2.5%",
        "take_profits": "3%@25%>breakeven;6%@25%>previous;10%@50%>previous",
        "trailing": "2%/0.5% from rung 1",
        "close_after": "4h",
    }


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        (",,,", {}),
        ("62800,,,", {"stop_loss": "62800"}),
        (",none,,", {"take_profits": "none"}),
        (",,none,", {"trailing": "none"}),
        (",,,90m", {"close_after": "90m"}),
    ],
)
def test_an_empty_cell_says_nothing(path: Path, cells: str, said: dict[str, str]) -> None:
    """Each for itself, and the default stands in for it; `none` says that there is none."""
    (signal,) = read_signals(write(path, LADDERS, f"1,1,X,LONG,5,{cells}"))
    assert exits_text(signal.exits) == said


def test_signals_are_sorted_by_time_and_at_equal_times_as_in_the_file(path: Path) -> None:
    """A file need not be in order."""
    text = write(path, HEADER, *(f"{name},X,LONG,1" for name in ("a,2", "b,1", "c,2", "d,1")))
    assert [signal.signal_id for signal in read_signals(text)] == ["b", "d", "a", "c"]


def test_columns_come_in_any_order_and_case_and_blank_lines_are_skipped(path: Path) -> None:
    """A line number counts them all the same."""
    text = write(path, "", "Side,NOTIONAL, id,Symbol,timestamp", "", "LONG,1,x,AB,5", "  ", "")
    (signal,) = read_signals(text)
    assert (signal.signal_id, signal.symbol, signal.line) == ("x", "AB", 4)


def test_a_byte_order_mark_windows_lines_and_gzip_are_read(path: Path) -> None:
    """As spreadsheets and tools leave them."""
    path.write_bytes(gzip.compress(f"\ufeff{HEADER}\r\na,1,X,LONG,1\r\n".encode()))
    assert len(read_signals(str(path))) == 1


def test_a_header_alone_is_no_signal(path: Path) -> None:
    """A day without a signal is a day."""
    assert read_signals(write(path, HEADER)) == ()


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,1,X,BUY,5", "side 'BUY' is neither LONG nor SHORT; write one of them"),
        ("1,1,X,LONG,-5", "notional -5 is not an amount above 0"),
        ("1,1,X,LONG,0", "notional 0 is not an amount above 0"),
        ("1,1,X,LONG,NaN", "notional NaN is not an amount above 0"),
        ("1,1,X,LONG,1e11", "notional 1e11 is not an amount above 0"),
        ("1,1,X,LONG,0.000000001", "at most 8 decimals"),
        ("1,1,X,LONG,five", "notional 'five' is not a number; write an amount of money"),
        ("1,soon,X,LONG,5", "timestamp 'soon' is neither ISO 8601 nor an epoch"),
        ("1,1,$,LONG,5", "symbol '$' does not name a market"),
        (",1,X,LONG,5", "id is empty"),
        ("1,1,X,LONG", "row has 4 fields where the header has 5"),
        ("1,1,X,LONG,5,6", "row has 6 fields where the header has 5"),
        ('1,1,X,LONG,"5', "row is not CSV"),
    ],
)
def test_a_bad_row_is_an_error_with_its_line(path: Path, row: str, reason: str) -> None:
    """The row and the reason are named."""
    error = refusal(path, HEADER, "0,1,X,LONG,5", row)
    assert error.line == 3
    assert reason in str(error)


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ("0%,,,", "stop_loss: '0%' is not above 0"),
        ("1%;2%,,,", "stop_loss: '1%;2%' is not a percentage such as 3%"),
        (
            "100%,,,",
            "stop_loss: stop-loss 100% is not below 100%; to give a price, leave out the %",
        ),
        (",6%;3%,,", "take_profits: take-profit 2 of 3% is not beyond the 6% before it"),
        (",3%;6%;,,", "take_profits: '' is not a take-profit: write LEVEL, LEVEL@SHARE or"),
        (",NaN,,", "take_profits: 'NaN' is not a price such as 62800 or a percentage such as 5%"),
        (",65000%,,", "take_profits: 65000% is above 1000%; to give a price, leave out the %"),
        (',"65,000",,', "'65,000' may be one price with thousands separators or several"),
        (",3%@50%;6%@70%,,", "the shares of the take-profits come to 120% at number 2"),
        (",3%@0.00000000000000001%,,", "has more than 16 decimals: round it"),
        (",3%;1E+70%,,", "take_profits: 1E+70% is too large"),
        (f",{';'.join(f'{n}%' for n in range(1, 41))},,", "40 take-profits: give at most 8"),
        (",,0,", "trailing: '0' is not above 0: give a price such as 62800"),
        (",,2%/5,", "trailing: '5' is not a percentage: write it with its sign"),
        (",,,4", "close_after: '4'"),
    ],
)
def test_a_bad_ladder_is_an_error_with_its_line(path: Path, cells: str, reason: str) -> None:
    """The row is named, and what of the ladder is impossible."""
    error = refusal(path, LADDERS, f"1,1,X,LONG,5,{cells}")
    assert error.line == 2
    assert reason in str(error)


def test_an_id_given_twice_is_an_error_with_both_lines(path: Path) -> None:
    """Who mends it finds both."""
    error = refusal(path, HEADER, "a,1,X,LONG,5", "b,1,X,LONG,5", "a,2,Y,SHORT,5")
    assert error.line == 4
    assert "id 'a' was already given in line 2" in str(error)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("id,timestamp,symbol,side", "header lacks notional"),
        ("1,1,X,LONG,5", "header has an unknown column '1'"),
        (f"{HEADER},stop", "header has an unknown column 'stop'; known are id, "),
        (f"{HEADER},stop_loss_pct", "column stop_loss_pct is now stop_loss, with cells such as 5%"),
        (f"{HEADER},take_profit_pcts", "is now take_profits, with cells such as 3%;6%;10%"),
        (f"{HEADER},close_fractions", "is now take_profits, with cells such as 3%@25%;6%@75%"),
        (f"{HEADER},side", "header names 'side' twice"),
    ],
)
def test_a_wrong_header_is_an_error_with_the_remedy(path: Path, header: str, reason: str) -> None:
    """What is missing or unknown is named."""
    error = refusal(path, header)
    assert error.line == 1
    assert reason in str(error)


def test_an_empty_file_is_an_error(path: Path) -> None:
    """It says with what to begin."""
    assert "is empty; begin with the header id,timestamp" in str(refusal(path))


def test_a_missing_file_is_an_error(path: Path) -> None:
    """In words of the system."""
    with pytest.raises(InputError, match="cannot be opened: No such file or directory"):
        read_signals(str(path))


def test_a_file_that_is_no_text_is_an_error(path: Path) -> None:
    """A binary file is told of as one."""
    path.write_bytes(b"id,timestamp\n\xff\n")
    with pytest.raises(InputError, match="line 2: is not UTF-8 text"):
        read_signals(str(path))
