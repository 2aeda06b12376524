"""The identities that make a wallet's books provable, and the report of a health check.

`sum(total_change) = total`, `sum(locked_change) = locked = used`, each entry's own arithmetic,
and each entry's `balance_before` equal to its predecessor's `balance_after`: exact, without a
tolerance. `used` is the same money as `locked`, seen from the open positions.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from trading.model import EntryType, LedgerEntry, Wallet
from trading.money import ZERO, plain, total


class HealthStatus(StrEnum):
    """The result of a health check."""

    HEALTHY = "HEALTHY"
    MISMATCH = "MISMATCH"


MEMORY_CHECK = "memory"
"""The check that compares what a wallet remembers with its row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One identity: the ledger's figure, the kept figure, and their difference (0 when they agree).

    Names are a closed set: total, locked, used, chain, memory.
    """

    name: str
    expected: Decimal
    actual: Decimal
    detail: str | None = None

    @property
    def difference(self) -> Decimal:
        """Actual less expected."""
        return self.actual - self.expected

    @property
    def passed(self) -> bool:
        """Whether both agree to the last digit, and nothing else was found wrong."""
        return self.difference == ZERO and self.detail is None

    @property
    def failure(self) -> str:
        """The text of a failed check: `total: expected 100, is 100.18`."""
        why = self.detail or f"expected {plain(self.expected)}, is {plain(self.actual)}"
        return f"{self.name}: {why}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """The specification's health check of one account; `expected` and `actual` are of total."""

    account: str
    checks: tuple[Check, ...]
    first_divergent_entry: int | None
    wallet_version: int
    entries: int

    @property
    def status(self) -> HealthStatus:
        """HEALTHY only if every check passed."""
        passed = all(check.passed for check in self.checks)
        return HealthStatus.HEALTHY if passed else HealthStatus.MISMATCH

    def doubted(self, why: str) -> "HealthReport":
        """The same report, with a failed memory check that gives this reason."""
        others = tuple(check for check in self.checks if check.name != MEMORY_CHECK)
        doubt = Check(name=MEMORY_CHECK, expected=ZERO, actual=ZERO, detail=why)
        return replace(self, checks=(*others, doubt))

    @property
    def expected(self) -> Decimal:
        """The total by the ledger."""
        return self.checks[0].expected

    @property
    def actual(self) -> Decimal:
        """The total in the wallet's row."""
        return self.checks[0].actual

    @property
    def difference(self) -> Decimal:
        """Actual less expected total."""
        return self.checks[0].difference

    @property
    def failed_checks(self) -> tuple[str, ...]:
        """The names of the checks that did not pass."""
        return tuple(check.name for check in self.checks if not check.passed)

    @property
    def failures(self) -> tuple[str, ...]:
        """The text of each failed check."""
        return tuple(check.failure for check in self.checks if not check.passed)


def unreadable_books(account: str, why: str) -> HealthReport:
    """The report of an account whose rows cannot be read, so that no check can be made."""
    chain = Check(name="chain", expected=ZERO, actual=ZERO, detail=f"rows cannot be read: {why}")
    return HealthReport(
        account=account, checks=(chain,), first_divergent_entry=None, wallet_version=0, entries=0
    )


class LedgerFold:
    """An account's entries, summed one after another in the order of their numbers.

    It remembers where the chain first broke, so that a later check continues from the last one.
    """

    __slots__ = (
        "balance_after",
        "chain_difference",
        "entries",
        "first_divergence",
        "first_divergent_entry",
        "initial_balance",
        "last_entry_by_position",
        "locked",
        "locked_by_position",
        "total",
    )

    def __init__(self) -> None:
        """Start before the first entry."""
        self.entries = 0
        self.total = ZERO
        self.locked = ZERO
        self.balance_after = ZERO
        self.initial_balance = ZERO
        self.locked_by_position: dict[int, Decimal] = {}
        self.last_entry_by_position: dict[int, int] = {}
        self.first_divergent_entry: int | None = None
        self.first_divergence: str | None = None
        self.chain_difference = ZERO

    def add(self, entry: LedgerEntry) -> None:
        """Take the next entry."""
        self._judge(entry)
        self.entries = entry.number
        self.total = total(self.total, entry.total_change)
        self.locked = total(self.locked, entry.locked_change)
        self.balance_after = entry.balance_after
        if entry.entry_type is EntryType.OPENING:
            self.initial_balance = total(self.initial_balance, entry.total_change)
        if entry.position_id is not None and entry.locked_change != ZERO:
            self._lock(entry.position_id, entry)

    def _lock(self, position_id: int, entry: LedgerEntry) -> None:
        held = self.locked_by_position.pop(position_id, ZERO) + entry.locked_change
        self.last_entry_by_position.pop(position_id, None)
        if held != ZERO:
            self.locked_by_position[position_id] = held
            self.last_entry_by_position[position_id] = entry.number

    def add_all(self, entries: Iterable[LedgerEntry]) -> "LedgerFold":
        """Take several entries, and return itself."""
        for entry in entries:
            self.add(entry)
        return self

    def _judge(self, entry: LedgerEntry) -> None:
        if entry.number != self.entries + 1:
            self._diverge(entry, f"it follows entry {self.entries}", ZERO)
        if entry.balance_before != self.balance_after:
            gap = entry.balance_before - self.balance_after
            self._diverge(
                entry,
                f"balance_before {plain(entry.balance_before)} is not its predecessor's "
                f"balance_after {plain(self.balance_after)}",
                gap,
            )
        moved = entry.balance_after - entry.balance_before
        explained = entry.total_change - entry.locked_change
        if moved != explained:
            self._diverge(
                entry,
                f"available moved by {plain(moved)}, its changes explain {plain(explained)}",
                moved - explained,
            )
        stated = stated_amount(entry)
        if entry.amount != stated:
            self._diverge(
                entry,
                f"amount {plain(entry.amount)} is not its change of {plain(stated)}",
                entry.amount - stated,
            )

    def _diverge(self, entry: LedgerEntry, what: str, amount: Decimal) -> None:
        if self.first_divergent_entry is None:
            # After a gap the missing entry is the one that diverges, as at the end.
            self.first_divergent_entry = min(entry.number, self.entries + 1)
            self.first_divergence = f"entry {entry.number}: {what}"
            self.chain_difference = amount


def stated_amount(entry: LedgerEntry) -> Decimal:
    """The `amount` that an entry must have: minus the hold at an open, else the change of total."""
    if entry.entry_type is EntryType.POSITION_OPEN:
        return -entry.locked_change
    return entry.total_change


def check_books(
    wallet: Wallet,
    ledger: LedgerFold,
    holds: Mapping[int, Decimal],
    *,
    memory: Wallet | None = None,
) -> HealthReport:
    """Compare a wallet with its ledger and its open positions' holds (money by position id).

    `memory` is the WalletActor's own wallet at the same version, where it is to be compared.
    """
    diverging = _diverging_position(ledger.locked_by_position, holds)
    checks = [
        Check(
            name="total",
            expected=ledger.total,
            actual=wallet.total,
            detail=_initial_detail(wallet, ledger),
        ),
        Check(name="locked", expected=ledger.locked, actual=wallet.locked),
        Check(
            name="used",
            expected=wallet.locked,
            actual=total(ZERO, *holds.values()),
            detail=_hold_detail(diverging, ledger, holds),
        ),
        Check(
            name="chain",
            expected=ZERO,
            actual=ledger.chain_difference,
            detail=ledger.first_divergence or _end_detail(wallet, ledger),
        ),
    ]
    if memory is not None:
        checks.append(
            Check(
                name=MEMORY_CHECK,
                expected=wallet.total,
                actual=memory.total,
                detail=None if memory == wallet else _memory_detail(wallet, memory),
            )
        )
    return HealthReport(
        account=wallet.account,
        checks=tuple(checks),
        first_divergent_entry=_first_divergent_entry(wallet, ledger, diverging),
        wallet_version=wallet.version,
        entries=ledger.entries,
    )


def row_was_changed(wallet: Wallet, ledger: LedgerFold) -> bool:
    """Whether the wallet's row was changed by hand: it differs from what its entries left.

    Where the entries' chain is broken, only the balance after the last entry is compared.
    """
    if wallet.available != ledger.balance_after:
        return True
    row = (wallet.total, wallet.locked, wallet.entries, wallet.initial_balance)
    leads_to = (ledger.total, ledger.locked, ledger.entries, ledger.initial_balance)
    return ledger.first_divergent_entry is None and row != leads_to


def _first_divergent_entry(wallet: Wallet, ledger: LedgerFold, diverging: int | None) -> int | None:
    """The first entry that diverges.

    That is the entry where the chain broke. If the chain is whole, it is the entry missing at the
    end. If none is missing, it is the last entry of a position whose hold differs from what its
    entries lock. Otherwise it is the last entry, because the row differs from it.
    """
    if ledger.first_divergent_entry is not None:
        return ledger.first_divergent_entry
    if ledger.entries < wallet.entries:
        return ledger.entries + 1
    if diverging in ledger.last_entry_by_position:
        return ledger.last_entry_by_position[diverging]
    if wallet.initial_balance != ledger.initial_balance:
        return 1
    row = (wallet.total, wallet.locked, wallet.entries)
    agrees = row == (ledger.total, ledger.locked, ledger.entries) and diverging is None
    return None if agrees else ledger.entries


def _initial_detail(wallet: Wallet, ledger: LedgerFold) -> str | None:
    if wallet.initial_balance == ledger.initial_balance:
        return None
    differs = wallet.total != ledger.total
    return (
        (f"expected {plain(ledger.total)}, is {plain(wallet.total)}; " if differs else "")
        + f"the initial balance is {plain(wallet.initial_balance)}, "
        f"the opening entry brought {plain(ledger.initial_balance)}"
    )


def _end_detail(wallet: Wallet, ledger: LedgerFold) -> str | None:
    if ledger.entries != wallet.entries:
        return f"{ledger.entries} entries, the wallet counts {wallet.entries}"
    if ledger.balance_after != wallet.available:
        return (
            f"the last entry leaves {plain(ledger.balance_after)} available, "
            f"the wallet has {plain(wallet.available)}"
        )
    return None


def _diverging_position(locked: Mapping[int, Decimal], holds: Mapping[int, Decimal]) -> int | None:
    """The first position whose hold is not what its entries lock."""
    both = sorted(locked.keys() | holds.keys())
    return next((id_ for id_ in both if locked.get(id_, ZERO) != holds.get(id_, ZERO)), None)


def _hold_detail(
    position_id: int | None, ledger: LedgerFold, holds: Mapping[int, Decimal]
) -> str | None:
    if position_id is None:
        return None
    held = holds.get(position_id, ZERO)
    locked = ledger.locked_by_position.get(position_id, ZERO)
    return f"position {position_id} holds {plain(held)}, but its entries lock {plain(locked)}"


def _memory_detail(wallet: Wallet, memory: Wallet) -> str:
    return (
        f"memory has total {plain(memory.total)} and locked {plain(memory.locked)}, "
        f"the database {plain(wallet.total)} and {plain(wallet.locked)}"
    )
