"""The sum of an account's open positions in one symbol.

They are kept as sums, so that valuing an account takes as long for many positions as for one.
"""

from dataclasses import dataclass
from decimal import Decimal

from trading.model import Position
from trading.money import EXACT, ZERO, money, product

_MORE, _LESS = Decimal(1), Decimal(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Sums over open positions: their holds (money), open quantities, and what these cost.

    A SHORT counts negative in `quantity` (units) and in `cost` (its quantity times entry price),
    both exact.
    """

    hold: Decimal
    quantity: Decimal
    cost: Decimal

    def after(self, before: Position | None, position: Position) -> "Exposure":
        """The sums after one position changed; `before` is None for a new position."""
        rest = self if before is None else self._with(before, _LESS)
        return rest._with(position, _MORE)

    def unrealized_pnl(self, mark_price: Decimal) -> Decimal:
        """The PnL of all of them at a mark price, before costs; in money, rounded once."""
        return money(EXACT.subtract(product(mark_price, self.quantity), self.cost))

    def _with(self, position: Position, times: Decimal) -> "Exposure":
        quantity = product(times, position.side.sign, position.open_quantity)
        return Exposure(
            hold=EXACT.add(self.hold, product(times, position.hold)),
            quantity=EXACT.add(self.quantity, quantity),
            cost=EXACT.add(self.cost, product(quantity, position.entry_price)),
        )


NOTHING = Exposure(hold=ZERO, quantity=ZERO, cost=ZERO)
"""The sums of no positions."""
