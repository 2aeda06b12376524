"""Several streams of prices as one."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds.batches import PriceBatch, merged

Row = tuple[str, int, Decimal]


def a_stream(symbol: str, *chunks: Iterable[int]) -> list[PriceBatch]:
    """Batches with prices at these times; a price tells its place in the stream."""
    batches, number = [], 0
    for times in map(list, chunks):
        prices = [Decimal(number + index) for index in range(len(times))]
        number += len(times)
        batches.append(PriceBatch(symbol, times, prices))
    return batches


def rows(batches: Iterable[PriceBatch]) -> list[Row]:
    result: list[Row] = []
    for symbol, times_us, prices in batches:
        assert times_us, "a batch is never empty"
        result += [(symbol, *row) for row in zip(times_us, prices, strict=True)]
    return result


def told(batches: Iterable[PriceBatch]) -> str:
    return " ".join(f"{symbol}{time_us}" for symbol, time_us, _ in rows(batches))


def merged_row_by_row(streams: list[list[PriceBatch]]) -> list[Row]:
    """The model: look at each stream's next row, take the earliest, the first of equals."""
    waiting = [rows(stream) for stream in streams]
    result = []
    while any(waiting):
        heads = [(queue[0][1], index) for index, queue in enumerate(waiting) if queue]
        result.append(waiting[min(heads)[1]].pop(0))
    return result


def test_prices_come_in_time_order_over_all_streams() -> None:
    """Each is taken when its time has come."""
    streams = [a_stream("A", [1, 4, 7]), a_stream("B", [2, 3, 9])]
    assert told(merged(streams)) == "A1 B2 B3 A4 A7 B9"


def test_at_equal_times_the_earlier_stream_leads() -> None:
    """The order in which they are given decides, so a replay repeats."""
    streams = [a_stream("A", [5, 5, 6]), a_stream("B", [5, 6]), a_stream("C", [4, 5])]
    assert told(merged(streams)) == "C4 A5 A5 B5 C5 A6 B6"


def test_a_price_that_runs_backwards_comes_when_it_is_next_in_its_stream() -> None:
    """No row is moved within its own file."""
    streams = [a_stream("A", [10, 5, 20]), a_stream("B", [7, 8, 15])]
    assert told(merged(streams)) == "B7 B8 A10 A5 B15 A20"


def test_a_stream_that_leads_stays_in_one_batch() -> None:
    """It is not cut where nothing has to come between."""
    streams = [a_stream("A", range(100)), a_stream("B", [1_000])]
    assert [len(batch.prices) for batch in merged(streams)] == [100, 1]


def test_one_stream_passes_as_it_is() -> None:
    """Its batches are handed on unchanged."""
    stream = a_stream("A", [3, 1], [2])
    assert list(merged([stream])) == stream


def test_no_stream_and_empty_streams_give_nothing() -> None:
    """There is nothing to wait for."""
    assert list(merged([])) == []
    assert list(merged([[], []])) == []
    assert told(merged([[], a_stream("B", [1])])) == "B1"


def test_endless_streams_are_merged_as_they_come() -> None:
    """No stream is read further than is needed."""

    def endless(symbol: str, time_us: int) -> Iterator[PriceBatch]:
        while True:
            yield PriceBatch(symbol, [time_us], [Decimal(1)])
            time_us += 2

    batches = merged([endless("A", 0), endless("B", 1)])
    assert [next(batches).symbol for _ in range(4)] == ["A", "B", "A", "B"]


TIMES = st.lists(st.integers(0, 12), min_size=1, max_size=6)
STREAMS = st.lists(st.lists(TIMES, max_size=4), max_size=4)


@given(STREAMS)
def test_merging_runs_equals_merging_row_by_row(chunks_by_stream: list[list[list[int]]]) -> None:
    """Whatever the streams hold."""
    streams = [a_stream(f"S{index}", *chunks) for index, chunks in enumerate(chunks_by_stream)]
    assert rows(merged(streams)) == merged_row_by_row(streams)
