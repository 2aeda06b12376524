"""Files that cannot be read as trades or candles: errors with their place and the remedy."""

import gzip
from pathlib import Path

import pytest

from backstay.feeds.errors import InputError
from backstay.feeds.recorded import open_prices
from tests.unit.recordings import refusal, write, write_zip


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("time;cost", "'time;cost' is neither a header with the columns timestamp and price"),
        ("timestamp,last,amount", "add such a header"),
        ("timestamp,open,close", "header has open and close, but not high, low: candles need"),
        ("open,high,low,close", "but not timestamp: candles need timestamp, open, high"),
        ("time,open,high,Open,low,close", "header names 'open' twice; rename one"),
        ("a,0.5,2,3,4,1759536000061015,False,True", "nor a row of a known format"),
        ("timestamp,price,Price", "header names 'price' twice"),
        ('timestamp,"price', "row is not CSV"),
        ("x" * 100, f"'{'x' * 60}...' is neither"),
    ],
)
def test_a_wrong_header_is_an_error_with_the_remedy(header: str, reason: str) -> None:
    """What is missing or unknown is named, with what to write."""
    write("p.csv", "", header, "1,2,3")
    message = refusal("X=p.csv")
    assert message.startswith("p.csv, line 2: ")
    assert reason in message


def test_a_missing_file_is_an_error_that_names_it() -> None:
    """In words of the system, and of what to do."""
    assert refusal("X=none.csv") == (
        "none.csv: cannot be opened: No such file or directory; check the path"
    )
    assert "none.csv: cannot be opened" in refusal("none.csv")
    assert ".: cannot be opened: Is a directory" in refusal(".")


def test_a_missing_file_is_noticed_before_any_price_is_read() -> None:
    """A long replay does not fail at its end."""
    write("p.csv", "timestamp,price", "1,2")
    with pytest.raises(InputError, match=r"none\.csv"):
        open_prices(["X=p.csv", "none.csv"])


@pytest.mark.parametrize("text", ["", "\n \n\n", "\ufeff"])
def test_an_empty_file_is_an_error(text: str) -> None:
    """Nothing in it, or nothing but blank lines."""
    Path("p.csv").write_text(text, encoding="utf-8")
    assert refusal("X=p.csv") == "p.csv: is empty; leave the file out"


def test_a_header_without_rows_is_an_error() -> None:
    """A forgotten download is not taken for a quiet market."""
    write("p.csv", "timestamp,price", "")
    assert refusal("X=p.csv") == "p.csv: holds no prices; leave the file out"


def test_what_is_no_text_is_an_error_with_its_line() -> None:
    """A binary file is told of as one."""
    Path("p.csv").write_bytes(b"timestamp,price\n1,2\n3,\xff\n")
    assert refusal("X=p.csv") == (
        "p.csv, line 3: is not text in UTF-8, UTF-16 or GBK; plain text, .gz and .zip are read"
    )


def test_a_line_without_end_is_an_error() -> None:
    """A file that is no table cannot fill the memory."""
    write("p.csv", "timestamp,price", "1" * 1_000_000)
    assert "p.csv, line 2: line is longer than 65536 bytes" in refusal("X=p.csv")


@pytest.mark.parametrize("packing", ["gzip", "zip"])
@pytest.mark.parametrize("damage", ["cut short", "changed"])
def test_a_damaged_file_is_an_error(packing: str, damage: str) -> None:
    """Cut short or changed, packed either way: it never passes for whole."""
    text = "timestamp,price\n" + "".join(f"{number},{number}.5\n" for number in range(9_000))
    if packing == "gzip":
        data = gzip.compress(text.encode(), compresslevel=0)
    else:
        write_zip("whole.zip", {"p.csv": text})
        data = Path("whole.zip").read_bytes()
    data = data[:20_000] if damage == "cut short" else data.replace(b"777.5", b"778.5", 1)
    Path("p.csv").write_bytes(data)
    assert "may be damaged or cut short, fetch it again" in refusal("X=p.csv")


def test_a_zip_of_several_files_is_an_error_with_the_remedy() -> None:
    """None of them is chosen silently."""
    write_zip("p.zip", {"a.csv": "1", "b.csv": "2"})
    assert refusal("p.zip") == "p.zip: zip holds 2 files, not one; unpack it and name the files"
    write_zip("none.zip", {})
    assert "none.zip: zip holds 0 files, not one" in refusal("none.zip")
