"""Signals from outside, such as TradingView alerts: stored, answered, then carried out in order."""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from typing import assert_never

import structlog

from actors.base import Recipient
from actors.denials import refused_write, unknown_account
from actors.directory import Directory
from actors.dispatcher import Dispatcher
from actors.messages import Denied
from actors.protocol import (
    ChangeCommitted,
    ChangeRefused,
    ChangeReturned,
    CommitChange,
    ReadFailed,
)
from actors.published import Published
from actors.signal_protocol import (
    FindSignal,
    ReadSignals,
    SignalFound,
    SignalsRead,
)
from actors.signal_run import Answered, GoOn, SignalRun
from actors.supervised import ActorKind, SupervisedActor, ToldError
from persistence.changes import Change
from trading.events import SignalFinished, SignalReceived
from trading.money import ZERO, is_money
from trading.signals import Signal, SignalAction

log = structlog.get_logger(__name__)

SAME_BODY_SECONDS = 10
SECOND_US = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSignal:
    """Store a signal and carry it out; see `trading.signals.Signal` for the fields."""

    account: str
    symbol: str
    action: SignalAction
    digest: str
    reply_to: Recipient
    flat: bool = False
    notional: Decimal | None = None
    client_id: str | None = None
    sent_us: int | None = None

    def __post_init__(self) -> None:
        """Refuse what could never be opened; raises `ValueError`."""
        if self.notional is None and self.action.only_closes(flat=self.flat):
            return
        if self.notional is None or not is_money(self.notional) or self.notional <= ZERO:
            raise ValueError(
                f"notional {self.notional} is no amount above 0 with at most 8 decimals"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class SignalStored:
    """A signal is durable; `repeated` when it is one that came before."""

    signal: Signal
    repeated: bool = False


SignalMessage = (
    TakeSignal
    | SignalsRead
    | SignalFound
    | ReadFailed
    | ChangeCommitted
    | ChangeRefused
    | ChangeReturned
    | Answered
    | GoOn
)


@dataclass(frozen=True, slots=True)
class _Taken:
    """A command that waits to be stored, and when it came."""

    command: TakeSignal
    received_us: int


class UnreadableError(ToldError):
    """The signals to go on with cannot be read."""


class SignalActor(SupervisedActor):
    """Stores signals, answers, and carries them out strictly one after another.

    One that came before, by the sender's id or else by the same body within ten seconds, is
    answered with the one that is stored. A signal first closes, waits for every close, then
    opens; where a close is denied nothing is opened. Its open has the idempotency key
    `signal <id>` and a close is idempotent, so a signal that an earlier life has begun is simply
    carried out again. A signal expires a while after it was received or, if that is earlier,
    after its sender says that it was sent; what it has begun by then ends as it ends.
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
        self._storing: Signal | None = None
        self._looking = False
        self._stored: deque[SignalRun] = deque()
        self._run: SignalRun | None = None

    def on_start(self) -> None:
        """Ask for the signals that are not finished."""
        self.directory.to_committer(ReadSignals(reply_to=self.actor_ref))

    def on_receive(self, message: SignalMessage) -> None:
        """Handle one message."""
        match message:
            case TakeSignal():
                self._taken.append(_Taken(message, self._clock.now_us()))
                self._look()
            case SignalsRead():
                self._last_signal_id = message.last_signal_id
                for signal in message.unfinished:
                    self._stored.append(self._a_run(signal, resumed=True))
                self._look()
                self._next()
            case SignalFound():
                self._store(message.signal)
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
        """Look for the next command's signal among those that came before, one at a time."""
        if self._last_signal_id is None or self._looking or self._storing is not None:
            return
        while self._taken:
            taken = self._taken[0]
            command = taken.command
            if command.account in self._published.version.wallets:
                self._looking = True
                self.directory.to_committer(
                    FindSignal(
                        account=command.account,
                        client_id=command.client_id,
                        digest=command.digest,
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

    def _answer(self, answer: SignalStored | Denied) -> None:
        self.directory.send(self._taken.popleft().command.reply_to, answer)

    def _store(self, before: Signal | None) -> None:
        """Make the next command's signal durable, unless it came before."""
        assert self._last_signal_id is not None, "nothing is looked for before the first read"
        self._looking = False
        if before is not None:
            self._answer(SignalStored(signal=before, repeated=True))
            self._look()
            return
        command, received_us = self._taken[0].command, self._taken[0].received_us
        self._storing = Signal(
            signal_id=self._last_signal_id + 1,
            account=command.account,
            symbol=command.symbol,
            action=command.action,
            received_us=received_us,
            digest=command.digest,
            flat=command.flat,
            notional=command.notional,
            client_id=command.client_id,
            sent_us=command.sent_us,
        )
        event = SignalReceived(
            account=command.account,
            signal_id=self._storing.signal_id,
            symbol=command.symbol,
            action=command.action,
            time_us=received_us,
        )
        self._commit(self._storing, event)

    def _commit(self, signal: Signal, event: SignalReceived | SignalFinished) -> None:
        change = Change(account=signal.account, signals=(signal,), events=(event,))
        self.directory.to_committer(
            CommitChange(change_id=signal.signal_id, change=change, reply_to=self.actor_ref)
        )

    def _on_committed(self, signal_id: int) -> None:
        stored = self._storing
        if stored is None or stored.signal_id != signal_id:
            self._run = None
            self._next()
            return
        self._storing = None
        self._last_signal_id = signal_id
        self._answer(SignalStored(signal=stored))
        self._stored.append(self._a_run(stored, resumed=False))
        self._look()
        self._next()

    def _on_refused(self, message: ChangeRefused) -> None:
        stored = self._storing
        if stored is not None and stored.signal_id == message.change_id:
            self._storing = None
            self._answer(Denied(denial=refused_write(stored.account, message.detail)))
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
        self._commit(finished, event)
