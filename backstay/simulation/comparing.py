"""Compare the written rows with the model's predictions, to the last digit."""

from typing import Any

from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_account import ModelAccount, Rates
from backstay.simulation.model_exits import Fields, ModelLadder, ModelRung, ModelTrail
from backstay.simulation.model_position import Happening, ModelPosition, Part
from trading.exits.exits import Exits
from trading.exits.ladder import Ladder
from trading.exits.notation import exits_text
from trading.model import CostRates, Position, Wallet


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
            "best_price": now.best,
            "open_quantity": now.open_quantity,
            "hold": now.hold,
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
    expect_values(position.rates, now.rates)
    if ladder_as_asked(position.ladder) != now.ladder:
        raise Violation(f"ladder is {position.ladder}, must be {now.ladder}: {position}")


def opened_from(position: Position, ladder: ModelLadder, rates: Rates) -> ModelPosition:
    """The model's own position for what was asked at what was quoted."""
    return ModelPosition(
        position_id=position.position_id,
        account=position.account,
        symbol=position.symbol,
        side=str(position.side),
        quantity=position.quantity,
        entry=position.entry_price,
        entry_time=position.entry_time_us,
        ladder=ladder,
        rates=rates,
        key=position.idempotency_key,
    )


def ladder_as_asked(ladder: Ladder) -> ModelLadder:
    """A ladder of the core, in the model's words."""
    stop, trail = ladder.stop_loss, ladder.trailing
    return ModelLadder(
        stop=None if stop is None else str(stop),
        rungs=tuple(ModelRung(str(r.at), str(r.stop), r.close_fraction) for r in ladder.rungs),
        trail=None
        if trail is None
        else ModelTrail(str(trail.distance), trail.step_percent, str(trail.start)),
        close_after_us=ladder.close_after_us,
        fill=str(ladder.take_profit_fill),
    )


def said_of(exits: Exits) -> Fields:
    """What exits of the core say, in the one-line notation."""
    return exits_text(exits)


def rates_of(rates: CostRates | None) -> Rates | None:
    """Cost rates of the core by name."""
    if rates is None:
        return None
    return {"fee": rates.fee, "spread": rates.spread, "slippage": rates.slippage}


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
    if (rates_of(wallet.rates), said_of(wallet.exits)) != (account.rates, account.exits):
        raise Violation(f"terms of {wallet} must be {account.rates}, {account.exits}")


def expect_values(actual: Any, values: Happening) -> None:
    """Every value that the model predicts is the actual one."""
    for name, value in values.items():
        if isinstance(value, Part):
            expect_values(actual, {"released": value.released, "gross_pnl": value.gross})
            expect_values(actual.costs, value.costs)
        elif getattr(actual, name) != value:
            raise Violation(f"{name} is {getattr(actual, name)!r}, must be {value!r}: {actual}")
