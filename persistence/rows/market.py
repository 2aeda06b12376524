"""An accepted price as a row of `markets`."""

from persistence.columns import price_text
from persistence.rows.row import Row, in_order
from persistence.tables import MarketRow
from trading.model import MarketPrice

_in_order = in_order(MarketRow)


def market_row(market: MarketPrice) -> Row:
    """An accepted price as a row."""
    return _in_order(
        {"symbol": market.symbol, "price": price_text(market.price), "time": market.time_us}
    )


def market_from(row: MarketRow) -> MarketPrice:
    """The accepted price of a row."""
    return MarketPrice(symbol=row.symbol, price=row.price, time_us=row.time)
