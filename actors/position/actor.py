"""One position: its ladder's state machine in a mailbox."""

from decimal import Decimal
from typing import assert_never

import structlog

from actors.denials import closed_position
from actors.desk.messages import PositionSettled
from actors.engine.directory import Directory
from actors.engine.supervised import ActorKind, SupervisedActor, ToldError
from actors.market.messages import Arm, Disarm, PriceQuoted, QuoteDenied, QuotePrice
from actors.messages import Denied, MarketRestarted
from actors.position.answers import (
    PositionCommand,
    already_closed,
    done,
    has_same_key,
    takes_any_price,
)
from actors.position.messages import (
    BookingRefused,
    ChangePosition,
    CloseDone,
    ClosePosition,
    PositionBooked,
    PriceReached,
    Stranded,
    WalletRestarted,
)
from actors.position.phases import POSITION, PositionPhase, PositionStep
from actors.wallet.messages import BookPosition
from persistence.changes import ChangeKey
from persistence.state import PositionRecord
from trading.model import CloseReason, Denial, MarketPrice, Position, PositionStatus
from trading.positions.changing import changed, part_closed_by_hand
from trading.positions.judging import Advance, advanced, closed, triggers

log = structlog.get_logger(__name__)

PositionMessage = (
    PriceReached
    | PositionCommand
    | PriceQuoted
    | QuoteDenied
    | PositionBooked
    | BookingRefused
    | WalletRestarted
    | MarketRestarted
    | Stranded
)


class PositionDivergedError(ToldError):
    """The database holds another state of this position than its actor: start again from there."""


class PositionActor(SupervisedActor):
    """Runs one position's ladder; ends when its close is durable.

    It runs ahead of the database by what it has handed to its wallet and not yet seen booked,
    and hands that over again when the wallet starts anew. Once the exit is fixed the position is
    *closing*: no later price moves it, and every caller of a close waits for one outcome.

    Commands act at the mark price. One after another asks the market for it; the quote takes the
    position out of the trigger book, so that no price comes before it has armed again.
    """

    kind = ActorKind.POSITION

    def __init__(
        self, directory: Directory, position: Position, *, opened_at_us: int, after: int | None
    ) -> None:
        """Begin from a durable state, guarding it against the prices after number `after`.

        None means after the last price that a former life was sent, else from now on. The open was
        committed at `opened_at_us`.
        """
        super().__init__(directory, position.position_id)
        self._position = position
        self._phase = POSITION.start
        self._opened_at_us = opened_at_us
        self._closed_at_us: int | None = None
        self._after = after
        self._judged = 0 if after is None else after
        self._unbooked: list[BookPosition] = []
        self._waiting: list[PositionCommand] = []
        self._asked_price_for: PositionCommand | None = None
        self._questions = 0
        self._closed_by: PositionCommand | None = None
        self._asked: dict[int, list[PositionCommand]] = {}

    def on_start(self) -> None:
        """Ask the market for what was missed, and for what comes."""
        self._arm(self._after)

    def on_receive(self, message: PositionMessage) -> None:
        """Handle one message."""
        match message:
            case PriceReached():
                self._on_price(message)
            case ClosePosition() | ChangePosition():
                self._on_command(message)
            case PriceQuoted():
                self._on_quoted(message)
            case QuoteDenied():
                self._on_quote_denied(message)
            case PositionBooked():
                self._on_booked(message)
            case BookingRefused():
                self._deny_waiting(message.denial)
                raise PositionDivergedError(message.denial.text)
            case WalletRestarted():
                for unbooked in self._unbooked:
                    self.directory.to_wallet(self._position.account, unbooked)
            case MarketRestarted():
                self._on_market_restarted()
            case Stranded():
                # What was handed over to a wallet that books will be done.
                if not message.books:
                    self._deny_waiting(message.denial)
                elif self._is_open:
                    self._deny(self._waiting, message.denial)
            case _:
                assert_never(message)

    @property
    def _is_open(self) -> bool:
        return self._phase is PositionPhase.OPEN

    def _arm(self, after: int | None) -> None:
        self.directory.to_market(
            self._position.symbol,
            Arm(
                position_id=self._position.position_id,
                triggers=triggers(self._position),
                after=after,
                sender=self.actor_ref,
            ),
        )

    def _on_price(self, hit: PriceReached) -> None:
        if not self._is_open:
            return
        self._judged = hit.number
        advance = advanced(self._position, hit.price, hit.time_us)
        self._take(advance, hit.price, hit.time_us, hit.accepted_us)
        if self._is_open:
            self._arm(hit.number)

    def _take(
        self,
        advance: Advance,
        price: Decimal,
        time_us: int,
        accepted_us: int | None = None,
        command: PositionCommand | None = None,
    ) -> None:
        """Run ahead: take the new state, and hand it over to be made durable."""
        if not advance.events:
            return
        self._position = advance.position
        still_open = advance.position.status is PositionStatus.OPEN
        step = PositionStep.MOVED if still_open else PositionStep.EXIT_FIXED
        self._phase = POSITION.after(self._phase, step)
        booking = BookPosition(
            position=self._position,
            events=advance.events,
            price=MarketPrice(symbol=self._position.symbol, price=price, time_us=time_us),
            reply_to=self.actor_ref,
            key=None if command is None else self._key_of(command),
            accepted_us=accepted_us,
        )
        self._unbooked.append(booking)
        self.directory.to_wallet(self._position.account, booking)

    def _key_of(self, command: PositionCommand) -> ChangeKey | None:
        """The key of a command that has led to the present state."""
        if command.key is None:
            return None
        return ChangeKey(
            account=self._position.account,
            key=command.key.key,
            position_id=self._position.position_id,
            request=command.request,
            version=self._position.version,
        )

    def _on_command(self, message: PositionCommand) -> None:
        if self._phase is PositionPhase.CLOSED:
            self._tell_closed(message)
            return
        for commands in self._asked.values():
            if has_same_key(commands[0], message):
                if message not in commands:
                    commands.append(message)
                return
        # A wallet asks again for what the Desk may have kept while this position was restarted.
        if message.key is None or message not in self._waiting:
            self._waiting.append(message)
            self._ask_next()

    def _ask_next(self) -> None:
        """Ask for a price for the caller that has waited longest, unless an answer is still due."""
        if self._is_open and self._waiting and self._asked_price_for is None:
            self._questions += 1
            self._ask_price(self._waiting[0])

    def _ask_price(self, command: PositionCommand) -> None:
        self._asked_price_for = command
        self.directory.to_market(
            self._position.symbol,
            QuotePrice(
                account=self._position.account,
                position_id=self._position.position_id,
                for_open=False,
                force=takes_any_price(command),
                reply_to=self.actor_ref,
                question=self._questions,
            ),
        )

    def _answered(self, question: int) -> PositionCommand | None:
        """The caller of this question; None if it was repeated for a restarted market."""
        if question != self._questions:
            return None
        command, self._asked_price_for = self._asked_price_for, None
        return command

    def _on_quoted(self, quote: PriceQuoted) -> None:
        if not self._is_open:
            return
        # No price before the quote may judge what follows from it.
        self._judged = quote.number
        command = self._answered(quote.question)
        if command is not None:
            self._carry_out(command, quote)
        self._go_on_after(quote.number)

    def _go_on_after(self, number: int) -> None:
        """Wait for the prices after this one, unless the position is closed."""
        if self._is_open:
            self._arm(number)
            self._ask_next()
        else:
            self._disarm()

    def _carry_out(self, command: PositionCommand, quote: PriceQuoted) -> None:
        """Do what was asked, at the price that was quoted for it."""
        outcome = self._outcome(command, quote)
        if isinstance(outcome, Denial):
            for same in self._take_same(command):
                self.directory.send(same.reply_to, Denied(denial=outcome))
            return
        if outcome.position.status is PositionStatus.OPEN:
            self._asked[outcome.position.version] = self._take_same(command)
        else:
            self._closed_by = command
        self._take(outcome, quote.price, quote.time_us, command=command)

    def _take_same(self, command: PositionCommand) -> list[PositionCommand]:
        """Take a command, and the same once more under its key, out of what waits."""
        waiting, self._waiting = self._waiting, []
        same: list[PositionCommand] = []
        for other in waiting:
            (same if has_same_key(command, other) else self._waiting).append(other)
        return same

    def _outcome(self, command: PositionCommand, quote: PriceQuoted) -> Advance | Denial:
        price, time_us = quote.price, quote.time_us
        if isinstance(command, ChangePosition):
            return changed(self._position, command.changes, price, time_us)
        note = "; ".join(note for note in (command.note, quote.note) if note) or None
        if command.part is not None:
            return part_closed_by_hand(self._position, command.part, price, time_us, note=note)
        reason = CloseReason.MANUAL
        return closed(self._position, price, time_us, reason=reason, note=note)

    def _on_quote_denied(self, message: QuoteDenied) -> None:
        asked = self._answered(message.question)
        if not self._is_open or asked is None:
            return
        # A caller that takes any price is denied only by an answer to such a question.
        everybody = takes_any_price(asked)
        commands, self._waiting = self._waiting, []
        for command in commands:
            if everybody or not takes_any_price(command):
                self.directory.send(command.reply_to, Denied(denial=message.denial))
            else:
                self._waiting.append(command)
        self._ask_next()

    def _on_booked(self, message: PositionBooked) -> None:
        while self._unbooked and self._unbooked[0].position.version <= message.version:
            booked = self._unbooked.pop(0).position
            record = PositionRecord(position=booked, opened_at_us=self._opened_at_us)
            for index, command in enumerate(self._asked.pop(booked.version, [])):
                self.directory.send(command.reply_to, done(command, record, repeated=index > 0))
        if self._is_open or self._unbooked:
            return
        self._phase = POSITION.after(self._phase, PositionStep.CLOSE_BOOKED)
        self._closed_at_us = message.committed_us
        self._disarm()
        self.directory.to_desk(PositionSettled(position=self._position))
        commands, self._waiting = self._waiting, []
        for command in commands:
            self._tell_closed(command)

    def _tell_closed(self, command: PositionCommand) -> None:
        """Answer the callers that waited for a position that is durably closed by now."""
        record = PositionRecord(
            position=self._position,
            opened_at_us=self._opened_at_us,
            closed_at_us=self._closed_at_us,
        )
        answer: CloseDone | Denied
        if isinstance(command, ChangePosition):
            answer = Denied(denial=closed_position(command.position_id))
        elif (by := self._closed_by) is not None and has_same_key(by, command):
            answer = CloseDone(record=record, already_closed=False, repeated=command is not by)
        else:
            answer = already_closed(record)
        self.directory.send(command.reply_to, answer)

    def _deny_waiting(self, denial: Denial) -> None:
        """Deny everything that waits: it will not be done."""
        for handed_over in self._asked.values():
            self._deny(handed_over, denial)
        self._asked.clear()
        self._deny(self._waiting, denial)

    def _deny(self, commands: list[PositionCommand], denial: Denial) -> None:
        """Deny all of these; no price is asked for any more."""
        self._asked_price_for = None
        for command in commands:
            self.directory.send(command.reply_to, Denied(denial=denial))
        commands.clear()

    def _on_market_restarted(self) -> None:
        if not self._is_open:
            return
        self._arm(self._judged)
        if self._asked_price_for is not None:
            self._ask_price(self._asked_price_for)

    def _disarm(self) -> None:
        self.directory.to_market(
            self._position.symbol, Disarm(position_id=self._position.position_id)
        )
