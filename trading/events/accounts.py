"""Events of accounts: their money, their books, and whether they may open."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar


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
class CostsSet:
    """An account's cost rates for its next opens were set; None means the service's own again."""

    kind: ClassVar[str] = "costs_set"
    account: str
    fee_rate: Decimal | None
    spread_rate: Decimal | None
    slippage_rate: Decimal | None
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitsSet:
    """An account's default exits for its next opens were set, in the one-line notation.

    `exits` is empty where the service's own apply again.
    """

    kind: ClassVar[str] = "exits_set"
    account: str
    exits: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ShortfallCovered:
    """A loss exceeded the wallet's total; `amount` was added so that the total is not negative."""

    kind: ClassVar[str] = "shortfall_covered"
    account: str
    position_id: int
    symbol: str
    amount: Decimal
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
    """An operator restored a wallet's row from its ledger; figures before and after."""

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


AccountEvent = (
    AccountOpened
    | FundsTransferred
    | CostsSet
    | ExitsSet
    | ShortfallCovered
    | TradingPaused
    | TradingResumed
    | HealthMismatchFound
    | HealthRestored
    | WalletRepaired
)
