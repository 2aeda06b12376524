"""Signals from outside, such as TradingView alerts: stored, answered, then carried out in order."""

from collections import deque
from dataclasses import replace
from typing import assert_never

import structlog

from actors.commit.messages import (
    ChangeCommitted,
    ChangeRefused,
    ChangeReturned,
    CommitChange,
    Origin,
    ReadFailed,
    ReadSignals,
    SignalsFound,
    SignalsRead,
)
from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher
from actors.engine.supervised import ActorKind, SupervisedActor, ToldError, error_text
from actors.published_view import PublishedView
from actors.signals.intake import Intake
from actors.signals.messages import NoteRefusal, TakeSignals
from actors.signals.run import Answered, GoOn, SignalRun
from persistence.changes import Change
from trading.events.signals import AlertRefused, SignalFinished
from trading.signals import Signal, SignalStatus

log = structlog.get_logger(__name__)

TRY_AGAIN_SECONDS = (0.1, 1.0)
"""The delays before a failed signal is tried again; after the last try it is denied."""

SignalMessage = (
    TakeSignals
    | NoteRefusal
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
    """The unfinished signals cannot be read."""


class SignalActor(SupervisedActor):
    """Stores signals, answers, and carries them out strictly one after another.

    Storing is the work of its `Intake`, carrying out that of a `SignalRun`. A signal first
    closes, waits for every close, then opens; where a close is denied nothing is opened. Its open
    has the idempotency key `signal <id>` and a close is idempotent, so a signal that an earlier
    life has begun is carried out again. A signal expires a while after it was received or,
    if that is earlier, after its sender's time; commands that were sent by then still take effect.
    A signal whose execution raises is tried again from its beginning, a few times. Then it ends as
    denied, and the next one goes on.
    """

    kind = ActorKind.SIGNALS

    def __init__(
        self,
        directory: Directory,
        dispatcher: Dispatcher,
        published: PublishedView,
        *,
        expiry_seconds: int = 60,
    ) -> None:
        """The unfinished signals are read from the database, after all queued changes."""
        super().__init__(directory, "signals")
        self._dispatcher = dispatcher
        self._clock = dispatcher.clock
        self._published = published
        self._expiry_seconds = expiry_seconds
        self._intake = Intake(directory, published, self._clock, self.actor_ref)
        self._stored: deque[SignalRun] = deque()
        self._run: SignalRun | None = None
        self._failures = 0

    def on_start(self) -> None:
        """Ask for the signals that are not finished."""
        self.directory.to_committer(ReadSignals(reply_to=self.actor_ref))

    def on_receive(self, message: SignalMessage) -> None:
        """Handle one message."""
        match message:
            case TakeSignals():
                self._intake.take(message)
            case NoteRefusal():
                self._note(message.event)
            case SignalsRead():
                for signal in message.unfinished:
                    self._stored.append(self._a_run(signal, "a restart"))
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
                self._on_run(message)
            case _:
                assert_never(message)

    def _note(self, event: AlertRefused) -> None:
        """Write a refusal down, unless the database is away; the log has it as well."""
        if self._published.database_away is None:
            change = Change(account=None, events=(event,))
            self.directory.to_committer(CommitChange(origin=Origin.SIGNALS, change=change))

    def _on_read_failed(self, message: ReadFailed) -> None:
        if isinstance(message.read, ReadSignals):
            raise UnreadableError(message.detail)
        self._intake.not_found(message.detail)

    def _on_committed(self, change_id: int) -> None:
        if self._intake.is_storing(change_id):
            for signal in self._intake.committed():
                self._stored.append(self._a_run(signal, None))
            self._next()
        else:
            self._end_run()

    def _on_refused(self, message: ChangeRefused) -> None:
        if self._intake.is_storing(message.change_id):
            self._intake.refused(message)
            return
        # The signal's commands are done: only its outcome is not written down.
        log.error("signal's outcome refused", signal=message.change_id, detail=message.detail)
        self._end_run()

    # --- Carrying out ------------------------------------------------------------------------

    def _a_run(self, signal: Signal, resumed_after: str | None) -> SignalRun:
        return SignalRun(
            self.directory,
            self._dispatcher,
            self._published,
            self.actor_ref,
            signal,
            resumed_after=resumed_after,
            expiry_seconds=self._expiry_seconds,
        )

    def _next(self) -> None:
        if self._run is None and self._stored:
            self._run, self._failures = self._stored.popleft(), 0
            self._on_run(GoOn(signal_id=self._run.signal.signal_id))

    def _end_run(self) -> None:
        self._run = None
        self._next()

    def _on_run(self, message: Answered | GoOn) -> None:
        """Continue the current signal; an exception fails the signal, not the actor."""
        run = self._run
        if run is None or run.signal.signal_id != message.signal_id:
            return
        try:
            finished = run.go_on() if isinstance(message, GoOn) else run.answered(message)
        except Exception as error:
            log.exception("signal failed", signal=message.signal_id)
            self._on_failed(run, error)
        else:
            self._finish(finished)

    def _on_failed(self, run: SignalRun, error: Exception) -> None:
        run.drop()
        if self._failures < len(TRY_AGAIN_SECONDS):
            self._run = self._a_run(run.signal, "a failure")
            again = GoOn(signal_id=run.signal.signal_id)
            self._dispatcher.after(TRY_AGAIN_SECONDS[self._failures], self.actor_ref, again)
            self._failures += 1
            return
        given_up = replace(
            run.signal,
            status=SignalStatus.DENIED,
            outcome=f"given up after {self._failures + 1} tries; its closes and opens stay: "
            f"{error_text(error)}",
            finished_us=self._clock.now_us(),
        )
        self._finish(given_up)

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
            CommitChange(
                origin=Origin.SIGNALS,
                change=change,
                reply_to=self.actor_ref,
                change_id=finished.signal_id,
            )
        )
