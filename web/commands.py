"""How a handler waits: for the answer to a command, and for a read of the database."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, Request

from actors.messages import Denied, Reply
from web.backend import Backend
from web.problems import RETRY_SOON, Problem, problem_for

ANSWER_SECONDS = 1.0
"""How much longer than its deadline an open is waited for: its refusal comes at the deadline."""

READS_MAX = 4

NOT_OPENED_LATER = (
    "no position is opened by it any more; send it again with the same Idempotency-Key to learn "
    "whether one was opened in time"
)
REPEAT = "it may still be carried out; send it again, it is done once"

T = TypeVar("T")


class Reads:
    """Reads of the database, off the event loop, a few at once."""

    def __init__(self) -> None:
        """Nothing is being read."""
        self._limiter = anyio.CapacityLimiter(READS_MAX)

    async def __call__(self, read: Callable[[], T]) -> T:
        """Run a read; raises what it raises, `Unavailable` above all."""
        return await anyio.to_thread.run_sync(read, limiter=self._limiter)


def _reads_of(request: Request) -> Reads:
    reads = request.app.state.reads
    assert isinstance(reads, Reads)
    return reads


TheReads = Annotated[Reads, Depends(_reads_of)]
"""A handler's parameter of this type is given the app's reads."""


async def answer_of(
    backend: Backend, tell: Callable[[Reply], Any], *, what: str, on_silence: str = REPEAT
) -> Any:
    """Tell a command with a `Reply`, and await its answer.

    Raises:
        Problem: for a denial; 503 where no answer comes in time, with what is certain then.
    """
    reply = Reply()
    tell(reply)
    seconds = backend.command_seconds + ANSWER_SECONDS
    try:
        answer = await asyncio.wait_for(asyncio.wrap_future(reply.future), seconds)
    except TimeoutError:
        detail = f"{what} was not answered within {seconds:g} s: {on_silence}"
        raise Problem(503, "no_answer", detail, headers=RETRY_SOON) from None
    if isinstance(answer, Denied):
        raise problem_for(answer.denial)
    return answer
