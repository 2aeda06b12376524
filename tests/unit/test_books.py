"""The health check finds every corruption, and names the first entry that diverges."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.unit.accounts import Account, a_ladder, a_position
from trading.books import HealthReport, HealthStatus, LedgerFold, check_books, stated_amount
from trading.model import EntryType, LedgerEntry, Side
from trading.money import ZERO

SMALLEST = Decimal("0.00000001")

NUMBERS = range(1, 9)
LAST = 8


@pytest.fixture
def account() -> Account:
    """Eight entries of seven kinds; 20 USDT are locked for position 1 and 25 for position 3."""
    account = Account(200)
    account.open(a_position(position_id=1, ladder=a_ladder(3, 6, closes=("0.2", "0.8"))))
    account.open(a_position(Side.SHORT, position_id=2, ladder=a_ladder(stop=90)))
    account.price(103)
    account.close(2, 1000)
    account.transfer(100)
    account.open(a_position(position_id=3))
    assert [(entry.number, entry.entry_type) for entry in account.entries] == [
        (1, EntryType.OPENING),
        (2, EntryType.POSITION_OPEN),
        (3, EntryType.POSITION_OPEN),
        (4, EntryType.POSITION_REDUCE),
        (5, EntryType.SHORTFALL),
        (6, EntryType.POSITION_CLOSE),
        (7, EntryType.TRANSFER),
        (LAST, EntryType.POSITION_OPEN),
    ]
    return account


def check(account: Account, entries: list[LedgerEntry]) -> HealthReport:
    return check_books(account.wallet, LedgerFold().add_all(entries), account.holds())


def detail(report: HealthReport, name: str) -> str:
    (found,) = (check.detail for check in report.checks if check.name == name)
    return found or ""


def test_intact_books_are_healthy(account: Account) -> None:
    """Intact books pass every check, without a difference or a divergent entry."""
    report = account.health()
    assert report.status is HealthStatus.HEALTHY
    assert [check.name for check in report.checks] == ["total", "locked", "used", "chain", "memory"]
    assert all(check.passed and check.difference == ZERO for check in report.checks)
    assert report.failed_checks == ()
    assert report.first_divergent_entry is None
    assert (report.account, report.entries) == ("demo", LAST)
    assert report.wallet_version == account.wallet.version
    assert report.expected == report.actual == account.wallet.total
    assert report.difference == ZERO


def test_memory_is_compared_only_where_it_is_given(account: Account) -> None:
    """Without a memory of the same version there is no such check."""
    names = [each.name for each in check(account, account.entries).checks]
    assert names == ["total", "locked", "used", "chain"]


def test_a_changed_total_is_found(account: Account) -> None:
    """The report says what total the ledger leads to, what is kept, and by how much it is off."""
    ledger_total = account.wallet.total
    account.wallet = replace(account.wallet, total=ledger_total - SMALLEST)
    report = check(account, account.entries)
    assert report.status is HealthStatus.MISMATCH
    assert report.failed_checks == ("total", "chain")
    assert (report.expected, report.actual) == (ledger_total, ledger_total - SMALLEST)
    assert report.difference == -SMALLEST
    assert report.first_divergent_entry == LAST
    assert detail(report, "chain").startswith("the last entry leaves 75.00000000 available")


def test_a_changed_locked_is_found(account: Account) -> None:
    """A changed locked is neither what the entries lock nor what the positions hold."""
    account.wallet = replace(account.wallet, locked=account.wallet.locked + SMALLEST)
    report = check(account, account.entries)
    assert report.failed_checks == ("locked", "used", "chain")
    assert report.first_divergent_entry == LAST


def test_total_and_locked_changed_alike_are_found(account: Account) -> None:
    """A change that leaves available as it was is found all the same."""
    wallet = account.wallet
    account.wallet = replace(wallet, total=wallet.total + 1, locked=wallet.locked + 1)
    report = check(account, account.entries)
    assert report.failed_checks == ("total", "locked", "used")
    assert report.first_divergent_entry == LAST


@pytest.mark.parametrize("missing", NUMBERS)
def test_a_missing_entry_is_named(account: Account, missing: int) -> None:
    """Whichever entry is missing, from the first to the last, its number is named."""
    report = check(account, [each for each in account.entries if each.number != missing])
    assert "chain" in report.failed_checks
    assert report.first_divergent_entry == missing


def test_a_missing_end_is_named_by_its_first_entry(account: Account) -> None:
    """Where several last entries are missing, the first of them is named."""
    report = check(account, account.entries[:5])
    assert report.first_divergent_entry == 6
    assert detail(report, "chain") == "5 entries, the wallet counts 8"


def test_an_empty_ledger_diverges_at_its_first_entry(account: Account) -> None:
    """Without any entry nothing explains the balance."""
    assert check(account, []).first_divergent_entry == 1


def test_a_missing_entry_that_moved_nothing_is_named(account: Account) -> None:
    """The numbers alone tell that an entry without any change is missing."""
    nothing = replace(
        account.entries[-1],
        number=LAST + 1,
        entry_type=EntryType.ADJUSTMENT,
        amount=ZERO,
        balance_before=account.wallet.available,
        balance_after=account.wallet.available,
        total_change=ZERO,
        locked_change=ZERO,
    )
    last = replace(nothing, number=LAST + 2)
    account.wallet = replace(account.wallet, entries=LAST + 2)
    assert check(account, [*account.entries, nothing, last]).status is HealthStatus.HEALTHY
    report = check(account, [*account.entries, last])
    assert report.failed_checks == ("chain",)
    assert report.first_divergent_entry == LAST + 1
    assert detail(report, "chain") == "entry 10: it follows entry 8"


def test_an_entry_that_comes_twice_is_named(account: Account) -> None:
    """A repeated entry diverges."""
    report = check(account, [*account.entries[:4], *account.entries[3:]])
    assert "chain" in report.failed_checks
    assert report.first_divergent_entry == 4


def test_an_entry_that_the_wallet_does_not_count_is_named(account: Account) -> None:
    """An entry beyond the wallet's own count diverges."""
    account.transfer(1)
    beyond = account.entries[-1]
    account.wallet = replace(account.wallet, total=account.wallet.total - 1, entries=LAST)
    report = check(account, account.entries)
    assert report.failed_checks == ("total", "chain")
    assert report.first_divergent_entry == beyond.number == LAST + 1


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(
    "field", ["amount", "total_change", "locked_change", "balance_before", "balance_after"]
)
def test_a_changed_figure_is_named(account: Account, number: int, field: str) -> None:
    """Any figure of any entry that is off by the smallest amount is found at its entry."""
    entries = list(account.entries)
    true = entries[number - 1]
    entries[number - 1] = replace(true, **{field: getattr(true, field) + SMALLEST})
    report = check(account, entries)
    assert report.status is HealthStatus.MISMATCH
    assert "chain" in report.failed_checks
    assert report.first_divergent_entry == number
    assert detail(report, "chain").startswith(f"entry {number}: ")
    (chain,) = (check for check in report.checks if check.name == "chain")
    assert abs(chain.difference) == SMALLEST


def test_an_entry_forged_in_itself_is_found_by_the_next(account: Account) -> None:
    """An entry whose figures agree among themselves still breaks the chain behind it."""
    entries = list(account.entries)
    true = entries[6]
    entries[6] = replace(
        true,
        amount=true.amount + 1,
        total_change=true.total_change + 1,
        balance_after=true.balance_after + 1,
    )
    report = check(account, entries)
    assert report.failed_checks == ("total", "chain")
    assert report.first_divergent_entry == 8
    assert "is not its predecessor's balance_after" in detail(report, "chain")


def test_the_first_of_several_is_named(account: Account) -> None:
    """What diverges later does not hide what diverged first."""
    entries = [
        replace(each, amount=each.amount + each.number) if each.number in {3, 5} else each
        for each in account.entries
    ]
    report = check(account, entries)
    assert report.first_divergent_entry == 3
    assert detail(report, "chain") == (
        "entry 3: amount -22.00000000 is not its change of -25.00000000"
    )


@pytest.mark.parametrize(
    ("holds", "what"),
    [
        ({1: 20}, "position 3 holds 0, but its entries lock 25.00000000"),
        ({}, "position 1 holds 0, but its entries lock 20.00000000"),
        ({1: 20, 3: 25, 4: 5}, "position 4 holds 5, but its entries lock 0"),
        ({1: 20, 3: 24}, "position 3 holds 24, but its entries lock 25.00000000"),
        ({1: 25, 3: 20}, "position 1 holds 25, but its entries lock 20.00000000"),
        ({1: 20, 4: 25}, "position 3 holds 0, but its entries lock 25.00000000"),
    ],
    ids=["no position", "none at all", "no hold", "other hold", "exchanged", "other position"],
)
def test_holds_unlike_their_entries_are_found(
    account: Account, holds: dict[int, int], what: str
) -> None:
    """A hold without its position, or a position without its hold, is named by the position."""
    ledger = LedgerFold().add_all(account.entries)
    amounts = {position_id: Decimal(hold) for position_id, hold in holds.items()}
    report = check_books(account.wallet, ledger, amounts)
    assert report.status is HealthStatus.MISMATCH
    assert report.failed_checks == ("used",)
    assert detail(report, "used") == what


def test_a_changed_hold_is_named_by_the_entry_that_locked_it(account: Account) -> None:
    """Position 1 was last locked by entry 4; a hold that no entry locks, by the last entry."""
    ledger = LedgerFold().add_all(account.entries)
    changed = account.holds() | {1: Decimal(21)}
    assert check_books(account.wallet, ledger, changed).first_divergent_entry == 4
    invented = account.holds() | {9: Decimal(21)}
    assert check_books(account.wallet, ledger, invented).first_divergent_entry == LAST


def test_a_changed_initial_balance_is_found(account: Account) -> None:
    """The initial balance is what the opening entry brought; the specification sums from it."""
    wallet = replace(account.wallet, initial_balance=account.wallet.initial_balance + SMALLEST)
    ledger = LedgerFold().add_all(account.entries)
    report = check_books(wallet, ledger, account.holds())
    assert report.failed_checks == ("total",)
    assert report.first_divergent_entry == 1
    assert "opening entry" in detail(report, "total")


def test_memory_unlike_the_database_is_found(account: Account) -> None:
    """A memory that differs from the database, in whatever, is told with both."""
    ledger = LedgerFold().add_all(account.entries)
    wallet = account.wallet
    for memory in (
        replace(wallet, total=wallet.total + 1),
        replace(wallet, locked=wallet.locked - 1),
        replace(wallet, entries=wallet.entries - 1),
        replace(wallet, currency="EUR"),
    ):
        report = check_books(wallet, ledger, account.holds(), memory=memory)
        assert report.failed_checks == ("memory",)
        assert report.actual == wallet.total
        assert "the database 120.00000000 and 45.00000000" in detail(report, "memory")


def test_a_later_check_goes_on_where_the_last_one_ended(account: Account) -> None:
    """A fold that takes the entries in two goes comes to the same report, first break included."""
    entries = list(account.entries)
    entries[2] = replace(entries[2], amount=ZERO)
    whole, halves = LedgerFold().add_all(entries), LedgerFold().add_all(entries[:4])
    halves.add_all(entries[4:])
    assert check_books(account.wallet, halves, account.holds()) == check_books(
        account.wallet, whole, account.holds()
    )


def test_a_fold_keeps_only_positions_that_lock(account: Account) -> None:
    """What a fold remembers of positions does not grow with those that are closed."""
    ledger = LedgerFold().add_all(account.entries)
    assert ledger.locked_by_position == {1: Decimal(20), 3: Decimal(25)}


def test_an_amount_states_its_change(account: Account) -> None:
    """An open states minus its hold, every other entry its change of total."""
    assert [entry.amount for entry in account.entries] == list(map(stated_amount, account.entries))
    assert stated_amount(account.entries[1]) == -25
    assert stated_amount(account.entries[6]) == 100
