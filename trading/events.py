"""What can happen, in the past tense, as frozen values.

An event is made by a pure rule or a mailbox, written in the transaction of the change that it
tells of, and announced after the commit. `time_us` is the price's or command's time.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from trading.model import CloseReason, Costs, Side
from trading.price_events import MarketStale, PriceTimesRebased
from trading.service_events import PartSetAside


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountOpened:
    """An account began with its initial balance."""

    kind: ClassVar[str] = "account_opened"
    account: str
    account_type: str
    currency: str
    initial_balance: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FundsTransferred:
    """Money came in, or went out where `amount` is negative."""

    kind: ClassVar[str] = "funds_transferred"
    account: str
    amount: Decimal
    reference: str
    time_us: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallCovered:
    """A loss went beyond the whole wallet; `amount` was brought in so that it is not negative."""

    kind: ClassVar[str] = "shortfall_covered"
    account: str
    position_id: int
    symbol: str
    amount: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceQuarantined:
    """A price jumped too far from the last accepted one and waits as the candidate."""

    kind: ClassVar[str] = "price_quarantined"
    symbol: str
    price: Decimal
    last_price: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEnded:
    """A quarantine ended: the candidate was `confirmed`, `released` by a person, or `dropped`."""

    kind: ClassVar[str] = "quarantine_ended"
    symbol: str
    outcome: str
    candidate: Decimal
    price: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceRejected:
    """The first price in a row that was none, or was stamped too far ahead; `time_us` is ours.

    `price` is text, because it may be no number.
    """

    kind: ClassVar[str] = "price_rejected"
    symbol: str
    price: str
    why: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPaused:
    """A venue's connection is down or does not serve the symbol: nothing is judged or opened."""

    kind: ClassVar[str] = "market_paused"
    symbol: str
    why: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketResumed:
    """A venue serves the symbol again; `paused_us` is for how long it did not."""

    kind: ClassVar[str] = "market_resumed"
    symbol: str
    paused_us: int
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingPaused:
    """An operator paused opens: of one account, or of all where `account` is None."""

    kind: ClassVar[str] = "trading_paused"
    account: str | None
    reason: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingResumed:
    """An operator allowed opens again."""

    kind: ClassVar[str] = "trading_resumed"
    account: str | None
    reason: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalReceived:
    """A signal was stored, to be processed in order."""

    kind: ClassVar[str] = "signal_received"
    account: str
    signal_id: int
    symbol: str
    action: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalFinished:
    """A signal was processed: `status` says how it ended, `outcome` what it did or why not."""

    kind: ClassVar[str] = "signal_finished"
    account: str
    signal_id: int
    symbol: str
    status: str
    outcome: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthMismatchFound:
    """The health check found an account's books or memory in disagreement."""

    kind: ClassVar[str] = "health_mismatch_found"
    account: str
    failed_checks: tuple[str, ...]
    expected: Decimal
    actual: Decimal
    difference: Decimal
    first_divergent_entry: int | None
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRestored:
    """The health check passed again after a mismatch."""

    kind: ClassVar[str] = "health_restored"
    account: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRepaired:
    """A person had a wallet's row restored from its ledger, with the figures before and after."""

    kind: ClassVar[str] = "wallet_repaired"
    account: str
    reason: str
    initial_balance_before: Decimal
    initial_balance_after: Decimal
    total_before: Decimal
    total_after: Decimal
    locked_before: Decimal
    locked_after: Decimal
    entries_before: int
    entries_after: int
    time_us: int


Event = (
    AccountOpened
    | FundsTransferred
    | PositionOpened
    | OpenDenied
    | RungHit
    | StopMoved
    | PositionReduced
    | PositionClosed
    | ShortfallCovered
    | PriceQuarantined
    | QuarantineEnded
    | PriceRejected
    | PriceTimesRebased
    | MarketPaused
    | MarketResumed
    | MarketStale
    | TradingPaused
    | TradingResumed
    | SignalReceived
    | SignalFinished
    | HealthMismatchFound
    | HealthRestored
    | WalletRepaired
    | PartSetAside
)
