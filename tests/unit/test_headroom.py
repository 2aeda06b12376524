"""What positions could still gain and lose: what is allowed can be booked, wherever prices go."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.accounts import Account, a_ladder, a_position
from tests.unit.strategies import entry_prices, ladders, sides
from trading.exits.ladder import Ladder
from trading.headroom import REACH, could_gain, could_lose, deposit_denial, headroom_denial
from trading.model import Denial, DenialReason, Position, PositionStatus, Side
from trading.money import AMOUNT_MAX, ZERO, is_money, quotient
from trading.positions.judging import advanced


def test_the_account_of_the_report_is_told_before_it_opens() -> None:
    """A LONG whose target would lift its account beyond what an account holds is refused."""
    account = Account(AMOUNT_MAX)
    denial = headroom_denial(account.wallet, a_position(quantity=250_000_000), ZERO)
    assert denial is not None
    assert denial.reason is DenialReason.AMOUNT_INVALID
    assert denial.text == (
        "position of 25000000000 USDT refused: at 2 times its last take-profit it would gain "
        "30000000000.001 USDT, and with what else its positions could gain (0 USDT) account demo "
        "would come from 90000000000 to 120000000000.001 USDT; an account holds at most "
        "90000000000 USDT: ask for less, or withdraw first"
    )


@pytest.mark.parametrize(
    ("side", "gain", "loss"),
    [(Side.LONG, "30.001", "25.066"), (Side.SHORT, "25.001", "27.78125")],
)
def test_what_the_specifications_position_could_gain_and_lose(
    side: Side, gain: str, loss: str
) -> None:
    """A LONG of 25 at twice +10 % and at 0; a SHORT at 0 and at twice its stop, with costs."""
    position = a_position(side)
    assert could_gain(position) == Decimal(gain)
    assert could_lose(position) == Decimal(loss)


def test_a_small_account_is_never_asked_for_headroom() -> None:
    """Whatever its ladder, what a usual account opens is far below the bound."""
    ladder = a_ladder(3, 6, 1_000)
    assert headroom_denial(Account(1_000_000).wallet, a_position(ladder=ladder), ZERO) is None


def test_a_short_that_could_lose_more_than_any_amount_is_refused() -> None:
    """Its loss at twice the stop is told."""
    position = a_position(Side.SHORT, quantity=850_000_000)
    denial = headroom_denial(Account(AMOUNT_MAX).wallet, position, ZERO)
    assert denial is not None
    assert "at 2 times its stop-loss it would lose 94" in denial.text


def test_a_long_that_could_lose_more_than_any_amount_is_refused() -> None:
    """Its hold can be booked, and its hold with the fee cannot."""
    position = a_position(quantity=899_990_000)
    denial = headroom_denial(Account(AMOUNT_MAX).wallet, position, ZERO)
    assert denial is not None
    assert "at a price of 0 it would lose 90" in denial.text


def test_a_position_may_lose_the_largest_amount_and_no_more() -> None:
    """To the last decimal."""
    most = replace(a_position(), open_quantity=Decimal("897666068.222611210852"))
    assert could_lose(most) == AMOUNT_MAX
    wallet = Account(1_000).wallet
    assert "would lose" not in str(headroom_denial(wallet, most, ZERO))
    beyond = replace(most, open_quantity=most.open_quantity + Decimal("0.00000001"))
    assert "would lose" in str(headroom_denial(wallet, beyond, ZERO))


@pytest.mark.parametrize(
    ("side", "where"),
    [(Side.LONG, "2 times its last take-profit"), (Side.SHORT, "a price of 0")],
)
def test_positions_may_together_gain_up_to_the_bound(side: Side, where: str) -> None:
    """No further; the refusal says at which price this one would gain its part."""
    wallet, position = Account(1_000).wallet, a_position(side)
    room = AMOUNT_MAX - 1_000 - could_gain(position)
    assert headroom_denial(wallet, position, room) is None
    denial = headroom_denial(wallet, position, room + Decimal("0.000001"))
    assert denial is not None
    assert f"at {where} it would gain" in denial.text


def test_a_deposit_leaves_room_for_what_positions_could_gain() -> None:
    """Up to the bound and no further; a withdrawal always passes."""
    wallet = Account(1_000).wallet
    room = AMOUNT_MAX - 1_000 - 30
    assert deposit_denial(wallet, room, Decimal(30)) is None
    denial = deposit_denial(wallet, room + 1, Decimal(30))
    assert denial is not None
    assert "would come from 1000 to 90000000001 USDT" in denial.text
    assert deposit_denial(wallet, Decimal(-1), AMOUNT_MAX) is None


@settings(max_examples=200)
@given(data=st.data())
def test_what_is_allowed_can_be_booked_at_every_price_that_is_foreseen(data: st.DataObject) -> None:
    """However close to the bound an account is, every figure of every close is money."""
    account = Account(data.draw(st.sampled_from([AMOUNT_MAX, AMOUNT_MAX / 2, AMOUNT_MAX / 9])))
    for position_id in (1, 2, 3):
        position = drawn_position(data, account, position_id)
        if position is None:
            continue
        others = sum(map(could_gain, account.open_positions()), ZERO)
        if headroom_denial(account.wallet, position, others) is None:
            account.open(position)
    for _ in range(4):
        for position in account.open_positions():
            price = data.draw(foreseen(position))
            account._settle(advanced(position, price, 1))
    for position in account.open_positions():
        account.close(position.position_id, data.draw(foreseen(position)))
    figures = [
        figure
        for entry in account.entries
        for figure in (entry.amount, entry.balance_before, entry.balance_after, entry.total_change)
    ]
    assert all(map(is_money, figures))
    assert account.wallet.total <= AMOUNT_MAX
    assert all(is_money(position.gross_pnl) for position in account.positions.values())


def drawn_position(data: st.DataObject, account: Account, position_id: int) -> Position | None:
    """A position for a share of what is available, if its ladder can be guarded."""
    side, entry = data.draw(sides), data.draw(entry_prices())
    ladder: Ladder = data.draw(ladders())
    notional = account.wallet.available * data.draw(st.integers(1, 100)) / 100
    quantity = quotient(notional, entry)
    if quantity == ZERO:
        return None
    try:
        return a_position(
            side, position_id=position_id, entry_price=entry, quantity=quantity, ladder=ladder
        )
    except ValueError:
        return None


def foreseen(position: Position) -> st.SearchStrategy[Decimal]:
    """A price between almost 0 and the farthest that is foreseen."""
    if position.side is Side.LONG:
        last = position.ladder.rungs[-1].at.value if position.ladder.rungs else ZERO
    else:
        last = Decimal(20)
    farthest = position.entry_price * REACH * (100 + last) / 100
    return st.sampled_from([farthest, farthest / 1_000]) | st.integers(1, 1_000).map(
        lambda share: farthest * share / 1_000
    )


def test_the_property_can_fail() -> None:
    """Beyond what is foreseen a close is no money any more: the bound is near, not far."""
    account = Account(AMOUNT_MAX * 4 / 10)
    position = a_position(quantity=Decimal(AMOUNT_MAX * 4 / 10) / 100)
    assert not isinstance(headroom_denial(account.wallet, position, ZERO), Denial)
    account.open(position)
    account.price(400)
    assert account.positions[401].status is PositionStatus.CLOSED
    assert account.wallet.total > AMOUNT_MAX
