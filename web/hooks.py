"""Webhooks: TradingView's alerts, for whoever knows the secret in the path."""

import asyncio
import hmac

import structlog
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from actors.messages import Denied, Reply
from actors.signals import SignalStored, TakeSignal
from trading.signals import SignalStatus
from web.backend import Backend, HookSettings, TheBackend
from web.commands import not_delivered
from web.problems import RETRY_SOON, Problem, answers, problem_for
from web.tradingview import Alert, AlertError, parsed

STORED_SECONDS_MAX = 1.0
"""How long an alert may take to be stored: TradingView hangs up after three seconds."""

log = structlog.get_logger("backstay")
router = APIRouter(prefix="/hooks", tags=["hooks"])

_TEXT_OR_NUMBER = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]}
_TEXT_OR_NULL = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_FIELDS = {
    "action": {"type": "string", "description": "buy, sell or close"},
    "symbol": {"type": "string", "description": "such as BINANCE:BTCUSDT or BTCUSDT.P"},
    "notional": {**_TEXT_OR_NUMBER, "description": "money; else the account's default"},
    "market_position": {**_TEXT_OR_NULL, "description": "long, short or flat"},
    "account": {**_TEXT_OR_NULL, "description": "else the hook's own account"},
    "id": {**_TEXT_OR_NUMBER, "description": "the sender's own, new for every alert"},
    "time": {**_TEXT_OR_NULL, "description": "when it was sent, ISO 8601"},
}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": _FIELDS,
                    "required": ["action", "symbol"],
                    "additionalProperties": False,
                }
            },
            "text/plain": {
                "schema": {
                    "type": "string",
                    "examples": ["action=buy symbol=BINANCE:BTCUSDT notional=25"],
                }
            },
        },
    }
}


class SignalBody(BaseModel):
    """A stored signal; `repeated` when it is one that came before."""

    signal_id: int = Field(examples=[17])
    repeated: bool
    status: SignalStatus


@router.post(
    "/tradingview/{secret}",
    status_code=202,
    responses=answers(404, 409, 413, 503),
    openapi_extra=_BODY,
)
async def take_alert(secret: str, request: Request, backend: TheBackend) -> SignalBody:
    """Store a TradingView alert, to be carried out in order; see docs/tradingview.md."""
    hook = _hook(backend, secret)
    reply = Reply()
    try:
        command = _command(parsed(await request.body()), hook, reply)
    except AlertError as error:
        # TradingView shows nobody the answer: the log is where its user finds the reason.
        log.warning("alert refused", detail=str(error))
        raise Problem(422, "alert_invalid", str(error)) from None
    answer = await _stored(backend, command, reply)
    if isinstance(answer, Denied):
        log.warning("alert refused", detail=answer.denial.text)
        raise problem_for(answer.denial)
    signal = answer.signal
    return SignalBody(signal_id=signal.signal_id, repeated=answer.repeated, status=signal.status)


def _hook(backend: Backend, secret: str) -> HookSettings:
    """The hook, for who knows its secret; for anybody else there is nothing here."""
    hook = backend.hook
    known = hook.secret.encode() if hook is not None else b""
    same = hmac.compare_digest(secret.encode("utf-8", "surrogatepass"), known)
    if hook is None or not known or not same:
        raise HTTPException(404)
    return hook


def _command(alert: Alert, hook: HookSettings, reply: Reply) -> TakeSignal:
    account = alert.account or hook.account
    notional = alert.notional
    if notional is None and alert.opens:
        notional = hook.notionals.get(account)
        if notional is None:
            raise AlertError(
                f"{alert.action} of {alert.symbol} refused: it gives no notional, and "
                f"hook_notionals has none for account {account}"
            )
    return TakeSignal(
        account=account,
        symbol=alert.symbol,
        action=alert.action,
        digest=alert.digest,
        flat=alert.flat,
        notional=notional,
        client_id=alert.client_id,
        sent_us=alert.sent_us,
        reply_to=reply,
    )


async def _stored(backend: Backend, command: TakeSignal, reply: Reply) -> SignalStored | Denied:
    """Have a signal stored; raises `Problem` where nobody takes it or that takes too long."""
    named = {"account": command.account, "symbol": command.symbol}
    if not backend.to_signals(command):
        log.warning("alert not delivered", **named)
        raise not_delivered(f"alert of {command.symbol}")
    try:
        future = asyncio.wrap_future(reply.future)
        answer: SignalStored | Denied = await asyncio.wait_for(future, STORED_SECONDS_MAX)
    except TimeoutError:
        log.warning("alert not stored in time", **named)
        raise Problem(
            503,
            "no_answer",
            f"alert of {command.symbol} was not stored within {STORED_SECONDS_MAX:g} s: it may "
            "still be carried out; sent again with its id, or the same within 10 s, it is done "
            "once",
            headers=RETRY_SOON,
        ) from None
    return answer
