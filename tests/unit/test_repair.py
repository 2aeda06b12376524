"""What a wallet's row should be, by the ledger alone."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.accounts import Account, a_position
from tests.unit.test_books_properties import FIGURES, accounts
from trading.books import HealthStatus, LedgerFold, check_books, row_was_changed
from trading.model import LedgerEntry, Wallet
from trading.repair import Irreparable, Repair, repair_of

ROW = ("total", "locked", "initial_balance")

_off = st.decimals("-10", "10", places=8).filter(bool)


def decided(
    account: Account, wallet: Wallet, entries: list[LedgerEntry] | None = None
) -> Repair | Irreparable | None:
    """What is to be done about a row."""
    ledger = LedgerFold().add_all(account.entries if entries is None else entries)
    return repair_of(wallet, ledger, account.holds())


@pytest.fixture
def account() -> Account:
    """An account of 100 that holds 25 for position 401."""
    account = Account(100)
    account.open(a_position())
    return account


@given(accounts())
def test_books_that_balance_need_no_repair(account: Account) -> None:
    """Whatever has happened to the account."""
    assert decided(account, account.wallet) is None


@given(accounts(), st.data())
def test_any_changed_row_is_restored_exactly(account: Account, data: st.DataObject) -> None:
    """Whichever figures somebody wrote: the row becomes what it was, one version later."""
    wallet = account.wallet
    changed = data.draw(st.lists(st.sampled_from(ROW), min_size=1, unique=True))
    spoiled = replace(wallet, **{name: getattr(wallet, name) + data.draw(_off) for name in changed})
    counted = data.draw(st.integers(1, wallet.entries))
    spoiled = replace(spoiled, entries=counted, version=data.draw(st.integers(1, 99)))
    repair = decided(account, spoiled)
    assert isinstance(repair, Repair)
    assert repair.before == spoiled
    assert repair.after == replace(wallet, version=spoiled.version + 1)


@given(accounts(), st.data())
def test_a_repair_is_offered_only_where_it_makes_the_books_balance(
    account: Account, data: st.DataObject
) -> None:
    """Whatever of row, entries and holds is spoiled."""
    wallet, entries, holds = account.wallet, list(account.entries), account.holds()
    if data.draw(st.booleans()):
        wallet = replace(wallet, total=wallet.total + data.draw(_off))
    if data.draw(st.booleans()):
        at = data.draw(st.integers(0, len(entries) - 1))
        name = data.draw(st.sampled_from(FIGURES))
        entries[at] = replace(entries[at], **{name: getattr(entries[at], name) + data.draw(_off)})
    if data.draw(st.booleans()) and holds:
        holds[data.draw(st.sampled_from(sorted(holds)))] += data.draw(_off)
    ledger = LedgerFold().add_all(entries)
    match repair_of(wallet, ledger, holds):
        case None:
            assert check_books(wallet, ledger, holds).status is HealthStatus.HEALTHY
        case Repair() as repair:
            assert check_books(repair.after, ledger, holds).status is HealthStatus.HEALTHY
            assert row_was_changed(wallet, ledger)
        case Irreparable() as irreparable:
            restored = replace(wallet, total=account.wallet.total)
            assert check_books(restored, ledger, holds).status is HealthStatus.MISMATCH
            assert irreparable.why


def test_a_broken_chain_is_named_and_not_repaired(account: Account) -> None:
    """By the first entry that diverges; the row is not bent to it."""
    entry = account.entries[0]
    entries = [replace(entry, amount=entry.amount + 1), account.entries[1]]
    wallet = replace(account.wallet, total=Decimal(1))
    found = decided(account, wallet, entries)
    assert found == Irreparable(why="chain: entry 1: amount 101 is not its change of 100", entry=1)


def test_a_row_is_not_cut_to_a_ledger_that_lost_its_end(account: Account) -> None:
    """It counts an entry that is gone, and has the balances that this one had left."""
    found = decided(account, account.wallet, account.entries[:1])
    assert isinstance(found, Irreparable)
    assert found.entry == 2
    assert found.why.startswith("entry 2 is missing: the row counts 2 entries")


def test_a_count_is_not_cut_to_a_ledger_whose_lost_end_summed_up_to_nothing(
    account: Account,
) -> None:
    """The balances are what the last entry has left, and yet a reference may be gone with one."""
    found = decided(account, replace(account.wallet, entries=9))
    assert isinstance(found, Irreparable)
    assert found.entry == 3


def test_a_hold_that_the_entries_deny_is_named(account: Account) -> None:
    """No row agrees with both, not even one that was changed as well."""
    wallet = replace(account.wallet, total=Decimal(1))
    found = repair_of(wallet, LedgerFold().add_all(account.entries), {401: Decimal(26)})
    assert isinstance(found, Irreparable)
    assert found.why == "used: position 401 holds 26, but its entries lock 25.00000000"
    assert found.entry == 2


@pytest.mark.parametrize(("more", "changed"), [("0", False), ("0.00000001", True), ("-1", True)])
def test_a_row_that_was_changed_is_known_beside_a_broken_chain(
    account: Account, more: str, changed: bool
) -> None:
    """The balance that the last entry left tells it; the broken chain alone accuses no row."""
    broken = [replace(account.entries[0], amount=Decimal(1)), *account.entries[1:]]
    row = replace(account.wallet, total=account.wallet.total + Decimal(more))
    assert row_was_changed(row, LedgerFold().add_all(broken)) is changed
