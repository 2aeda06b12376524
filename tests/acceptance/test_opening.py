"""Opening a position: what is denied and why, and what a repeated request gets."""

from decimal import Decimal
from functools import partial

import pytest

from actors.messages import Denied, Reply
from actors.position.messages import ClosePosition
from actors.wallet.messages import OpenAccount, OpenDone, TransferFunds
from tests.acceptance.house import WITHIN, House, amounts, an_open, at_once, balances
from tests.unit.accounts import a_ladder
from trading.model import DenialReason, Limits, Side


@pytest.fixture
def house(house: House) -> House:
    """An account of 100 and a market at 100."""
    house.open_account(100)
    house.price(100)
    return house


@pytest.fixture
def memory_house(memory_house: House) -> House:
    """The same in memory."""
    memory_house.open_account(100)
    memory_house.price(100)
    return memory_house


@pytest.fixture
def busy_house(busy_house: House) -> House:
    """The same on its own threads."""
    busy_house.open_account(100)
    busy_house.price(100)
    return busy_house


def test_of_two_opens_beyond_the_balance_exactly_one_is_made(house: House) -> None:
    """They arrive together; the other is denied with what was asked and what was there."""
    replies = [house.tell(lambda reply: an_open(reply, 60)) for _ in range(2)]
    house.settle()
    answers = [reply.get(0) for reply in replies]
    assert [type(answer) for answer in answers] == [OpenDone, Denied]
    denial = answers[1].denial
    assert denial.reason is DenialReason.INSUFFICIENT_BALANCE
    assert denial.text == "position of 60.00 USDT refused: available 40.00 USDT in account demo"
    assert balances(house.wallet()) == amounts(100, 60, 40)
    assert len(house.entries()) == 2


def test_of_two_threads_beyond_the_balance_exactly_one_opens(busy_house: House) -> None:
    """Whoever is first, the balance is spent once."""
    answers = at_once(*[lambda: busy_house.tell(lambda reply: an_open(reply, 60)).get(WITHIN)] * 2)
    assert sorted(type(answer).__name__ for answer in answers) == ["Denied", "OpenDone"]
    assert busy_house.wallet().available == 40
    assert busy_house.check().failed_checks == ()


def test_one_key_from_ten_threads_opens_one_position(busy_house: House) -> None:
    """Everybody gets the same position, and exactly one of them has opened it."""
    answers = at_once(
        *[lambda: busy_house.tell(lambda reply: an_open(reply, 25, key="k")).get(WITHIN)] * 10
    )
    assert len({answer.position.position_id for answer in answers}) == 1
    assert sorted(answer.repeated for answer in answers) == [False] + [True] * 9
    assert busy_house.wallet().locked == 25
    assert len(busy_house.entries()) == 2


def test_the_same_key_gets_the_position_as_it_is_now(house: House) -> None:
    """A repeated request is answered with the first outcome, whatever became of it."""
    position = house.open(25, key="k")
    house.price(110)
    answer = house.ask(lambda reply: an_open(reply, 25, key="k"))
    assert isinstance(answer, OpenDone)
    assert answer.repeated
    assert answer.position == house.position(position.position_id)


def test_equal_requests_may_be_written_differently(memory_house: House) -> None:
    """25 and 25.00 are one request."""
    memory_house.open("25", key="k")
    assert memory_house.open("25.00", key="k").position_id == 1


@pytest.mark.parametrize(
    "other",
    [
        {"notional": 26},
        {"side": Side.SHORT},
        {"ladder": a_ladder(4)},
        {"symbol": "ETHUSDT"},
    ],
    ids=["notional", "side", "ladder", "symbol"],
)
def test_a_key_with_another_request_is_a_conflict(
    memory_house: House, other: dict[str, object]
) -> None:
    """The first request keeps the key."""
    memory_house.open(25, key="k")
    denial = memory_house.denied(**{"notional": 25, "key": "k", **other})  # type: ignore[arg-type]
    assert denial.reason is DenialReason.KEY_CONFLICT
    assert "idempotency key k was used for another request" in denial.text
    assert memory_house.wallet().locked == 25


def test_a_conflict_is_seen_while_the_first_is_on_its_way(house: House) -> None:
    """Before the first request is decided, too."""
    first = house.tell(lambda reply: an_open(reply, 25, key="k"))
    second = house.tell(lambda reply: an_open(reply, 30, key="k"))
    house.settle()
    assert isinstance(first.get(0), OpenDone)
    assert second.get(0).denial.reason is DenialReason.KEY_CONFLICT


def test_a_denial_binds_no_key(house: House) -> None:
    """The same key may be used again, even with another request."""
    assert house.denied(200, key="k").reason is DenialReason.INSUFFICIENT_BALANCE
    assert house.open(25, key="k").hold == 25


def test_a_key_belongs_to_its_account(house: House) -> None:
    """Two accounts may use the same key."""
    house.open_account(100, account="other")
    first = house.open(25, key="k")
    second = house.open(25, key="k", account="other")
    assert first.position_id != second.position_id


def test_an_unknown_account_is_denied(memory_house: House) -> None:
    """With what to do about it."""
    denial = memory_house.denied(account="nobody")
    assert denial.reason is DenialReason.ACCOUNT_UNKNOWN
    assert denial.text == (
        "there is no account nobody: open it first "
        "(`backstay account open nobody --balance ...`, or POST /api/v1/accounts)"
    )


def test_an_unknown_symbol_is_denied(memory_house: House) -> None:
    """There is no price to open at."""
    assert memory_house.denied(symbol="NOPRICE").reason is DenialReason.PRICE_UNKNOWN


def test_a_ladder_that_cannot_be_guarded_is_denied(memory_house: House) -> None:
    """A SHORT cannot gain 100 %."""
    impossible = a_ladder(100)
    denial = memory_house.denied(25, Side.SHORT, ladder=impossible)
    assert denial.reason is DenialReason.LADDER_INVALID


def test_an_open_past_its_deadline_is_denied(memory_house: House) -> None:
    """However healthy everybody is."""
    memory_house.advance(5)
    memory_house.price(100)
    assert memory_house.denied(deadline_us=1).reason is DenialReason.DEADLINE_PASSED
    assert memory_house.wallet().locked == 0


def test_limits_are_kept_within_one_batch(memory_house: House) -> None:
    """The second of two opens that arrive together sees the first."""
    memory_house.open_account(100, account="small", limits=Limits(open_positions_max=1))
    replies = [
        memory_house.tell(lambda reply: an_open(reply, 10, account="small")) for _ in range(2)
    ]
    memory_house.settle()
    assert isinstance(replies[0].get(0), OpenDone)
    assert replies[1].get(0).denial.reason is DenialReason.LIMIT_OPEN_POSITIONS


def test_an_account_is_opened_once(memory_house: House) -> None:
    """The same again changes nothing; with another balance it is denied."""
    assert memory_house.open_account(100).total == 100
    answer = memory_house.ask(
        lambda reply: OpenAccount(account="demo", initial_balance=Decimal(200), reply_to=reply)
    )
    assert answer.denial.reason is DenialReason.ACCOUNT_EXISTS
    assert memory_house.wallet().total == 100


def test_a_transfer_to_an_account_that_could_not_be_opened_is_denied(memory_house: House) -> None:
    """Its wallet is there and empty; it answers, and goes on."""
    opened = memory_house.ask(
        lambda reply: OpenAccount(account="x", initial_balance=Decimal(-1), reply_to=reply)
    )
    assert opened.denial.reason is DenialReason.AMOUNT_INVALID
    answer = memory_house.ask(
        lambda reply: TransferFunds(account="x", amount=Decimal(5), reference="r", reply_to=reply)
    )
    assert answer.denial.reason is DenialReason.ACCOUNT_UNKNOWN
    assert memory_house.open_account(7, account="x").total == 7


def test_closing_a_position_that_never_was_is_denied(memory_house: House) -> None:
    """It names the number."""
    answer = memory_house.ask(lambda reply: ClosePosition(position_id=999, reply_to=reply))
    assert answer.denial.reason is DenialReason.POSITION_UNKNOWN
    assert answer.denial.text == "there is no position 999"


def test_an_answer_is_taken_once() -> None:
    """Whoever answers second, even at the same time, does not fail by it."""
    for reply in [Reply() for _ in range(50)]:
        at_once(partial(reply.tell, 1), partial(reply.tell, 2), partial(reply.future.cancel))
        assert reply.future.done()
