"""The operator's pause: opens are refused, everything else goes on."""

from fastapi import APIRouter

from actors.desk.messages import SetTrading
from backstay.web.access.access import Scope, requires
from backstay.web.api.bodies import trading_body
from backstay.web.api.fields import AccountName, RequestBody, Text, example
from backstay.web.api.schemas import TradingBody
from backstay.web.api.waiting import answer_of
from backstay.web.backend import TheBackend
from backstay.web.problems import answers

router = APIRouter(prefix="/trading", tags=["trading"], dependencies=[requires(Scope.READ)])


class TradingRequest(RequestBody):
    """The account whose opens to pause or resume, or all accounts, and the reason."""

    model_config = example(account="demo", reason="strategy under review")

    account: AccountName | None = None
    reason: Text


@router.get("", responses=answers())
async def show_trading(backend: TheBackend) -> TradingBody:
    """Whether positions may be opened, and since when not."""
    return trading_body(backend)


@router.post("/pause", dependencies=[requires(Scope.ADMIN)], responses=answers(404, 409, 413, 503))
async def pause(request: TradingRequest, backend: TheBackend) -> TradingBody:
    """Refuse opens from now on, of one account or of all; stops and closes go on."""
    await answer_of(
        backend,
        lambda reply: backend.tell(
            SetTrading(account=request.account, paused=True, reason=request.reason, reply_to=reply)
        ),
        what="the pause",
    )
    return trading_body(backend)


@router.post("/resume", dependencies=[requires(Scope.ADMIN)], responses=answers(404, 409, 413, 503))
async def resume(request: TradingRequest, backend: TheBackend) -> TradingBody:
    """End the pause of one account, or that of all."""
    await answer_of(
        backend,
        lambda reply: backend.tell(
            SetTrading(account=request.account, paused=False, reason=request.reason, reply_to=reply)
        ),
        what="the end of the pause",
    )
    return trading_body(backend)
