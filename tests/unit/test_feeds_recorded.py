"""Recorded trades: formats told apart by content, rows read exactly, errors with their place."""

import gzip
import io
import tracemalloc
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds.errors import InputError
from backstay.feeds.formats import layout_of
from backstay.feeds.recorded import open_prices
from backstay.feeds.rows import TradeReader
from tests.unit.recordings import T_US, batches, refusal, rows, write, write_zip

TARDIS = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount"
AGG_TRADES = [
    "184359103,122335.79000000,0.00084000,243254795,243254804,1759536000061015,False,True",
    "184359104,122336.26000000,0.00005000,243254805,243254805,1759536000061016,False,True",
]


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


# Formats


def test_a_csv_with_timestamp_and_price_is_read_whatever_its_other_columns() -> None:
    """Columns are found by name, in any case and order."""
    write("p.csv", "note, PRICE,volume,Timestamp", "x,0.5,9,1", "y,0.25,9,2")
    assert rows("btc-usdt=p.csv") == [("BTCUSDT", 10**6, "0.5"), ("BTCUSDT", 2 * 10**6, "0.25")]


def test_a_csv_may_hold_several_symbols() -> None:
    """A batch ends where the symbol changes, however it is spelt."""
    write("p.csv", "Symbol,timestamp,price", "A-B,1,1", "ab,2,2", "C/D,2,3", "AB,4,4")
    assert [(batch.symbol, len(batch.prices)) for batch in batches("p.csv")] == [
        ("AB", 1),
        ("AB", 1),
        ("CD", 1),
        ("AB", 1),
    ]


def test_tardis_trades_are_read_by_the_exchanges_time() -> None:
    """Not by the time at which they were recorded."""
    write("t.csv", TARDIS, f"coinbase,POL-USD,{T_US},1,7,buy,.2361,1e-7")
    assert rows("t.csv") == [("POLUSD", T_US, "0.2361")]


@pytest.mark.parametrize(
    ("row", "time_us"),
    [
        ("1,0.5,2,3,4,1759536000061015,False,True", 1_759_536_000_061_015),
        ("1,0.5,2,3,4,1609459200123,true,true", 1_609_459_200_123_000),
        ("1,0.5,2,3,1759536000061015,True,False", 1_759_536_000_061_015),
        ("1,0.5,2,3,1609459200123,False,True", 1_609_459_200_123_000),
        ("1,0.5,2,3,4,1609459200123,false", 1_609_459_200_123_000),
        ("1,0.5,2,3,1609459200123,false", 1_609_459_200_123_000),
    ],
    ids=["aggTrades us", "aggTrades ms", "trades us", "trades ms", "futures aggTrades", "futures"],
)
def test_binance_vision_files_have_no_header(row: str, time_us: int) -> None:
    """Milliseconds and microseconds, as they changed over the years."""
    write("b.csv", row)
    assert rows("X=b.csv") == [("X", time_us, "0.5")]


@pytest.mark.parametrize("time_name", ["transact_time", "time"])
def test_binance_visions_futures_files_may_have_a_header(time_name: str) -> None:
    """It is told from a row of data."""
    write("b.csv", f"id,price,qty,{time_name},is_buyer_maker", "1,0.5,2,1609459200123,false")
    assert rows("X=b.csv") == [("X", 1_609_459_200_123_000, "0.5")]


def test_gzip_and_zip_are_told_by_content_not_by_name() -> None:
    """A wrong ending misleads nobody."""
    text = "timestamp,price,symbol\n1,2,AB\n"
    Path("gzip.csv").write_bytes(gzip.compress(text.encode()))
    write_zip("zip.gz", {"data.csv": text, "folder/": "", "__MACOSX/data.csv": "x"})
    Path("plain.zip").write_text(text, encoding="utf-8")
    for name in ("gzip.csv", "zip.gz", "plain.zip"):
        assert rows(name) == [("AB", 10**6, "2")]


def test_a_byte_order_mark_windows_lines_blank_lines_and_quotes_are_read() -> None:
    """As spreadsheets and editors leave them."""
    text = '\ufeff\r\n"timestamp","price"\r\n1,"2"\r\n\r\n"3",4\r\n\r\n'
    Path("p.csv").write_bytes(text.encode())
    assert rows("X=p.csv") == [("X", 10**6, "2"), ("X", 3 * 10**6, "4")]


def test_the_last_line_needs_no_newline() -> None:
    """The last row counts as well."""
    Path("p.csv").write_text("timestamp,price\n1,2\n3,4", encoding="utf-8")
    assert len(rows("X=p.csv")) == 2


# Symbols


@pytest.mark.parametrize("name", ["BTCUSDC-aggTrades-2025-10-04.csv", "BTCUSDC-trades-2025-10.csv"])
def test_a_binance_vision_file_names_its_symbol(name: str) -> None:
    """From the name that it was downloaded under."""
    write(name, *AGG_TRADES)
    assert {row[0] for row in rows(name)} == {"BTCUSDC"}


def test_a_zips_member_names_the_symbol_where_the_zip_does_not() -> None:
    """A zip that was renamed is still of its market."""
    write_zip("data.zip", {"BTCUSDC-aggTrades-2025-10-04.csv": "\n".join(AGG_TRADES)})
    assert {row[0] for row in rows("data.zip")} == {"BTCUSDC"}


def test_a_given_symbol_overrides_the_files() -> None:
    """Who names it has the last word."""
    write("t.csv", TARDIS, f"binance,POLUSDT,{T_US},1,7,buy,0.2361,1")
    write("BTCUSDC-aggTrades-2025-10-04.csv", *AGG_TRADES)
    assert rows("pol/usd=t.csv") == [("POLUSD", T_US, "0.2361")]
    assert {row[0] for row in rows("XY=BTCUSDC-aggTrades-2025-10-04.csv")} == {"XY"}


def test_a_file_whose_name_has_an_equals_sign_is_found() -> None:
    """The sign may be part of a path."""
    write("A=b.csv", "timestamp,price,symbol", "1,2,CD")
    assert rows("A=b.csv") == [("CD", 10**6, "2")]
    assert rows("XY=A=b.csv") == [("XY", 10**6, "2")]


def test_a_file_without_a_symbol_is_an_error_with_the_remedy() -> None:
    """The message shows how to give it."""
    write("p.csv", "timestamp,price", "1,2")
    assert refusal("p.csv") == "p.csv: names no symbol; give it as SYMBOL=p.csv"


def test_a_given_symbol_for_a_file_of_several_is_an_error() -> None:
    """Prices of two markets are never mixed under one name."""
    write("p.csv", "timestamp,price,symbol", "1,2,AB", "1,2,A/B", "1,2,CD")
    assert refusal("X=p.csv") == (
        "p.csv, line 4: X= was given, but the file holds AB and CD; name the file without X="
    )


@pytest.mark.parametrize("files", [["AB-USDT", "ABUSDT_PERP"], ["ABUSDT.P", "abusdt"]])
def test_a_perpetual_s_prices_are_never_mixed_with_its_pair_s(files: list[str]) -> None:
    """They share a symbol; in one file or in several, one of them needs another name."""
    for number, symbol in enumerate(files, start=1):
        write(f"{number}.csv", "timestamp,price,symbol", f"{number},2,{symbol}")
    write("both.csv", "timestamp,price,symbol", *(f"1,2,{symbol}" for symbol in files))
    assert f"both.csv, line 3: {files[1]!r} is ABUSDT, of which there are prices" in refusal(
        "both.csv"
    )
    assert refusal("1.csv", "2.csv").endswith("another symbol, as in OTHER=2.csv")
    assert {symbol for symbol, _, _ in rows("1.csv", "X=2.csv")} == {"ABUSDT", "X"}


def test_a_symbol_that_names_no_market_is_an_error_with_its_line() -> None:
    """In the file, or before the sign on the command line."""
    write("p.csv", "timestamp,price,symbol", "1,2,AB", "", "1,2,?")
    assert "p.csv, line 4: symbol '?' does not name a market" in refusal("p.csv")
    assert "?=p.csv: symbol '?' does not name a market" in refusal("?=p.csv")


# Rows


@pytest.mark.parametrize("price", ["0", "-1", "NaN", "Infinity", "1E-9", "0." + "1" * 40, "1E+30"])
def test_a_price_that_only_the_guard_refuses_passes_unchanged(price: str) -> None:
    """What is wrong with the market is for the guard to say."""
    write("p.csv", "timestamp,price", f"1,{price}")
    assert rows("X=p.csv") == [("X", 10**6, price)]


def test_a_price_that_is_no_number_is_an_error_with_its_line() -> None:
    """The row is named, and what to do with it."""
    write("p.csv", "timestamp,price", "1,2", "2,abc")
    assert refusal("X=p.csv") == (
        "p.csv, line 3: price 'abc' is not a number; correct or remove the row"
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("5,", "price '' is not a number"),
        ("5,1_0", "price '1_0' is not a number"),
        ("soon,1", "timestamp 'soon' is neither ISO 8601 nor an epoch"),
        ("1_0,1", "timestamp '1_0' is neither"),
        ("5", "row has 1 fields where the first line has 2"),
        ("5,1,9", "row has 3 fields where the first line has 2"),
        ('5,"1', "row is not CSV: unexpected end of data; a field must end on its line"),
        ("timestamp,price", "timestamp 'timestamp' is neither"),
    ],
)
def test_a_row_that_cannot_be_read_is_an_error_with_its_line(row: str, reason: str) -> None:
    """Too short, too long, without a time: it is never skipped silently."""
    write("p.csv", "", "timestamp,price", "1,2", "", row, "6,7")
    assert f"p.csv, line 5: {reason}" in refusal("X=p.csv")


def test_rows_of_wrong_widths_that_sum_up_are_noticed() -> None:
    """A short row does not borrow fields from the next."""
    write("p.csv", "timestamp,price,note", "1,2,x", "3,4", "5,6,y,z")
    assert "line 3: row has 2 fields where the first line has 3" in refusal("X=p.csv")


def test_an_error_far_inside_a_file_names_its_line() -> None:
    """Blocks and blank lines do not spoil the count."""
    lines = [f"{T_US + number},1.5" for number in range(40_000)]
    lines[33_333] = "x,1.5"
    write("p.csv", "timestamp,price", *lines)
    assert "p.csv, line 33335: timestamp 'x'" in refusal("X=p.csv")


def test_rows_before_an_error_are_delivered() -> None:
    """What is sound is not held back for what is not."""
    lines = [f"{T_US + number},1.5" for number in range(40_000)]
    write("p.csv", "timestamp,price", *lines, "x,1.5")
    delivered = 0
    with open_prices(["X=p.csv"]) as prices, pytest.raises(InputError):  # noqa: PT012
        for batch in prices:
            delivered += len(batch.prices)
    assert 30_000 < delivered < 40_000


TIMES = st.sampled_from(["1", "1760054400.5", "1760054400816", str(T_US), "2025-10-10T00:00:00Z"])
PRICES = st.decimals(allow_nan=False).map(str) | st.sampled_from([" 1", "+1", "0.10", "NaN"])


@given(st.lists(st.tuples(TIMES, PRICES, st.sampled_from(["A_B", "CD"])), min_size=1))
def test_a_block_read_at_once_equals_it_read_line_by_line(table: Sequence[Sequence[str]]) -> None:
    """Fast and slow reading agree on any table."""
    reader = TradeReader("p.csv", layout_of(["timestamp,price,symbol"]))
    plain = reader.read("".join(f"{','.join(row)}\n" for row in table), 1)
    quoted = reader.read("".join(f'{row[0]},"{row[1]}",{row[2]}\n' for row in table), 1)
    assert (plain.times_us, plain.symbols) == (quoted.times_us, quoted.symbols)
    assert list(map(str, plain.values)) == list(map(str, quoted.values))
    assert list(plain.lines) == list(quoted.lines)


# Several files


def test_files_are_merged_by_time_and_at_equal_times_in_their_order() -> None:
    """The order of the files decides, so a replay repeats."""
    write("a.csv", "timestamp,price", "1,1", "3,2", "3,3", "2,4", "9,5")
    write("b.csv", "timestamp,price", "1,6", "3,7", "8,8")
    expected = [("A", 1), ("B", 6), ("A", 4), ("A", 2), ("A", 3), ("B", 7), ("B", 8), ("A", 5)]
    found = [(symbol, int(price)) for symbol, _, price in rows("A=a.csv", "B=b.csv")]
    assert found == expected


def test_progress_is_counted_in_bytes_on_disk() -> None:
    """A progress bar can be drawn for packed files too."""
    lines = [f"{T_US + number},1.5" for number in range(40_000)]
    write("p.csv", "timestamp,price", *lines)
    size = Path("p.csv").stat().st_size
    with open_prices(["X=p.csv", "Y=p.csv"]) as prices:
        assert prices.size == 2 * size
        positions = [prices.position for _ in prices]
    assert positions == sorted(positions)
    assert positions[0] < size < positions[-1] == 2 * size == prices.position


def test_memory_stays_small_however_long_the_file_is() -> None:
    """It is read in blocks, and none is kept."""
    text = io.StringIO()
    text.write("timestamp,price\n")
    text.writelines(f"{T_US + number},{number}.25\n" for number in range(100_000))
    Path("p.csv").write_bytes(gzip.compress(text.getvalue().encode()))
    tracemalloc.start()
    try:
        with open_prices(["X=p.csv"]) as prices:
            assert sum(len(batch.prices) for batch in prices) == 100_000
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()
