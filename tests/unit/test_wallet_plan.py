"""A wallet's next change, planned from the commands that have queued up."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from actors.messages import Denied
from actors.wallet.memory import Held, Memory
from actors.wallet.messages import (
    TransferDone,
)
from actors.wallet.plan import PlannedCommand
from tests.unit.accounts import TIME_US, a_ladder
from tests.unit.wallet_plans import (
    ACCOUNT,
    COMMITTED_US,
    ID,
    MONOTONIC_US,
    SYMBOL,
    a_booking,
    a_transfer,
    an_account,
    an_open,
    balances,
    booked_answer,
    closed_at,
    expect_balanced,
    kinds,
    only_answer,
    opened_account,
    opened_position,
    planned,
    wallet_of,
)
from trading.ladder import Advance, advanced, tightened
from trading.model import (
    Denial,
    DenialReason,
    EntryType,
    Limits,
    Side,
)

PAUSED = Denial(reason=DenialReason.TRADING_PAUSED, text="opens are refused: maintenance")


def test_no_command_makes_no_change() -> None:
    """There is nothing to write, and the memory is the one before."""
    memory = opened_account()
    result = planned(memory)
    assert result.is_empty
    assert result.after is memory


def test_an_account_opens_with_its_initial_balance() -> None:
    """Its first entry is the ledger's beginning, and nothing of it is locked."""
    result = planned(Memory(), an_account(250))
    assert balances(result) == (250, 0, 250)
    assert wallet_of(result.after).version == 1
    assert len(result.entries) == 1
    expect_balanced(result)


def test_an_open_locks_its_hold_and_starts_its_position_after_the_quote() -> None:
    """The position guards itself against every price after the one that it was opened at."""
    account = planned(Memory(), an_account())
    result = planned(account.after, an_open())
    assert balances(result) == (1000, 25, 975)
    (started,) = result.started
    assert (started.position.position_id, started.after) == (ID, 2)
    assert result.after.held[ID] == Held.of(started.position)
    assert result.markets[SYMBOL].price == 100
    expect_balanced(account, result)


def test_what_is_planned_leaves_the_memory_before_as_it_was() -> None:
    """Nothing is true until the change is committed: the same commands can be planned again."""
    memory = opened_account()
    first, second = planned(memory, an_open()), planned(memory, an_open())
    assert ID not in memory.held
    assert first.change(ACCOUNT) == second.change(ACCOUNT)
    assert first.change(ACCOUNT).wallet_before == memory.wallet


def test_a_close_releases_the_hold_and_settles_what_was_made() -> None:
    """The position is forgotten, and the total has changed by what its parts came to."""
    account = planned(Memory(), an_account())
    opening = planned(account.after, an_open())
    booking = closed_at(opening.positions[0], 102)
    result = planned(opening.after, booking)
    wallet = wallet_of(result.after)
    assert not result.after.held
    assert result.after.gain == wallet.locked == 0
    assert wallet.total == 1000 + booking.position.net_pnl
    assert wallet.total > 1000
    expect_balanced(account, opening, result)


def test_a_part_releases_its_share_and_keeps_the_rest_locked() -> None:
    """The first take-profit closes a part; the wallet remembers the next version."""
    account = planned(Memory(), an_account())
    opening = planned(account.after, an_open(ladder=a_ladder(1, 2, closes=("0.5", "0.5"))))
    position = opening.positions[0]
    advance = advanced(position, position.take_profit_prices[0], TIME_US)
    result = planned(opening.after, a_booking(advance))
    held = result.after.held[ID]
    assert (held.version, held.hold) == (position.version + 1, advance.position.hold)
    assert 0 < wallet_of(result.after).locked == held.hold < 25
    expect_balanced(account, opening, result)


def test_a_tighter_stop_is_booked_without_an_entry() -> None:
    """No money moves: the wallet's row is not written, the position's is."""
    memory, position = opened_position(opened_account())
    advance = tightened(position, position.stop_price + 1, Decimal(100), TIME_US)
    assert isinstance(advance, Advance)
    result = planned(memory, a_booking(advance))
    assert (result.entries, result.positions) == ([], [advance.position])
    assert result.change(ACCOUNT).wallet_after is None
    assert result.after.held[ID].version == advance.position.version


def test_a_loss_that_the_wallet_cannot_carry_is_covered_before_the_close() -> None:
    """Available is never negative: a shortfall entry stands before the entries of the close."""
    account = planned(Memory(), an_account(25))
    opening = planned(account.after, an_open(side=Side.SHORT, notional=24))
    result = planned(opening.after, closed_at(opening.positions[0], 250))
    assert kinds(result) == [EntryType.SHORTFALL, EntryType.POSITION_CLOSE]
    assert balances(result) == (0, 0, 0)
    assert "shortfall" in " ".join(event.kind for event in result.events)
    expect_balanced(account, opening, result)


def test_a_deposit_and_a_withdrawal_adjust_the_total() -> None:
    """Both in one change, each answered by its own reference."""
    account = planned(Memory(), an_account())
    result = planned(account.after, a_transfer(50, "in"), a_transfer(-20, "out"))
    assert wallet_of(result.after).total == 1030
    answers = [answer for _, answer in result.answers_at(COMMITTED_US)]
    assert answers == [
        TransferDone(reference="in", amount=Decimal(50)),
        TransferDone(reference="out", amount=Decimal(-20)),
    ]
    expect_balanced(account, result)


def test_a_known_reference_is_answered_and_not_booked_again() -> None:
    """The second one says that it is repeated, also within one change."""
    result = planned(opened_account(), a_transfer(50), a_transfer(50))
    assert wallet_of(result.after).total == 1050
    first, second = [answer for _, answer in result.answers_at(COMMITTED_US)]
    assert (first.repeated, second.repeated) == (False, True)


def test_a_known_reference_with_another_amount_is_denied() -> None:
    """A reference stands for one transfer."""
    memory = planned(opened_account(), a_transfer(50)).after
    result = planned(memory, a_transfer(51))
    assert result.is_empty
    answer = only_answer(result)
    assert isinstance(answer, Denied)
    assert answer.denial.reason is DenialReason.KEY_CONFLICT


def test_a_withdrawal_of_more_than_is_available_is_denied() -> None:
    """What is locked cannot leave the account."""
    memory, _ = opened_position(opened_account(100), notional=80)
    result = planned(memory, a_transfer(-30))
    assert result.is_empty
    answer = only_answer(result)
    assert isinstance(answer, Denied)
    assert answer.denial.reason is DenialReason.INSUFFICIENT_BALANCE


def test_commands_in_one_change_build_on_one_another() -> None:
    """What an earlier command locks, a later one cannot lock again."""
    account = planned(Memory(), an_account(100))
    result = planned(account.after, an_open(1, notional=60), an_open(2, notional=60))
    assert [position.position_id for position in result.positions] == [1]
    assert result.denied[2].reason is DenialReason.INSUFFICIENT_BALANCE
    assert wallet_of(result.after).version == wallet_of(account.after).version + 1
    expect_balanced(account, result)


def test_an_account_its_open_and_its_close_may_be_one_change() -> None:
    """Whatever queued up together is written together, and balances."""
    opening = an_open()
    position = planned(opened_account(), opening).positions[0]
    result = planned(Memory(), an_account(), opening, closed_at(position, 102), a_transfer(10))
    assert not result.after.held
    assert [each.version for each in result.positions] == [1, 2]
    expect_balanced(result)


def test_the_change_goes_from_the_first_wallet_to_the_last() -> None:
    """The database compares the row with what the first command began from."""
    memory = opened_account()
    result = planned(memory, a_transfer(1, "a"), a_transfer(2, "b"))
    change = result.change(ACCOUNT)
    assert (change.wallet_before, change.wallet_after) == (memory.wallet, result.after.wallet)
    assert len(change.entries) == 2


def test_opens_that_are_denied_at_present_change_nothing() -> None:
    """The given reason is each one's denial; closes and transfers of the change go on."""
    memory, position = opened_position(opened_account())
    result = planned(memory, an_open(402), closed_at(position, 100), opens_denied=PAUSED)
    assert result.denied == {402: PAUSED}
    assert result.started == []
    assert ID not in result.after.held


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"notional": 1001}, DenialReason.INSUFFICIENT_BALANCE),
        ({"deadline_us": MONOTONIC_US - 1}, DenialReason.DEADLINE_PASSED),
        ({"notional": "0.00000001", "price": "1E+12"}, DenialReason.AMOUNT_INVALID),
    ],
    ids=["too much", "too late", "too little"],
)
def test_an_open_that_cannot_be_made_is_denied_with_its_reason(
    asked: dict[str, Any], reason: DenialReason
) -> None:
    """Nothing is locked, and there is nothing to write."""
    memory = opened_account()
    result = planned(memory, an_open(**asked))
    assert result.denied[ID].reason is reason
    assert result.is_empty
    assert result.after is memory


def test_limits_count_what_the_same_change_opens() -> None:
    """Two opens that wait together cannot pass a limit of one."""
    memory = opened_account(limits=Limits(open_positions_max=1))
    result = planned(memory, an_open(1), an_open(2))
    assert [started.position.position_id for started in result.started] == [1]
    assert set(result.denied) == {2}


def test_the_earliest_deadline_of_the_opens_that_are_made_counts() -> None:
    """Past it the Committer returns the change; an open that is denied has no part in it."""
    late, early, denied = MONOTONIC_US + 9, MONOTONIC_US + 5, MONOTONIC_US + 1
    result = planned(
        opened_account(),
        an_open(1, deadline_us=late),
        an_open(2, deadline_us=early),
        an_open(3, notional=10_000, deadline_us=denied),
        an_open(4),
    )
    assert result.deadline_us == early


def test_a_key_is_taken_by_the_position_that_it_has_opened() -> None:
    """A denied open leaves its key free."""
    made = an_open(1, idempotency_key="a")
    denied = an_open(2, notional=10_000, idempotency_key="b")
    result = planned(opened_account(), made, denied)
    assert dict(result.after.keys) == {"a": 1}
    assert result.positions[0].request is not None


def test_a_version_that_is_booked_already_is_answered_only() -> None:
    """A position that hands over again after its wallet's failure is booked once."""
    memory, position = opened_position(opened_account())
    booking = closed_at(position, 102)
    after = planned(memory, booking).after
    again = planned(after, booking)
    assert again.is_empty
    assert again.after is after
    assert booked_answer(again, booking).version == booking.position.version


def test_a_version_that_skips_one_is_neither_booked_nor_answered() -> None:
    """Its predecessor was lost with a former life: the position hands over both again."""
    memory, position = opened_position(opened_account())
    tighter = tightened(position, position.stop_price + 1, Decimal(100), TIME_US)
    assert isinstance(tighter, Advance)
    skipping = closed_at(tighter.position, 102)
    result = planned(memory, skipping)
    assert result.is_empty
    assert list(result.answers_at(COMMITTED_US)) == []
    whole = planned(memory, a_booking(tighter), skipping)
    assert not whole.after.held


def test_a_booking_is_answered_with_the_time_of_its_commit() -> None:
    """And the times of the prices that close positions go with the change, for metrics."""
    memory, position = opened_position(opened_account())
    booking = closed_at(position, 102)
    result = planned(memory, booking)
    assert booked_answer(result, booking).committed_us == COMMITTED_US
    assert result.accepted_us == (7,)


def test_a_batch_is_worth_what_its_commands_are_worth_one_by_one() -> None:
    """How commands happen to queue up changes no balance."""
    memory, position = opened_position(opened_account())
    commands: Sequence[PlannedCommand] = (
        an_open(402, notional=40),
        a_transfer(-100),
        closed_at(position, 97),
        an_open(403, side=Side.SHORT),
    )
    together = planned(memory, *commands)
    apart = memory
    entries = 0
    for command in commands:
        result = planned(apart, command)
        apart, entries = result.after, entries + len(result.entries)
    one, other = wallet_of(together.after), wallet_of(apart)
    assert (one.total, one.locked, one.available) == (other.total, other.locked, other.available)
    assert together.after.held == apart.held
    assert len(together.entries) == entries
