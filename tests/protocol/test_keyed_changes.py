"""Changes of positions that come with an idempotency key: each is done once, and answered."""

from decimal import Decimal

import pytest

from actors.engine.pooled import Recipient
from actors.market.messages import QuotePrice
from actors.messages import Denied
from actors.position.messages import CloseDone, ClosePosition, RequestKey
from actors.probe import TestProbe
from actors.wallet.messages import BookPosition, KeyedAnswer
from tests.protocol.guarded import ID, booked, quote
from tests.protocol.office import CLOSED, Office
from tests.protocol.stage import ACCOUNT, Stage
from tests.protocol.trading_floor import Floor
from tests.unit.accounts import a_record
from trading.model import Denial, DenialReason
from trading.positions.changing import PartToClose

KEY = RequestKey(account=ACCOUNT, key="once")
HALF = PartToClose(share=Decimal("0.5"))
DONE = CloseDone(record=a_record(CLOSED), already_closed=False)


@pytest.fixture
def floor(stage: Stage) -> Floor:
    """A wallet with money."""
    floor = Floor(stage)
    floor.open_account(1000)
    return floor


def ask(stage: Stage, recipient: Recipient, *, part: PartToClose | None = HALF) -> TestProbe:
    """Ask for a close with the key; returns its client."""
    client = stage.probe("client")
    recipient.tell(ClosePosition(position_id=ID, part=part, key=KEY, reply_to=client))
    return client


def test_the_first_is_passed_on_and_everybody_gets_its_outcome(stage: Stage, floor: Floor) -> None:
    """Only the first has changed anything."""
    first, second = ask(stage, floor.wallet), ask(stage, floor.wallet)
    passed_on = stage.desk.expect(ClosePosition)
    assert passed_on.key is not None
    assert passed_on.key.is_new
    stage.desk.reply(DONE)
    assert [client.expect(CloseDone).repeated for client in (first, second)] == [False, True]
    stage.desk.expect_nothing()


def test_a_key_on_its_way_takes_no_other_request(stage: Stage, floor: Floor) -> None:
    """Neither another change nor an open."""
    ask(stage, floor.wallet)
    other = ask(stage, floor.wallet, part=None)
    assert other.expect(Denied).denial.reason is DenialReason.KEY_CONFLICT
    denial = floor.denied(floor.tell_open(key=KEY.key))
    assert denial.reason is DenialReason.KEY_CONFLICT


def test_a_denial_does_not_bind_a_key(stage: Stage, floor: Floor) -> None:
    """The same key may ask again, for anything."""
    client = ask(stage, floor.wallet)
    stage.desk.expect(ClosePosition)
    stage.desk.reply(Denied(denial=Denial(reason=DenialReason.PRICE_STALE, text="stale")))
    client.expect(Denied)
    ask(stage, floor.wallet, part=None)
    stage.desk.expect(ClosePosition)


def test_a_former_lifes_answer_is_for_its_own_caller(stage: Stage, floor: Floor) -> None:
    """The callers of this life wait for their own, and get it."""
    client, joined = ask(stage, floor.wallet), ask(stage, floor.wallet)
    former = stage.probe("former client")
    floor.wallet.tell(KeyedAnswer(key=KEY.key, life=object(), reply_to=former, answer=DONE))
    former.expect(CloseDone)
    client.expect_nothing()
    joined.expect_nothing()
    stage.desk.expect(ClosePosition)
    stage.desk.reply(DONE)
    client.expect(CloseDone)
    joined.expect(CloseDone)


def test_a_position_does_once_what_two_lives_of_a_wallet_pass_on(
    stage: Stage, position: Recipient
) -> None:
    """Before its price has come, and while it is being booked."""
    first, second = ask(stage, position), ask(stage, position)
    stage.market.expect(QuotePrice)
    position.tell(quote(102))
    third = ask(stage, position)
    stage.wallet.expect(BookPosition)
    position.tell(quote(102, question=2))
    stage.wallet.expect_nothing()
    position.tell(booked(2))
    done = [client.expect(CloseDone) for client in (first, second, third)]
    assert [each.repeated for each in done] == [False, True, True]


def test_a_position_takes_no_other_request_with_a_key_on_its_way(
    stage: Stage, position: Recipient
) -> None:
    """Whatever a wallet has forgotten: nobody is told that something was done that was not."""
    ask(stage, position)
    early = ask(stage, position, part=None)
    stage.market.expect(QuotePrice)
    position.tell(quote(102))
    late = ask(stage, position, part=PartToClose(share=Decimal("0.25")))
    for client in (early, late):
        assert client.expect(Denied).denial.reason is DenialReason.KEY_CONFLICT


def test_the_same_close_again_is_not_anothers(stage: Stage, position: Recipient) -> None:
    """While it is booked and after: the key has closed the position, and so says every answer."""
    first = ask(stage, position, part=None)
    position.tell(quote(102))
    second = ask(stage, position, part=None)
    position.tell(booked(2))
    third = ask(stage, position, part=None)
    done = [client.expect(CloseDone) for client in (first, second, third)]
    assert [each.already_closed for each in done] == [False, False, False]
    assert [each.repeated for each in done] == [False, True, True]


@pytest.mark.parametrize("is_open", [True, False])
def test_a_wallet_that_is_set_aside_answers_for_its_keys(stage: Stage, is_open: bool) -> None:
    """Also a key for a position that is closed, which only that wallet could answer."""
    office = Office(stage).start()
    if is_open:
        office.open_position()
    office.fail("wallet", ACCOUNT)
    waiting = ask(stage, office.desk)
    for _ in range(6):
        office.fail("wallet", ACCOUNT)
    for client in (waiting, ask(stage, office.desk)):
        assert client.expect(Denied).denial.reason is DenialReason.SET_ASIDE
