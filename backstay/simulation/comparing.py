"""Compare the written rows with the model's predictions, to the last digit."""

from typing import Any

from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_account import ModelAccount
from backstay.simulation.model_position import Happening, ModelPosition, ModelRung, Part
from trading.costs import DEFAULT_RATES
from trading.model import Position, Wallet


def same_position(now: ModelPosition, position: Position) -> None:
    """Hold a position's state against the model's."""
    expect_values(
        position,
        {
            "position_id": now.position_id,
            "account": now.account,
            "symbol": now.symbol,
            "side": now.side,
            "quantity": now.quantity,
            "entry_price": now.entry,
            "entry_time_us": now.entry_time,
            "take_profit_prices": tuple(now.levels),
            "stop_price": now.stop,
            "open_quantity": now.open_quantity,
            "hold": now.hold,
            "rates": DEFAULT_RATES,
            "rungs_hit": now.rungs_hit,
            "gross_pnl": now.gross,
            "exit_price": now.exit,
            "exit_time_us": now.exit_time,
            "close_reason": now.reason,
            "idempotency_key": now.key,
            "version": now.version,
        },
    )
    expect_values(position.costs, now.costs)


def opened_from(position: Position) -> ModelPosition:
    """The model's own position for what was asked at what was quoted."""
    ladder = position.ladder
    return ModelPosition(
        position_id=position.position_id,
        account=position.account,
        symbol=position.symbol,
        side=str(position.side),
        quantity=position.quantity,
        entry=position.entry_price,
        entry_time=position.entry_time_us,
        stop_percent=ladder.stop_loss_pct,
        rungs=[ModelRung(r.distance_pct, str(r.stop), r.close_fraction) for r in ladder.rungs],
        rates={name: getattr(DEFAULT_RATES, name) for name in ("fee", "spread", "slippage")},
        key=position.idempotency_key,
    )


def same_wallet(account: ModelAccount, wallet: Wallet) -> None:
    """Hold a wallet against the model's account."""
    expect_values(
        wallet,
        {
            "account": account.account,
            "initial_balance": account.initial,
            "limits": account.limits,
            "total": account.total,
            "locked": account.locked,
            "version": account.version,
            "entries": len(account.entries),
        },
    )


def expect_values(actual: Any, values: Happening) -> None:
    """Every value that the model predicts is the actual one."""
    for name, value in values.items():
        if isinstance(value, Part):
            expect_values(actual, {"released": value.released, "gross_pnl": value.gross})
            expect_values(actual.costs, value.costs)
        elif getattr(actual, name) != value:
            raise Violation(f"{name} is {getattr(actual, name)!r}, must be {value!r}: {actual}")
