"""What a position is told, and what it answers."""

from dataclasses import dataclass, field
from decimal import Decimal

import msgspec

from actors.engine.pooled import Recipient
from actors.messages import Recorded
from trading.model import Denial
from trading.money import plain, trimmed
from trading.positions.changing import Changes, PartToClose


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
class RequestKey:
    """A caller's idempotency key, of the account that owns the position.

    `is_new` once the wallet knows that nothing was done with it yet.
    """

    account: str
    key: str
    is_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosePosition:
    """Close what is left of a position at the mark price, or a part of it.

    `force` takes even a stale price. With a key it is done once, whoever asks again.
    """

    position_id: int
    reply_to: Recipient
    note: str | None = None
    force: bool = False
    part: PartToClose | None = None
    key: RequestKey | None = None

    @property
    def request(self) -> str:
        """What is asked, as text: equal requests give equal text."""
        part = self.part or PartToClose(share=Decimal(1))
        amounts = (part.share, part.quantity)
        asked = [None if amount is None else plain(trimmed(amount)) for amount in amounts]
        return msgspec.json.encode(["close", *asked, self.note]).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseDone(Recorded):
    """A position after a close; `already_closed` for a caller that did not close it.

    It is still open where only a part was closed; `repeated` when a known key got its outcome. The
    record lacks `closed_at_us` where the close was committed in a former life of its wallet, and
    its row is not read.
    """

    already_closed: bool
    repeated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePosition:
    """Change a living position; it holds for every price after the mark price of now."""

    position_id: int
    changes: Changes
    reply_to: Recipient
    key: RequestKey | None = None

    @property
    def request(self) -> str:
        """What is asked, as text: equal requests give equal text."""
        return msgspec.json.encode(["change", self.changes.said()]).decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDone(Recorded):
    """The change is durable; `repeated` when a known idempotency key got its first outcome."""

    repeated: bool = False


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
