"""Rows read back as values of `trading` and of `persistence.state`, bound to no session."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Row

from persistence.state import PositionRecord, StoredEntry, StoredEvent
from persistence.tables import AccountRow, EntryRow, EventRow, MarketRow, PauseRow, SignalRow
from trading.model import (
    CloseReason,
    CostRates,
    Costs,
    EntryType,
    Ladder,
    LedgerEntry,
    Limits,
    MarketPrice,
    Pause,
    Position,
    Side,
    Wallet,
)
from trading.signals import Signal, SignalAction, SignalStatus

_ladder_decoder = msgspec.json.Decoder(Ladder)
_prices_decoder = msgspec.json.Decoder(tuple[Decimal, ...])


def wallet_from(row: AccountRow) -> Wallet:
    """The wallet of a row."""
    return Wallet(
        account=row.account,
        account_type=row.account_type,
        currency=row.currency,
        initial_balance=row.initial_balance,
        limits=Limits(
            open_positions_max=row.open_positions_max,
            position_notional_max=row.position_notional_max,
            symbol_notional_max=row.symbol_notional_max,
            position_notional_min=row.position_notional_min,
        ),
        total=row.total,
        locked=row.locked,
        version=row.version,
        entries=row.entries,
    )


def position_from(row: Iterable[Any]) -> Position:
    """The position of a row that has all columns of `positions`, in their order."""
    # Unpacked at once: thousands are loaded at a start, and a look-up by name costs time.
    (
        position_id,
        account,
        symbol,
        side,
        _status,
        ladder,
        fee_rate,
        spread_rate,
        slippage_rate,
        quantity,
        entry_price,
        entry_time,
        take_profit_prices,
        stop_price,
        open_quantity,
        hold,
        rungs_hit,
        gross_pnl,
        entry_fee,
        exit_fee,
        spread,
        slippage,
        exit_price,
        exit_time,
        close_reason,
        close_note,
        idempotency_key,
        request,
        version,
        _opened_at,
        _closed_at,
    ) = row
    return Position(
        position_id=position_id,
        account=account,
        symbol=symbol,
        side=Side(side),
        ladder=_ladder_from(ladder),
        rates=CostRates(fee=fee_rate, spread=spread_rate, slippage=slippage_rate),
        quantity=quantity,
        entry_price=entry_price,
        entry_time_us=entry_time,
        take_profit_prices=_prices_decoder.decode(take_profit_prices),
        stop_price=stop_price,
        open_quantity=open_quantity,
        hold=hold,
        rungs_hit=rungs_hit,
        gross_pnl=gross_pnl,
        costs=Costs(entry_fee=entry_fee, exit_fee=exit_fee, spread=spread, slippage=slippage),
        exit_price=exit_price,
        exit_time_us=exit_time,
        close_reason=None if close_reason is None else CloseReason(close_reason),
        close_note=close_note,
        idempotency_key=idempotency_key,
        request=request,
        version=version,
    )


def position_record_from(row: Row[Any]) -> PositionRecord:
    """The position of such a row, with the times of its commits."""
    return PositionRecord(
        position=position_from(row), opened_at_us=row.opened_at, closed_at_us=row.closed_at
    )


def entry_from(row: EntryRow | Row[Any]) -> LedgerEntry:
    """The ledger entry of a row."""
    return LedgerEntry(
        account=row.account,
        number=row.number,
        entry_type=EntryType(row.transaction_type),
        operation=row.operation,
        amount=row.amount,
        balance_before=row.balance_before,
        balance_after=row.balance_after,
        total_change=row.total_change,
        locked_change=row.locked_change,
        position_id=row.position_id,
        description=row.description,
        time_us=row.time,
    )


def stored_entry_from(row: EntryRow) -> StoredEntry:
    """The stored ledger entry of a row."""
    return StoredEntry(
        entry=entry_from(row), account_type=row.account_type, created_at_us=row.created_at
    )


def market_from(row: MarketRow) -> MarketPrice:
    """The accepted price of a row."""
    return MarketPrice(symbol=row.symbol, price=row.price, time_us=row.time)


def pause_from(row: PauseRow) -> Pause:
    """The pause of a row."""
    return Pause(account=row.account, reason=row.reason, since_us=row.since)


def signal_from(row: SignalRow) -> Signal:
    """The signal of a row."""
    return Signal(
        signal_id=row.id,
        account=row.account,
        symbol=row.symbol,
        action=SignalAction(row.action),
        received_us=row.received_at,
        digest=row.digest,
        flat=bool(row.flat),
        notional=row.notional,
        client_id=row.client_id,
        sent_us=row.sent_at,
        status=SignalStatus(row.status),
        outcome=row.outcome,
        finished_us=row.finished_at,
    )


def stored_event_from(row: EventRow, done_us: int) -> StoredEvent:
    """The stored event of a row, and when it was committed."""
    return StoredEvent(
        id=row.id,
        kind=row.kind,
        account=row.account,
        position_id=row.position_id,
        symbol=row.symbol,
        time_us=row.time,
        commit_id=row.commit_id,
        done_us=done_us,
        data=row.data,
    )


@lru_cache(maxsize=1024)
def _ladder_from(text: str) -> Ladder:
    return _ladder_decoder.decode(text)
