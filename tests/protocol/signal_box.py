"""A SignalActor among probes, its signals, and what the others answer it."""

from decimal import Decimal
from typing import Any

from actors.commit.messages import (
    ChangeCommitted,
    ChangeRefused,
    CommitChange,
    FindSignals,
    ReadSignals,
    SignalsFound,
    SignalsRead,
)
from actors.messages import Denied
from actors.position.messages import CloseDone, ClosePosition
from actors.probe import TestProbe
from actors.published import MarketStatus
from actors.signals.actor import SignalActor
from actors.signals.messages import SignalsStored, SignalStored, TakeSignals
from actors.wallet.messages import OpenDone, OpenPosition
from persistence.changes import Change
from tests.protocol.stage import ACCOUNT, SYMBOL, Stage
from tests.unit.accounts import TIME_US, Account, a_position, a_record
from trading.model import CloseReason, Denial, DenialReason, MarketPrice, Position, Side
from trading.positions.judging import closed
from trading.signals import Signal, SignalAction, SignalOrder

LAST_ID = 16
ID = LAST_ID + 1
NOTE = f"TradingView signal {ID}"
LONG = a_position(Side.LONG, position_id=401)
SHORT = a_position(Side.SHORT, position_id=402)
OTHER = a_position(Side.SHORT, position_id=403, symbol="ETHUSDT")
SHORT_2 = a_position(Side.SHORT, position_id=404)
OPENED = a_position(Side.LONG, position_id=406)


def a_signal(action: SignalAction = SignalAction.BUY, **fields: Any) -> Signal:
    """A signal that an earlier life has stored."""
    return Signal(
        **{
            "signal_id": ID,
            "account": ACCOUNT,
            "symbol": SYMBOL,
            "action": action,
            "received_us": 0,
            "digest": "d",
            "notional": Decimal(25),
            **fields,
        }
    )


def live_market(received_us: int = 0) -> MarketStatus:
    """A market that has received a price."""
    last = MarketPrice(symbol=SYMBOL, price=Decimal(100), time_us=received_us)
    return MarketStatus(
        symbol=SYMBOL, last=last, received_us=received_us, price_age_us_max=60_000_000
    )


def answer_to(client: TestProbe) -> SignalStored:
    """The answer to a client's only order."""
    (answer,) = client.expect(SignalsStored).signals
    return answer


class SignalBox:
    """The actor that the test is about, and whoever it talks to."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.desk = stage.desk
        self.committer = stage.committer
        self.actor = SignalActor(stage.directory, stage.dispatcher, stage.published)
        self.publish(Change(account=ACCOUNT, wallet_after=Account(100).wallet))

    def start(self, *unfinished: Signal) -> "SignalBox":
        """Start it on what an earlier life has left."""
        self.stage.start(self.actor)
        self.committer.expect(ReadSignals)
        self.committer.reply(SignalsRead(unfinished=unfinished, last_signal_id=LAST_ID))
        return self

    def publish(self, change: Change) -> None:
        self.stage.published.publish(1, (change,), 0)

    def open_positions(self, *positions: Position) -> None:
        """Positions that are durably open."""
        self.publish(Change(account=ACCOUNT, positions=positions))

    def take(self, action: SignalAction = SignalAction.BUY, **fields: Any) -> TestProbe:
        """Send a signal; returns its client."""
        client = self.stage.probe("client")
        given = {"notional": Decimal(25), "digest": "d", "symbol": SYMBOL, "account": ACCOUNT}
        order = SignalOrder(action=action, **{**given, **fields})
        self.actor.actor_ref.tell(TakeSignals(orders=(order,), reply_to=client))
        return client

    def new(self) -> FindSignals:
        """Say that no such signal came before."""
        asked = self.committer.expect(FindSignals)
        self.committer.reply(SignalsFound(signals=()))
        return asked

    def commit(self) -> Signal:
        """Commit what it hands over; returns the signal's state in it."""
        asked = self.committer.expect(CommitChange)
        (signal,) = asked.change.signals
        assert asked.change.account == signal.account
        assert len(asked.change.events) == 1
        self.committer.reply(ChangeCommitted(change_id=asked.change_id, committed_us=TIME_US))
        return signal

    def refuse(self) -> None:
        """Refuse what it hands over."""
        asked = self.committer.expect(CommitChange)
        refusal = ChangeRefused(change_id=asked.change_id, wallet_changed=False, detail="no")
        self.committer.reply(refusal)

    def stored(self, action: SignalAction = SignalAction.BUY, **fields: Any) -> Signal:
        """Send a signal and have it stored."""
        client = self.take(action, **fields)
        self.new()
        self.commit()
        return answer_to(client).signal

    def close(self, position: Position, *, by: str = NOTE) -> None:
        """Answer the close of a position as done, noted like this."""
        self.desk.expect(ClosePosition, lambda c: c.position_id == position.position_id)
        done = closed(position, Decimal(100), TIME_US, reason=CloseReason.MANUAL, note=by).position
        self.desk.reply(CloseDone(record=a_record(done), already_closed=by != NOTE))

    def opened(self, position: Position = OPENED) -> OpenPosition:
        """Answer the open as done."""
        asked = self.desk.expect(OpenPosition)
        self.desk.reply(OpenDone(record=a_record(position)))
        return asked

    def deny(self, reason: DenialReason, text: str = "as the test says") -> None:
        """Answer what was expected last with a refusal."""
        self.desk.reply(Denied(denial=Denial(reason=reason, text=text)))
