"""What a position is told, and what it answers."""

from dataclasses import dataclass, field
from decimal import Decimal

from actors.engine.pooled import Recipient
from actors.messages import Recorded
from trading.model import Denial


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceReached:
    """An accepted price has reached one of a position's triggers.

    `accepted_us` (monotonic clock) is when its market accepted it, for metrics.
    """

    position_id: int
    price: Decimal
    time_us: int
    number: int
    accepted_us: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePosition:
    """Close what is left of a position at the mark price; `force` takes even a stale one."""

    position_id: int
    reply_to: Recipient
    note: str | None = None
    force: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDone(Recorded):
    """A position's recorded outcome; `already_closed` for whoever did not close it.

    The record lacks `closed_at_us` where the close was committed in a former life of its wallet,
    and its row is not read.
    """

    already_closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveStop:
    """Tighten a position's stop-loss; it holds for every price after the mark price of now."""

    position_id: int
    stop_price: Decimal
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMoveDone(Recorded):
    """The tighter stop-loss is durable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionBooked:
    """A position's state is durable up to a version.

    `committed_us` is the time of day of its commit; None where a former life of the wallet had
    booked it.
    """

    position_id: int
    version: int
    committed_us: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingRefused:
    """A position's state is not booked, and will not be: begin again from what is durable."""

    denial: Denial


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletRestarted:
    """An account's wallet has started anew: tell it again what it has not booked."""

    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranded:
    """A position's wallet or market is set aside: what waits for it is denied.

    Without `books` its wallet is, so that what the position has handed over is not booked either.
    """

    denial: Denial
    books: bool
