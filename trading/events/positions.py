"""Events of positions, and of opens that were denied."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from trading.model import CloseReason, Costs, Side


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionOpened:
    """A position was opened with this hold; `opened_by` names the signal, if a signal opened it.

    `asked` is the ladder as it was asked for, in the one-line notation.
    """

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
    asked: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenDenied:
    """An open was refused; `reason` is its code, `asked_by` the signal that asked, if any."""

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
    """A price reached a take-profit rung (counted from 1) and moved the stop-loss, or left it.

    `distance_pct` is the rung's distance from the entry; None where it was asked for as a price.
    """

    kind: ClassVar[str] = "rung_hit"
    account: str
    position_id: int
    symbol: str
    side: Side
    rung: int
    rung_price: Decimal
    distance_pct: Decimal | None
    price: Decimal
    stop_before: Decimal
    stop_after: Decimal
    closes_position: bool
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMoved:
    """A person tightened the stop-loss; a move by a rung is part of its `RungHit`."""

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
class StopTrailed:
    """The trail followed the best price, and moved the stop-loss where that tightens it."""

    kind: ClassVar[str] = "stop_trailed"
    account: str
    position_id: int
    symbol: str
    side: Side
    best_price: Decimal
    stop_before: Decimal
    stop_after: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetsReplaced:
    """A person replaced the take-profits that were still ahead, written in the one-line notation.

    `take_profit_prices` are the prices that the new ones came to.
    """

    kind: ClassVar[str] = "targets_replaced"
    account: str
    position_id: int
    symbol: str
    side: Side
    targets_before: str
    targets_after: str
    take_profit_prices: tuple[Decimal, ...]
    mark_price: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TrailingSet:
    """A person set a trail, in the one-line notation, or dropped it (None)."""

    kind: ClassVar[str] = "trailing_set"
    account: str
    position_id: int
    symbol: str
    side: Side
    trailing_before: str | None
    trailing_after: str | None
    mark_price: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeStopSet:
    """A person set a time stop, in microseconds after the entry, or dropped it (None)."""

    kind: ClassVar[str] = "time_stop_set"
    account: str
    position_id: int
    symbol: str
    side: Side
    close_after_us: int | None
    mark_price: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReduced:
    """A part of a position was closed; PnL and `released` (hold) are that part's, in money.

    `rung` counts from 1, and `distance_pct` or else `rung_price` is its level. Where `rung` is
    None, a person closed the part by hand, with a `note`. `version` is the position's new version.
    """

    kind: ClassVar[str] = "position_reduced"
    account: str
    position_id: int
    symbol: str
    side: Side
    rung: int | None
    distance_pct: Decimal | None
    quantity: Decimal
    entry_price: Decimal
    exit_price: Decimal
    released: Decimal
    gross_pnl: Decimal
    costs: Costs
    time_us: int
    rung_price: Decimal | None = None
    note: str | None = None
    version: int = 0

    @property
    def net_pnl(self) -> Decimal:
        """Gross PnL less costs."""
        return self.gross_pnl - self.costs.total


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionClosed:
    """All that was left of a position was closed; the figures are that last part's.

    `reason_text` is for people (`TP3 (+10%) reached`); `net_pnl_total` sums all parts.
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


PositionEvent = (
    PositionOpened
    | OpenDenied
    | RungHit
    | StopMoved
    | StopTrailed
    | TargetsReplaced
    | TrailingSet
    | TimeStopSet
    | PositionReduced
    | PositionClosed
)
