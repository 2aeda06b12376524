"""The nouns of the field as frozen values.

Money is in the account's currency with 8 decimals; prices are in that currency per unit and
quantities in units, both with up to 18 decimals; times are microseconds since the epoch, UTC,
and their names end in `_us`.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from trading.exits.exits import NOTHING_SAID, Exits
from trading.exits.ladder import Ladder
from trading.money import ZERO, money, product


class Side(StrEnum):
    """Which way a position gains: LONG when the price rises, SHORT when it falls."""

    LONG = "LONG"
    SHORT = "SHORT"

    @property
    def sign(self) -> Decimal:
        """1 for LONG, -1 for SHORT."""
        return _SIGNS[self]


_SIGNS = {Side.LONG: Decimal(1), Side.SHORT: Decimal(-1)}


class PositionStatus(StrEnum):
    """A position's durable states; CLOSED is terminal."""

    OPEN = "OPEN"
    CLOSED = "CLOSED"


class CloseReason(StrEnum):
    """Why a position was closed."""

    TAKE_PROFIT = "TAKE_PROFIT"
    STOP_LOSS = "STOP_LOSS"
    TIME = "TIME"
    MANUAL = "MANUAL"


class EntryType(StrEnum):
    """The kinds of ledger entry; Backstay books no `adjustment` by itself, not even in a repair."""

    OPENING = "opening"
    TRANSFER = "transfer"
    POSITION_OPEN = "position_open"
    POSITION_REDUCE = "position_reduce"
    POSITION_CLOSE = "position_close"
    SHORTFALL = "shortfall"
    ADJUSTMENT = "adjustment"


class DenialReason(StrEnum):
    """Why Backstay refused a command; a closed set."""

    ACCOUNT_EXISTS = "account_exists"
    ACCOUNT_UNKNOWN = "account_unknown"
    AMOUNT_INVALID = "amount_invalid"
    BOOKS_MISMATCH = "books_mismatch"
    CANDIDATE_UNKNOWN = "candidate_unknown"
    DATABASE_DAMAGED = "database_damaged"
    DEADLINE_PASSED = "deadline_passed"
    DEPOSED = "deposed"
    INSUFFICIENT_BALANCE = "insufficient_balance"
    KEY_CONFLICT = "key_conflict"
    LADDER_INVALID = "ladder_invalid"
    LIMIT_OPEN_POSITIONS = "limit_open_positions"
    LIMIT_POSITION_NOTIONAL = "limit_position_notional"
    LIMIT_SYMBOL_NOTIONAL = "limit_symbol_notional"
    MARKET_IN_USE = "market_in_use"
    MARKET_QUARANTINED = "market_quarantined"
    NOTHING_TO_REPAIR = "nothing_to_repair"
    NOTIONAL_TOO_SMALL = "notional_too_small"
    PAUSED_BY_NETWORK = "paused_by_network"
    POSITION_CLOSED = "position_closed"
    POSITION_UNKNOWN = "position_unknown"
    PRICE_STALE = "price_stale"
    PRICE_UNKNOWN = "price_unknown"
    REPAIR_IMPOSSIBLE = "repair_impossible"
    SET_ASIDE = "set_aside"
    SHUTTING_DOWN = "shutting_down"
    STOP_INVALID = "stop_invalid"
    TRADING_PAUSED = "trading_paused"
    WRITE_REFUSED = "write_refused"


@dataclass(frozen=True, slots=True, kw_only=True)
class Denial:
    """A refusal as a value: the named reason, and what was asked, held and to be done."""

    reason: DenialReason
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CostRates:
    """Cost rates as fractions of a notional; kept on each position."""

    fee: Decimal
    spread: Decimal
    slippage: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The costs of closing a quantity, by kind, each rounded to money."""

    entry_fee: Decimal = ZERO
    exit_fee: Decimal = ZERO
    spread: Decimal = ZERO
    slippage: Decimal = ZERO

    @property
    def total(self) -> Decimal:
        """The sum of all kinds."""
        return self.entry_fee + self.exit_fee + self.spread + self.slippage

    def __add__(self, other: "Costs") -> "Costs":
        """Add kind by kind."""
        return Costs(
            entry_fee=self.entry_fee + other.entry_fee,
            exit_fee=self.exit_fee + other.exit_fee,
            spread=self.spread + other.spread,
            slippage=self.slippage + other.slippage,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """One position, whole: what was opened, how far its ladder is, what it has earned.

    `ladder` is as it was asked for, `take_profit_prices` are the prices of its rungs; both change
    when the rungs ahead are replaced. `best_price` is the most favourable price that the trail has
    followed; None before it begins, and without one. `quantity` is the original one,
    `open_quantity` what is still open and `hold` the money still locked for it. `gross_pnl` and
    `costs` sum the parts closed so far. `version` counts the changes of state, from 1 at the open.
    """

    position_id: int
    account: str
    symbol: str
    side: Side
    ladder: Ladder
    rates: CostRates
    quantity: Decimal
    entry_price: Decimal
    entry_time_us: int
    take_profit_prices: tuple[Decimal, ...]
    stop_price: Decimal
    open_quantity: Decimal
    hold: Decimal
    best_price: Decimal | None = None
    rungs_hit: int = 0
    gross_pnl: Decimal = ZERO
    costs: Costs = Costs()
    exit_price: Decimal | None = None
    exit_time_us: int | None = None
    close_reason: CloseReason | None = None
    close_note: str | None = None
    idempotency_key: str | None = None
    request: str | None = None
    version: int = 1

    @property
    def status(self) -> PositionStatus:
        """OPEN until the exit is fixed, CLOSED from then on."""
        return PositionStatus.OPEN if self.close_reason is None else PositionStatus.CLOSED

    @property
    def notional(self) -> Decimal:
        """The money value at the entry: entry price times original quantity, rounded once."""
        return money(product(self.entry_price, self.quantity))

    @property
    def net_pnl(self) -> Decimal:
        """Realized PnL after costs, of the parts closed so far."""
        return self.gross_pnl - self.costs.total


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of an account's opens; None means no limit. Notionals are money."""

    open_positions_max: int | None = None
    position_notional_max: Decimal | None = None
    symbol_notional_max: Decimal | None = None
    position_notional_min: Decimal = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wallet:
    """An account's money.

    `total` is all of it, `locked` the part held for open positions. `version` counts the
    committed changes and `entries` the ledger entries, both from 1 at the opening. `rates` and
    `exits` are the account's own for its opens; None, and what `exits` leaves out, mean the
    service's.
    """

    account: str
    account_type: str
    currency: str
    initial_balance: Decimal
    limits: Limits
    total: Decimal
    locked: Decimal
    version: int
    entries: int
    rates: CostRates | None = None
    exits: Exits = NOTHING_SAID

    @property
    def available(self) -> Decimal:
        """What can be locked or withdrawn: always total minus locked, never stored."""
        return self.total - self.locked


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One line of an account's ledger; entries are only ever appended.

    `amount`, `balance_before` and `balance_after` keep the specification's meaning: the balances
    are of available, the amount is minus the position's value at an open and the net PnL at a
    close. `total_change` and `locked_change` are what the health check sums. `number` counts
    the account's entries from 1 without a gap; `operation` is unique in the account.
    """

    account: str
    number: int
    entry_type: EntryType
    operation: str
    amount: Decimal
    balance_before: Decimal
    balance_after: Decimal
    total_change: Decimal
    locked_change: Decimal
    position_id: int | None
    description: str
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketPrice:
    """A symbol's last accepted price and its exchange time."""

    symbol: str
    price: Decimal
    time_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """An operator's pause of opens: of one account, or of all where `account` is None."""

    account: str | None
    reason: str
    since_us: int
