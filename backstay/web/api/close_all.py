"""Close every open position, and return each one's outcome."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from actors.desk.set_aside import no_wallet
from actors.messages import Denied, Reply
from actors.position.messages import ClosePosition
from backstay.web.access.access import Scope, requires
from backstay.web.api.bodies import (
    check_market,
    open_positions,
    position_body,
    unreadable_body,
)
from backstay.web.api.fields import AccountName, RequestBody, Symbol, example
from backstay.web.api.schemas import CloseAllBody, DeniedClose
from backstay.web.api.waiting import TheReads
from backstay.web.backend import Backend, TheBackend
from backstay.web.problems import answers, problem_for
from persistence.state import PositionRecord, Unreadable

router = APIRouter(prefix="/positions", tags=["positions"], dependencies=[requires(Scope.TRADE)])

NOTE = "close-all"


class CloseAllRequest(RequestBody):
    """The positions to close: of one account or all, of one symbol or all.

    With `force` even a stale market's last price is acted on.
    """

    model_config = example(account="demo")

    account: AccountName | None = None
    symbol: Symbol | None = None
    force: Annotated[bool, Field(strict=True)] = False


@router.post("/close-all", responses=answers(404, 413, 503))
async def close_all(
    backend: TheBackend, reads: TheReads, request: CloseAllRequest | None = None
) -> CloseAllBody:
    """Close every open position that matches, each on its own: one that is denied stops none."""
    request = request or CloseAllRequest()
    if request.account is not None and request.account not in backend.published.version.wallets:
        raise problem_for(no_wallet(backend.published, request.account))
    matching = open_positions(backend, account=request.account, symbol=request.symbol)
    if request.symbol is not None and not matching:
        check_market(backend, request.symbol, "nothing was closed")
    ids = [record.position.position_id for record in reversed(matching)]
    replies = {position_id: Reply() for position_id in ids}
    for position_id, reply in replies.items():
        backend.tell(
            ClosePosition(position_id=position_id, note=NOTE, force=request.force, reply_to=reply)
        )
    answered = await _answered(backend, replies)
    denials = {id_: a.denial for id_, a in answered.items() if isinstance(a, Denied)}
    done = [id_ for id_ in answered if id_ not in denials]
    closed = await reads(partial(backend.reader.read_positions_by_id, done)) if done else ()
    return CloseAllBody(
        closed=[position_body(backend, row) for row in closed if isinstance(row, PositionRecord)],
        unreadable=[unreadable_body(row) for row in closed if isinstance(row, Unreadable)],
        denied=[
            DeniedClose(id=id_, problem=problem_for(denial).document())
            for id_, denial in denials.items()
        ],
        pending=[id_ for id_ in ids if id_ not in answered],
    )


async def _answered(backend: Backend, replies: Mapping[int, Reply]) -> dict[int, Any]:
    """The answers that come within the time that a command may wait for its commit."""
    if not replies:
        return {}
    waiting = {id_: asyncio.wrap_future(reply.future) for id_, reply in replies.items()}
    _, unanswered = await asyncio.wait(waiting.values(), timeout=backend.command_seconds)
    for future in unanswered:
        future.cancel()
    return {id_: future.result() for id_, future in waiting.items() if future not in unanswered}
