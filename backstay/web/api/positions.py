"""Positions: opening, looking, changing, closing."""

from collections.abc import Sequence
from functools import partial
from typing import Annotated

import structlog
from fastapi import APIRouter, Header, Query, Response

from actors.denials import unknown_position
from actors.desk.set_aside import no_wallet
from actors.position.messages import ChangePosition, ClosePosition, RequestKey
from actors.wallet.messages import OpenPosition
from backstay.web.access.access import requires
from backstay.web.access.scopes import Scope
from backstay.web.api.bodies import (
    check_market,
    find_record,
    open_positions,
    position_body,
)
from backstay.web.api.history import history_item, pnl_body
from backstay.web.api.paging import SalvagedPage, salvaged_page
from backstay.web.api.position_requests import (
    ChangeRequest,
    CloseRequest,
    OpenRequest,
    PositionPath,
    PositionQuery,
)
from backstay.web.api.schemas import (
    ClosedBody,
    HistoryBody,
    OpenedBody,
    PositionBody,
)
from backstay.web.api.waiting import (
    CHANGE_NOT_KNOWN,
    OPEN_NOT_KNOWN,
    OPEN_NOT_KNOWN_BY_KEY,
    REPEAT,
    Reads,
    TheReads,
    answer_of,
)
from backstay.web.backend import Backend, TheBackend
from backstay.web.problems import answers, problem_for
from persistence.state import PositionRecord, Unreadable
from trading.model import PositionStatus
from trading.times import SECOND_US

router = APIRouter(prefix="/positions", tags=["positions"], dependencies=[requires(Scope.READ)])

Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[!-~]{1,200}$",
        description="the same key with the same request opens one position",
    ),
]


ChangeKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern="^[!-~]{1,200}$",
        description="the same key with the same request changes a position once",
    ),
]


@router.post(
    "",
    status_code=201,
    dependencies=[requires(Scope.TRADE)],
    responses={
        200: {"model": OpenedBody, "description": "Its Idempotency-Key had opened it before"},
        **answers(404, 409, 413, 503),
    },
)
async def open_position(
    request: OpenRequest,
    response: Response,
    backend: TheBackend,
    key: Key = None,
) -> OpenedBody:
    """Open a position: a market order at the mark price."""
    symbol = request.symbol.symbol
    deadline_us = backend.clock.monotonic_us() + int(backend.command_seconds * SECOND_US)
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(
            OpenPosition(
                account=request.account,
                symbol=symbol,
                side=request.side,
                exits=request.exits(),
                notional=request.notional,
                quantity=request.quantity,
                idempotency_key=key,
                deadline_us=deadline_us,
                reply_to=reply,
            )
        ),
        what=f"open of {symbol} in account {request.account}",
        on_silence=OPEN_NOT_KNOWN if key is None else OPEN_NOT_KNOWN_BY_KEY,
    )
    position_id = answer.position.position_id
    structlog.contextvars.bind_contextvars(account=request.account, position=position_id)
    response.status_code = 200 if answer.repeated else 201
    position = position_body(backend, answer.record)
    return OpenedBody(**position.model_dump(), market_note=request.symbol.note)


@router.get("", responses=answers(404, 503))
async def list_positions(
    backend: TheBackend, reads: TheReads, query: Annotated[PositionQuery, Query()]
) -> SalvagedPage[PositionBody]:
    """Positions, the newest first."""
    if query.account is not None and query.account not in backend.published.version.wallets:
        raise problem_for(no_wallet(backend.published, query.account))
    before_id, limit = query.before_number, query.limit + 1
    found: Sequence[PositionRecord | Unreadable]
    if query.status is PositionStatus.OPEN:
        found = open_positions(
            backend, account=query.account, symbol=query.symbol, before_id=before_id, limit=limit
        )
    else:
        found = await reads(
            partial(
                backend.reader.find_positions,
                account=query.account,
                status=query.status,
                symbol=query.symbol,
                before_id=before_id,
                limit=limit,
            )
        )
    if query.symbol is not None and not found:
        check_market(backend, query.symbol, "it has no positions")
    return salvaged_page(
        found,
        query.limit,
        key_of=lambda record: record.position.position_id,
        body_of=partial(position_body, backend),
    )


@router.get("/{position_id:digits}", responses=answers(404, 503))
async def show_position(
    position_id: PositionPath, backend: TheBackend, reads: TheReads
) -> PositionBody:
    """One position."""
    return position_body(backend, await _record(backend, reads, position_id))


@router.get("/{position_id:digits}/history", responses=answers(404, 503))
async def show_history(
    position_id: PositionPath, backend: TheBackend, reads: TheReads
) -> HistoryBody:
    """Everything that happened to a position and why, in order, and what it earned."""
    # The events come first: the position is then at least as far as they tell.
    events = await reads(partial(backend.reader.read_history, position_id))
    record = await _record(backend, reads, position_id)
    return HistoryBody(
        position=position_body(backend, record),
        items=[history_item(event) for event in events],
        pnl=pnl_body(record.position),
    )


@router.patch(
    "/{position_id:digits}",
    dependencies=[requires(Scope.TRADE)],
    responses=answers(404, 409, 413, 503),
)
async def change_position(
    position_id: PositionPath,
    request: ChangeRequest,
    backend: TheBackend,
    reads: TheReads,
    key: ChangeKey = None,
) -> PositionBody:
    """Change an open position's stop-loss, take-profits, trail or time stop, all or nothing.

    The stop-loss only tightens.
    """
    request_key = await _request_key(backend, reads, position_id, key)
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(
            ChangePosition(
                position_id=position_id,
                changes=request.changes(),
                key=request_key,
                reply_to=reply,
            )
        ),
        what=f"the change of position {position_id}",
        on_silence=CHANGE_NOT_KNOWN if key is None else REPEAT,
    )
    return position_body(backend, answer.record)


@router.post(
    "/{position_id:digits}/close",
    dependencies=[requires(Scope.TRADE)],
    responses=answers(404, 409, 413, 503),
)
async def close_position(
    position_id: PositionPath,
    backend: TheBackend,
    reads: TheReads,
    request: CloseRequest | None = None,
    key: ChangeKey = None,
) -> ClosedBody:
    """Close a position at the mark price, or a part of it; a closed one stays as it is.

    A part needs an Idempotency-Key to be safe to ask again: without one it is closed twice.
    """
    asked = CloseRequest() if request is None else request
    part = asked.part()
    request_key = await _request_key(backend, reads, position_id, key)
    answer = await answer_of(
        backend,
        lambda reply: backend.tell(
            ClosePosition(
                position_id=position_id,
                note=asked.note,
                part=part,
                key=request_key,
                reply_to=reply,
            )
        ),
        what=f"the close of position {position_id}",
        on_silence=REPEAT if part is None or key is not None else CHANGE_NOT_KNOWN,
    )
    record = answer.record
    is_closed = record.position.status is PositionStatus.CLOSED
    if (
        is_closed and record.closed_at_us is None
    ):  # its wallet began anew between the commit and the answer
        record = await _record(backend, reads, position_id)
    return ClosedBody(position=position_body(backend, record), already_closed=answer.already_closed)


async def _request_key(
    backend: Backend, reads: Reads, position_id: int, key: str | None
) -> RequestKey | None:
    """A caller's key with the account that it belongs to: that of the position."""
    if key is None:
        return None
    record = await _record(backend, reads, position_id)
    return RequestKey(account=record.position.account, key=key)


async def _record(backend: Backend, reads: Reads, position_id: int) -> PositionRecord:
    record = await find_record(backend, reads, position_id)
    if record is None:
        raise problem_for(unknown_position(position_id))
    return record
