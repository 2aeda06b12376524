"""The event stream as a route: server-sent events, as browsers' EventSource reads them."""

from contextlib import aclosing
from typing import Annotated

from fastapi import APIRouter, Header, Query
from starlette.responses import StreamingResponse
from starlette.types import Send

from backstay.web.access.access import Access, Caller, Scope, requires
from backstay.web.backend import TheBackend
from backstay.web.problems import RETRY_SOON, Problem, answers, problem_response
from backstay.web.stream.event_stream import EventStream

EVENT_ID_MAX = 2**63 - 1

router = APIRouter(prefix="/events", tags=["events"])


class EventStreamResponse(StreamingResponse):
    """Server-sent events; the server cuts off a client that stops reading, as for any answer."""

    media_type = "text/event-stream"

    def __init__(self, stream: EventStream, after_id: int, caller: Caller, access: Access) -> None:
        """Send the events after an id for as long as the caller's token is in force."""
        self._stream = stream
        self._holder = caller.holder
        self._chunks = stream.chunks(after_id, lambda: access.still_holds(caller), self._holder)
        # nginx would hold the answer back until it has some kilobytes of it.
        super().__init__(self._chunks, headers={"X-Accel-Buffering": "no"})

    async def stream_response(self, send: Send) -> None:
        """Send part after part, until the stream ends or its client disconnects."""
        if self._stream.is_full_for(self._holder):  # checked again: many may have asked at once
            await _refuse(send)
            return
        async with aclosing(self._chunks):
            # This takes the place, before the first wait.
            chunk = await anext(self._chunks, None)
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            while chunk is not None:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                chunk = await anext(self._chunks, None)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def _too_many() -> Problem:
    return Problem(
        503,
        "streams_full",
        "event stream refused: this token already has its share of the open streams",
        headers=RETRY_SOON,
    )


async def _refuse(send: Send) -> None:
    refusal = problem_response(_too_many())
    head = {"status": refusal.status_code, "headers": refusal.raw_headers}
    await send({"type": "http.response.start", **head})
    await send({"type": "http.response.body", "body": refusal.body, "more_body": False})


@router.get(
    "",
    status_code=200,
    response_class=EventStreamResponse,
    responses={
        200: {
            "description": "Server-sent events; `data` is an event as JSON, `id` its number",
            "content": {"text/event-stream": {"schema": {"type": "string"}}},
        },
        **answers(503),
    },
)
async def stream_events(
    backend: TheBackend,
    caller: Annotated[Caller, requires(Scope.READ)],
    since: Annotated[
        int | None,
        Query(ge=0, le=EVENT_ID_MAX, description="The last event known; else only new ones come."),
    ] = None,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=EVENT_ID_MAX, description="As `since`, from a browser that reconnects."),
    ] = None,
) -> EventStreamResponse:
    """Stream events as they are committed, and before them those since the last one known."""
    stream = backend.events
    if stream.is_full_for(caller.holder):
        raise _too_many()
    after_id = await stream.start_of(since if last_event_id is None else last_event_id)
    return EventStreamResponse(stream, after_id, caller, backend.access)
