"""Values of `trading` as rows for a bulk write, and rows read back as those values.

A written row is a tuple in the order of its table's columns, of integers, text and None as
`persistence.columns` has them: the same tuple for both engines.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from persistence.columns import money_units, price_text
from persistence.state import StoredEvent
from persistence.tables import AccountRow, EntryRow, EventRow, MarketRow, PositionRow
from trading.events import Event
from trading.model import (
    CloseReason,
    CostRates,
    Costs,
    EntryType,
    Ladder,
    LedgerEntry,
    Limits,
    MarketPrice,
    Position,
    Rung,
    Side,
    Wallet,
)
from trading.money import plain, trimmed

Value = int | str | None
Row = tuple[Value, ...]

_encode = msgspec.json.Encoder().encode
_ladder_decoder = msgspec.json.Decoder(Ladder)
_prices_decoder = msgspec.json.Decoder(tuple[Decimal, ...])


def account_row(wallet: Wallet) -> Row:
    """A wallet as a row of `accounts`.

    This and the other rows raise ValueError for a value that no column can hold.
    """
    limits = wallet.limits
    return (
        wallet.account,
        wallet.account_type,
        wallet.currency,
        money_units(wallet.initial_balance),
        limits.open_positions_max,
        _money_units_or_none(limits.position_notional_max),
        _money_units_or_none(limits.symbol_notional_max),
        money_units(limits.position_notional_min),
        money_units(wallet.total),
        money_units(wallet.locked),
        wallet.version,
        wallet.entries,
    )


def position_row(position: Position, now_us: int) -> Row:
    """A position as a row of `positions`, opened (and closed) by a commit at `now_us`."""
    rates, costs, exit_price = position.rates, position.costs, position.exit_price
    return (
        position.position_id,
        position.account,
        position.symbol,
        position.side.value,
        position.status.value,
        _ladder_text(position.ladder),
        price_text(rates.fee),
        price_text(rates.spread),
        price_text(rates.slippage),
        price_text(position.quantity),
        price_text(position.entry_price),
        position.entry_time_us,
        _encode([price_text(price) for price in position.take_profit_prices]).decode(),
        price_text(position.stop_price),
        price_text(position.open_quantity),
        money_units(position.hold),
        position.rungs_hit,
        money_units(position.gross_pnl),
        money_units(costs.entry_fee),
        money_units(costs.exit_fee),
        money_units(costs.spread),
        money_units(costs.slippage),
        None if exit_price is None else price_text(exit_price),
        position.exit_time_us,
        None if position.close_reason is None else position.close_reason.value,
        position.close_note,
        position.idempotency_key,
        position.request,
        position.version,
        now_us,
        None if position.close_reason is None else now_us,
    )


def entry_row(entry: LedgerEntry, account_type: str, commit_id: int, now_us: int) -> Row:
    """A ledger entry as a row of `wallet_transactions`."""
    return (
        entry.account,
        entry.number,
        account_type,
        entry.entry_type.value,
        entry.operation,
        money_units(entry.amount),
        money_units(entry.balance_before),
        money_units(entry.balance_after),
        money_units(entry.total_change),
        money_units(entry.locked_change),
        entry.position_id,
        entry.description,
        entry.time_us,
        now_us,
        commit_id,
    )


def event_row(event: Event, event_id: int, commit_id: int) -> Row:
    """An event as a row of `events`."""
    return (
        event_id,
        event.kind,
        getattr(event, "account", None),
        getattr(event, "position_id", None),
        getattr(event, "symbol", None),
        event.time_us,
        commit_id,
        event_json(event),
    )


def market_row(market: MarketPrice) -> Row:
    """An accepted price as a row of `markets`."""
    return (market.symbol, price_text(market.price), market.time_us)


def event_json(event: Event) -> str:
    """An event's fields as JSON, decimals as strings in plain notation."""
    return _encode(_plain_fields(event)).decode()


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


def position_from(row: PositionRow) -> Position:
    """The position of a row."""
    reason = row.close_reason
    return Position(
        position_id=row.id,
        account=row.account,
        symbol=row.symbol,
        side=Side(row.side),
        ladder=_ladder_from(row.ladder),
        rates=CostRates(fee=row.fee_rate, spread=row.spread_rate, slippage=row.slippage_rate),
        quantity=row.quantity,
        entry_price=row.entry_price,
        entry_time_us=row.entry_time,
        take_profit_prices=_prices_decoder.decode(row.take_profit_prices),
        stop_price=row.stop_price,
        open_quantity=row.open_quantity,
        hold=row.hold,
        rungs_hit=row.rungs_hit,
        gross_pnl=row.gross_pnl,
        costs=Costs(
            entry_fee=row.entry_fee,
            exit_fee=row.exit_fee,
            spread=row.spread,
            slippage=row.slippage,
        ),
        exit_price=row.exit_price,
        exit_time_us=row.exit_time,
        close_reason=None if reason is None else CloseReason(reason),
        close_note=row.close_note,
        idempotency_key=row.idempotency_key,
        request=row.request,
        version=row.version,
    )


def entry_from(row: EntryRow) -> LedgerEntry:
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


def market_from(row: MarketRow) -> MarketPrice:
    """The accepted price of a row."""
    return MarketPrice(symbol=row.symbol, price=row.price, time_us=row.time)


def stored_event_from(row: EventRow) -> StoredEvent:
    """The stored event of a row."""
    return StoredEvent(
        id=row.id,
        kind=row.kind,
        account=row.account,
        position_id=row.position_id,
        symbol=row.symbol,
        time_us=row.time,
        commit_id=row.commit_id,
        data=row.data,
    )


def _money_units_or_none(amount: Decimal | None) -> int | None:
    return None if amount is None else money_units(amount)


def _plain_fields(value: Event | Costs) -> dict[str, object]:
    return {name: _plain(getattr(value, name)) for name in value.__slots__}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, Costs):
        return _plain_fields(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


@lru_cache(maxsize=1024)
def _ladder_text(ladder: Ladder) -> str:
    rungs: Sequence[Rung] = ladder.rungs
    fields = {
        "stop_loss_pct": plain(trimmed(ladder.stop_loss_pct)),
        "rungs": [
            {
                "distance_pct": plain(trimmed(rung.distance_pct)),
                "stop": rung.stop,
                "close_fraction": plain(trimmed(rung.close_fraction)),
            }
            for rung in rungs
        ],
    }
    return _encode(fields).decode()


@lru_cache(maxsize=1024)
def _ladder_from(text: str) -> Ladder:
    return _ladder_decoder.decode(text)
