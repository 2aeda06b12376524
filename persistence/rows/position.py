"""A position as a row of `positions`."""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import Row as ReadRow

from persistence.columns import finite, money_units, price_text
from persistence.ladder_codec import ladder_from, ladder_text
from persistence.rows.row import Row, by_name, changing, in_order, picked, price_text_or_none
from persistence.state import PositionRecord
from persistence.tables import PositionRow
from trading.model import CloseReason, CostRates, Costs, Position, Side

POSITION_CHANGING = changing(PositionRow)
"""The columns of a position that can change after its insert."""
POSITION_BEFORE = ("id", "version")
"""The columns that identify a position's row for an update."""

position_changing = picked(PositionRow, POSITION_CHANGING)
_in_order = in_order(PositionRow)
_by_name = by_name(PositionRow)
_encode = msgspec.json.Encoder().encode
_rate_text = lru_cache(maxsize=64)(price_text)  # Positions share their few rates.
_prices_decoder = msgspec.json.Decoder(tuple[Decimal, ...])


def position_row(position: Position, now_us: int) -> Row:
    """A position as a row, opened (and closed) by a commit at `now_us`."""
    rates, costs, reason = position.rates, position.costs, position.close_reason
    return _in_order(
        {
            "id": position.position_id,
            "account": position.account,
            "symbol": position.symbol,
            "side": position.side.value,
            "status": position.status.value,
            "ladder": ladder_text(position.ladder),
            "fee_rate": _rate_text(rates.fee),
            "spread_rate": _rate_text(rates.spread),
            "slippage_rate": _rate_text(rates.slippage),
            "quantity": price_text(position.quantity),
            "entry_price": price_text(position.entry_price),
            "entry_time": position.entry_time_us,
            "take_profit_prices": _encode(
                [price_text(price) for price in position.take_profit_prices]
            ).decode(),
            "stop_price": price_text(position.stop_price),
            "open_quantity": price_text(position.open_quantity),
            "hold": money_units(position.hold),
            "rungs_hit": position.rungs_hit,
            "gross_pnl": money_units(position.gross_pnl),
            "entry_fee": money_units(costs.entry_fee),
            "exit_fee": money_units(costs.exit_fee),
            "spread": money_units(costs.spread),
            "slippage": money_units(costs.slippage),
            "exit_price": price_text_or_none(position.exit_price),
            "exit_time": position.exit_time_us,
            "close_reason": None if reason is None else reason.value,
            "close_note": position.close_note,
            "idempotency_key": position.idempotency_key,
            "request": position.request,
            "version": position.version,
            "opened_at": now_us,
            "closed_at": None if reason is None else now_us,
            "best_price": price_text_or_none(position.best_price),
        }
    )


def position_from(row: Iterable[Any]) -> Position:
    """The position of a row that has all columns of `positions`, in their order."""
    of = _by_name(row)
    reason, ladder = of.close_reason, ladder_from(of.ladder)
    levels = tuple(map(finite, _prices_decoder.decode(of.take_profit_prices)))
    if not len(levels) == len(ladder.rungs) >= of.rungs_hit:
        raise ValueError(
            f"{len(levels)} take-profit prices, {of.rungs_hit} of which were hit, "
            f"do not fit a ladder of {len(ladder.rungs)} rungs"
        )
    return Position(
        position_id=of.id,
        account=of.account,
        symbol=of.symbol,
        side=Side(of.side),
        ladder=ladder,
        rates=CostRates(fee=of.fee_rate, spread=of.spread_rate, slippage=of.slippage_rate),
        quantity=of.quantity,
        entry_price=of.entry_price,
        entry_time_us=of.entry_time,
        take_profit_prices=levels,
        stop_price=of.stop_price,
        open_quantity=of.open_quantity,
        hold=of.hold,
        best_price=of.best_price,
        rungs_hit=of.rungs_hit,
        gross_pnl=of.gross_pnl,
        costs=Costs(
            entry_fee=of.entry_fee,
            exit_fee=of.exit_fee,
            spread=of.spread,
            slippage=of.slippage,
        ),
        exit_price=of.exit_price,
        exit_time_us=of.exit_time,
        close_reason=None if reason is None else CloseReason(reason),
        close_note=of.close_note,
        idempotency_key=of.idempotency_key,
        request=of.request,
        version=of.version,
    )


def position_record_from(row: ReadRow[Any]) -> PositionRecord:
    """The position of such a row, with the times of its commits."""
    return PositionRecord(
        position=position_from(row), opened_at_us=row.opened_at, closed_at_us=row.closed_at
    )
