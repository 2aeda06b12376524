"""What holds for an account's books after anything that may happen to it."""

from dataclasses import replace
from decimal import Decimal
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.accounts import Account, a_position
from tests.unit.strategies import ladders, moved, moves, sides
from trading.books import HealthStatus, LedgerFold, check_books
from trading.events.accounts import FundsTransferred, ShortfallCovered
from trading.events.positions import PositionClosed, PositionReduced
from trading.model import EntryType, LedgerEntry
from trading.money import ZERO, is_money

ENTRY = Decimal(100)


@st.composite
def accounts(draw: st.DrawFn) -> Account:
    """Accounts after opens, prices, closes by hand and transfers, some of them ruinous."""
    account = Account(draw(st.sampled_from([0, 100, 1000])))
    for number in range(draw(st.integers(0, 14))):
        match draw(
            st.sampled_from(["open", "open", "price", "price", "crash", "close", "transfer"])
        ):
            case "open":
                quantity = draw(st.decimals("0.0001", "6", places=12))
                position = a_position(
                    draw(sides),
                    position_id=number,
                    entry_price=ENTRY,
                    quantity=quantity,
                    ladder=draw(ladders()),
                )
                account.open(position)
            case "price":
                account.price(moved(ENTRY, draw(moves())))
            case "crash":
                account.price(moved(ENTRY, draw(st.sampled_from([Decimal(-99), Decimal(900)]))))
            case "close":
                if account.open_positions():
                    chosen = draw(st.sampled_from(account.open_positions()))
                    account.close(chosen.position_id, moved(ENTRY, draw(moves())))
            case _:
                account.transfer(draw(st.decimals(-500, 500, places=8)))
    return account


@given(accounts())
def test_the_identities_hold_after_anything(account: Account) -> None:
    """Whatever was opened, reduced, closed, transferred or covered, the books are healthy."""
    report = account.health()
    assert report.status is HealthStatus.HEALTHY, report


@given(accounts())
def test_available_is_never_negative(account: Account) -> None:
    """No entry leaves less than nothing available, nor was there ever less than nothing locked."""
    locked = ZERO
    for entry in account.entries:
        locked += entry.locked_change
        assert entry.balance_before >= ZERO
        assert entry.balance_after >= ZERO
        assert locked >= ZERO


@given(accounts())
def test_entries_are_a_chain(account: Account) -> None:
    """Entries count from 1 without a gap, each begins where the one before it ended."""
    assert [entry.number for entry in account.entries] == list(range(1, account.wallet.entries + 1))
    assert account.entries[0].balance_before == ZERO
    assert account.entries[-1].balance_after == account.wallet.available
    for one, next_one in pairwise(account.entries):
        assert one.balance_after == next_one.balance_before
    operations = [entry.operation for entry in account.entries]
    assert len(set(operations)) == len(operations)


@given(accounts())
def test_entry_figures_are_money(account: Account) -> None:
    """Every figure of every entry has at most 8 decimals."""
    assert all(
        is_money(figure)
        for entry in account.entries
        for figure in (
            entry.amount,
            entry.balance_before,
            entry.balance_after,
            entry.total_change,
            entry.locked_change,
        )
    )


@given(accounts())
def test_the_total_is_what_events_say_came_and_went(account: Account) -> None:
    """The total is the initial balance and what the events tell of, counted independently."""
    expected = account.wallet.initial_balance
    for event in account.events:
        match event:
            case PositionReduced() | PositionClosed():
                expected += event.gross_pnl - event.costs.total
            case FundsTransferred() | ShortfallCovered():
                expected += event.amount
            case _:
                pass
    assert account.wallet.total == expected


@given(accounts())
def test_locked_is_what_open_positions_hold(account: Account) -> None:
    """What is locked is the sum of the open positions' holds, seen from the positions."""
    assert account.wallet.locked == sum(account.holds().values())


@given(accounts())
def test_a_shortfall_precedes_the_entry_that_needs_it(account: Account) -> None:
    """Each shortfall stands alone before its own settlement, which takes available to exactly 0."""
    for one, next_one in pairwise([*account.entries, None]):
        if one is not None and one.entry_type is EntryType.SHORTFALL:
            assert next_one is not None
            assert one.operation == f"shortfall:{next_one.operation}"
            assert one.position_id == next_one.position_id
            assert one.amount == one.total_change > ZERO
            assert next_one.balance_after == ZERO
    covered = [entry for entry in account.entries if entry.entry_type is EntryType.SHORTFALL]
    told = [event for event in account.events if isinstance(event, ShortfallCovered)]
    assert [entry.amount for entry in covered] == [event.amount for event in told]


FIGURES = ("amount", "total_change", "locked_change", "balance_before", "balance_after")


@given(accounts(), st.data())
@settings(max_examples=50)
def test_any_changed_figure_is_found_at_its_entry(account: Account, data: st.DataObject) -> None:
    """Whichever figure of whichever entry is changed, the health check names that entry."""
    at = data.draw(st.integers(0, len(account.entries) - 1))
    field = data.draw(st.sampled_from(FIGURES))
    off = data.draw(st.decimals("-10", "10", places=8).filter(bool))
    entries: list[LedgerEntry] = list(account.entries)
    entries[at] = replace(entries[at], **{field: getattr(entries[at], field) + off})
    report = check_books(account.wallet, LedgerFold().add_all(entries), account.holds())
    assert report.status is HealthStatus.MISMATCH
    assert report.first_divergent_entry == at + 1


@given(accounts(), st.data())
@settings(max_examples=50)
def test_any_missing_entry_is_named(account: Account, data: st.DataObject) -> None:
    """Whichever entry is missing, the health check names it."""
    at = data.draw(st.integers(0, len(account.entries) - 1))
    entries = account.entries[:at] + account.entries[at + 1 :]
    report = check_books(account.wallet, LedgerFold().add_all(entries), account.holds())
    assert report.status is HealthStatus.MISMATCH
    assert report.first_divergent_entry == at + 1
