"""The symbols, accounts and ladders of the simulated world."""

from decimal import Decimal

from trading.exits.notation import exits_from
from trading.model import Limits

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


EXITS = tuple(
    map(
        exits_from,
        (
            {},
            {"stop_loss": "2%", "take_profits": "1%@25%;2%@25%;3%@50%"},
            {"stop_loss": "0.9%", "take_profits": "0.7%;30%"},
            {"stop_loss": "1%", "take_profits": "none"},
            {"stop_loss": "4%", "take_profits": "1.5%@33.33%>keep;2%@33.33%>breakeven"},
        ),
    )
)
