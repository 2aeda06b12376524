"""The worked numbers of every exit, through the rules and through the triggers.

`tests/golden/exits.json` has them: what is asked for, and what each price then does.
"""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.unit.accounts import TIME_US, a_position
from trading.events.positions import PositionClosed, PositionReduced
from trading.exits.exits import Exits, Said
from trading.exits.ladder import TakeProfitFill, filled_in
from trading.exits.notation import asked_rung, exits_from, exits_text, stop_loss_from, trailing_of
from trading.model import Position, PositionStatus, Side
from trading.money import product
from trading.positions.judging import advanced, triggers
from trading.positions.opening import quantity_for
from trading.times import SECOND_US

COPY = Path(__file__).parents[2] / "golden" / "exits.json"
ORIGINAL = Path(__file__).parents[4] / "shared" / "golden" / "exits.json"

Case = dict[str, Any]
CASES: list[Case] = json.loads(COPY.read_text())

golden = pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])


def test_the_copied_figures_are_those_of_the_golden_file() -> None:
    """Word for word, so that no figure is bent to the program."""
    if not ORIGINAL.exists():
        pytest.skip(f"no {ORIGINAL}: the copied figures stand alone")
    assert json.loads(ORIGINAL.read_text()) == CASES


def exits_asked(case: Case) -> Exits:
    """What the case asks for."""
    trailing, after = case["trailing"], case["close_after_seconds"]
    return Exits(
        stop_loss=stop_loss_from(case["stop_loss"]),
        take_profits=filled_in(
            [
                asked_rung(at=rung["at"], close=rung.get("close"), stop=rung.get("stop"))
                for rung in case["take_profits"]
            ]
        ),
        trailing=(
            Said.NONE
            if trailing is None
            else trailing_of(
                distance=trailing["distance"], step=trailing["step"], start=trailing["from"]
            )
        ),
        close_after_us=Said.NONE if after is None else after * SECOND_US,
        take_profit_fill=TakeProfitFill(case["take_profit_fill"]),
    )


def position_asked(case: Case, exits: Exits) -> Position:
    """The case's position, as it is opened."""
    entry_price = Decimal(case["entry_price"])
    return a_position(
        Side(case["side"]),
        entry_price=entry_price,
        quantity=quantity_for(Decimal(case["notional"]), entry_price),
        ladder=exits.over(),
    )


@golden
def test_every_price_does_what_was_worked_out(case: Case) -> None:
    """The stop, the rungs, each part's price and net PnL, and why it closed, to the last digit."""
    position = position_asked(case, exits_asked(case))
    quantity = position.quantity
    assert position.stop_price == Decimal(case["stop_at_open"])
    for step in case["steps"]:
        after = advanced(position, Decimal(step["price"]), TIME_US + step["seconds"] * SECOND_US)
        position = after.position
        assert position.stop_price == Decimal(step["stop_after"]), step
        assert position.rungs_hit == step["rungs_hit"], step
        told = [
            {
                "exit_price": part.exit_price,
                "net_pnl": part.net_pnl,
                "reason": str(part.reason) if isinstance(part, PositionClosed) else "TAKE_PROFIT",
                "quantity": part.quantity,
            }
            for part in after.events
            if isinstance(part, PositionReduced | PositionClosed)
        ]
        assert told == [
            {
                "exit_price": Decimal(part["exit_price"]),
                "net_pnl": Decimal(part["net_pnl"]),
                "reason": part["reason"],
                "quantity": product(quantity, Decimal(part["share"].rstrip("%")), Decimal("0.01")),
            }
            for part in step["closed"]
        ], step
    assert position.close_reason == case["closed_for"]
    assert position.net_pnl == Decimal(case["net_pnl_so_far"])


@golden
def test_the_triggers_tell_which_of_the_prices_do_something(case: Case) -> None:
    """A position is told exactly those prices, and told twice it does nothing more."""
    position = position_asked(case, exits_asked(case))
    for step in case["steps"]:
        price, time_us = Decimal(step["price"]), TIME_US + step["seconds"] * SECOND_US
        reached = triggers(position).reached_by(price, time_us)
        after = advanced(position, price, time_us)
        assert reached == bool(after.events), step
        position = after.position
        if position.status is PositionStatus.OPEN:
            assert not triggers(position).reached_by(price, time_us), step
            assert advanced(position, price, time_us).events == (), step


@golden
def test_the_notation_says_the_same(case: Case) -> None:
    """Written in one line and read back, what was asked for is the same."""
    asked = exits_asked(case)
    assert exits_from(exits_text(asked)) == asked
