"""Signals from outside on their way into the database: once each, in batches, or refused."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from actors.commit.messages import (
    ChangeCommitted,
    CommitChange,
    FindSignals,
    ReadFailed,
    SignalsFound,
)
from actors.messages import Denied
from actors.signals.messages import SignalsStored, SignalStored, TakeSignals
from persistence.changes import Change
from tests.protocol.signal_box import (
    ID,
    SignalBox,
    a_signal,
    answer_to,
)
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.unit.accounts import TIME_US, Account
from trading.events.signals import SignalReceived
from trading.model import DenialReason
from trading.signals import SignalAction, SignalOrder, SignalStatus

BUY, SELL, CLOSE = SignalAction
SECOND_US = 1_000_000


@pytest.fixture
def box(stage: Stage) -> SignalBox:
    """A SignalActor that no earlier life has left anything."""
    return SignalBox(stage).start()


def test_a_signal_is_durable_before_it_is_answered(box: SignalBox) -> None:
    """With the next id, and an event."""
    client = box.take(client_id="a")
    box.new()
    asked = box.committer.expect(CommitChange)
    client.expect_nothing(for_=0)
    (signal,), (event,) = asked.change.signals, asked.change.events
    assert (signal.signal_id, signal.client_id, signal.status) == (ID, "a", SignalStatus.RECEIVED)
    assert isinstance(event, SignalReceived)
    box.desk.expect_nothing(for_=0)


def test_a_signal_that_came_before_is_answered_with_the_stored_one(box: SignalBox) -> None:
    """And nothing is carried out a second time."""
    client = box.take(client_id="a")
    asked = box.committer.expect(FindSignals)
    assert (asked.account, asked.client_ids, asked.since_us) == (ACCOUNT, frozenset("a"), None)
    before = a_signal(signal_id=3, client_id="a", status=SignalStatus.DONE)
    box.committer.reply(SignalsFound(signals=(before,)))
    assert answer_to(client) == SignalStored(signal=before, repeated=True)
    box.committer.expect_nothing(for_=0)
    box.desk.expect_nothing(for_=0)


def test_the_same_body_counts_for_ten_seconds(box: SignalBox) -> None:
    """From when it was received, however long it waited."""
    box.stage.dispatcher.advance(100)
    box.take(digest="x")
    asked = box.committer.expect(FindSignals)
    assert (asked.client_ids, asked.since_us) == (frozenset(), 90 * SECOND_US)
    before = a_signal(digest="x", received_us=90 * SECOND_US - 1, signal_id=3)
    box.committer.reply(SignalsFound(signals=(before,)))
    assert box.commit().digest == "x"


def test_what_queues_up_is_stored_in_one_change_with_one_look_up(box: SignalBox) -> None:
    """However many come at once; each is answered when all of them are durable, in their order."""
    first = box.take(client_id="a")
    clients = [box.take(client_id=client_id, digest=client_id) for client_id in "bcd"]
    box.new()
    box.commit()
    answer_to(first)
    assert box.new().client_ids == {"b", "c", "d"}
    asked = box.committer.expect(CommitChange)
    assert [signal.client_id for signal in asked.change.signals] == ["b", "c", "d"]
    assert len(asked.change.events) == 3
    for client in clients:
        client.expect_nothing(for_=0)
    box.committer.reply(ChangeCommitted(change_id=asked.change_id, committed_us=TIME_US))
    ids = [answer_to(client).signal.signal_id for client in clients]
    assert ids == [ID + 1, ID + 2, ID + 3]


@pytest.mark.parametrize("client_id", ["a", None])
def test_of_copies_that_wait_together_one_is_stored(box: SignalBox, client_id: str | None) -> None:
    """The others are answered with it; another order under its id is another signal."""
    box.take(client_id="first")
    clients = [box.take(client_id=client_id, digest="x") for _ in range(3)]
    other = box.take(CLOSE, client_id=client_id, digest="y", notional=None)
    box.new()
    box.commit()
    box.new()
    asked = box.committer.expect(CommitChange)
    assert [signal.action for signal in asked.change.signals] == [BUY, CLOSE]
    box.committer.reply(ChangeCommitted(change_id=asked.change_id, committed_us=TIME_US))
    answers = [answer_to(client) for client in clients]
    assert [answer.repeated for answer in answers] == [False, True, True]
    assert {answer.signal.signal_id for answer in answers} == {ID + 1}
    assert not answer_to(other).repeated


def test_a_change_is_of_one_account_at_a_time(box: SignalBox) -> None:
    """The account that has waited longest comes first, and the others keep their order."""
    box.publish(Change(account="other", wallet_after=replace(Account(100).wallet, account="other")))
    box.take(client_id="a")
    box.take(client_id="b", account="other")
    box.take(client_id="c")
    box.take(client_id="d", account="other")
    box.new()
    box.commit()
    for account, client_ids in (("other", ["b", "d"]), (ACCOUNT, ["c"])):
        assert box.new().account == account
        asked = box.committer.expect(CommitChange)
        assert [signal.client_id for signal in asked.change.signals] == client_ids
        box.committer.reply(ChangeCommitted(change_id=asked.change_id, committed_us=TIME_US))


def test_of_a_group_that_is_refused_only_the_bad_one_is_denied(box: SignalBox) -> None:
    """Its commands are stored again one by one."""
    box.take(client_id="first")
    good, bad, last = (box.take(client_id=id_, digest=id_) for id_ in ("good", "bad", "last"))
    box.new()
    box.commit()
    box.new()
    box.refuse()
    box.new()
    assert box.commit().client_id == "good"
    box.new()
    box.refuse()
    box.new()
    assert box.commit().client_id == "last"
    assert bad.expect(Denied).denial.reason is DenialReason.WRITE_REFUSED
    assert [answer_to(client).signal.signal_id for client in (good, last)] == [ID + 1, ID + 2]


def test_what_cannot_be_looked_up_is_not_stored(box: SignalBox) -> None:
    """It may have been carried out; the next one is taken."""
    client = box.take(client_id="a")
    asked = box.committer.expect(FindSignals)
    box.committer.reply(ReadFailed(read=asked, detail="a damaged row"))
    assert "a damaged row" in client.expect(Denied).denial.text
    box.stored()


def test_a_batch_is_stored_in_one_change_and_carried_out_in_its_order(box: SignalBox) -> None:
    """What came before keeps its number, the others get the next ones."""
    client = box.stage.probe("client")
    orders = tuple(
        SignalOrder(
            account=ACCOUNT,
            symbol=SYMBOL,
            action=BUY,
            digest=digest,
            client_id=digest,
            notional=Decimal(25),
        )
        for digest in "abc"
    )
    box.actor.actor_ref.tell(TakeSignals(orders=orders, reply_to=client))
    box.committer.expect(FindSignals)
    before = a_signal(signal_id=3, client_id="b", digest="b")
    box.committer.reply(SignalsFound(signals=(before,)))
    asked = box.committer.expect(CommitChange)
    assert [signal.client_id for signal in asked.change.signals] == ["a", "c"]
    assert len(asked.change.events) == 2
    client.expect_nothing(for_=0)
    box.committer.reply(ChangeCommitted(change_id=asked.change_id, committed_us=TIME_US))
    answers = client.expect(SignalsStored).signals
    assert [answer.signal.signal_id for answer in answers] == [ID, 3, ID + 1]
    assert [answer.repeated for answer in answers] == [False, True, False]
    assert box.opened().idempotency_key == f"signal {ID}"
    box.commit()
    assert box.opened().idempotency_key == f"signal {ID + 1}"


def test_a_batch_is_of_one_account(stage: Stage) -> None:
    """No change spans two accounts."""
    orders = tuple(
        SignalOrder(account=account, symbol=SYMBOL, action=CLOSE, digest="d")
        for account in ("a", "b")
    )
    with pytest.raises(ValueError, match="of one account"):
        TakeSignals(orders=orders, reply_to=stage.probe("client"))


@pytest.mark.parametrize(
    ("fields", "repeats"),
    [
        ({}, True),
        ({"digest": "other"}, True),
        ({"digest": "other", "sent_us": 5}, True),
        ({"digest": "other", "action": CLOSE, "notional": None}, False),
        ({"digest": "other", "symbol": "ETHUSDT"}, False),
        ({"digest": "other", "notional": Decimal(26)}, False),
        ({"digest": "other", "flat": True}, False),
        ({"client_id": None}, False),
        ({"client_id": "b"}, False),
    ],
)
def test_an_id_that_comes_again_with_another_order_is_another_signal(
    fields: dict[str, Any], repeats: bool
) -> None:
    """A close is not swallowed because its sender's template makes ids that collide."""
    given = {
        "account": ACCOUNT,
        "symbol": SYMBOL,
        "action": BUY,
        "digest": "d",
        "notional": Decimal(25),
        "client_id": "a",
    }
    order = SignalOrder(**{**given, **fields})
    assert order.repeats(a_signal(client_id="a")) is repeats


def test_without_an_id_only_the_same_body_is_a_repetition() -> None:
    """Two alerts of the same order in ten seconds are two, if anything in them differs."""
    order = SignalOrder(account=ACCOUNT, symbol=SYMBOL, action=CLOSE, digest="d")
    assert order.repeats(a_signal(CLOSE, notional=None))
    assert not order.repeats(a_signal(CLOSE, notional=None, digest="other"))


def test_a_signal_for_nobody_is_denied(box: SignalBox) -> None:
    """And the next one is not kept waiting."""
    client = box.take(account="nobody")
    assert client.expect(Denied).denial.reason is DenialReason.ACCOUNT_UNKNOWN
    box.stored()


def test_a_signal_that_the_database_refuses_is_denied(box: SignalBox) -> None:
    """Nothing is carried out that is not stored."""
    client = box.take()
    box.new()
    box.refuse()
    assert client.expect(Denied).denial.reason is DenialReason.WRITE_REFUSED
    box.desk.expect_nothing(for_=0)
    assert box.stored().signal_id == ID


@pytest.mark.parametrize("notional", [None, Decimal(0), Decimal(-1), Decimal("NaN")])
def test_a_signal_that_opens_needs_an_amount(notional: Decimal | None) -> None:
    """Whoever sends it hears at once."""
    with pytest.raises(ValueError, match="is not an amount above 0"):
        SignalOrder(account=ACCOUNT, symbol=SYMBOL, action=BUY, digest="d", notional=notional)
