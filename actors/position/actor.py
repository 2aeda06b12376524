"""One position: its ladder's state machine in a mailbox."""

from decimal import Decimal
from typing import assert_never

import structlog

from actors.denials import closed_position, deposed, unknown_position
from actors.desk.messages import PositionSettled
from actors.engine.directory import Directory
from actors.engine.supervised import ActorKind, SupervisedActor, ToldError
from actors.market.messages import Arm, Disarm, PriceQuoted, QuoteDenied, QuotePrice
from actors.messages import Denied, MarketRestarted
from actors.position.messages import (
    BookingRefused,
    CloseDone,
    ClosePosition,
    MoveStop,
    PositionBooked,
    PriceReached,
    StopMoveDone,
    Stranded,
    WalletRestarted,
)
from actors.position.phases import POSITION, PositionPhase, PositionStep
from actors.wallet.messages import BookPosition
from persistence.state import PositionRecord
from trading.ladder import Advance, advanced, closed, tightened, triggers
from trading.model import CloseReason, Denial, MarketPrice, Position, PositionStatus

log = structlog.get_logger(__name__)

PositionCommand = ClosePosition | MoveStop

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
        self._closed_by: ClosePosition | None = None
        self._stop_moves: dict[int, MoveStop] = {}

    def on_start(self) -> None:
        """Ask the market for what was missed, and for what comes."""
        self._arm(self._after)

    def on_receive(self, message: PositionMessage) -> None:
        """Handle one message."""
        match message:
            case PriceReached():
                self._on_price(message)
            case ClosePosition() | MoveStop():
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
                if self._is_open or not message.books:
                    self._deny_waiting(message.denial)
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
        self, advance: Advance, price: Decimal, time_us: int, accepted_us: int | None = None
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
            accepted_us=accepted_us,
        )
        self._unbooked.append(booking)
        self.directory.to_wallet(self._position.account, booking)

    def _on_command(self, message: PositionCommand) -> None:
        if self._phase is PositionPhase.CLOSED:
            self._tell_closed(message)
            return
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
                force=_takes_any_price(command),
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
        if isinstance(command, ClosePosition):
            self._close(command, quote)
            return
        if command is not None:
            self._move_stop(command, quote)
        self._arm(quote.number)
        self._ask_next()

    def _close(self, command: ClosePosition, quote: PriceQuoted) -> None:
        self._closed_by = command
        notes = [note for note in (command.note, quote.note) if note]
        advance = closed(
            self._position,
            quote.price,
            quote.time_us,
            reason=CloseReason.MANUAL,
            note="; ".join(notes) or None,
        )
        self._take(advance, quote.price, quote.time_us)
        self._disarm()

    def _move_stop(self, command: MoveStop, quote: PriceQuoted) -> None:
        self._waiting.remove(command)
        outcome = tightened(self._position, command.stop_price, quote.price, quote.time_us)
        if isinstance(outcome, Denial):
            self.directory.send(command.reply_to, Denied(denial=outcome))
            return
        self._stop_moves[outcome.position.version] = command
        self._take(outcome, quote.price, quote.time_us)

    def _on_quote_denied(self, message: QuoteDenied) -> None:
        asked = self._answered(message.question)
        if not self._is_open or asked is None:
            return
        # A caller that takes any price is denied only by an answer to such a question.
        everybody = _takes_any_price(asked)
        commands, self._waiting = self._waiting, []
        for command in commands:
            if everybody or not _takes_any_price(command):
                self.directory.send(command.reply_to, Denied(denial=message.denial))
            else:
                self._waiting.append(command)
        self._ask_next()

    def _on_booked(self, message: PositionBooked) -> None:
        while self._unbooked and self._unbooked[0].position.version <= message.version:
            booked = self._unbooked.pop(0).position
            stop_move = self._stop_moves.pop(booked.version, None)
            if stop_move is not None:
                record = PositionRecord(position=booked, opened_at_us=self._opened_at_us)
                self.directory.send(stop_move.reply_to, StopMoveDone(record=record))
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
        if isinstance(command, MoveStop):
            answer = Denied(denial=closed_position(command.position_id))
        elif command is self._closed_by:
            answer = CloseDone(record=record, already_closed=False)
        else:
            answer = already_closed(record)
        self.directory.send(command.reply_to, answer)

    def _deny_waiting(self, denial: Denial) -> None:
        """Deny everything that waits: it will not be done."""
        waiting = [*self._waiting, *self._stop_moves.values()]
        self._waiting.clear()
        self._stop_moves.clear()
        self._asked_price_for = None
        for command in waiting:
            self.directory.send(command.reply_to, Denied(denial=denial))

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


def _takes_any_price(command: PositionCommand) -> bool:
    """Whether the last accepted price will do, however old or doubtful: a stop only tightens."""
    return isinstance(command, MoveStop) or command.force


def answer_by_row(command: PositionCommand, record: PositionRecord | None) -> Denied | CloseDone:
    """The answer to a command for a position that has no actor here, by its row if there is one."""
    if record is None:
        return Denied(denial=unknown_position(command.position_id))
    if record.position.status is PositionStatus.OPEN:
        # Another owner has opened it, and this one is about to find out.
        return Denied(denial=deposed())
    if isinstance(command, ClosePosition):
        return already_closed(record)
    return Denied(denial=closed_position(command.position_id))


def already_closed(record: PositionRecord) -> CloseDone:
    """The answer to a close of a position that another request has closed."""
    position = record.position
    log.warning(
        f"Position {position.position_id} already closed, skipping",
        account=position.account,
        position=position.position_id,
    )
    return CloseDone(record=record, already_closed=True)
