"""The table of the markets' last prices."""

from sqlalchemy.orm import Mapped, mapped_column

from persistence.table_parts import (
    STRICT,
    PriceColumn,
    Table,
    TextColumn,
    TimeColumn,
    prices,
)


class MarketRow(Table):
    """A symbol's last accepted price."""

    __tablename__ = "markets"

    symbol: Mapped[TextColumn] = mapped_column(primary_key=True)
    price: Mapped[PriceColumn]
    time: Mapped[TimeColumn]

    __table_args__ = (*prices(positive=("price",)), STRICT)
