"""Webhooks: TradingView's alerts, sent to a path that contains the secret."""

import asyncio
from typing import Any

import structlog
from fastapi import APIRouter, HTTPException, Request
from pydantic import BaseModel, Field

from actors.messages import Denied, Reply
from actors.signals.messages import NoteRefusal, SignalsStored, SignalStored, TakeSignals
from backstay.web.access.requests import client_of
from backstay.web.api.waiting import not_delivered
from backstay.web.backend import Backend, HookSettings, TheBackend
from backstay.web.hooks.body import AlertError
from backstay.web.hooks.tradingview import ALERTS_MAX, SHORT_NAMES, Alert, Alerts, parsed
from backstay.web.problems import RETRY_SOON, Problem, answers, problem_for
from trading.events.signals import AlertRefused
from trading.exits.ladder import RUNGS_MAX
from trading.signals import SignalOrder, SignalStatus

STORED_SECONDS_MAX = 1.0
"""How long an alert may take to be stored: TradingView hangs up after three seconds."""

KEPT_BYTES = 300
"""How much of a refused alert's body is kept."""

_SENDERS_FAULTS = (404, 409, 422)

log = structlog.get_logger("backstay")
router = APIRouter(prefix="/hooks", tags=["hooks"])

_TEXT_OR_NUMBER = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "null"}]}
_TEXT_OR_NULL = {"anyOf": [{"type": "string"}, {"type": "null"}]}
_FIELDS: dict[str, Any] = {
    "action": {"type": "string", "description": "buy or long, sell or short, close, exit or flat"},
    "symbol": {"type": "string", "description": "such as BINANCE:BTCUSDT or BTCUSDT.P"},
    "notional": {**_TEXT_OR_NUMBER, "description": "money; else the account's default"},
    "market_position": {**_TEXT_OR_NULL, "description": "long, short or flat"},
    "account": {**_TEXT_OR_NULL, "description": "else the hook's own account"},
    "id": {**_TEXT_OR_NUMBER, "description": "the sender's own, new for every alert"},
    "time": {**_TEXT_OR_NUMBER, "description": "when it was sent: ISO 8601, or epoch milliseconds"},
    "share": {**_TEXT_OR_NULL, "description": "with close: the part that is closed, such as 50%"},
    "market_position_size": {**_TEXT_OR_NUMBER, "description": "the strategy's, after the order"},
    "prev_market_position_size": {**_TEXT_OR_NUMBER, "description": "the strategy's, before it"},
    "stop_loss": {**_TEXT_OR_NUMBER, "description": "a price or a distance: 62800, 5%, none"},
    "take_profits": {
        "anyOf": [{"type": "string"}, {"type": "array", "maxItems": RUNGS_MAX}, {"type": "null"}],
        "description": "65000@40%>breakeven;66000, or a list of texts or objects at, close, stop",
    },
    "trailing": {
        "anyOf": [{"type": "string"}, {"type": "object"}, {"type": "number"}, {"type": "null"}],
        "description": "2%/0.5% from rung 1, or an object distance, from, step",
    },
    "close_after": {**_TEXT_OR_NULL, "description": "a time stop: 4h"},
    "take_profit_fill": {**_TEXT_OR_NULL, "description": "price or level"},
}
_FIELDS |= {
    short: {**_FIELDS[name], "description": f"short for {name}"}
    for short, name in SHORT_NAMES.items()
}
_ALERT = {"type": "object", "properties": _FIELDS, "required": ["action", "symbol"]}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "anyOf": [
                        _ALERT,
                        {"type": "array", "items": _ALERT, "minItems": 1, "maxItems": ALERTS_MAX},
                    ]
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
    """A stored signal; `repeated` when it is one that came before.

    `notes` say what its sender should know: fields that were ignored, and which prices guard a
    perpetual.
    """

    signal_id: int = Field(examples=[17])
    repeated: bool
    status: SignalStatus
    notes: list[str]


@router.post(
    "/tradingview/{secret}",
    status_code=202,
    responses=answers(404, 409, 413, 503),
    openapi_extra=_BODY,
)
async def take_alert(
    secret: str, request: Request, backend: TheBackend
) -> SignalBody | list[SignalBody]:
    """Store a TradingView alert, or a batch of them; see docs/tradingview.md.

    Signals are carried out in their order. A batch is stored whole or not at all.
    """
    hook = backend.hook
    if hook is None or not hook.knows(secret):
        # Without the secret this address looks like one that does not exist.
        backend.refused_alerts.wrong_secret(client_of(request))
        raise HTTPException(404)
    body = b""
    try:
        body = await request.body()
        return await _taken(backend, hook, _understood(body))
    except Problem as problem:
        backend.refused_alerts.problem(problem, client_of(request))
        _keep_refusal(backend, problem, body)
        raise


def _keep_refusal(backend: Backend, problem: Problem, body: bytes) -> None:
    """Keep as an event what the sender has to mend: senders read no answers."""
    if problem.status in _SENDERS_FAULTS:
        began = body[:KEPT_BYTES].decode("utf-8", "replace")
        event = AlertRefused(
            detail=problem.detail,
            body=repr(began) + ("..." if len(body) > KEPT_BYTES else ""),
            time_us=backend.clock.now_us(),
        )
        backend.note_refusal(NoteRefusal(event=event))


def _understood(body: bytes) -> Alerts:
    try:
        return parsed(body)
    except AlertError as error:
        raise _invalid(str(error)) from None


async def _taken(
    backend: Backend, hook: HookSettings, alerts: Alerts
) -> SignalBody | list[SignalBody]:
    """Have alerts stored; raises `Problem` where they are not."""
    orders = tuple(_order(alert, hook) for alert in alerts.items)
    accounts = sorted({order.account for order in orders})
    if len(accounts) > 1:
        raise _invalid(
            f"the batch has alerts of {' and '.join(accounts)}: it is stored whole, and so it is "
            "of one account; send each account's alerts by themselves"
        )
    answer = await _stored(backend, orders)
    if isinstance(answer, Denied):
        raise problem_for(answer.denial)
    bodies = [
        _body(stored, alert) for stored, alert in zip(answer.signals, alerts.items, strict=True)
    ]
    return bodies if alerts.is_batch else bodies[0]


def _body(stored: SignalStored, alert: Alert) -> SignalBody:
    """The answer to an alert, which the log has too where it may surprise its sender."""
    signal = stored.signal
    if stored.repeated:
        log.info("alert repeated, nothing done again", signal=signal.signal_id, id=alert.client_id)
    for note in alert.notes:
        log.info("alert taken", signal=signal.signal_id, detail=note)
    return SignalBody(
        signal_id=signal.signal_id,
        repeated=stored.repeated,
        status=signal.status,
        notes=list(alert.notes),
    )


def _order(alert: Alert, hook: HookSettings) -> SignalOrder:
    account = alert.account or hook.account
    notional = alert.notional
    if notional is None and alert.opens:
        notional = hook.notionals.get(account)
        if notional is None:
            raise _invalid(
                f"{alert.action} of {alert.symbol} refused: it gives no notional, and "
                f"hook_notionals has none for account {account}"
            )
    return SignalOrder(
        account=account,
        symbol=alert.symbol,
        action=alert.action,
        digest=alert.digest,
        flat=alert.flat,
        notional=notional,
        client_id=alert.client_id,
        sent_us=alert.sent_us,
        exits=alert.exits,
        share=alert.share,
    )


async def _stored(backend: Backend, orders: tuple[SignalOrder, ...]) -> SignalsStored | Denied:
    """Have signals stored; raises `Problem` where they are not taken or that takes too long."""
    what = f"alert of {orders[0].symbol}" if len(orders) == 1 else f"batch of {len(orders)} alerts"
    reply = Reply()
    if not backend.to_signals(TakeSignals(orders=orders, reply_to=reply)):
        raise not_delivered(what)
    try:
        future = asyncio.wrap_future(reply.future)
        answer: SignalsStored | Denied = await asyncio.wait_for(future, STORED_SECONDS_MAX)
    except TimeoutError:
        raise Problem(
            503,
            "no_answer",
            f"{what} was not stored within {STORED_SECONDS_MAX:g} s: it may still be carried out; "
            "sent again with its id, or the same within 10 s, it is done once",
            headers=RETRY_SOON,
        ) from None
    return answer


def _invalid(detail: str) -> Problem:
    return Problem(422, "alert_invalid", detail)
