"""Events of positions, and of opens that were denied."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from trading.model import CloseReason, Costs, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionOpened:
    """A position was opened with this hold; `opened_by` names the signal, if one did."""

    kind: ClassVar[str] = "position_opened"
    account: str
    position_id: int
    symbol: str
    side: Side
    quantity: Decimal
    entry_price: Decimal
    hold: Decimal
    stop_price: Decimal
    take_profit_prices: tuple[Decimal, ...]
    time_us: int
    opened_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDenied:
    """An open was refused; `reason` is its code, `asked_by` the signal that asked, if one did."""

    kind: ClassVar[str] = "open_denied"
    account: str
    symbol: str
    side: Side
    reason: str
    text: str
    time_us: int
    asked_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RungHit:
    """A price reached a take-profit rung (counted from 1) and moved the stop-loss, or left it."""

    kind: ClassVar[str] = "rung_hit"
    account: str
    position_id: int
    symbol: str
    side: Side
    rung: int
    rung_price: Decimal
    distance_pct: Decimal
    price: Decimal
    stop_before: Decimal
    stop_after: Decimal
    closes_position: bool
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMoved:
    """A person tightened the stop-loss; rungs move it too, and say so in `RungHit`."""

    kind: ClassVar[str] = "stop_moved"
    account: str
    position_id: int
    symbol: str
    side: Side
    stop_before: Decimal
    stop_after: Decimal
    mark_price: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReduced:
    """A rung closed a part of a position; PnL and `released` (hold) are that part's, in money."""

    kind: ClassVar[str] = "position_reduced"
    account: str
    position_id: int
    symbol: str
    side: Side
    rung: int
    distance_pct: Decimal
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    released: Decimal
    gross_pnl: Decimal
    costs: Costs
    time_us: int

    @property
    def net_pnl(self) -> Decimal:
        """Gross PnL less costs."""
        return self.gross_pnl - self.costs.total


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionClosed:
    """All that was left of a position was closed; the figures are that last part's.

    `reason_text` is what people read (`TP3 (+10%) reached`); `net_pnl_total` sums all parts.
    """

    kind: ClassVar[str] = "position_closed"
    account: str
    position_id: int
    symbol: str
    side: Side
    reason: CloseReason
    reason_text: str
    note: str | None
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    released: Decimal
    gross_pnl: Decimal
    costs: Costs
    net_pnl_total: Decimal
    notional: Decimal
    time_us: int

    @property
    def net_pnl(self) -> Decimal:
        """Gross PnL less costs, of this last part."""
        return self.gross_pnl - self.costs.total


PositionEvent = PositionOpened | OpenDenied | RungHit | StopMoved | PositionReduced | PositionClosed
