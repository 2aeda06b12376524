"""Signals from outside, such as TradingView alerts: stored, answered, then carried out in order."""

from collections import deque
from typing import assert_never

import structlog

from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher
from actors.engine.supervised import ActorKind, SupervisedActor, ToldError
from actors.protocol import (
    ChangeCommitted,
    ChangeRefused,
    ChangeReturned,
    CommitChange,
    ReadFailed,
)
from actors.published import Published
from actors.signals.intake import Intake
from actors.signals.protocol import ReadSignals, SignalsFound, SignalsRead, TakeSignals
from actors.signals.run import Answered, GoOn, SignalRun
from persistence.changes import Change
from trading.events.signals import SignalFinished
from trading.signals import Signal

log = structlog.get_logger(__name__)

SignalMessage = (
    TakeSignals
    | SignalsRead
    | SignalsFound
    | ReadFailed
    | ChangeCommitted
    | ChangeRefused
    | ChangeReturned
    | Answered
    | GoOn
)


class UnreadableError(ToldError):
    """The signals to go on with cannot be read."""


class SignalActor(SupervisedActor):
    """Stores signals, answers, and carries them out strictly one after another.

    Storing is the work of its `Intake`, carrying out that of a `SignalRun`. A signal first
    closes, waits for every close, then opens; where a close is denied nothing is opened. Its open
    has the idempotency key `signal <id>` and a close is idempotent, so a signal that an earlier
    life has begun is simply carried out again. A signal expires a while after it was received or,
    if that is earlier, after its sender says that it was sent; what it has begun by then ends as
    it ends.
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
        self._intake = Intake(directory, published, self._clock, self.actor_ref)
        self._stored: deque[SignalRun] = deque()
        self._run: SignalRun | None = None

    def on_start(self) -> None:
        """Ask for the signals that are not finished."""
        self.directory.to_committer(ReadSignals(reply_to=self.actor_ref))

    def on_receive(self, message: SignalMessage) -> None:
        """Handle one message."""
        match message:
            case TakeSignals():
                self._intake.take(message)
            case SignalsRead():
                for signal in message.unfinished:
                    self._stored.append(self._a_run(signal, resumed=True))
                self._intake.begin(message.last_signal_id)
                self._next()
            case SignalsFound():
                self._intake.found(message.signals)
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

    def _on_read_failed(self, message: ReadFailed) -> None:
        if isinstance(message.read, ReadSignals):
            raise UnreadableError(message.detail)
        self._intake.not_found(message.detail)

    def _on_committed(self, change_id: int) -> None:
        if self._intake.is_storing(change_id):
            for signal in self._intake.committed():
                self._stored.append(self._a_run(signal, resumed=False))
        else:
            self._run = None
        self._next()

    def _on_refused(self, message: ChangeRefused) -> None:
        if self._intake.is_storing(message.change_id):
            self._intake.refused(message)
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
        change = Change(account=finished.account, signals=(finished,), events=(event,))
        self.directory.to_committer(
            CommitChange(change_id=finished.signal_id, change=change, reply_to=self.actor_ref)
        )
