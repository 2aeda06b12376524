"""Values of `trading` as rows for a bulk write.

A row is a tuple in the order of its table's columns, of integers, text and None as
`persistence.columns` has them: the same tuple for both engines.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

import msgspec

from persistence.columns import money_units, price_text
from persistence.event_codec import event_json
from trading.events import Event
from trading.model import Ladder, LedgerEntry, MarketPrice, Pause, Position, Rung, Wallet
from trading.money import plain, trimmed
from trading.signals import Signal

Value = int | str | None
Row = tuple[Value, ...]

_encode = msgspec.json.Encoder().encode


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


def pause_scope(account: str | None) -> str:
    """The key of a pause in `pauses`: its account, or empty for all of them."""
    return account or ""


def pause_row(pause: Pause) -> Row:
    """A pause as a row of `pauses`."""
    return (pause_scope(pause.account), pause.account, pause.reason, pause.since_us)


def signal_row(signal: Signal) -> Row:
    """A signal as a row of `signals`."""
    return (
        signal.signal_id,
        signal.account,
        signal.symbol,
        signal.action.value,
        signal.received_us,
        signal.digest,
        signal.flat,
        _money_units_or_none(signal.notional),
        signal.client_id,
        signal.sent_us,
        signal.status.value,
        signal.outcome,
        signal.finished_us,
    )


def _money_units_or_none(amount: Decimal | None) -> int | None:
    return None if amount is None else money_units(amount)


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
