"""Begin reads one after another, so that many of them delay no command and no probe."""

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send

from backstay.web.access.requests import SAFE_METHODS, route_path
from backstay.web.problems import RETRY_SOON, Problem, problem_response

WAITING_MAX = 500
AT_ONCE = frozenset({"/healthz", "/readyz"})


class ReadsInTurn:
    """Begins one read in each turn of the event loop, in the order in which they came.

    A read takes up to some milliseconds of the loop when it begins: five hundred in one turn would
    delay all other requests for seconds. Between turns, commands run.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an app."""
        self._app = app
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        is_read = scope["type"] == "http" and scope["method"] in SAFE_METHODS
        if is_read and route_path(scope) not in AT_ONCE:
            # Reads whose clients have disconnected wait too, so their number is bounded.
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
