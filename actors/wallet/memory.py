"""What a wallet remembers of its account; it follows the database."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from immutables import Map

from persistence.state import AccountState
from trading.headroom import could_gain
from trading.model import Position, Wallet
from trading.money import ZERO


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """An open position as its wallet knows it: its symbol, hold (money) and booked version.

    `gain` (money) is what it could still gain.
    """

    symbol: str
    hold: Decimal
    version: int
    gain: Decimal

    @classmethod
    def of(cls, position: Position) -> Self:
        """What a wallet remembers of an open position."""
        return cls(
            symbol=position.symbol,
            hold=position.hold,
            version=position.version,
            gain=could_gain(position),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """All that a wallet remembers; it follows the database.

    `keys` are the idempotency keys that are taken, each with the position that it opened; `gain`
    (money) is what the open positions could still gain.
    """

    wallet: Wallet | None = None
    held: Map[int, Held] = Map()
    keys: Map[str, int] = Map()
    transfers: Map[str, Decimal] = Map()
    gain: Decimal = ZERO


def memory_of(state: AccountState) -> Memory:
    """A wallet's memory as the database has it."""
    held = {position.position_id: Held.of(position) for position in state.open_positions}
    return Memory(
        wallet=state.wallet,
        held=Map(held),
        gain=sum((known.gain for known in held.values()), ZERO),
        keys=Map({record.key: record.position_id for record in state.keys}),
        transfers=Map({record.reference: record.amount for record in state.transfers}),
    )
