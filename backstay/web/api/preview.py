"""What an open, a change or a close would come to at the mark price; nothing is done.

The figures are the engine's own rules, applied to what is published. A later price may change
them, so the command itself is judged again.
"""

from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from immutables import Map
from pydantic import BaseModel, Field

from actors.denials import closed_position, no_market, trading_paused, unknown_position
from actors.desk.set_aside import denial_of, no_wallet
from actors.engine.supervised import ActorKind
from actors.market.denials import quote_denial
from backstay.formats import amount_text, number_text
from backstay.web.access.access import Scope, requires
from backstay.web.api.bodies import find_record, position_body
from backstay.web.api.position_requests import (
    ChangeRequest,
    CloseRequest,
    OpenRequest,
    PositionPath,
)
from backstay.web.api.schemas import AskedBody, Money, Number, TakeProfitBody, Time
from backstay.web.api.waiting import Reads, TheReads
from backstay.web.backend import Backend, TheBackend
from backstay.web.problems import answers, problem_for
from persistence.state import PositionRecord
from trading.events.words import words_of
from trading.exposure import NOTHING
from trading.headroom import could_gain
from trading.model import CloseReason, Denial, MarketPrice, Position, PositionStatus, Wallet
from trading.money import ZERO
from trading.opens import Load, opened_in
from trading.positions.changing import changed, part_closed_by_hand
from trading.positions.judging import Advance, closed
from trading.positions.outcomes import StopOutcome, TargetOutcome, at_stop, at_targets

router = APIRouter(prefix="/positions", tags=["positions"], dependencies=[requires(Scope.READ)])

Percent = Annotated[
    str, Field(description="percent of the entry price, toward profit", examples=["-5.00"])
]


class StopPreview(BaseModel):
    """The stop-loss, and the net PnL of the whole position if it is reached next."""

    price: Number
    distance_pct: Percent
    net_pnl: Money


class TargetPreview(BaseModel):
    """A take-profit that is ahead: the quantity that it closes, and what the position comes to.

    `net_pnl` is of the whole position, if all that is left is closed there; `stop` is the stop-loss
    from then on, null where the take-profit closes all that is left.
    """

    rung: int
    price: Number
    distance_pct: Percent
    quantity: Number
    net_pnl: Money
    stop: StopPreview | None


class LadderBody(BaseModel):
    """A position's ladder as it would be, with the names of a position's body."""

    account: str
    symbol: str
    side: str
    quantity: Number
    open_quantity: Number
    notional: Money
    entry_price: Number
    rungs_hit: int
    stop_loss: Number
    take_profit_prices: list[Number]
    take_profits: list[TakeProfitBody]
    asked: AskedBody
    trailing_best_price: Number | None
    closes_at: Time | None
    untargeted_fraction: Number
    mark_price: Number | None


class PreviewBody(BaseModel):
    """What an open or a change would come to at the mark price.

    `texts` are the sentences of its history. PnL is net: costs, and the parts that were closed
    before, are in it.
    """

    ladder: LadderBody
    stop: StopPreview
    targets: list[TargetPreview]
    texts: list[str]
    market_note: str | None = None


class ClosePreviewBody(BaseModel):
    """What a close would come to at the mark price: the part's own net PnL, and that in all."""

    price: Number
    quantity: Number
    left: Number
    net_pnl: Money
    net_pnl_in_all: Money


@router.post("/preview", responses=answers(404, 409, 413, 503))
async def preview_open(request: OpenRequest, backend: TheBackend) -> PreviewBody:
    """Show what an open would come to at the mark price, or why it is denied; opens nothing."""
    wallet = _wallet(backend, request)
    mark = _mark_price(backend, request.symbol.symbol)
    found = opened_in(
        wallet,
        _load(backend, request),
        position_id=0,
        symbol=request.symbol.symbol,
        side=request.side,
        exits=request.exits(),
        notional=request.notional,
        quantity=request.quantity,
        price=mark.price,
        time_us=mark.time_us,
        rates=backend.rates,
    )
    if isinstance(found, Denial):
        raise problem_for(found)
    position, events, _ = found
    body = _preview(backend, Advance(position=position, events=events), mark.time_us)
    return body.model_copy(update={"market_note": request.symbol.note})


@router.post("/{position_id:digits}/preview", responses=answers(404, 409, 413, 503))
async def preview_change(
    position_id: PositionPath, request: ChangeRequest, backend: TheBackend, reads: TheReads
) -> PreviewBody:
    """Show what a change would come to at the mark price, or why it is denied; changes nothing."""
    record = await _open_record(backend, reads, position_id)
    mark = _mark_price(backend, record.position.symbol)
    advance = changed(record.position, request.changes(), mark.price, mark.time_us)
    if isinstance(advance, Denial):
        raise problem_for(advance)
    return _preview(backend, advance, record.opened_at_us)


@router.post("/{position_id:digits}/close/preview", responses=answers(404, 409, 413, 503))
async def preview_close(
    position_id: PositionPath,
    backend: TheBackend,
    reads: TheReads,
    request: CloseRequest | None = None,
) -> ClosePreviewBody:
    """Show what a close would come to at the mark price, or why it is denied; closes nothing."""
    position = (await _open_record(backend, reads, position_id)).position
    mark = _mark_price(backend, position.symbol)
    part = None if request is None else request.part()
    if part is None:
        advance: Advance | Denial = closed(
            position, mark.price, mark.time_us, reason=CloseReason.MANUAL
        )
    else:
        advance = part_closed_by_hand(position, part, mark.price, mark.time_us)
    if isinstance(advance, Denial):
        raise problem_for(advance)
    after = advance.position
    return ClosePreviewBody(
        price=number_text(mark.price),
        quantity=number_text(position.open_quantity - after.open_quantity),
        left=number_text(after.open_quantity),
        net_pnl=amount_text(after.net_pnl - position.net_pnl),
        net_pnl_in_all=amount_text(after.net_pnl),
    )


def _preview(backend: Backend, advance: Advance, opened_at_us: int) -> PreviewBody:
    position = advance.position
    record = PositionRecord(position=position, opened_at_us=opened_at_us)
    return PreviewBody(
        ladder=LadderBody.model_validate(position_body(backend, record).model_dump()),
        stop=_stop(at_stop(position)),
        targets=[_target(outcome) for outcome in at_targets(position)],
        texts=[words_of(event).sentence for event in advance.events],
    )


def _stop(outcome: StopOutcome) -> StopPreview:
    return StopPreview(
        price=number_text(outcome.price),
        distance_pct=_percent(outcome.distance_pct),
        net_pnl=amount_text(outcome.net_pnl),
    )


def _target(outcome: TargetOutcome) -> TargetPreview:
    return TargetPreview(
        rung=outcome.rung,
        price=number_text(outcome.price),
        distance_pct=_percent(outcome.distance_pct),
        quantity=number_text(outcome.quantity),
        net_pnl=amount_text(outcome.net_pnl),
        stop=None if outcome.stop is None else _stop(outcome.stop),
    )


def _percent(value: Decimal) -> str:
    return f"{value:.2f}"


def _wallet(backend: Backend, request: OpenRequest) -> Wallet:
    """The account of an open that is allowed now.

    Raises:
        Problem: with the denial that the open itself would get.
    """
    published, account = backend.published, request.account
    wallet = published.version.wallets.get(account)
    if wallet is None:
        raise problem_for(no_wallet(published, account))
    aside = published.set_aside.get((ActorKind.WALLET, account)) or published.set_aside.get(
        (ActorKind.MARKET, request.symbol.symbol)
    )
    if aside is not None:
        raise problem_for(denial_of(aside))
    if published.ended is not None:
        raise problem_for(published.ended)
    pause = published.version.pause_of(account)
    if pause is not None:
        raise problem_for(trading_paused(pause))
    return wallet


def _load(backend: Backend, request: OpenRequest) -> Load:
    version = backend.published.version
    positions = version.by_account.get(request.account, Map())
    exposures = version.exposures.get(request.account, Map())
    return Load(
        positions=len(positions),
        symbol_notional=exposures.get(request.symbol.symbol, NOTHING).hold,
        gain=sum((could_gain(position) for position in positions.values()), ZERO),
    )


def _mark_price(backend: Backend, symbol: str) -> MarketPrice:
    """A market's price to act on now.

    Raises:
        Problem: with the market's own denial.
    """
    status = backend.published.markets.get(symbol)
    if status is None or status.last is None:
        raise problem_for(no_market(symbol))
    denial = quote_denial(status, backend.clock.monotonic_us())
    if denial is not None:
        raise problem_for(denial)
    return status.last


async def _open_record(backend: Backend, reads: Reads, position_id: int) -> PositionRecord:
    """An open position that can be changed.

    Raises:
        Problem: with the denial that a change of it would get.
    """
    record = await find_record(backend, reads, position_id)
    if record is None:
        raise problem_for(unknown_position(position_id))
    position: Position = record.position
    aside = backend.published.unguarded_by(position)
    if aside is not None:
        raise problem_for(denial_of(aside))
    if position.status is PositionStatus.CLOSED:
        raise problem_for(closed_position(position_id))
    return record
