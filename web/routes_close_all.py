"""The panic button: every open position is closed, and each one's outcome told."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from actors.denials import unknown_account
from actors.messages import ClosePosition, Denied, Reply
from persistence.state import PositionRecord
from web.access import Scope, requires
from web.backend import Backend, TheBackend
from web.bodies import open_positions, position_body
from web.commands import TheReads
from web.fields import AccountName, RequestBody, Symbol
from web.problems import answers, problem_for
from web.schemas import CloseAllBody, DeniedClose

router = APIRouter(prefix="/positions", tags=["positions"], dependencies=[requires(Scope.TRADE)])

NOTE = "close-all"


class CloseAllRequest(RequestBody):
    """What to close: of one account or of all, of one symbol or of all.

    With `force` even a stale market's last price is acted on.
    """

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
        raise problem_for(unknown_account(request.account))
    matching = open_positions(backend, account=request.account, symbol=request.symbol)
    ids = [record.position.position_id for record in reversed(matching)]
    replies = {position_id: Reply() for position_id in ids}
    for position_id, reply in replies.items():
        backend.tell(
            ClosePosition(position_id=position_id, note=NOTE, force=request.force, reply_to=reply)
        )
    await _all_or_late(backend, [reply.future for reply in replies.values()])
    answered = {id_: reply.get(0) for id_, reply in replies.items() if reply.future.done()}
    denials = {id_: a.denial for id_, a in answered.items() if isinstance(a, Denied)}
    closed = await reads(partial(_read, backend, [id_ for id_ in answered if id_ not in denials]))
    return CloseAllBody(
        closed=[position_body(backend, record) for record in closed],
        denied=[
            DeniedClose(id=id_, problem=problem_for(denial).document())
            for id_, denial in denials.items()
        ],
        pending=[id_ for id_ in ids if id_ not in answered],
    )


async def _all_or_late(backend: Backend, futures: Sequence[Future[Any]]) -> None:
    """Wait for every answer, as long as a command may wait for its commit."""
    if not futures:
        return
    waiting = [asyncio.wrap_future(future) for future in futures]
    _, late = await asyncio.wait(waiting, timeout=backend.command_seconds)
    for future in late:
        future.cancel()


def _read(backend: Backend, ids: Sequence[int]) -> list[PositionRecord]:
    found = [backend.reader.read_position(position_id) for position_id in ids]
    return [record for record in found if record is not None]
