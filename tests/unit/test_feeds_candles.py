"""Candles as prices: recognised by their header, played in one stated order, never guessed at."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds.candles import CandlePlayer, Candles, path_of, times_within
from backstay.feeds.ordering import Rows
from backstay.feeds.recorded import open_prices
from backstay.feeds.rows import Candle
from tests.unit.recordings import refusal, rows, write, write_zip

HEADER = "timestamp,open,high,low,close,volume"
KLINES = [
    "1735689600000000,4.15,4.20,4.10,4.16,539.2,1735689659999999,2240.3,13,401.8,1669.9,0",
    "1735689660000000,4.16,4.17,4.16,4.17,100.0,1735689719999999,417.0,5,50.0,208.5,0",
]
SECOND_US = 1_000_000

OHLC = tuple[Decimal, Decimal, Decimal, Decimal]


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@st.composite
def candles(draw: st.DrawFn) -> OHLC:
    """Any open, high, low and close that go together."""
    price = st.decimals("0.00000001", "1000000", places=8)
    low, one, other, high = sorted(draw(st.tuples(price, price, price, price)))
    opens, close = draw(st.permutations([one, other]))
    return opens, high, low, close


# The path


@given(candles())
def test_a_candle_s_prices_are_its_own_in_the_stated_order(candle: OHLC) -> None:
    """Open, nearer extreme, other extreme, close; the low first where both are equally near."""
    opens, high, low, close = candle
    first, near, far, last = path_of(*candle)
    assert (first, last) == (opens, close)
    assert {near, far} == {high, low}
    assert abs(near - opens) <= abs(far - opens)
    if high - opens == opens - low:
        assert near == low


@given(st.integers(0, 10**17), st.integers(1, 40_000_000).map(lambda s: s * SECOND_US))
def test_a_candle_s_times_rise_strictly_inside_it(start_us: int, interval_us: int) -> None:
    """The open is at its start, the close before the next one's open."""
    times_us = times_within(start_us, start_us + interval_us)
    assert times_us[0] == start_us
    assert times_us[-1] == start_us + interval_us - 1
    assert all(before < after for before, after in pairwise(times_us))


@given(st.lists(candles(), min_size=2, max_size=30), st.integers(1, 30), st.data())
def test_each_candle_s_prices_are_played_however_the_rows_are_cut(
    table: Sequence[OHLC], step: int, data: st.DataObject
) -> None:
    """Runs of any size give the same prices at the same times, strictly in order."""
    starts_us = [(1_700_000_000 + number * step) * SECOND_US for number in range(len(table))]
    values = [Candle(number, None, candle) for number, candle in enumerate(table, start=2)]
    cut = data.draw(st.integers(1, len(table)))
    runs = [
        Rows("X", starts_us[start:end], values[start:end], range(start, end))
        for start, end in ((0, cut), (cut, len(table)))
        if start < end
    ]
    player = CandlePlayer("p.csv")
    played = list(player.played(runs))
    times_us = [time_us for batch in played for time_us in batch.times_us]
    prices = [price for batch in played for price in batch.prices]
    assert prices == [price for one in table for price in path_of(*one)]
    assert times_us[::4] == starts_us
    assert all(before < after for before, after in pairwise(times_us))
    assert player.candles == Candles(count=len(table), interval_us=step * SECOND_US)


# Formats


@pytest.mark.parametrize(
    ("header", "row", "next_row"),
    [
        (HEADER, "1700000000,2,4,1,3,9", "1700000060,3,3,3,3,0"),
        ("Date,Open,High,Low,Close,Adj Close", "2023-11-14T22:13:20Z,2,4,1,3,3", None),
        ("close,low,high,open,time", "3,1,4,2,1700000000000", "3,3,3,3,1700000060000"),
        ("unix,datetime,symbol,open,high,low,close", "1,2023-11-14 22:13:20,X,2,4,1,3", None),
        ("Open Time,Open,High,Low,Close,Close Time", "1700000000,2,4,1,3,1700000059.999", ""),
        (HEADER, "1700000000000000000,2,4,1,3,9", "1700000060000000000,3,3,3,3,0"),
    ],
)
def test_candles_are_recognised_by_their_header(
    header: str, row: str, next_row: str | None
) -> None:
    """Columns are found by name in any order and case, times read in any unit."""
    later = row.replace("22:13:20", "22:14:20") if next_row is None else next_row
    write("p.csv", header, row, later)
    start_us = 1_700_000_000 * SECOND_US
    assert rows("X=p.csv")[:4] == [
        ("X", start_us, "2"),
        ("X", start_us + 20 * SECOND_US, "1"),
        ("X", start_us + 40 * SECOND_US, "4"),
        ("X", start_us + 60 * SECOND_US - 1, "3"),
    ]


def test_binance_s_klines_need_no_header_and_name_their_symbol() -> None:
    """As they are downloaded, in their zip; each says itself when it ends."""
    write_zip("BTCUSDT-1m-2025-01.zip", {"BTCUSDT-1m-2025-01.csv": "\n".join(KLINES)})
    found = rows("BTCUSDT-1m-2025-01.zip")
    assert [price for _, _, price in found[:4]] == ["4.15", "4.10", "4.20", "4.16"]
    assert {symbol for symbol, _, _ in found} == {"BTCUSDT"}
    assert [time_us - found[0][1] for _, time_us, _ in found[3:5]] == [59_999_999, 60_000_000]


@pytest.mark.parametrize("close_time", ["1735689659999", "1735689659999999", "1735689660"])
def test_a_close_time_is_read_as_the_last_moment_or_the_first_after_it(close_time: str) -> None:
    """Sources differ; the close is played just before the next candle in each case."""
    write("p.csv", "time,open,high,low,close,close_time", f"1735689600,2,4,1,3,{close_time}")
    assert rows("X=p.csv")[-1] == ("X", 1_735_689_660 * SECOND_US - 1, "3")


def test_a_column_of_symbols_names_the_symbol() -> None:
    """Spelt in any way."""
    write("p.csv", f"symbol,{HEADER}", "btc-usdt,1,2,4,1,3,9", "btc-usdt,2,2,4,1,3,9")
    assert {symbol for symbol, _, _ in rows("p.csv")} == {"BTCUSDT"}


def test_a_header_with_a_price_is_one_of_trades() -> None:
    """Its other columns are ignored, as ever."""
    write("p.csv", f"{HEADER},price", "1,2,4,1,3,9,7")
    assert rows("X=p.csv") == [("X", SECOND_US, "7")]


def test_quotes_blank_lines_and_gaps_are_read() -> None:
    """A minute without trades has no row: its neighbours keep their length."""
    write("p.csv", HEADER, "60,2,4,1,3,9", "", '"120","2",4,1,3,9', "600,2,4,1,3,9")
    assert [time_us // SECOND_US for _, time_us, _ in rows("X=p.csv")[3::4]] == [119, 179, 659]


def test_a_short_file_may_lack_its_last_newline() -> None:
    """Its last candle tells the interval like the others."""
    text = f"{HEADER}\n60,2,4,1,3,9\n180,2,4,1,3,9\n240,2,4,1,3,9"
    Path("p.csv").write_text(text, encoding="utf-8")
    assert [time_us // SECOND_US for _, time_us, _ in rows("X=p.csv")[3::4]] == [119, 239, 299]


def test_files_say_how_many_candles_they_held() -> None:
    """The longest interval of several files counts; trades hold none."""
    write("a.csv", HEADER, "60,2,4,1,3,9", "120,2,4,1,3,9")
    write("b.csv", HEADER, "0,2,4,1,3,9", "3600,2,4,1,3,9")
    write("t.csv", "timestamp,price", "1,2")
    with open_prices(["A=a.csv", "B=b.csv", "C=t.csv"]) as recorded:
        assert len(list(recorded)) > 2
        assert recorded.candles == Candles(count=4, interval_us=3_600 * SECOND_US)
    with open_prices(["C=t.csv"]) as recorded:
        assert recorded.candles is None


# Errors


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("180,2,1,4,3,9", "open 2, high 1, low 4, close 3 are not a candle: open and close lie"),
        ("180,5,4,1,3,9", "open 5, high 4, low 1, close 3 are not a candle"),
        ("180,2,4,1,0.5,9", "are not a candle: open and close lie between low and high; correct"),
        ("180,0,4,0,3,9", "open 0 is not a price above 0; correct or remove the row"),
        ("180,2,NaN,1,3,9", "high NaN is not a price above 0"),
        ("180,2,4,1,,9", "close '' is not a number; correct or remove the row"),
        ("180,2,4,1,3", "row has 5 fields where the first line has 6"),
        ("noon,2,4,1,3,9", "timestamp 'noon' is neither ISO 8601 nor an epoch"),
        ("120,2,4,1,3,9", "begins at 1970-01-01T00:02:00.000000Z, not a second or more after"),
        ("60,2,4,1,3,9", "line 2, 1970-01-01T00:01:00.000000Z; remove one of them"),
    ],
)
def test_a_row_that_is_no_candle_is_an_error_with_its_line(row: str, reason: str) -> None:
    """It is never skipped or put right silently."""
    write("p.csv", HEADER, "60,2,4,1,3,9", "120,2,4,1,3,9", "", row)
    message = refusal("X=p.csv")
    assert message.startswith("p.csv, line 5: ")
    assert reason in message


def test_a_candle_within_another_is_an_error() -> None:
    """Hours and their minutes in one file: the hour's close would come before the minutes."""
    write(
        "p.csv",
        "time,open,high,low,close,close_time",
        "0,2,4,1,3,3599.999",
        "3600,2,4,1,3,7199.999",
        "3660,2,4,1,3,3719.999",
    )
    message = refusal("X=p.csv")
    assert message.startswith("p.csv, line 4: candle begins at 1970-01-01T01:01:00.000000Z")
    assert "before the one in line 3 ends at 1970-01-01T02:00:00" in message
    assert message.endswith("and lies within it; give each interval a file of its own")


# Overlaps

FEBRUARY_2018 = (
    "1518319694789,8510,8520,8500,8511,100.0,{end},1,1,1,1,0",
    "1518321600000,8511,8530,8505,8520,90.0,1518325199999,1,1,1,1,0",
    "1518325200000,8520,8521,8519,8520,80.0,1518328799999,1,1,1,1,0",
)


@pytest.mark.parametrize("end", ["1518321600999", "1518321599999"])
def test_an_odd_start_and_an_end_rounded_up_are_played_in_order(end: str) -> None:
    """Binance's klines of February 2018: a candle ends at the latest when the next one begins."""
    write("BTCUSDT-1h-2018-02.csv", *(line.format(end=end) for line in FEBRUARY_2018))
    found = rows("BTCUSDT-1h-2018-02.csv")
    times_us = [time_us for _, time_us, _ in found]
    assert all(before < after for before, after in pairwise(times_us))
    assert times_us[:1] + times_us[3:5] == [
        1_518_319_694_789_000,
        1_518_321_599_999_999,
        1_518_321_600_000_000,
    ]
    assert [price for _, _, price in found[:5]] == ["8510", "8500", "8520", "8511", "8511"]
    with open_prices(["BTCUSDT-1h-2018-02.csv"]) as recorded:
        assert len(list(recorded)) > 0
        assert recorded.candles == Candles(count=3, interval_us=3_600 * SECOND_US)


def test_a_file_that_begins_within_an_interval_keeps_its_candles_length() -> None:
    """A first step that comes once does not say how long the others last."""
    write("p.csv", HEADER, "1795,2,4,1,3,9", *(f"{n * 3600},2,4,1,3,9" for n in (1, 2, 3)))
    closes = [time_us // SECOND_US for _, time_us, _ in rows("X=p.csv")[3::4]]
    assert closes == [3_599, 7_199, 10_799, 14_399]


def test_candles_that_overlap_by_less_than_their_step_are_played_in_order() -> None:
    """The earlier one's prices all come before the later one's."""
    write("p.csv", HEADER, *(f"{n},2,4,1,3,9" for n in (0, 60, 120, 150, 210)))
    times_us = [time_us for _, time_us, _ in rows("X=p.csv")]
    assert all(before < after for before, after in pairwise(times_us))
    assert times_us[11:13] == [150 * SECOND_US - 1, 150 * SECOND_US]


def test_candles_that_come_newest_first_are_played_oldest_first() -> None:
    """Each one's own prices keep their order."""
    table = [f"{n * 60},{n + 2},{n + 4},{n + 1},{n + 3},9" for n in range(50)]
    write("up.csv", HEADER, *table)
    write("down.csv", HEADER, *reversed(table))
    assert rows("X=down.csv") == rows("X=up.csv")


def test_a_candle_that_ends_as_it_begins_is_an_error() -> None:
    """Its close time is none."""
    write("p.csv", "time,open,high,low,close,close_time", "", "60,2,4,1,3,60")
    assert "p.csv, line 3: candle closes at 1970-01-01T00:01:00" in refusal("X=p.csv")


def test_a_lone_candle_without_a_close_time_is_an_error() -> None:
    """Nothing says how long it is."""
    write("p.csv", HEADER, "60,2,4,1,3,9")
    assert refusal("X=p.csv") == (
        "p.csv: holds one candle, which does not say how long it is; "
        "add the next one, or a column close_time"
    )


def test_candles_of_two_symbols_in_one_file_are_an_error() -> None:
    """Their minutes are the same ones, but a file is played row by row."""
    write("p.csv", f"symbol,{HEADER}", "A,60,2,4,1,3,9", "B,120,2,4,1,3,9")
    assert refusal("p.csv") == (
        "p.csv, line 3: candle is of B, the ones before of A; give each symbol a file of its own"
    )
