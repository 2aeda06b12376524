"""Events that a test commits, and what an event stream over them sends."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from actors.commit.messages import Announced
from backstay.web.stream.event_stream import EventStream
from persistence.errors import Unavailable
from persistence.state import StoredEvent

WITHIN = 60.0

Chunks = AsyncGenerator[bytes, None]


class Table:
    """Events as a database has them, with a count of what is asked of it."""

    def __init__(self) -> None:
        self.count = 0
        self.reads = 0
        self.is_down = False
        self.listener: Callable[[Announced], None] = lambda _message: None

    def commit(self, count: int = 1) -> None:
        self.count += count
        self.listener(Announced(commit_id=1, first_event_id=1, changes=()))

    def read_events(self, after_id: int, limit: int) -> tuple[StoredEvent, ...]:
        self._asked()
        until = min(self.count, after_id + limit)
        return tuple(map(an_event, range(after_id + 1, until + 1)))

    def last_event_id(self) -> int:
        self._asked()
        return self.count

    def _asked(self) -> None:
        self.reads += 1
        if self.is_down:
            raise Unavailable("the database is away")


def an_event(event_id: int) -> StoredEvent:
    return StoredEvent(
        id=event_id,
        kind="rung_hit",
        account="demo",
        position_id=401,
        symbol="BTCUSDT",
        time_us=1_000_000,
        commit_id=1,
        done_us=2_000_000,
        data='{"price":"103.0"}',
    )


def a_stream(table: Table, **settings: Any) -> EventStream:
    stream = EventStream(table, **settings)
    table.listener = stream.announced
    return stream


def run(test: Coroutine[Any, Any, None]) -> None:
    async def within() -> None:
        await asyncio.wait_for(test, WITHIN)

    asyncio.run(within())


async def a_turn() -> None:
    """Let the loop do what waits."""
    turned = asyncio.Event()
    asyncio.get_running_loop().call_soon(turned.set)
    await turned.wait()


async def listen(stream: EventStream, since: int | None = None) -> Chunks:
    """The chunks of a stream that was begun."""
    chunks = stream.chunks(await stream.start_of(since), lambda: True)
    await anext(chunks)
    return chunks


async def ids_until(chunks: Chunks, last_id: int) -> list[int]:
    """The ids that come, up to one."""
    ids: list[int] = []
    while not ids or ids[-1] < last_id:
        ids += [
            int(found) for found in re.findall(rb"^id: (\d+)$", await anext(chunks), re.MULTILINE)
        ]
    return ids
