"""The symbols, accounts and ladders of the simulated world."""

from decimal import Decimal

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

EXITS: tuple[dict[str, str], ...] = (
    {},
    {"stop_loss": "2%", "take_profits": "1%@25%;2%@25%;3%@50%"},
    {"stop_loss": "0.9%", "take_profits": "0.7%;30%"},
    {"stop_loss": "1%", "take_profits": "none"},
    {"stop_loss": "4%", "take_profits": "1.5%@33.33%>keep;2%@33.33%>breakeven"},
    {"take_profits": "2%@50%>breakeven_net;3%>1%;9%", "take_profit_fill": "level"},
    {"stop_loss": "none", "trailing": "1.5%/0.3%"},
    {"stop_loss": "2%", "take_profits": "1.2%>keep;20%", "trailing": "1%/0.2% from rung 1"},
    {"take_profits": "none", "trailing": "0.8% from 1.1%"},
    {"stop_loss": "3%", "close_after": "20s"},
)
DEFAULT_EXITS: tuple[dict[str, str], ...] = (
    {},
    {"stop_loss": "3.5%"},
    {"take_profits": "2%@40%>breakeven_net;4%", "trailing": "1%/0.25% from rung 1"},
    {"stop_loss": "none", "trailing": "2%/0.5%", "close_after": "45s"},
    {"take_profit_fill": "level", "take_profits": "1.5%@30%>keep;3%"},
)
"""The exits that accounts may have by default."""
