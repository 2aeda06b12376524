"""Formats that are told by their content, or refused with what was seen and what to do."""

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backstay.feeds.errors import InputError
from tests.unit.recordings import T_US, batches, refusal, rows, write, write_zip

ROOT = Path(__file__).parents[2]
EXAMPLE = re.compile(r"^```(?:csv|json) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXAMPLES = EXAMPLE.findall((ROOT / "docs/replay.md").read_text(encoding="utf-8"))
DAMAGE = (b",", b"\n", b"\r", b'"', b";", b"[", b"]", b"{", b"\0", b"e999", b"NaN", b"-", b"9" * 30)
OKX = "trade_id/交易id,side/交易方向,size/数量,price/价格,created_time/成交时间"


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def numbers_in(text: str) -> set[str]:
    return set(re.findall(r"\d+\.\d+|\d+", text))


@pytest.mark.parametrize(("spec", "text"), EXAMPLES, ids=[spec for spec, _ in EXAMPLES])
def test_every_example_in_the_docs_is_read(spec: str, text: str) -> None:
    """Under the name that it has there, with every digit of its prices."""
    Path(spec.rpartition("=")[2]).write_text(text, encoding="utf-8")
    found = rows(spec)
    times_us = [time_us for _, time_us, _ in found]
    assert times_us == sorted(times_us)
    assert all(1_300_000_000 * 10**6 < time_us < 1_800_000_000 * 10**6 for time_us in times_us)
    assert {price for _, _, price in found} <= numbers_in(text)


@given(st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_example_is_read_in_order_or_refused(data: st.DataObject) -> None:
    """Whatever bytes are changed, cut out or put in: no other error, and no price out of order."""
    _, text = data.draw(st.sampled_from(EXAMPLES))
    content = text.encode(data.draw(st.sampled_from(["utf-8", "utf-16", "gb18030"])))
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(content)))
        end = data.draw(st.integers(start, min(start + 9, len(content))))
        piece = data.draw(st.sampled_from(DAMAGE) | st.binary(max_size=3))
        content = content[:start] + piece + content[end:]
    Path("p.csv").write_bytes(content)
    try:
        found = rows("X=p.csv")
    except InputError:
        return
    times_us = [time_us for _, time_us, _ in found]
    assert times_us == sorted(times_us)


def test_the_docs_have_examples_of_all_formats() -> None:
    """The check above has something to check."""
    assert len(EXAMPLES) >= 15


@pytest.mark.parametrize(
    ("spec", "text", "expected"),
    [
        ("XBTUSD.csv", "1381095255,122.00000,0.10000000", [("BTCUSD", "122.00000")]),
        ("ETHUSDT_1.csv", "1381095255,2.5,1", [("ETHUSDT", "2.5")]),
        ("X=bitstampUSD.csv", "1315922016,5.8,1.0", [("X", "5.8")]),
        ("X=t.csv", "time\tprice\n1700000000\t2.50", [("X", "2.50")]),
        ("X=t.csv", "a;TIME;Price\n,,;1700000000;2.50", [("X", "2.50")]),
    ],
)
def test_formats_without_a_header_and_other_separators_are_read(
    spec: str, text: str, expected: list[tuple[str, str]]
) -> None:
    """The symbol comes from Kraken's names."""
    Path(spec.rpartition("=")[2]).write_text(text, encoding="utf-8")
    assert [(symbol, price) for symbol, _, price in rows(spec)] == expected


def test_a_decimal_comma_is_an_error_with_the_remedy() -> None:
    """It could be a separator of thousands."""
    write("p.csv", "time;price", "1700000000;1234,5")
    assert refusal("X=p.csv") == (
        "p.csv, line 2: price '1234,5' is not a number; write decimals with a point"
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16", "utf-16-le"])
def test_okx_s_two_languages_are_read_in_any_encoding(encoding: str) -> None:
    """Blocks of a long file end anywhere in a character."""
    lines = [f"{n},买,0.1,{n % 7}.5,{1_646_064_000_000 + n}" for n in range(5_000)]
    Path("BTC-USDT-trades-2022-03-01.csv").write_bytes("\r\n".join([OKX, *lines]).encode(encoding))
    found = rows("BTC-USDT-trades-2022-03-01.csv")
    assert len(found) == 5_000
    assert found[-1] == ("BTCUSDT", (1_646_064_000_000 + 4_999) * 1_000, "1.5")


def test_json_is_read_however_it_is_laid_out() -> None:
    """In one line of any length, or one value a line; a number keeps its digits."""
    table = [f'[{1_570_752_011_620 + n},"7",null,"sell",1.{n:05}0,2.0,3.1]' for n in range(4_000)]
    Path("XRP_ETH-trades.json").write_text(f"[{','.join(table)}]", encoding="utf-8")
    spread = "[\n" + ",\n".join(row.replace(",", ",\n ") for row in table) + "\n]\n"
    Path("A_B-trades.json").write_text(spread, encoding="utf-8")
    found = rows("XRP_ETH-trades.json")
    assert len(found) == 4_000
    assert found[-1] == ("XRPETH", (1_570_752_011_620 + 3_999) * 1_000, "1.039990")
    assert [row[1:] for row in rows("A_B-trades.json")] == [row[1:] for row in found]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[[1570752011620,1,2,3,1", "is cut short; fetch it again"),
        ("[[1570752011620,1,2,1,2,3]", "is cut short; fetch it again"),
        ('[[1570752011620,1,2,1,2,3],{"a":1}]', "holds something else than arrays"),
        ("[[1570752011620,1,2,1,2,3],[1570752071620,1,2,1]]", "line 2: row has 4 fields"),
        ('[{"timestamp":1,"price":2}]', "is JSON of objects; of JSON files only freqtrade's"),
        ('{"timestamp":1,"price":2}', "is JSON of objects; of JSON files only freqtrade's"),
        ("<!DOCTYPE html>\n<html>", "is a web page or XML, not a table"),
        ("a,0.5,2,3,4,1759536000061015,False,True", "nor a row of a known format"),
        ("1381095255,122.0,121.0,122.0,122.0,0.1,1", "nor a row of a known format"),
        ("Price,Close,High,Low,Open\nTicker,A,A,A,B\nDate,,,,\n", "holds 2 tickers (A, B)"),
        ("Price,Close,High,Low\nTicker,A,A,A\nDate,,,\n", "but not open: candles need"),
    ],
)
def test_what_is_not_read_is_refused_with_what_was_seen(text: str, reason: str) -> None:
    """Cut short, of another kind, or almost right."""
    Path("p.csv").write_text(text, encoding="utf-8")
    assert reason in refusal("X=p.csv")


@pytest.mark.parametrize(
    ("beginning", "seen"),
    [
        (b"PAR1", "is Parquet; save it as CSV"),
        (b"ARROW1", "is Feather (Arrow); save it as CSV"),
        (b"\x89HDF", "is HDF5"),
        (b"\x28\xb5\x2f\xfd", "is Zstandard; unpack it with unzstd"),
        (b"BZh9", "is bzip2; unpack it"),
        (b"\xfd7zXZ", "is xz"),
        (b"SQLite format 3", "is an SQLite database"),
        (b"\x00\x01\x02\x03\x04\x05", "is not text"),
    ],
)
def test_a_binary_file_is_refused_by_its_name(beginning: bytes, seen: str) -> None:
    """With the step that makes it readable."""
    Path("p.csv").write_bytes(beginning + bytes(range(256)) * 9)
    assert seen in refusal("X=p.csv")


def test_a_workbook_is_refused_by_its_name() -> None:
    """It is a zip of many files, and none of them is a table."""
    write_zip("p.xlsx", {"[Content_Types].xml": "", "xl/workbook.xml": "", "xl/a.xml": ""})
    assert refusal("X=p.xlsx") == "p.xlsx: is an Excel workbook; save its sheet as CSV"


@pytest.mark.parametrize("name", ["DATA.csv", "TRADES.csv"])
def test_only_kraken_s_format_takes_its_symbol_from_a_bare_name(name: str) -> None:
    """Elsewhere a word in capitals is not a market."""
    write(name, "timestamp,price", f"{T_US},2")
    assert "names no symbol" in refusal(name)
    assert batches(f"X={name}")
