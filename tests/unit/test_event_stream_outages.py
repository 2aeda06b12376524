"""The event stream while events cannot be read: nothing is lost, and the log says it once."""

import pytest
from structlog.testing import capture_logs

from backstay.web.stream import event_stream
from backstay.web.stream.event_stream import KEEP_ALIVE
from persistence.errors import Unavailable
from tests.unit.streaming import Table, a_stream, ids_until, listen, run


@pytest.fixture
def table() -> Table:
    return Table()


def test_a_stream_outlives_an_outage(table: Table, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says that it lives, and then brings what was committed meanwhile."""
    monkeypatch.setattr(event_stream, "READ_AGAIN_SECONDS", 0.01)

    async def test() -> None:
        stream = a_stream(table, keep_alive_seconds=0.01)
        chunks = await listen(stream)
        table.is_down = True
        table.commit(3)
        assert await anext(chunks) == KEEP_ALIVE
        table.is_down = False

        assert await ids_until(chunks, 3) == [1, 2, 3]
        await chunks.aclose()

    with capture_logs():
        run(test())


def test_an_outage_is_told_when_it_begins_and_when_it_ends(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However often it is tried meanwhile, and whoever comes and goes: it is nobody's bug."""
    monkeypatch.setattr(event_stream, "READ_AGAIN_SECONDS", 0.001)

    async def test() -> None:
        stream = a_stream(table, keep_alive_seconds=0.01)
        chunks = await listen(stream)
        table.is_down = True
        table.commit(3)
        tried = table.reads + 5
        while table.reads < tried:
            await anext(chunks)
        await chunks.aclose()
        with pytest.raises(Unavailable):
            await stream.start_of(0)
        table.is_down = False
        chunks = await listen(stream, 0)
        await ids_until(chunks, 3)
        await chunks.aclose()

    with capture_logs() as logs:
        run(test())
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("warning", "events cannot be read; trying again"),
        ("info", "events can be read again"),
    ]


def test_a_bug_of_the_reading_is_logged_whole(
    table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the stream goes on after it."""
    monkeypatch.setattr(event_stream, "READ_AGAIN_SECONDS", 0.001)
    asked: list[int] = []

    def last_event_id() -> int:
        asked.append(table.count)
        if len(asked) == 1:
            raise RuntimeError("a bug")
        return table.count

    monkeypatch.setattr(table, "last_event_id", last_event_id)

    async def test() -> None:
        chunks = a_stream(table, keep_alive_seconds=0.01).chunks(0, lambda: True)
        while len(asked) < 2:
            await anext(chunks)
        table.commit(1)
        assert await ids_until(chunks, 1) == [1]
        await chunks.aclose()

    with capture_logs() as logs:
        run(test())
    assert [(line["log_level"], line["event"]) for line in logs] == [
        ("error", "events could not be read; trying again")
    ]
