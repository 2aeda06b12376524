"""The messages that the Desk handles itself; those that it only routes are in other folders."""

from dataclasses import dataclass

from actors.commit.messages import Started
from actors.engine.pooled import Recipient
from actors.engine.supervised import ActorKind
from trading.model import Position


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMarket:
    """Start a symbol's MarketActor unless it runs."""

    symbol: str
    reply_to: Recipient | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketOpened:
    """A symbol has its MarketActor."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetTrading:
    """Refuse opens from now on where `paused`, else allow them again; survives a restart.

    It applies to one account, or to all if `account` is None; the two pauses are independent.
    """

    account: str | None
    paused: bool
    reason: str
    reply_to: Recipient


@dataclass(frozen=True, slots=True, kw_only=True)
class TradingSet:
    """A pause was begun or ended, and is durable: every later open is decided with it."""

    account: str | None
    paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionsStarted:
    """Positions are durable and need their actors."""

    started: tuple[Started, ...]
    opened_at_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionSettled:
    """A position's close is durable; its actor can end."""

    position: Position


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotStart:
    """At the start: an account or market whose rows cannot be read is set aside."""

    kind: ActorKind
    key: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketEnded:
    """From a market to the Desk: it is retired, and takes no message after those it has."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnershipLost:
    """Another process owns the database now: stop."""

    detail: str
