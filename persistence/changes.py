"""The parts of a commit."""

from dataclasses import dataclass

from trading.events import Event
from trading.model import LedgerEntry, MarketPrice, Pause, Position, Wallet
from trading.signals import Signal


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The last event that a target of notifications has been told; None deletes the target."""

    target: str
    event_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeKey:
    """The idempotency key that asked for a change of a position.

    `request` is the request as text; `version` is the position's version after the change.
    """

    account: str
    key: str
    position_id: int
    request: str
    version: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change of an account or a market, written all or nothing.

    `wallet_after` is None where no wallet row is touched, and `wallet_before` is None where an
    account begins. `positions` are new states in order, of which a position's last one is kept;
    version 1 is a new position. `account` is None for a change of markets or of a pause of all.
    `pauses` begin or get another reason; `resumed` names those that end, if there are any.
    `retired` names markets to delete. `signals` are new ones or new states, of which a signal's
    last one is kept; a finished signal never changes. `keys` are the idempotency keys of changes of
    positions. `delivered` has the cursors of the targets of notifications.
    """

    account: str | None
    wallet_before: Wallet | None = None
    wallet_after: Wallet | None = None
    positions: tuple[Position, ...] = ()
    entries: tuple[LedgerEntry, ...] = ()
    events: tuple[Event, ...] = ()
    markets: tuple[MarketPrice, ...] = ()
    retired: tuple[str, ...] = ()
    pauses: tuple[Pause, ...] = ()
    resumed: tuple[str | None, ...] = ()
    signals: tuple[Signal, ...] = ()
    keys: tuple[ChangeKey, ...] = ()
    delivered: tuple[Delivery, ...] = ()
