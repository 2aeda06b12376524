"""What a commit is made of."""

from dataclasses import dataclass

from trading.events import Event
from trading.model import LedgerEntry, MarketPrice, Position, Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One account's (or one market's) step, written all or nothing.

    `wallet_after` is None where no wallet row is touched, and `wallet_before` is None where an
    account begins. `positions` are new states in order, of which a position's last one is kept;
    version 1 is a new position. `account` is None for a change of markets only.
    """

    account: str | None
    wallet_before: Wallet | None = None
    wallet_after: Wallet | None = None
    positions: tuple[Position, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    events: tuple[Event, ...] = ()
    markets: tuple[MarketPrice, ...] = ()
