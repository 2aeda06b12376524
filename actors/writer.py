"""What the Committer needs of a store, and how it answers reads from one."""

from typing import Protocol, assert_never

from actors.protocol import (
    AccountRead,
    PositionRead,
    ReadAccount,
    ReadPosition,
)
from actors.signal_protocol import (
    FindSignal,
    ReadSignals,
    SignalFound,
    SignalsRead,
)
from persistence.changes import Change
from persistence.state import AccountState
from trading.model import Position
from trading.signals import Signal

Read = ReadPosition | ReadAccount | ReadSignals | FindSignal


class Writer(Protocol):
    """What the Committer needs of a store; see `persistence.store.Store`."""

    def commit(
        self,
        changes: tuple[Change, ...],
        *,
        epoch: int,
        commit_id: int,
        first_event_id: int,
        now_us: int,
    ) -> None:
        """Write changes in one transaction behind the fence."""
        ...

    def was_committed(self, *, epoch: int, commit_id: int) -> bool:
        """Whether a transaction whose outcome is unknown was committed, behind the fence."""
        ...

    def renew(self, epoch: int) -> None:
        """Renew the owner's lease."""
        ...

    def load_account(self, account: str) -> AccountState | None:
        """An account as it is durable."""
        ...

    def load_position(self, position_id: int) -> Position | None:
        """A position as it is durable."""
        ...

    def load_signals(self) -> tuple[tuple[Signal, ...], int]:
        """The signals that are not finished, by id, and the highest id that was given out."""
        ...

    def signals_of(self, account: str, client_id: str) -> tuple[Signal, ...]:
        """The signals that an account got under a sender's own id, oldest first."""
        ...

    def recent_signals(self, account: str, since_us: int) -> tuple[Signal, ...]:
        """An account's signals that were received at a time or later."""
        ...


def answer_to(read: Read, writer: Writer) -> PositionRead | AccountRead | SignalsRead | SignalFound:
    """What is durable now, as the answer to a read; raises what the writer raises."""
    match read:
        case ReadPosition():
            position = writer.load_position(read.position_id)
            return PositionRead(position_id=read.position_id, position=position)
        case ReadAccount():
            return AccountRead(account=read.account, state=writer.load_account(read.account))
        case ReadSignals():
            unfinished, last_signal_id = writer.load_signals()
            return SignalsRead(unfinished=unfinished, last_signal_id=last_signal_id)
        case FindSignal():
            return SignalFound(signal=_found(read, writer))
        case _:
            assert_never(read)


def _found(read: FindSignal, writer: Writer) -> Signal | None:
    order = read.order
    if order.client_id is not None:
        earlier = writer.signals_of(order.account, order.client_id)
    else:
        earlier = writer.recent_signals(order.account, read.since_us)
    return next((signal for signal in earlier if order.repeats(signal)), None)
