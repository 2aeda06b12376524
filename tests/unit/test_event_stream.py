"""The event stream by itself, over events that a test commits: all of them, once, in order."""

import asyncio
import json
import random
import threading
from typing import Any

import pytest

from backstay.web.access.access import Access, Caller
from backstay.web.access.scopes import Scope
from backstay.web.stream import event_stream
from backstay.web.stream.event_stream import KEEP_ALIVE, EventStream, encoded
from backstay.web.stream.route import EventStreamResponse
from tests.unit.streaming import Table, a_stream, a_turn, an_event, ids_until, listen, run


@pytest.fixture
def table() -> Table:
    return Table()


def test_an_event_is_its_id_its_kind_and_all_of_it_as_json() -> None:
    """As `text/event-stream` wants it, with its data as the API shows events."""
    head, data = encoded(an_event(7)).decode().split("data: ")

    assert head == "id: 7\nevent: rung_hit\n"
    assert data.endswith("}\n\n")
    assert json.loads(data) == {
        "id": 7,
        "kind": "rung_hit",
        "account": "demo",
        "position_id": 401,
        "symbol": "BTCUSDT",
        "time": "1970-01-01T00:00:01.000000Z",
        "done_at": "1970-01-01T00:00:02.000000Z",
        "text": "Rung hit",
        "gravity": "info",
        "data": {"price": "103.0"},
    }


@pytest.mark.parametrize(("since", "start"), [(None, 5), (0, 0), (3, 3), (5, 5), (6, 5)], ids=str)
def test_a_stream_begins_after_what_is_known_or_at_the_end(
    table: Table, since: int | None, start: int
) -> None:
    """Its first line says where a reconnect would go on."""

    async def test() -> None:
        stream = a_stream(table)
        table.commit(5)

        chunks = stream.chunks(await stream.start_of(since), lambda: True)

        assert await anext(chunks) == f"retry: 2000\nid: {start}\n\n".encode()
        table.commit()
        assert await ids_until(chunks, 6) == list(range(start + 1, 7))
        await chunks.aclose()

    run(test())


@pytest.mark.parametrize("seed", range(5))
def test_everybody_gets_every_event_once_in_order(
    table: Table, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commits go on meanwhile; the ring and the batches are small, so that streams fall behind."""
    monkeypatch.setattr(event_stream, "BATCH_EVENTS", 5)
    chance = random.Random(seed)
    sizes = [chance.randrange(1, 12) for _ in range(300)]
    total = 20 + sum(sizes)
    starts = [chance.randrange(21) for _ in range(8)]

    def commit_all() -> None:
        for size in sizes:
            table.commit(size)

    async def follow(stream: EventStream, since: int) -> list[int]:
        """Hang up and resume now and then."""
        ids: list[int] = []
        while not ids or ids[-1] < total:
            chunks = await listen(stream, ids[-1] if ids else since)
            ids += await ids_until(chunks, min(total, (ids[-1] if ids else since) + 400))
            await chunks.aclose()
        return ids

    async def test() -> None:
        stream = a_stream(table, ring_events=10)
        table.commit(20)
        committing = threading.Thread(target=commit_all)
        following = [asyncio.create_task(follow(stream, since)) for since in starts]
        await a_turn()
        committing.start()

        got = await asyncio.gather(*following)

        committing.join()
        assert got == [list(range(since + 1, total + 1)) for since in starts]

    run(test())


def test_nothing_is_read_while_nobody_listens(table: Table) -> None:
    """An idle service asks its database nothing."""

    async def test() -> None:
        stream = a_stream(table)
        table.commit(10)
        assert table.reads == 0

        chunks = await listen(stream)
        table.commit()
        await ids_until(chunks, 11)
        await chunks.aclose()
        reads = table.reads
        table.commit()
        await a_turn()

        assert table.reads == reads

    run(test())


def test_one_reading_serves_all(table: Table) -> None:
    """Fifty listeners cost as many queries as one."""

    async def test() -> None:
        stream = a_stream(table)
        many = [await listen(stream) for _ in range(50)]
        waiting = [asyncio.create_task(ids_until(chunks, 1)) for chunks in many]
        table.commit()
        await asyncio.gather(*waiting)
        reads = table.reads

        waiting = [asyncio.create_task(ids_until(chunks, 2)) for chunks in many]
        table.commit()

        assert await asyncio.gather(*waiting) == [[2]] * 50
        assert table.reads - reads <= 3
        for chunks in many:
            await chunks.aclose()

    run(test())


def test_a_quiet_stream_gives_signs_of_life(table: Table) -> None:
    """A comment line, which clients ignore and proxies count."""

    async def test() -> None:
        chunks = await listen(a_stream(table, keep_alive_seconds=0.01))

        assert [await anext(chunks), await anext(chunks)] == [KEEP_ALIVE] * 2
        assert KEEP_ALIVE.startswith(b":")
        await chunks.aclose()

    run(test())


def test_a_stream_ends_when_its_token_is_revoked(table: Table) -> None:
    """At the latest with the next sign of life."""

    async def test() -> None:
        stream = a_stream(table, keep_alive_seconds=0.01)
        holds = True
        chunks = stream.chunks(0, lambda: holds)
        await anext(chunks)
        await anext(chunks)
        holds = False

        assert [chunk async for chunk in chunks] == []

    run(test())


def test_a_close_ends_every_stream_and_lets_none_begin(table: Table) -> None:
    """Who waits is woken up, from whichever thread the close comes."""

    async def test() -> None:
        stream = a_stream(table)
        many = [await listen(stream) for _ in range(3)]
        waiting = [asyncio.create_task(anext(chunks, None)) for chunks in many]

        await asyncio.to_thread(stream.close)

        assert await asyncio.gather(*waiting) == [None] * 3
        assert stream.is_full_for("")

    run(test())


def test_streams_are_bounded(table: Table) -> None:
    """A place is free again as soon as one has gone."""

    async def test() -> None:
        stream = a_stream(table, streams_max=2)
        first, second = await listen(stream), await listen(stream)
        with_two = stream.is_full_for("")

        await first.aclose()

        assert (with_two, stream.is_full_for("")) == (True, False)
        await second.aclose()

    run(test())


def test_a_token_with_many_streams_keeps_no_other_one_out(table: Table) -> None:
    """Its newest stream ends for another token's first; what it asks for beyond is refused."""

    async def test() -> None:
        stream = a_stream(table, streams_max=3)
        many = [stream.chunks(0, lambda: True, "many") for _ in range(3)]
        for chunks in many:
            await anext(chunks)
        waiting = [asyncio.create_task(anext(chunks, None)) for chunks in many]
        assert stream.is_full_for("many")
        assert not stream.is_full_for("other")

        other = stream.chunks(0, lambda: True, "other")
        await anext(other)

        assert await waiting[2] is None
        assert stream.clients == 3
        assert not waiting[0].done()
        assert stream.is_full_for("many")
        stream.close()
        await asyncio.gather(*waiting)
        await other.aclose()
        assert stream.clients == 0

    run(test())


def test_nothing_is_read_for_a_client_that_does_not_read_on(table: Table) -> None:
    """What it is not sent is not kept in memory; the server cuts it off, and its place is free."""

    async def test() -> None:
        stream = a_stream(table)
        table.commit(3)
        access, sent, stuck = Access(), [], asyncio.Event()

        async def send(message: Any) -> None:
            sent.append(message)
            if len(sent) == 3:  # the start and the first part went through
                stuck.set()
                await asyncio.Event().wait()

        answer = EventStreamResponse(stream, 0, Caller(Scope.READ), access)
        answering = asyncio.create_task(answer.stream_response(send))
        await stuck.wait()

        assert [message["type"] for message in sent] == [
            "http.response.start",
            "http.response.body",
            "http.response.body",
        ]
        answering.cancel()
        await asyncio.wait([answering])
        assert stream.clients == 0
        reads = table.reads
        table.commit()
        await a_turn()
        assert table.reads == reads

    run(test())
