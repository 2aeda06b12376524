"""The event stream: committed events as server-sent events, without gap or repetition.

The ids are those of the events table, which ascend in the order of commits. Each stream remembers
the last id that it sent and reads on from there: from a ring of recent events that all share, or
from the database where the ring does not reach back. So no events queue up for a client, and an
announcement only says that there are events to read.
"""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from operator import attrgetter
from typing import Protocol, TypeVar

import anyio.to_thread
import msgspec
import structlog
from anyio import CapacityLimiter

from actors.commit.messages import Announced
from backstay.web.access.shares import fullest
from persistence.errors import UNREADABLE
from persistence.event_codec import event_of
from persistence.state import StoredEvent
from trading.events.words import words_of
from trading.times import iso_time

STREAMS_MAX = 100
"""How many streams are open at once; fewer where the process may have few connections."""

READING_THREADS = 4
RING_EVENTS = 10_000
BATCH_EVENTS = 200
KEEP_ALIVE_SECONDS = 15.0
READ_AGAIN_SECONDS = 1.0
RECONNECT_MS = 2000
KEEP_ALIVE = b": still here\n\n"

log = structlog.get_logger("backstay")


class Place:
    """A stream's place among those that may be open; `given_up` once another stream has it."""

    def __init__(self, holder: str) -> None:
        """A place of this holder."""
        self.holder = holder
        self.given_up = False


_id_of = attrgetter("id")
T = TypeVar("T")


class PastEvents(Protocol):
    """Reads events from the database, on any thread; raises `Unavailable` in an outage."""

    def read_events(self, after_id: int, limit: int) -> tuple[StoredEvent, ...]:
        """At most `limit` events with ids above `after_id`, ascending."""
        ...

    def last_event_id(self) -> int:
        """The id of the newest event; 0 where there is none."""
        ...


class EventStream:
    """Sends committed events to every listener.

    `announced` is a listener of the actors, `close` ends all streams: both may be called on any
    thread. The rest belongs to the server's event loop.
    """

    def __init__(
        self,
        reader: PastEvents,
        *,
        streams_max: int = STREAMS_MAX,
        ring_events: int = RING_EVENTS,
        keep_alive_seconds: float = KEEP_ALIVE_SECONDS,
    ) -> None:
        """Begin with no listeners; nothing is read before the first one."""
        self._reader = reader
        self._streams_max = streams_max
        self._ring_events = ring_events
        self._keep_alive_seconds = keep_alive_seconds
        self._limiter = CapacityLimiter(READING_THREADS)
        self._streams = 0
        self._places: list[Place] = []
        self._is_closed = False
        self._is_away = False
        # While there is a listener: the server's loop, and the task that fills the ring.
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pump: asyncio.Task[None] | None = None
        self._is_woken = False
        self._wake = asyncio.Event()
        self._news = asyncio.Event()
        # The ring has every event after the floor; the floor is unknown at first.
        self._ring: list[StoredEvent] = []
        self._floor: int | None = None

    def is_full_for(self, holder: str) -> bool:
        """Whether a holder can have no more streams: it has its share, or the server stops."""
        if self._is_closed:
            return True
        return len(self._places) >= self._streams_max and self._fullest(holder) == holder

    @property
    def clients(self) -> int:
        """The number of listeners."""
        return len(self._places)

    def announced(self, _message: Announced) -> None:
        """Note that events were committed; many calls in a row wake the reader once."""
        loop = self._loop
        if loop is None or self._is_woken:
            return
        self._is_woken = True
        with suppress(RuntimeError):  # the server ended just now, and its loop with it
            loop.call_soon_threadsafe(self._wake.set)

    def close(self) -> None:
        """End every stream, so that the server can stop at once; no stream begins after this."""
        self._is_closed = True
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self._tell_everybody)

    async def start_of(self, since: int | None) -> int:
        """The id to begin after: the given one, or the present end if none is given.

        An id beyond the end is from another database; after it no event would come for long.
        """
        end = await self._in_thread(self._reader.last_event_id)
        return end if since is None else min(since, end)

    async def chunks(
        self, after_id: int, still_holds: Callable[[], bool], holder: str = ""
    ) -> AsyncGenerator[bytes, None]:
        """The parts sent to one client: every event after an id, while its token is in force.

        If there are too many streams, the newest one of the holder that has the most ends.
        """
        with self._listening(), self._placed(holder) as place:
            # The id goes first, so that a client cut off before the first event resumes here.
            yield f"retry: {RECONNECT_MS}\nid: {after_id}\n\n".encode()
            while True:
                events = await self._events_after(after_id, place)
                if self._is_closed or place.given_up or not still_holds():
                    return
                if events:
                    after_id = events[-1].id
                    yield b"".join(map(encoded, events))
                else:
                    yield KEEP_ALIVE

    async def _events_after(self, after_id: int, place: Place) -> Sequence[StoredEvent]:
        """The next events; none when a keep-alive is due, or the stream ends."""
        while not (self._is_closed or place.given_up):
            # Taken before looking: an event between the look and the wait ends the wait.
            news = self._news
            try:
                if events := await self._look(after_id):
                    return events
                await asyncio.wait_for(news.wait(), self._keep_alive_seconds)
            except TimeoutError:
                break
            except UNREADABLE:
                await asyncio.sleep(READ_AGAIN_SECONDS)
                break
        return ()

    async def _look(self, after_id: int) -> Sequence[StoredEvent]:
        if self._floor is None or after_id < self._floor:
            return await self._in_thread(self._reader.read_events, after_id, BATCH_EVENTS)
        begin = bisect_right(self._ring, after_id, key=_id_of)
        return self._ring[begin : begin + BATCH_EVENTS]

    @contextmanager
    def _placed(self, holder: str) -> Iterator[Place]:
        """Hold a place, which may be taken from another holder, and later be lost to one."""
        if len(self._places) >= self._streams_max:
            most = self._fullest(holder)
            given_up = next(place for place in reversed(self._places) if place.holder == most)
            given_up.given_up = True
            self._places.remove(given_up)
            self._tell_everybody()
        place = Place(holder)
        self._places.append(place)
        try:
            yield place
        finally:
            if not place.given_up:
                self._places.remove(place)

    def _fullest(self, newcomer: str) -> str:
        return fullest((place.holder for place in self._places), newcomer)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Read committed events as long as there is a listener."""
        self._streams += 1
        if self._pump is None:
            self._wake = asyncio.Event()
            self._is_woken = False
            self._loop = asyncio.get_running_loop()
            self._pump = self._loop.create_task(self._fill_ring())
        try:
            yield
        finally:
            self._streams -= 1
            if self._streams == 0:
                self._pump.cancel()
                self._pump = self._loop = self._floor = None
                self._ring.clear()

    async def _fill_ring(self) -> None:
        while True:
            try:
                await self._read_on()
                await self._wake.wait()
            except UNREADABLE:
                await asyncio.sleep(READ_AGAIN_SECONDS)
            except Exception:
                log.exception("events could not be read; trying again")
                await asyncio.sleep(READ_AGAIN_SECONDS)

    async def _read_on(self) -> None:
        # Cleared before reading, so that a later announcement causes another read.
        self._wake.clear()
        self._is_woken = False
        if self._floor is None:
            self._floor = await self._in_thread(self._reader.last_event_id)
            self._tell_everybody()
        while True:
            last_id = self._ring[-1].id if self._ring else self._floor
            events = await self._in_thread(self._reader.read_events, last_id, BATCH_EVENTS)
            if not events:
                return
            self._ring.extend(events)
            # Cut only now and then, because cutting a list moves all of it.
            if len(self._ring) > 2 * self._ring_events:
                excess = len(self._ring) - self._ring_events
                self._floor = self._ring[excess - 1].id
                del self._ring[:excess]
            self._tell_everybody()

    def _tell_everybody(self) -> None:
        self._news.set()
        self._news = asyncio.Event()

    async def _in_thread(self, read: Callable[..., T], *arguments: int) -> T:
        """Read on another thread; an outage is logged when it begins and when it ends."""
        try:
            found = await anyio.to_thread.run_sync(read, *arguments, limiter=self._limiter)
        except UNREADABLE as error:
            if not self._is_away:
                log.warning("events cannot be read; trying again", error=str(error))
            self._is_away = True
            raise
        if self._is_away:
            log.info("events can be read again")
        self._is_away = False
        return found


@lru_cache(maxsize=1024)  # the same few events go to every listener
def encoded(event: StoredEvent) -> bytes:
    """An event as server-sent: its id, its kind, and all of it as JSON in one line."""
    words = words_of(event_of(event))
    fields = {
        "id": event.id,
        "kind": event.kind,
        "account": event.account,
        "position_id": event.position_id,
        "symbol": event.symbol,
        "time": iso_time(event.time_us),
        "done_at": iso_time(event.done_us),
        "text": words.sentence,
        "gravity": words.gravity.name.lower(),
        "data": msgspec.Raw(event.data.encode()),
    }
    head = f"id: {event.id}\nevent: {event.kind}\ndata: ".encode()
    return head + msgspec.json.encode(fields) + b"\n\n"
