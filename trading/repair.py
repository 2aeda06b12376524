"""Compute the balances that a wallet should have: the ledger is the truth, and is never edited.

A row is restored only where that alone makes the books balance. Any other damage (in the chain of
entries, a missing entry, a position's hold) is named, and not repaired.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from trading.books import HealthReport, HealthStatus, LedgerFold, check_books
from trading.model import Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A wallet as its row has it, and as its ledger has it, one version later."""

    before: Wallet
    after: Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class Irreparable:
    """Why no row makes the books balance; `entry` is the first that diverges, if one does."""

    why: str
    entry: int | None


def repair_of(
    wallet: Wallet, ledger: LedgerFold, holds: Mapping[int, Decimal]
) -> Repair | Irreparable | None:
    """The repair of a wallet's row, or why there is none; None where the database's books balance.

    `ledger` has all entries of the account, `holds` is money by open position. Both were read at
    the same moment as the row.
    """
    report = check_books(wallet, ledger, holds)
    if report.status is HealthStatus.HEALTHY:
        return None
    after = replace(
        wallet,
        initial_balance=ledger.initial_balance,
        total=ledger.total,
        locked=ledger.locked,
        entries=ledger.entries,
        version=wallet.version + 1,
    )
    if wallet.entries > ledger.entries:
        return Irreparable(why=_missing(wallet, ledger), entry=ledger.entries + 1)
    restored = check_books(after, ledger, holds)
    if restored.status is HealthStatus.HEALTHY:
        return Repair(before=wallet, after=after)
    return Irreparable(why=_what_is_wrong(restored), entry=restored.first_divergent_entry)


def _missing(wallet: Wallet, ledger: LedgerFold) -> str:
    # Balances do not show that entries are missing, because those may sum up to 0. Their
    # references would be forgotten, and booked once more.
    return (
        f"entry {ledger.entries + 1} is missing: the row counts {wallet.entries} entries, and the "
        f"last one in the ledger is entry {ledger.entries}"
    )


def _what_is_wrong(restored: HealthReport) -> str:
    """The checks that would still fail after the row was restored."""
    broken = [check.failure for check in restored.checks if check.name == "chain"]
    # A broken chain explains the other failures.
    return "; ".join(broken if "chain" in restored.failed_checks else restored.failures)
