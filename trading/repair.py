"""Compute the balances that a wallet should have: the ledger is the truth, and is never edited.

A row is restored only where that alone makes the books balance. What is wrong elsewhere (the
chain of entries, an entry that is gone, a position's hold) is named, and not repaired.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from trading.books import HealthReport, HealthStatus, LedgerFold, check_books
from trading.model import Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """A wallet as its row is, and as its ledger says that it should be, one version later."""

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
    """What is to be done about a wallet's row; None where the books of the database balance.

    `ledger` has all entries of the account, `holds` is money by open position, both of the
    moment that the row is of.
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
    # Balances do not tell whether only the count is wrong: entries that are gone may sum up to 0,
    # and their references would be forgotten, and booked once more.
    return (
        f"entry {ledger.entries + 1} is missing: the row counts {wallet.entries} entries, and the "
        f"last one that is there is entry {ledger.entries}"
    )


def _what_is_wrong(restored: HealthReport) -> str:
    """What would still fail were the row as the ledger says."""
    broken = [check.failure for check in restored.checks if check.name == "chain"]
    # A broken chain explains what else fails.
    return "; ".join(broken if "chain" in restored.failed_checks else restored.failures)
