"""The execution of one signal: its closes, then its open, and how it ends."""

from dataclasses import dataclass, replace
from typing import Any

from actors.engine.directory import Directory
from actors.engine.dispatcher import Dispatcher, Timer
from actors.engine.pooled import Recipient
from actors.messages import Denied
from actors.position.messages import CloseDone, ClosePosition, RequestKey
from actors.published import MarketState
from actors.published_view import PublishedView
from actors.wallet.messages import OpenDone, OpenPosition
from trading.exits.notation import share_text
from trading.model import DenialReason, Side
from trading.positions.changing import PartToClose
from trading.signals import Signal, SignalStatus, signal_key, signal_note
from trading.times import SECOND_US

ASK_AGAIN_SECONDS = (5.0, 10.0, 30.0, 60.0)
LOOK_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The outcome of a signal's command; `position_id` is None for its open."""

    signal_id: int
    position_id: int | None
    answer: CloseDone | OpenDone | Denied


@dataclass(frozen=True, slots=True, kw_only=True)
class GoOn:
    """From a timer: send the commands that a signal still needs."""

    signal_id: int


@dataclass(frozen=True, slots=True)
class _Answering:
    """The `reply_to` of a signal's command: passes the answer on with its position's id."""

    recipient: Recipient
    signal_id: int
    position_id: int | None

    def tell(self, message: Any) -> None:
        """Take the answer."""
        self.recipient.tell(
            Answered(signal_id=self.signal_id, position_id=self.position_id, answer=message)
        )


class SignalRun:
    """Carries one signal out, by commands to the Desk; `go_on` begins it.

    Both `go_on` and `answered` return the finished signal once it has ended, and None before and
    after that. A command that is not answered within a while is sent again, because an actor that
    fails forgets its callers. That is safe: a close is idempotent, and the open has the key
    `signal <id>`, whose space no client's key has.
    """

    __slots__ = (
        "_asked",
        "_begun",
        "_closed",
        "_closing",
        "_denied",
        "_directory",
        "_dispatcher",
        "_ended",
        "_expiry_seconds",
        "_is_late",
        "_note",
        "_opening",
        "_published",
        "_recipient",
        "_resumed_after",
        "_timer",
        "signal",
    )

    def __init__(
        self,
        directory: Directory,
        dispatcher: Dispatcher,
        published: PublishedView,
        recipient: Recipient,
        signal: Signal,
        *,
        resumed_after: str | None,
        expiry_seconds: int,
    ) -> None:
        """Answers and timers are told to `recipient`.

        `resumed_after` says what ended an earlier try; None for the first try.
        """
        self.signal = signal
        self._directory = directory
        self._dispatcher = dispatcher
        self._published = published
        self._recipient = recipient
        self._resumed_after = resumed_after
        self._expiry_seconds = expiry_seconds
        self._note = signal_note(signal.signal_id)
        self._begun = False
        self._is_late = False
        self._ended = False
        self._closing: set[int] = set()
        self._closed: list[int] = []
        self._denied: list[str] = []
        self._opening: OpenPosition | None = None
        self._asked = 0
        self._timer: Timer | None = None

    def go_on(self) -> Signal | None:
        """Begin, or send again the commands that were not answered."""
        if self._ended:
            return None
        if self._begun:
            self._ask()
            return None
        if self._waits_for_price():
            self._later(LOOK_AGAIN_SECONDS)
            return None
        self._begun = True
        # Decided once, whatever the clock says later.
        self._is_late = self._left_us <= 0
        if not self._is_late:
            self._closing = self._to_close()
        if not self._closing:
            return self._after_closes()
        self._ask()
        return None

    def answered(self, message: Answered) -> Signal | None:
        """Take an answer; a repeated answer changes nothing."""
        answer, position_id = message.answer, message.position_id
        is_asked = (
            self._opening is not None if position_id is None else position_id in self._closing
        )
        if self._ended or not is_asked:
            return None
        if position_id is None:
            return self._opened(answer)
        self._closing.discard(position_id)
        if isinstance(answer, Denied):
            self._denied.append(f"position {position_id} not closed: {answer.denial.text}")
        elif isinstance(answer, CloseDone) and self._has_closed(answer):
            self._closed.append(position_id)
        return None if self._closing else self._after_closes()

    def drop(self) -> None:
        """Stop, because another try takes its place."""
        self._ended = True
        self._cancel_timer()

    def _ask(self) -> None:
        for position_id in sorted(self._closing):
            self._directory.to_desk(
                ClosePosition(
                    position_id=position_id,
                    note=self._note,
                    part=self._part,
                    key=self._key_of(position_id),
                    reply_to=_Answering(self._recipient, self.signal.signal_id, position_id),
                )
            )
        if self._opening is not None:
            self._directory.to_desk(self._opening)
        self._later(ASK_AGAIN_SECONDS[min(self._asked, len(ASK_AGAIN_SECONDS) - 1)])
        self._asked += 1

    @property
    def _part(self) -> PartToClose | None:
        share = self.signal.share
        return None if share is None else PartToClose(share=share)

    def _key_of(self, position_id: int) -> RequestKey | None:
        """The key of a partial close, which, unlike a whole close, is not idempotent by itself."""
        if self.signal.share is None:
            return None
        key = f"{signal_key(self.signal.signal_id)} closes {position_id}"
        return RequestKey(account=self.signal.account, key=key)

    def _later(self, seconds: float) -> None:
        self._cancel_timer()
        message = GoOn(signal_id=self.signal.signal_id)
        self._timer = self._dispatcher.after(seconds, self._recipient, message)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    @property
    def _left_us(self) -> int:
        """The time until the signal expires, in microseconds; 0 or less once it has expired."""
        # A sender's clock that is ahead must not extend a signal's life.
        received_us, sent_us = self.signal.received_us, self.signal.sent_us
        since_us = received_us if sent_us is None else min(received_us, sent_us)
        return since_us + self._expiry_seconds * SECOND_US - self._dispatcher.clock.now_us()

    def _waits_for_price(self) -> bool:
        """Whether a resumed signal waits for its market's first price of this life."""
        if self._resumed_after is None or self._left_us <= 0:
            return False
        market = self._published.markets.get(self.signal.symbol)
        now_us = self._dispatcher.clock.monotonic_us()
        return market is None or market.state(now_us) is not MarketState.LIVE

    def _to_close(self) -> set[int]:
        its = self._published.version.by_account.get(self.signal.account)
        return {
            position_id
            for position_id, position in (its.items() if its is not None else ())
            if position.symbol == self.signal.symbol and position.side in self.signal.closes
        }

    def _has_closed(self, done: CloseDone) -> bool:
        """Whether this signal closed a position or its part, rather than a stop or a person."""
        if self._part is not None:
            return not done.already_closed
        return self._note in (done.position.close_note or "").split("; ")

    def _after_closes(self) -> Signal | None:
        side = self.signal.opens
        if self._denied:
            return self._end(SignalStatus.DENIED)
        if side is not None:
            self._open(side)
            return None
        if self._left_us <= 0 and not self._closed:
            return self._end_expired()
        return self._end(SignalStatus.DONE)

    def _open(self, side: Side) -> None:
        """Send the open, even past its deadline, because an earlier life may have sent it."""
        clock = self._dispatcher.clock
        left_us = min(self._left_us, -1) if self._is_late else self._left_us
        self._opening = OpenPosition(
            account=self.signal.account,
            symbol=self.signal.symbol,
            side=side,
            exits=self.signal.exits,
            notional=self.signal.notional,
            idempotency_key=signal_key(self.signal.signal_id),
            deadline_us=clock.monotonic_us() + left_us,
            reply_to=_Answering(self._recipient, self.signal.signal_id, None),
        )
        self._asked = 0
        self._ask()

    def _opened(self, answer: CloseDone | OpenDone | Denied) -> Signal:
        if not isinstance(answer, Denied):
            return self._end(SignalStatus.DONE, f"opened {answer.position.position_id}")
        too_late = answer.denial.reason is DenialReason.DEADLINE_PASSED
        if too_late or self._left_us <= 0:
            return self._end_expired()
        return self._end(SignalStatus.DENIED, f"not opened: {answer.denial.text}")

    def _end_expired(self) -> Signal:
        sent_us, received_us = self.signal.sent_us, self.signal.received_us
        since = "receipt" if sent_us is None or sent_us >= received_us else "the time it gives"
        late = f"not finished within {self._expiry_seconds} s of {since}"
        return self._end(SignalStatus.EXPIRED, late)

    def _end(self, status: SignalStatus, *last: str) -> Signal:
        self._ended = True
        self._cancel_timer()
        closed = ", ".join(str(position_id) for position_id in sorted(self._closed))
        share = "" if self.signal.share is None else f"{share_text(self.signal.share)} of "
        done = [f"closed {share}{closed}"] if closed else []
        parts = [*done, *self._denied, *last] or ["nothing was open"]
        if self._resumed_after is not None:
            parts.append(f"resumed after {self._resumed_after}")
        return replace(
            self.signal,
            status=status,
            outcome="; ".join(parts),
            finished_us=self._dispatcher.clock.now_us(),
        )
