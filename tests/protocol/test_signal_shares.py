"""Signals that close a share of what is open, and alerts that become none."""

from decimal import Decimal

import pytest

from actors.commit.messages import CommitChange
from actors.position.messages import CloseDone, ClosePosition, RequestKey
from actors.signals.messages import NoteRefusal
from tests.protocol.signal_box import ID, LONG, SignalBox, a_signal, answer_to, live_market
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.unit.accounts import TIME_US, a_position, a_record
from trading.events.signals import AlertRefused
from trading.model import CloseReason, DenialReason, Position
from trading.positions.changing import PartToClose, part_closed_by_hand
from trading.positions.judging import Advance, closed
from trading.signals import SignalAction, SignalStatus

HALF = Decimal("0.5")
PART = PartToClose(share=HALF)
CLOSE = SignalAction.CLOSE
LONG_2 = a_position(position_id=407)


@pytest.fixture
def box(stage: Stage) -> SignalBox:
    """A SignalActor with nothing to go on with."""
    return SignalBox(stage).start()


def half_closed(position: Position = LONG) -> Position:
    """A position whose half was closed."""
    advance = part_closed_by_hand(position, PART, Decimal(100), TIME_US)
    assert isinstance(advance, Advance)
    return advance.position


def asked(box: SignalBox, position: Position = LONG) -> ClosePosition:
    """The close that the Desk is asked for."""
    return box.desk.expect(ClosePosition, lambda c: c.position_id == position.position_id)


def test_a_share_is_closed_of_each_position_under_a_key_of_its_own(box: SignalBox) -> None:
    """The signal's, in the account's keys, in a form that no key from outside has."""
    box.open_positions(LONG, LONG_2)
    box.stored(CLOSE, share=HALF)
    for position in (LONG, LONG_2):
        close = asked(box, position)
        assert close.part == PART
        key = f"signal {ID} closes {position.position_id}"
        assert close.key == RequestKey(account=ACCOUNT, key=key)
        box.desk.reply(CloseDone(record=a_record(half_closed(position)), already_closed=False))
    assert box.commit().outcome == "closed 50% of 401, 407"


def test_a_share_that_is_asked_for_again_is_the_same_request(box: SignalBox) -> None:
    """With the same key it is done once, whoever had lost the answer."""
    box.open_positions(LONG)
    box.stored(CLOSE, share=HALF)
    first = asked(box)
    box.stage.dispatcher.advance(5)
    again = asked(box)
    assert (again.key, again.request) == (first.key, first.request)
    done = CloseDone(record=a_record(half_closed()), already_closed=False, repeated=True)
    box.desk.reply(done)
    box.desk.reply(done)
    assert box.commit().outcome == "closed 50% of 401"
    box.desk.expect_nothing(for_=100)


def test_the_next_life_asks_for_the_same_share_under_the_same_key(stage: Stage) -> None:
    """What the former life had closed is not closed again."""
    stage.published.markets[SYMBOL] = live_market()
    box = SignalBox(stage)
    box.open_positions(half_closed())
    box.start(a_signal(CLOSE, share=HALF, notional=None))
    close = asked(box)
    assert close.key is not None
    assert close.key.key == f"signal {ID} closes 401"
    box.desk.reply(CloseDone(record=a_record(half_closed()), already_closed=False, repeated=True))
    assert box.commit().outcome == "closed 50% of 401; resumed after a restart"


def test_a_share_of_what_a_stop_has_closed_meanwhile_is_not_claimed(box: SignalBox) -> None:
    """There was nothing left to close a share of."""
    box.open_positions(LONG)
    box.stored(CLOSE, share=HALF)
    asked(box)
    stopped = closed(LONG, Decimal(95), TIME_US, reason=CloseReason.STOP_LOSS).position
    box.desk.reply(CloseDone(record=a_record(stopped), already_closed=True))
    assert box.commit().outcome == "nothing was open"


def test_a_denied_share_is_the_outcome(box: SignalBox) -> None:
    """With the reason."""
    box.open_positions(LONG)
    box.stored(CLOSE, share=HALF)
    asked(box)
    box.deny(DenialReason.PRICE_STALE, "the last price is 90 s old")
    finished = box.commit()
    assert finished.status is SignalStatus.DENIED
    assert finished.outcome == "position 401 not closed: the last price is 90 s old"


REFUSAL = AlertRefused(detail="trail=0 is not above 0", body="action=buy trail=0", time_us=TIME_US)


def test_a_refused_alert_is_an_event_and_holds_nothing_up(box: SignalBox) -> None:
    """It is written for its sender to find; a signal that is being stored goes on."""
    client = box.take()
    box.actor.actor_ref.tell(NoteRefusal(event=REFUSAL))
    change = box.committer.expect(CommitChange)
    assert (change.change.account, change.change.events) == (None, (REFUSAL,))
    assert change.reply_to is None
    box.new()
    box.commit()
    assert answer_to(client).signal.signal_id == ID


def test_a_refused_alert_does_not_wait_for_a_database_that_is_away(box: SignalBox) -> None:
    """Alerts that come again and again must not pile up: the log has them."""
    box.stage.published.database_away = "no route"
    box.actor.actor_ref.tell(NoteRefusal(event=REFUSAL))
    box.committer.expect_nothing()
