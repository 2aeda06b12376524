"""Rows in any order are played by their times, within bounded memory, and it is said."""

import tempfile
import tracemalloc
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds import ordering
from backstay.feeds.errors import InputError
from backstay.feeds.ordering import Disorder, OrderedRows, Reordered, Rows, rows_ahead
from backstay.feeds.recorded import open_prices
from tests.unit.recordings import T_US, refusal, rows, write

Row = tuple[int, int]


@pytest.fixture(autouse=True)
def in_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def runs_of(table: Sequence[Row], cut: int) -> Iterator[Rows[int]]:
    """The rows (time, value) in runs of some length, as a file's blocks bring them."""
    for start in range(0, len(table), cut):
        part = table[start : start + cut]
        lines = range(start + 1, start + 1 + len(part))
        yield Rows("X", [time_us for time_us, _ in part], [value for _, value in part], lines)


def played(ordered: OrderedRows[int]) -> list[Row]:
    return [row for run in ordered for row in zip(run.times_us, run.values, strict=True)]


def reordered_in(*specs: str) -> tuple[Reordered, ...]:
    with open_prices(specs) as recorded:
        assert list(recorded)
        return recorded.reordered


TIMES = st.lists(st.integers(0, 30), min_size=1, max_size=60)


@given(TIMES, st.integers(1, 7), st.integers(1, 9), st.data())
def test_rows_shuffled_within_the_bound_are_played_as_if_they_were_sorted(
    times_us: list[int], cut: int, ahead: int, data: st.DataObject
) -> None:
    """No row is moved by more places than are read ahead; equal times keep the file's order."""
    times_us.sort()
    order = sorted(range(len(times_us)), key=lambda place: place + data.draw(st.integers(0, ahead)))
    table = [(times_us[place], number) for number, place in enumerate(order)]
    ordered = OrderedRows(runs_of(table, cut), "p.csv", ahead=ahead, part=4)
    found = played(ordered)
    assert [time_us for time_us, _ in found] == times_us
    assert sorted(found) == sorted(table)
    reordered = ordered.reordered
    assert (reordered is None) == ([time_us for time_us, _ in table] == times_us)
    if reordered is None or reordered.disorder is Disorder.MIXED:
        assert found == sorted(table)


@given(st.permutations(range(40)), st.integers(1, 7), st.integers(2, 9))
def test_a_file_that_is_out_of_order_from_the_start_is_sorted_as_a_whole(
    times_us: list[int], cut: int, part: int
) -> None:
    """In parts on disk, however far its rows are from their places."""
    table = [(100 + time_us, time_us) for time_us in (1, 0, *times_us)]
    ordered = OrderedRows(runs_of(table, cut), "p.csv", ahead=3, part=part)
    assert [time_us for time_us, _ in played(ordered)] == sorted(time_us for time_us, _ in table)


@given(TIMES, st.integers(1, 7), st.integers(2, 50), st.integers(2, 9))
def test_a_newest_first_file_is_reversed(
    times_us: list[int], cut: int, ahead: int, part: int
) -> None:
    """Rows of one time are reversed as well."""
    table = [(time_us, number) for number, time_us in enumerate(sorted(times_us))]
    ordered = OrderedRows(runs_of(table[::-1], cut), "p.csv", ahead=ahead, part=part)
    found = played(ordered)
    reordered = ordered.reordered
    if reordered is not None and reordered.disorder is Disorder.NEWEST_FIRST:
        assert found == table
    assert [time_us for time_us, _ in found] == [time_us for time_us, _ in table]


def test_two_parts_of_a_month_that_interleave_are_merged() -> None:
    """As in official monthly files; the table that is printed says how many rows came late."""
    parts = [[T_US + 2 * n, T_US + 10**12 + 2 * n] for n in range(20_000)]
    write("p.csv", "timestamp,price", *(f"{t},{t % 1000}.5" for part in parts for t in part))
    found = [time_us for _, time_us, _ in rows("X=p.csv")]
    assert found == sorted(time_us for part in parts for time_us in part)
    assert reordered_in("X=p.csv") == (
        Reordered(file="p.csv", disorder=Disorder.MIXED, late=19_999),
    )


def test_a_newest_first_file_that_is_longer_than_what_is_read_ahead_is_reversed() -> None:
    """Several symbols too."""
    lines = [f"{T_US + n},{n}.5,{'AB' if n % 3 else 'CD'}" for n in range(30_000)]
    write("up.csv", "timestamp,price,symbol", *lines)
    write("down.csv", "timestamp,price,symbol", *reversed(lines))
    assert rows("down.csv") == rows("up.csv")
    assert reordered_in("down.csv") == (
        Reordered(file="down.csv", disorder=Disorder.NEWEST_FIRST, late=29_999),
    )
    assert reordered_in("up.csv") == ()


def test_a_row_that_comes_too_late_is_an_error_with_its_line_and_the_remedy() -> None:
    """In a file that began in order, what has been played cannot be taken back."""
    lines = [f"{T_US + n},1.5" for n in range(30_000)]
    write("p.csv", "timestamp,price", *lines, f"{T_US + 5},2", f"{T_US + 40_000},2")
    assert refusal("X=p.csv").startswith(
        "p.csv, line 30002: row of 2025-10-10T00:00:00.816134Z comes more than 10000 rows after "
        "later ones, up to 2025-10-10T00:00:00."
    )
    assert refusal("X=p.csv").endswith(
        "; sort its rows by time, or give each part that is in order a file of its own"
    )


def test_more_parts_than_the_bound_are_an_error_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A file that cannot be sorted here is not played in part."""
    monkeypatch.setattr(ordering, "PARTS_MAX", 3)
    table = [(time_us, 0) for time_us in range(40, 0, -1)]
    ordered = OrderedRows(runs_of(table, 5), "p.csv", ahead=5, part=10)
    with pytest.raises(InputError, match="more than 30 rows that are not in the order"):
        played(ordered)


def test_a_disk_without_room_is_an_error_that_names_the_folder(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Another folder can be given."""

    def full() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "TemporaryFile", full)
    ordered = OrderedRows(runs_of([(n, 0) for n in range(40, 0, -1)], 5), "p.csv", ahead=5)
    with pytest.raises(InputError, match=r"No space left on device; set TMPDIR"):
        played(ordered)


def test_of_many_files_fewer_rows_are_read_ahead() -> None:
    """A year of daily files goes into memory as one does."""
    assert [rows_ahead(files) for files in (1, 10, 365)] == [10_000, 10_000, 273]
    assert rows_ahead(1_000_000) == 1


def test_memory_stays_bounded_while_a_long_file_is_sorted() -> None:
    """Parts wait on disk: four times the rows need hardly more memory."""
    peaks = []
    for count in (20_000, 80_000):
        # Steps that are prime to the count visit every place once, far from one another.
        table = ((number * 7_919 % count, number) for number in range(count))
        runs = (Rows("X", [time_us], [value], (value,)) for time_us, value in table)
        tracemalloc.start()
        try:
            ordered = OrderedRows(runs, "p.csv", ahead=500, part=4_000)
            assert sum(len(run.times_us) for run in ordered) == count
            peaks.append(tracemalloc.get_traced_memory()[1])
        finally:
            tracemalloc.stop()
    assert peaks[1] < 1.5 * peaks[0]
