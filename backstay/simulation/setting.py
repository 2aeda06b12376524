"""The symbols, accounts and ladders of the simulated world."""

from decimal import Decimal

from trading.ladder_shape import checked, ladder_from_percentages

from trading.model import Ladder, Limits, Rung, StopTarget

SYMBOLS = {"AAAUSDT": Decimal(100), "BBBUSDT": Decimal("0.25"), "CCCUSDT": Decimal(25000)}
ACCOUNTS = {
    "alpha": (Decimal(3000), Limits()),
    "bravo": (
        Decimal("300.5"),
        Limits(
            open_positions_max=3,
            position_notional_max=Decimal(80),
            symbol_notional_max=Decimal(120),
            position_notional_min=Decimal(5),
        ),
    ),
    "carol": (Decimal(40), Limits()),
}


def _ladders() -> tuple[Ladder, ...]:
    def percents(*values: str) -> list[Decimal]:
        return [Decimal(value) for value in values]

    runner = Ladder(
        stop_loss_pct=Decimal(4),
        rungs=(
            Rung(
                distance_pct=Decimal("1.5"),
                stop=StopTarget.UNCHANGED,
                close_fraction=Decimal("0.3333"),
            ),
            Rung(
                distance_pct=Decimal(2), stop=StopTarget.BREAKEVEN, close_fraction=Decimal("0.3333")
            ),
        ),
    )
    return (
        ladder_from_percentages(),
        ladder_from_percentages(
            percents("1", "2", "3"),
            stop_loss_pct=Decimal(2),
            close_fractions=percents("0.25", "0.25", "0.5"),
        ),
        ladder_from_percentages(percents("0.7", "30"), stop_loss_pct=Decimal("0.9")),
        ladder_from_percentages([], stop_loss_pct=Decimal(1)),
        checked(runner),
    )


LADDERS = _ladders()
