"""Signals from outside, such as TradingView alerts: stored, answered, then carried out in order."""

from collections import deque
from dataclasses import dataclass, field
from typing import assert_never

import structlog

from actors.denials import refused_write, unknown_account
from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher
from actors.engine.pooled import Recipient
from actors.engine.supervised import ActorKind, SupervisedActor, ToldError
from actors.messages import Denied
from actors.protocol import (
    ChangeCommitted,
    ChangeRefused,
    ChangeReturned,
    CommitChange,
    Origin,
    ReadFailed,
)
from actors.published import Published
from actors.signals.protocol import (
    FindSignal,
    ReadSignals,
    SignalFound,
    SignalsRead,
)
from actors.signals.run import Answered, GoOn, SignalRun
from persistence.changes import Change
from trading.events.signals import SignalFinished, SignalReceived
from trading.signals import Signal, SignalOrder

log = structlog.get_logger(__name__)

SAME_BODY_SECONDS = 10
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSignals:
    """Store an account's signals, all or none, and carry them out in their order."""

    orders: tuple[SignalOrder, ...]
    reply_to: Recipient

    def __post_init__(self) -> None:
        """Check what a change can hold; raises `ValueError`."""
        if len({order.account for order in self.orders}) != 1:
            raise ValueError("signals that are stored together are of one account")

    @property
    def account(self) -> str:
        """Whose signals they are."""
        return self.orders[0].account


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalStored:
    """A signal is durable; `repeated` when it is one that came before."""

    signal: Signal
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalsStored:
    """What became of each order of a `TakeSignals`, in their order."""

    signals: tuple[SignalStored, ...]


SignalMessage = (
    TakeSignals
    | SignalsRead
    | SignalFound
    | ReadFailed
    | ChangeCommitted
    | ChangeRefused
    | ChangeReturned
    | Answered
    | GoOn
)


@dataclass(slots=True)
class _Taken:
    """A command that waits to be stored, when it came, and what came before its first orders."""

    command: TakeSignals
    received_us: int
    before: list[Signal | None] = field(default_factory=list)


class UnreadableError(ToldError):
    """The signals to go on with cannot be read."""


class SignalActor(SupervisedActor):
    """Stores signals, answers, and carries them out strictly one after another.

    One that came before (see `SignalOrder.repeats`) is answered with the one that is stored. A
    signal first closes, waits for every close, then opens; where a close is denied nothing is
    opened. Its open has the idempotency key `signal <id>` and a close is idempotent, so a signal
    that an earlier life has begun is simply carried out again. A signal expires a while after it
    was received or, if that is earlier, after its sender says that it was sent; what it has begun
    by then ends as it ends.
    """

    kind = ActorKind.SIGNALS

    def __init__(
        self,
        directory: Directory,
        dispatcher: Dispatcher,
        published: Published,
        *,
        expiry_seconds: int = 60,
    ) -> None:
        """What there is to go on with is read from the database, behind all that is queued."""
        super().__init__(directory, "signals")
        self._dispatcher = dispatcher
        self._clock = dispatcher.clock
        self._published = published
        self._expiry_seconds = expiry_seconds
        self._last_signal_id: int | None = None
        self._taken: deque[_Taken] = deque()
        self._storing: tuple[Signal, ...] = ()
        self._looking = False
        self._stored: deque[SignalRun] = deque()
        self._run: SignalRun | None = None

    def on_start(self) -> None:
        """Ask for the signals that are not finished."""
        self.directory.to_committer(ReadSignals(reply_to=self.actor_ref))

    def on_receive(self, message: SignalMessage) -> None:
        """Handle one message."""
        match message:
            case TakeSignals():
                self._taken.append(_Taken(message, self._clock.now_us()))
                self._look()
            case SignalsRead():
                self._last_signal_id = message.last_signal_id
                for signal in message.unfinished:
                    self._stored.append(self._a_run(signal, resumed=True))
                self._look()
                self._next()
            case SignalFound():
                self._on_found(message.signal)
            case ReadFailed():
                self._on_read_failed(message)
            case ChangeCommitted():
                self._on_committed(message.change_id)
            case ChangeRefused():
                self._on_refused(message)
            case ChangeReturned():
                raise AssertionError("a change that opens nothing is not returned")
            case Answered() | GoOn():
                if self._run is not None and self._run.signal.signal_id == message.signal_id:
                    self._on_run(self._run, message)
            case _:
                assert_never(message)

    # --- Storing -----------------------------------------------------------------------------

    def _look(self) -> None:
        """Look for the next command's orders among the signals that came before, one by one."""
        if self._last_signal_id is None or self._looking or self._storing:
            return
        while self._taken:
            taken = self._taken[0]
            command = taken.command
            if command.account in self._published.version.wallets:
                self._looking = True
                self.directory.to_committer(
                    FindSignal(
                        order=command.orders[len(taken.before)],
                        since_us=taken.received_us - SAME_BODY_SECONDS * SECOND_US,
                        reply_to=self.actor_ref,
                    )
                )
                return
            self._answer(Denied(denial=unknown_account(command.account)))

    def _on_read_failed(self, message: ReadFailed) -> None:
        """Without what came before, a signal may be one that was carried out: it is not."""
        if isinstance(message.read, ReadSignals):
            raise UnreadableError(message.detail)
        self._looking = False
        account = self._taken[0].command.account
        self._answer(Denied(denial=refused_write(account, message.detail)))
        self._look()

    def _answer(self, answer: SignalsStored | Denied) -> None:
        self.directory.send(self._taken.popleft().command.reply_to, answer)

    def _on_found(self, before: Signal | None) -> None:
        self._looking = False
        taken = self._taken[0]
        taken.before.append(before)
        if len(taken.before) < len(taken.command.orders):
            self._look()
        else:
            self._store(taken)

    def _store(self, taken: _Taken) -> None:
        """Make the orders durable that came for the first time, in one change."""
        assert self._last_signal_id is not None, "nothing is looked for before the first read"
        new = [
            order
            for order, before in zip(taken.command.orders, taken.before, strict=True)
            if before is None
        ]
        signals = tuple(
            Signal(
                signal_id=signal_id,
                account=order.account,
                symbol=order.symbol,
                action=order.action,
                received_us=taken.received_us,
                digest=order.digest,
                flat=order.flat,
                notional=order.notional,
                client_id=order.client_id,
                sent_us=order.sent_us,
            )
            for signal_id, order in enumerate(new, start=self._last_signal_id + 1)
        )
        if not signals:
            self._answer(_answer_of(taken, signals))
            self._look()
            return
        self._storing = signals
        events = tuple(
            SignalReceived(
                account=signal.account,
                signal_id=signal.signal_id,
                symbol=signal.symbol,
                action=signal.action,
                time_us=signal.received_us,
            )
            for signal in signals
        )
        self._commit(signals, events)

    def _commit(
        self, signals: tuple[Signal, ...], events: tuple[SignalReceived | SignalFinished, ...]
    ) -> None:
        change = Change(account=signals[0].account, signals=signals, events=events)
        self.directory.to_committer(
            CommitChange(
                origin=Origin.SIGNALS,
                change=change,
                reply_to=self.actor_ref,
                change_id=signals[0].signal_id,
            )
        )

    def _is_storing(self, change_id: int) -> bool:
        return bool(self._storing) and self._storing[0].signal_id == change_id

    def _on_committed(self, change_id: int) -> None:
        if not self._is_storing(change_id):
            self._run = None
            self._next()
            return
        stored, self._storing = self._storing, ()
        self._last_signal_id = stored[-1].signal_id
        self._answer(_answer_of(self._taken[0], stored))
        self._stored.extend(self._a_run(signal, resumed=False) for signal in stored)
        self._look()
        self._next()

    def _on_refused(self, message: ChangeRefused) -> None:
        if self._is_storing(message.change_id):
            account, self._storing = self._storing[0].account, ()
            self._answer(Denied(denial=refused_write(account, message.detail)))
            self._look()
            return
        # What was to be done is done: only its outcome is not written down.
        log.error("signal's outcome refused", signal=message.change_id, detail=message.detail)
        self._run = None
        self._next()

    # --- Carrying out ------------------------------------------------------------------------

    def _a_run(self, signal: Signal, *, resumed: bool) -> SignalRun:
        return SignalRun(
            self.directory,
            self._dispatcher,
            self._published,
            self.actor_ref,
            signal,
            resumed=resumed,
            expiry_seconds=self._expiry_seconds,
        )

    def _next(self) -> None:
        if self._run is None and self._stored:
            self._run = self._stored.popleft()
            self._finish(self._run.go_on())

    def _on_run(self, run: SignalRun, message: Answered | GoOn) -> None:
        match message:
            case Answered():
                self._finish(run.answered(message))
            case GoOn():
                self._finish(run.go_on())

    def _finish(self, finished: Signal | None) -> None:
        """Write down how a signal ended, if it has."""
        if finished is None:
            return
        assert finished.outcome is not None, "a finished signal has an outcome"
        assert finished.finished_us is not None, "a finished signal has its time"
        event = SignalFinished(
            account=finished.account,
            signal_id=finished.signal_id,
            symbol=finished.symbol,
            status=finished.status,
            outcome=finished.outcome,
            time_us=finished.finished_us,
        )
        self._commit((finished,), (event,))


def _answer_of(taken: _Taken, stored: tuple[Signal, ...]) -> SignalsStored:
    """What became of a command's orders, of which those that are new are now stored."""
    new = iter(stored)
    return SignalsStored(
        signals=tuple(
            SignalStored(signal=before or next(new), repeated=before is not None)
            for before in taken.before
        )
    )
