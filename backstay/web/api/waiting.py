"""Let a handler wait for a command's answer, or for a read of the database."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import anyio
import anyio.to_thread
from fastapi import Depends, Request

from actors.messages import Denied, Reply
from backstay.web.backend import Backend
from backstay.web.problems import RETRY_SOON, Problem, problem_for

ANSWER_SECONDS = 4.0
"""How much longer than its deadline an open is waited for.

An attempt to write it that began in time ends within three seconds, and is followed by its answer:
silence means that not even the database has said what became of it.
"""

READS_MAX = 4

_NOT_KNOWN = "whether a position was opened is not known yet; "
OPEN_NOT_KNOWN = (
    f"{_NOT_KNOWN}list the positions before you send it again: only with an Idempotency-Key it is "
    "done once"
)
OPEN_NOT_KNOWN_BY_KEY = (
    f"{_NOT_KNOWN}send it again with the same Idempotency-Key to learn it: it is done once"
)
CHANGE_NOT_KNOWN = (
    "it may still be carried out; look at the position before you send it again: only with an "
    "Idempotency-Key it is done once"
)
REPEAT = "it may still be carried out; send it again, it is done once"

T = TypeVar("T")


class Reads:
    """Reads of the database, off the event loop, a few at once."""

    def __init__(self) -> None:
        """Begin without a read."""
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
    backend: Backend,
    tell: Callable[[Reply], bool | None],
    *,
    what: str,
    on_silence: str = REPEAT,
) -> Any:
    """Tell a command with a `Reply`, and await its answer; `tell` is False if no actor took it.

    Raises:
        Problem: for a denial; 503 if no actor takes it, or if no answer comes in time, with
            what is certain then.
    """
    reply = Reply()
    if tell(reply) is False:
        raise not_delivered(what)
    seconds = backend.command_seconds + ANSWER_SECONDS
    try:
        answer = await asyncio.wait_for(asyncio.wrap_future(reply.future), seconds)
    except TimeoutError:
        detail = f"{what} was not answered within {seconds:g} s: {on_silence}"
        raise Problem(503, "no_answer", detail, headers=RETRY_SOON) from None
    if isinstance(answer, Denied):
        raise problem_for(answer.denial)
    return answer


def not_delivered(what: str) -> Problem:
    """The problem of a command that no actor took: one that failed is about to be restarted."""
    detail = f"{what} was not delivered, and nothing was done: send it again in a moment"
    return Problem(503, "not_delivered", detail, headers=RETRY_SOON)
