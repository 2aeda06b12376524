"""One position: its ladder's state machine in a mailbox."""

from decimal import Decimal
from typing import assert_never

import structlog

from actors.directory import Directory
from actors.messages import CloseDone, ClosePosition, Denied
from actors.protocol import (
    Arm,
    BookingRefused,
    BookPosition,
    Disarm,
    MarketRestarted,
    PositionBooked,
    PositionSettled,
    PriceQuoted,
    PriceReached,
    QuoteDenied,
    QuotePrice,
    WalletRestarted,
)
from actors.supervised import ActorKind, SupervisedActor
from trading.ladder import Advance, advanced, closed, triggers
from trading.model import CloseReason, MarketPrice, Position, PositionStatus

log = structlog.get_logger(__name__)

PositionMessage = (
    PriceReached
    | ClosePosition
    | PriceQuoted
    | QuoteDenied
    | PositionBooked
    | BookingRefused
    | WalletRestarted
    | MarketRestarted
)


class PositionDivergedError(Exception):
    """The database holds another state of this position than its actor: start again from there."""


class PositionActor(SupervisedActor):
    """Runs one position's ladder; ends when its close is durable.

    It runs ahead of the database by what it has handed to its wallet and not yet seen booked,
    and hands that over again when the wallet starts anew. Once the exit is fixed the position is
    *closing*: no later price moves it, and whoever asks for the close waits for the same outcome.
    """

    kind = ActorKind.POSITION

    def __init__(self, directory: Directory, position: Position, *, after: int | None) -> None:
        """Begin from a durable state, guarding it against the prices after number `after`.

        None means after the last price that a former life was sent, else from now on.
        """
        super().__init__(directory, position.position_id)
        self._position = position
        self._after = after
        self._judged = 0 if after is None else after
        self._unbooked: list[BookPosition] = []
        self._closers: list[ClosePosition] = []
        self._asked_price_for: ClosePosition | None = None
        self._closed_by: ClosePosition | None = None

    def on_start(self) -> None:
        """Ask the market for what was missed, and for what comes."""
        self._arm(self._after)

    def on_receive(self, message: PositionMessage) -> None:
        """Handle one message."""
        match message:
            case PriceReached():
                self._on_price(message)
            case ClosePosition():
                self._on_close(message)
            case PriceQuoted():
                self._on_quoted(message)
            case QuoteDenied():
                self._on_quote_denied(message)
            case PositionBooked():
                self._on_booked(message)
            case BookingRefused():
                raise PositionDivergedError(message.detail)
            case WalletRestarted():
                for unbooked in self._unbooked:
                    self.directory.to_wallet(self._position.account, unbooked)
            case MarketRestarted():
                self._on_market_restarted()
            case _:
                assert_never(message)

    @property
    def _is_open(self) -> bool:
        return self._position.status is PositionStatus.OPEN

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
        self._take(advanced(self._position, hit.price, hit.time_us), hit.price, hit.time_us)
        if self._is_open:
            self._arm(hit.number)

    def _take(self, advance: Advance, price: Decimal, time_us: int) -> None:
        """Run ahead: take the new state, and hand it over to be made durable."""
        if not advance.events:
            return
        self._position = advance.position
        booking = BookPosition(
            position=self._position,
            events=advance.events,
            price=MarketPrice(symbol=self._position.symbol, price=price, time_us=time_us),
            reply_to=self.actor_ref,
        )
        self._unbooked.append(booking)
        self.directory.to_wallet(self._position.account, booking)

    def _on_close(self, message: ClosePosition) -> None:
        if not self._is_open and not self._unbooked:
            self.directory.send(message.reply_to, already_closed(self._position))
            return
        self._closers.append(message)
        if self._is_open and self._asked_price_for is None:
            self._ask_price(message)

    def _ask_price(self, message: ClosePosition) -> None:
        self._asked_price_for = message
        self.directory.to_market(
            self._position.symbol,
            QuotePrice(
                account=self._position.account,
                position_id=self._position.position_id,
                for_open=False,
                force=message.force,
                reply_to=self.actor_ref,
            ),
        )

    def _on_quoted(self, quote: PriceQuoted) -> None:
        message, self._asked_price_for = self._asked_price_for, None
        if not self._is_open or message is None:
            return
        self._closed_by = message
        notes = [note for note in (message.note, quote.note) if note]
        advance = closed(
            self._position,
            quote.price,
            quote.time_us,
            reason=CloseReason.MANUAL,
            note="; ".join(notes) or None,
        )
        self._take(advance, quote.price, quote.time_us)
        self._disarm()

    def _on_quote_denied(self, message: QuoteDenied) -> None:
        asked, self._asked_price_for = self._asked_price_for, None
        if not self._is_open:
            return
        asked_with_force = asked is not None and asked.force
        # A forced close is denied only by an answer to a forced question.
        forced = [c for c in self._closers if c.force] if not asked_with_force else []
        denied = [closer for closer in self._closers if closer not in forced]
        self._closers = forced
        for closer in denied:
            self.directory.send(closer.reply_to, Denied(denial=message.denial))
        if forced:
            self._ask_price(forced[0])

    def _on_booked(self, message: PositionBooked) -> None:
        while self._unbooked and self._unbooked[0].position.version <= message.version:
            del self._unbooked[0]
        if self._is_open or self._unbooked:
            return
        self._disarm()
        self.directory.to_desk(PositionSettled(position=self._position))
        closers, self._closers = self._closers, []
        for closer in closers:
            answer = (
                CloseDone(position=self._position, already_closed=False)
                if closer is self._closed_by
                else already_closed(self._position)
            )
            self.directory.send(closer.reply_to, answer)

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


def already_closed(position: Position) -> CloseDone:
    """The answer to a close of a position that somebody else has closed."""
    log.warning(
        f"Position {position.position_id} already closed, skipping",
        account=position.account,
        position=position.position_id,
    )
    return CloseDone(position=position, already_closed=True)
