"""Reads one after another, so that a crowd of them holds no command and no probe up."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from backstay.web.access.requests import SAFE_METHODS, route_path
from backstay.web.problems import RETRY_SOON, Problem, problem_response

WAITING_MAX = 500
AT_ONCE = frozenset({"/healthz", "/readyz"})


class ReadsInTurn:
    """Begins one read in each turn of the event loop, in the order in which they came.

    A read takes up to some milliseconds of the loop when it begins: five hundred in one turn would
    keep all others waiting for seconds. A command comes in between.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Stand before an app."""
        self._app = app
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        is_read = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        if is_read and route_path(scope) not in AT_ONCE:
            # Those whose clients have gone wait as well: their number must not grow without end.
            if self._waiting >= WAITING_MAX:
                await problem_response(_too_many())(scope, receive, send)
                return
            await self._take_turn()
        await self._app(scope, receive, send)

    async def _take_turn(self) -> None:
        self._waiting += 1
        try:
            async with self._turn:
                await asyncio.sleep(0)
        finally:
            self._waiting -= 1


def _too_many() -> Problem:
    detail = "read refused: too many others wait; try again"
    return Problem(503, "too_many_reads", detail, headers=RETRY_SOON)
