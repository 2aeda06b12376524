"""From what the system holds to what the API answers with."""

import heapq
from decimal import Decimal
from functools import partial
from typing import assert_never

from immutables import Map

from actors.auditor.messages import HealthChecked
from actors.published import MarketStatus
from backstay.formats import (
    amount_text,
    health_fields,
    number_text,
    position_fields,
    repair_fields,
    wallet_fields,
)
from backstay.web.api.account_schemas import (
    AccountBody,
    CostTermsBody,
    ExitTermsBody,
    HealthBody,
    RatesBody,
    RepairBody,
    RepairField,
    SaidBody,
    TransactionBody,
)
from backstay.web.api.schemas import (
    AskedBody,
    MarketBody,
    PauseBody,
    PositionBody,
    PriceCountsBody,
    TakeProfitBody,
    TradingBody,
    UnreadableBody,
)
from backstay.web.api.waiting import Reads
from backstay.web.backend import Backend
from backstay.web.problems import Problem
from persistence.state import PositionRecord, StoredEntry, Unreadable
from trading.books import HealthReport
from trading.costs import rate_text
from trading.exits.exits import exits_of
from trading.exits.ladder import DEFAULT_LADDER, Ladder, untargeted_fraction
from trading.exits.notation import exits_text, share_text
from trading.exposure import Exposure
from trading.model import CostRates, MarketPrice, Pause, Position, PositionStatus, Wallet
from trading.money import ZERO
from trading.positions.judging import time_stop_us, unrealized_pnl
from trading.repair import Irreparable, Repair
from trading.times import SECOND_US, iso_time


def market_price(backend: Backend, symbol: str) -> MarketPrice | None:
    """A symbol's last accepted price, or else the one kept with a commit."""
    status = backend.published.markets.get(symbol)
    if status is not None and status.last is not None:
        return status.last
    return backend.published.version.markets.get(symbol)


def check_market(backend: Backend, symbol: str, outcome: str) -> None:
    """Refuse a symbol that has no market: it may be mistyped, and an empty answer would hide it.

    Raises:
        Problem: with what that came to, such as `nothing was closed`.
    """
    published = backend.published
    if symbol not in published.markets and symbol not in published.version.markets:
        raise Problem(
            404,
            "market_unknown",
            f"there is no market {symbol}, and {outcome}: give the symbol of one that is there "
            "(GET /api/v1/markets, or `backstay markets`)",
        )


def mark_price(backend: Backend, symbol: str) -> Decimal | None:
    """The price that a symbol's open positions are valued at."""
    last = market_price(backend, symbol)
    return None if last is None else last.price


def position_body(backend: Backend, record: PositionRecord) -> PositionBody:
    """A position; an open one at its mark price."""
    position, closed_at_us = record.position, record.closed_at_us
    is_open = position.status is PositionStatus.OPEN
    mark = mark_price(backend, position.symbol) if is_open else None
    unrealized = None if mark is None else unrealized_pnl(position, mark)
    if is_open:
        total = None if unrealized is None else position.net_pnl + unrealized
    else:
        total = position.net_pnl
    aside = backend.published.unguarded_by(position) if is_open else None
    levels = position.take_profit_prices[position.rungs_hit :] if is_open else ()
    best, due_us = position.best_price, time_stop_us(position)
    return PositionBody(
        **position_fields(position),
        account=position.account,
        opened_at=iso_time(record.opened_at_us),
        closed_at=None if closed_at_us is None else iso_time(closed_at_us),
        close_note=position.close_note,
        open_quantity=number_text(position.open_quantity),
        take_profits=_take_profits(position),
        asked=_asked(position.ladder),
        trailing_best_price=None if best is None else number_text(best),
        closes_at=None if due_us is None else iso_time(due_us),
        untargeted_fraction=number_text(untargeted_fraction(position.ladder.rungs)),
        next_take_profit=number_text(levels[0]) if levels else None,
        unguarded=None if aside is None else aside.text,
        mark_price=None if mark is None else number_text(mark),
        unrealized_pnl=None if unrealized is None else amount_text(unrealized),
        total_pnl=None if total is None else amount_text(total),
    )


def _take_profits(position: Position) -> list[TakeProfitBody]:
    return [
        TakeProfitBody(
            at=str(rung.at),
            price=number_text(price),
            close=share_text(rung.close_fraction),
            stop=str(rung.stop),
            hit=number <= position.rungs_hit,
        )
        for number, (rung, price) in enumerate(
            zip(position.ladder.rungs, position.take_profit_prices, strict=True), start=1
        )
    ]


async def find_record(backend: Backend, reads: Reads, position_id: int) -> PositionRecord | None:
    """A position as the last commit left it: from what is published while it is open.

    Raises:
        Problem: if its row cannot be decoded.
    """
    record = open_record(backend, position_id)
    if record is not None:
        return record
    for row in await reads(partial(backend.reader.read_positions_by_id, [position_id])):
        if isinstance(row, Unreadable):
            raise row_unreadable(row)
        return row
    return None


def row_unreadable(row: Unreadable) -> Problem:
    """The answer where one row is needed, and cannot be read."""
    return Problem(503, "row_unreadable", row.text)


def unreadable_body(row: Unreadable) -> UnreadableBody:
    """A row that cannot be shown."""
    return UnreadableBody(table=row.table, row=row.row, account=row.account, detail=row.text)


def open_record(backend: Backend, position_id: int) -> PositionRecord | None:
    """An open position; None for any other."""
    version = backend.published.version
    position = version.positions.get(position_id)
    if position is None:
        return None
    return PositionRecord(position=position, opened_at_us=version.opened_at_us[position_id])


def open_positions(
    backend: Backend,
    *,
    account: str | None,
    symbol: str | None,
    before_id: int | None = None,
    limit: int | None = None,
) -> tuple[PositionRecord, ...]:
    """The open positions that match, the newest first."""
    version = backend.published.version
    among = version.positions if account is None else version.by_account.get(account, Map())
    ids = (
        position_id
        for position_id, position in among.items()
        if (symbol is None or position.symbol == symbol)
        and (before_id is None or position_id < before_id)
    )
    newest = sorted(ids, reverse=True) if limit is None else heapq.nlargest(limit, ids)
    return tuple(
        PositionRecord(position=among[id_], opened_at_us=version.opened_at_us[id_])
        for id_ in newest
    )


def account_body(backend: Backend, wallet: Wallet) -> AccountBody:
    """An account with its open positions at their mark prices."""
    version = backend.published.version
    exposures = version.exposures.get(wallet.account, Map())
    used = sum((exposure.hold for exposure in exposures.values()), ZERO)
    unrealized = _unrealized(backend, exposures)
    return AccountBody(
        account=wallet.account,
        account_type=wallet.account_type,
        currency=wallet.currency,
        **wallet_fields(wallet, used),
        unrealized_pnl=None if unrealized is None else amount_text(unrealized),
        equity=None if unrealized is None else amount_text(wallet.total + unrealized),
        open_positions=len(version.by_account.get(wallet.account, Map())),
        costs=CostTermsBody(
            own=None if wallet.rates is None else _rates(wallet.rates),
            effective=_rates(wallet.rates or backend.rates),
        ),
        exits=ExitTermsBody(
            own=SaidBody.model_validate(exits_text(wallet.exits)),
            effective=_asked(wallet.exits.merged(DEFAULT_LADDER)),
        ),
    )


def _rates(rates: CostRates) -> RatesBody:
    return RatesBody(
        fee=rate_text(rates.fee),
        spread=rate_text(rates.spread),
        slippage=rate_text(rates.slippage),
    )


def _asked(ladder: Ladder) -> AskedBody:
    return AskedBody.model_validate(exits_text(exits_of(ladder)))


def _unrealized(backend: Backend, exposures: Map[str, Exposure]) -> Decimal | None:
    sum_ = ZERO
    for symbol, exposure in exposures.items():
        mark = mark_price(backend, symbol)
        if mark is None:
            return None
        sum_ += exposure.unrealized_pnl(mark)
    return sum_


def transaction_body(stored: StoredEntry) -> TransactionBody:
    """A ledger entry."""
    entry = stored.entry
    return TransactionBody(
        number=entry.number,
        time=iso_time(stored.created_at_us),
        account=entry.account,
        account_type=stored.account_type,
        transaction_type=str(entry.entry_type),
        amount=amount_text(entry.amount),
        balance_before=amount_text(entry.balance_before),
        balance_after=amount_text(entry.balance_after),
        total_change=amount_text(entry.total_change),
        locked_change=amount_text(entry.locked_change),
        position_id=entry.position_id,
        description=entry.description,
    )


def health_body(report: HealthReport) -> HealthBody:
    """A health check, with what it found wrong."""
    return HealthBody.model_validate({"account": report.account, **health_fields(report)})


def repair_body(checked: HealthChecked) -> RepairBody:
    """What a health check says is to be done about an account's row."""
    report, repair = checked.report, checked.repair
    body = partial(RepairBody, account=report.account)
    detail = "; ".join(report.failures) or None
    match repair:
        case None:
            return body(
                status="NOTHING_TO_REPAIR", detail=detail, first_divergent_entry=None, fields=[]
            )
        case Irreparable():
            return body(
                status="IRREPARABLE",
                detail=repair.why,
                first_divergent_entry=repair.entry,
                fields=[],
            )
        case Repair():
            return body(
                status="REPAIRABLE",
                detail=detail,
                first_divergent_entry=report.first_divergent_entry,
                fields=_repair_fields(repair),
            )
        case _:
            assert_never(repair)


def repaired_body(repair: Repair, reason: str) -> RepairBody:
    """A row that was restored."""
    return RepairBody(
        account=repair.before.account,
        status="REPAIRED",
        detail=reason,
        first_divergent_entry=None,
        fields=_repair_fields(repair),
    )


def _repair_fields(repair: Repair) -> list[RepairField]:
    return [RepairField(**field) for field in repair_fields(repair.before, repair.after)]


def market_body(status: MarketStatus, monotonic_us: int, feed: str | None) -> MarketBody:
    """A market at a moment of the monotonic clock."""
    last, age_us = status.last, status.age_us(monotonic_us)
    return MarketBody(
        symbol=status.symbol,
        state=status.state(monotonic_us).value,
        last_price=None if last is None else number_text(last.price),
        last_price_time=None if last is None else iso_time(last.time_us),
        age_seconds=None if age_us is None else round(max(age_us, 0) / SECOND_US, 3),
        candidate=None if status.candidate is None else number_text(status.candidate),
        feed=feed,
        paused=None if status.pause is None else status.pause.why,
        prices=PriceCountsBody(
            accepted=status.accepted,
            rejected=status.rejected,
            ignored=status.ignored,
            quarantined=status.quarantined,
        ),
    )


def trading_body(backend: Backend) -> TradingBody:
    """Whether positions may be opened."""
    pauses = backend.published.version.pauses
    of_all = pauses.get(None)
    return TradingBody(
        paused=of_all is not None,
        reason=None if of_all is None else of_all.reason,
        since=None if of_all is None else iso_time(of_all.since_us),
        accounts={
            account: _pause_body(pause)
            for account, pause in sorted(pauses.items(), key=lambda item: item[0] or "")
            if account is not None
        },
    )


def _pause_body(pause: Pause) -> PauseBody:
    return PauseBody(reason=pause.reason, since=iso_time(pause.since_us))
