"""A wallet's arithmetic: opening, hold, settlement, transfer, shortfall."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from tests.unit.accounts import TIME_US, Account, Number, a_ladder, a_position
from trading.events.accounts import AccountOpened, FundsTransferred, ShortfallCovered
from trading.model import Denial, DenialReason, EntryType, LedgerEntry, Limits, Side
from trading.money import AMOUNT_MAX, ZERO
from trading.wallet import account_opened, limit_denial


def test_an_opening_entry_brings_the_initial_balance() -> None:
    """A new account has version 1 and one entry, which explains its whole balance."""
    limits = Limits(open_positions_max=3)
    booking = account_opened(
        account="alice",
        initial_balance=Decimal("250.5"),
        time_us=TIME_US,
        account_type="live",
        currency="EUR",
        limits=limits,
    )
    wallet = booking.wallet
    assert wallet.total == wallet.available == wallet.initial_balance == Decimal("250.5")
    assert (wallet.version, wallet.entries, wallet.limits) == (1, 1, limits)
    assert booking.entries == (
        LedgerEntry(
            account="alice",
            number=1,
            entry_type=EntryType.OPENING,
            operation="opening",
            amount=Decimal("250.5"),
            balance_before=ZERO,
            balance_after=Decimal("250.5"),
            total_change=Decimal("250.5"),
            locked_change=ZERO,
            position_id=None,
            description="Opened account with 250.5 EUR",
            time_us=TIME_US,
        ),
    )
    assert booking.events == (
        AccountOpened(
            account="alice",
            account_type="live",
            currency="EUR",
            initial_balance=Decimal("250.5"),
            time_us=TIME_US,
        ),
    )


def test_an_account_is_by_default_the_demo_in_usdt() -> None:
    """Without further words an account is of type `demo`, in USDT, and without limits."""
    wallet = Account(0).wallet
    assert (wallet.account_type, wallet.currency, wallet.limits) == ("demo", "USDT", Limits())
    assert wallet.total == 0


@pytest.mark.parametrize(
    "balance", ["-0.00000001", "0.000000001", "90000000000.00000001", "NaN", "sNaN", "Infinity"]
)
def test_an_initial_balance_is_an_amount_of_money(balance: str) -> None:
    """An account cannot begin with what is not an amount, or less than nothing."""
    with pytest.raises(ValueError, match=f"initial balance {balance} is not an amount from 0 to"):
        Account(balance)


def test_a_hold_locks_and_moves_nothing_out() -> None:
    """A hold changes locked and available, and leaves the total."""
    account = Account(100)
    account.open(a_position())
    wallet, entry = account.wallet, account.entries[-1]
    assert [wallet.total, wallet.locked, wallet.available] == [100, 25, 75]
    assert (wallet.version, wallet.entries) == (2, 2)
    assert [entry.amount, entry.total_change, entry.locked_change] == [-25, 0, 25]
    assert (entry.number, entry.operation, entry.position_id) == (2, "open:401", 401)
    assert entry.time_us == TIME_US


def test_all_that_is_available_can_be_held() -> None:
    """A position may take the very last of the balance."""
    account = Account(25)
    assert account.open(a_position()) is None
    assert account.wallet.available == 0


def test_a_hold_beyond_the_available_is_denied() -> None:
    """The denial says what was asked, what is available and where, and books nothing."""
    account = Account("37.40")
    account.open(a_position(position_id=1))
    before = account.wallet
    assert account.open(a_position(position_id=2)) == Denial(
        reason=DenialReason.INSUFFICIENT_BALANCE,
        text="position of 25.00 USDT refused: available 12.40 USDT in account demo",
    )
    assert account.wallet == before


def test_a_denial_shows_every_digit_that_matters() -> None:
    """Amounts have two decimals, and more where they need them."""
    denial = Account("24.99999999").open(a_position())
    assert denial is not None
    assert "available 24.99999999 USDT" in denial.text


def test_a_part_releases_its_share() -> None:
    """A reduction changes total by its net and locked by its release, under its own operation."""
    account = Account(100)
    account.open(a_position(quantity=1, ladder=a_ladder(3, 6, closes=("0.25", "0.75"))))
    account.price(103)
    entry = account.entries[-1]
    assert entry.entry_type is EntryType.POSITION_REDUCE
    assert entry.operation == "reduce:401:1"
    assert entry.amount == entry.total_change == Decimal("0.579425")
    assert entry.locked_change == -25
    assert entry.description == (
        "Reduced LONG BTCUSDT: TP1 (+3%) reached, Net PnL=$0.58 (Gross=$0.75, Costs=$0.17)"
    )
    account.price(106)
    assert [entry.operation for entry in account.entries[-2:]] == ["reduce:401:1", "close:401"]


def test_a_close_by_hand_reads_as_such() -> None:
    """The description of a close carries its reason."""
    account = Account(100)
    account.open(a_position(Side.SHORT))
    account.close(401, 99)
    assert account.entries[-1].description == (
        "Closed SHORT BTCUSDT: closed by hand, Net PnL=$0.08 (Gross=$0.25, Costs=$0.17)"
    )


@pytest.mark.parametrize("others", [0, 40], ids=["alone", "beside another hold"])
def test_a_loss_beyond_the_wallet_is_covered_by_an_entry_before_the_close(others: int) -> None:
    """One shortfall entry brings in exactly what is missing, and the close then leaves nothing."""
    account = Account(100 + others)
    if others:
        account.open(a_position(position_id=1, quantity="0.4", ladder=a_ladder(stop=99)))
    account.open(a_position(Side.SHORT, position_id=2, quantity="0.9"))
    account.close(2, 300)
    shortfall, close = account.entries[-2:]
    loss = -close.amount
    assert (shortfall.entry_type, close.entry_type) == (
        EntryType.SHORTFALL,
        EntryType.POSITION_CLOSE,
    )
    assert shortfall.amount == shortfall.total_change == loss - 100 == Decimal("81.341")
    assert shortfall.locked_change == ZERO
    assert (shortfall.operation, shortfall.position_id) == ("shortfall:close:2", 2)
    assert shortfall.description == "Covered a shortfall of $81.34 of SHORT BTCUSDT"
    assert [account.wallet.available, account.wallet.locked] == [0, others]
    assert account.wallet.version == len(account.entries) - 1
    assert account.events[-1] == ShortfallCovered(
        account="demo",
        position_id=2,
        symbol="BTCUSDT",
        amount=shortfall.amount,
        time_us=TIME_US,
    )
    assert account.health().status == "HEALTHY"


@pytest.mark.parametrize(("balance", "covered"), [("181.341", ""), ("181.34099999", "0.00000001")])
def test_a_loss_is_covered_only_as_far_as_the_wallet_cannot_carry_it(
    balance: str, covered: str
) -> None:
    """A loss of all that is there leaves 0 without a shortfall; the next digit needs one."""
    account = Account(balance)
    account.open(a_position(Side.SHORT, quantity="0.9"))
    account.close(401, 300)
    assert account.wallet.total == account.wallet.available == ZERO
    shortfalls = [e.amount for e in account.entries if e.entry_type is EntryType.SHORTFALL]
    assert shortfalls == ([Decimal(covered)] if covered else [])


@pytest.mark.parametrize(("amount", "word"), [("50", "Deposit"), ("-75", "Withdrawal")])
def test_a_transfer_moves_money_in_or_out(amount: str, word: str) -> None:
    """A transfer changes total and available by its amount, down to nothing available."""
    account = Account(100)
    account.open(a_position())
    assert account.transfer(amount) is None
    entry = account.entries[-1]
    assert account.wallet.version == 3
    assert account.wallet.available == 75 + Decimal(amount)
    assert account.wallet.locked == 25
    assert entry.entry_type is EntryType.TRANSFER
    assert entry.amount == entry.total_change == Decimal(amount)
    assert (entry.operation, entry.description) == ("transfer:t2", f"{word}: t2")
    assert account.events[-1] == FundsTransferred(
        account="demo", amount=Decimal(amount), reference="t2", time_us=TIME_US
    )


def test_what_is_locked_cannot_be_withdrawn() -> None:
    """A withdrawal beyond the available is denied with both figures."""
    account = Account(100)
    account.open(a_position())
    assert account.transfer("-75.00000001") == Denial(
        reason=DenialReason.INSUFFICIENT_BALANCE,
        text="withdrawal of 75.00000001 USDT refused: available 75.00 USDT in account demo",
    )


@pytest.mark.parametrize(
    "amount",
    [
        "0",
        "0.000000001",
        "NaN",
        "sNaN",
        "Infinity",
        "90000000000",
        "1000000000000000000000000000000",
    ],
)
def test_a_transfer_is_an_amount_of_money(amount: str) -> None:
    """A transfer of nothing, of no amount, or beyond the largest total is denied."""
    denial = Account(100).transfer(amount)
    assert denial is not None
    assert denial.reason is DenialReason.AMOUNT_INVALID
    assert denial.text.startswith(f"transfer of {amount} USDT refused: ")


def test_a_wallet_may_hold_the_largest_amount() -> None:
    """A deposit up to the largest total is accepted, and not the smallest amount beyond it."""
    assert Account(100).transfer(AMOUNT_MAX - 100) is None
    assert Account(0).transfer(AMOUNT_MAX) is None
    beyond = Account(100).transfer(AMOUNT_MAX - 100 + Decimal("0.00000001"))
    assert beyond is not None
    assert beyond.reason is DenialReason.AMOUNT_INVALID


def test_what_is_locked_counts_toward_the_largest_amount() -> None:
    """The bound is on what an account owns, whether it is available or not."""
    account = Account(100)
    account.open(a_position())
    assert account.transfer(AMOUNT_MAX - 100) is None
    assert account.transfer("0.00000001") is not None


@pytest.mark.parametrize(
    ("limits", "already", "notional", "reason", "text"),
    [
        (
            {"position_notional_min": Decimal("25.01")},
            (0, 0),
            "25",
            DenialReason.NOTIONAL_TOO_SMALL,
            "position of 25.00 USDT refused: the smallest is 25.01 USDT in account demo",
        ),
        (
            {},
            (0, 0),
            "0.00999999",
            DenialReason.NOTIONAL_TOO_SMALL,
            "position of 0.00999999 USDT refused: the smallest is 0.01 USDT in account demo",
        ),
        (
            {"open_positions_max": 3},
            (3, 0),
            "25",
            DenialReason.LIMIT_OPEN_POSITIONS,
            "position of 25.00 USDT refused: 3 of at most 3 positions are open in account demo",
        ),
        (
            {"position_notional_max": Decimal("24.99")},
            (0, 0),
            "25",
            DenialReason.LIMIT_POSITION_NOTIONAL,
            "position of 25.00 USDT refused: at most 24.99 USDT a position in account demo",
        ),
        (
            {"symbol_notional_max": Decimal(60)},
            (1, "35.01"),
            "25",
            DenialReason.LIMIT_SYMBOL_NOTIONAL,
            "position of 25.00 USDT refused: 35.01 of at most 60.00 USDT are open in BTCUSDT "
            "in account demo",
        ),
    ],
    ids=["smallest", "dust", "count", "position", "symbol"],
)
def test_a_limit_denies_with_its_figures(
    limits: dict[str, Any],
    already: tuple[int, Number],
    notional: str,
    reason: DenialReason,
    text: str,
) -> None:
    """Each limit refuses what is beyond it, and says what was asked and what is allowed."""
    wallet = replace(Account(100).wallet, limits=Limits(**limits))
    position = a_position(entry_price=1, quantity=notional)
    denial = limit_denial(
        wallet, position, open_positions=already[0], symbol_notional=Decimal(already[1])
    )
    assert denial == Denial(reason=reason, text=text)


def test_what_is_exactly_at_its_limits_is_allowed() -> None:
    """Limits are the largest and smallest that is allowed."""
    limits = Limits(
        open_positions_max=3,
        position_notional_max=Decimal(25),
        symbol_notional_max=Decimal(60),
        position_notional_min=Decimal(25),
    )
    wallet = Account(100, limits=limits).wallet
    assert limit_denial(wallet, a_position(), open_positions=2, symbol_notional=Decimal(35)) is None


def test_without_limits_anything_is_allowed() -> None:
    """An account that sets no limits has none but the smallest notional."""
    wallet = Account(100).wallet
    denial = limit_denial(wallet, a_position(), open_positions=10**6, symbol_notional=AMOUNT_MAX)
    assert denial is None
