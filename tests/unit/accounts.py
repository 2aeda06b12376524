"""One account traded without actors: the pure rules, in the order in which actors apply them."""

from decimal import Decimal

from persistence.state import PositionRecord
from trading.books import HealthReport, LedgerFold, check_books
from trading.costs import DEFAULT_RATES
from trading.events import Event
from trading.events.positions import PositionClosed, PositionReduced
from trading.exits.ladder import DEFAULT_LADDER, AskedRung, Ladder, checked, filled_in
from trading.exits.level import percent
from trading.model import (
    CloseReason,
    CostRates,
    Denial,
    LedgerEntry,
    Limits,
    Position,
    PositionStatus,
    Side,
)
from trading.positions.judging import Advance, advanced, closed
from trading.positions.opening import opened
from trading.wallet import Booking, account_opened, held, settled, transferred

TIME_US = 1_700_000_000_000_000

Number = str | int | Decimal


def a_record(position: Position) -> PositionRecord:
    """A position's row, opened and, where it is closed, closed by commits of one time."""
    closed_at_us = None if position.status is PositionStatus.OPEN else TIME_US
    return PositionRecord(position=position, opened_at_us=TIME_US, closed_at_us=closed_at_us)


def a_position(
    side: Side = Side.LONG,
    *,
    position_id: int = 401,
    symbol: str = "BTCUSDT",
    entry_price: Number = 100,
    quantity: Number = "0.25",
    ladder: Ladder = DEFAULT_LADDER,
    rates: CostRates = DEFAULT_RATES,
) -> Position:
    """An open position, by default the specification's: LONG, 25 USDT at 100."""
    return opened(
        position_id=position_id,
        account="demo",
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        entry_price=Decimal(entry_price),
        entry_time_us=TIME_US,
        ladder=ladder,
        rates=rates,
    ).position


def a_ladder(*pcts: Number, stop: Number = 5, closes: tuple[Number, ...] | None = None) -> Ladder:
    """The standard pattern for these take-profit percentages and close fractions."""
    asked = [
        AskedRung(
            at=percent(str(pct)), close_fraction=None if closes is None else Decimal(closes[index])
        )
        for index, pct in enumerate(pcts)
    ]
    return checked(Ladder(stop_loss=percent(str(stop)), rungs=filled_in(asked)))


def walked(position: Position, *prices: Number) -> Advance:
    """Judge prices one after another until the position is closed, and gather the events."""
    events: list[Event] = []
    for price in prices:
        if position.status is PositionStatus.CLOSED:
            break
        step = advanced(position, Decimal(price), TIME_US)
        position = step.position
        events.extend(step.events)
    return Advance(position=position, events=tuple(events))


class Account:
    """A wallet with its ledger and its positions, open and closed."""

    def __init__(self, balance: Number = 100, *, limits: Limits | None = None) -> None:
        self.entries: list[LedgerEntry] = []
        self.events: list[Event] = []
        self.positions: dict[int, Position] = {}
        self._book(
            account_opened(
                account="demo", initial_balance=Decimal(balance), time_us=TIME_US, limits=limits
            )
        )

    def open(self, position: Position) -> Denial | None:
        """Lock the position's hold, or tell why not."""
        outcome = held(self.wallet, position)
        if isinstance(outcome, Denial):
            return outcome
        self._book(outcome)
        self.positions[position.position_id] = position
        return None

    def price(self, price: Number) -> None:
        """Let every open position judge a price, and settle what it closes."""
        for position in self.open_positions():
            self._settle(advanced(position, Decimal(price), TIME_US))

    def close(self, position_id: int, price: Number) -> None:
        """Close an open position by hand."""
        position = self.positions[position_id]
        self._settle(closed(position, Decimal(price), TIME_US, reason=CloseReason.MANUAL))

    def transfer(self, amount: Number) -> Denial | None:
        """Deposit or withdraw, or tell why not."""
        outcome = transferred(
            self.wallet, Decimal(amount), reference=f"t{len(self.entries)}", time_us=TIME_US
        )
        if isinstance(outcome, Denial):
            return outcome
        self._book(outcome)
        return None

    def open_positions(self) -> list[Position]:
        """The positions that are open, in the order of their opening."""
        return [p for p in self.positions.values() if p.status is PositionStatus.OPEN]

    def holds(self) -> dict[int, Decimal]:
        """The open positions' holds by position id."""
        return {position.position_id: position.hold for position in self.open_positions()}

    def health(self) -> HealthReport:
        """The health check of these books, memory included."""
        ledger = LedgerFold().add_all(self.entries)
        return check_books(self.wallet, ledger, self.holds(), memory=self.wallet)

    def _settle(self, advance: Advance) -> None:
        self.positions[advance.position.position_id] = advance.position
        for event in advance.events:
            self.events.append(event)
            if isinstance(event, PositionReduced | PositionClosed):
                self._book(settled(self.wallet, event))

    def _book(self, booking: Booking) -> None:
        self.wallet = booking.wallet
        self.entries.extend(booking.entries)
        self.events.extend(booking.events)
