"""A session's state for other threads, and the interface of the sink of its prices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Protocol

from backstay.feeds.venues.venue_clock import VenueClock

KINDS_MAX = 32
OTHER_KINDS = "other"


class Sink(Protocol):
    """Takes a session's prices and states, on its thread; symbols are in the venue's spelling.

    An exception that one of these raises is logged, and ends the connection.
    """

    def prices(self, symbol: str, prices: list[Decimal], times_us: list[int]) -> None:
        """Take a run of prices; it may block as long as the market has no room for them."""
        ...

    def served(self, symbol: str) -> None:
        """A symbol's prices come from now on; told once until it is lost."""
        ...

    def lost(self, why: str) -> None:
        """No prices of this venue come; told once until a symbol is served again."""
        ...

    def refused(self, symbol: str, why: str) -> None:
        """The venue does not serve this symbol; the next connection asks for it again."""
        ...


@dataclass(slots=True)
class SessionState:
    """The state of a session: written by its thread, readable from any without a lock.

    `last_message_seconds` is a Unix time. `reconnects` counts the connections after the first,
    planned renewals included; `clock` compares the venue's clock with ours; `unknown` counts the
    frames that were not understood, by kind. Mappings are replaced and never changed.
    """

    connected: bool = False
    last_message_seconds: float | None = None
    reconnects: int = 0
    gaps: int = 0
    unknown: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    refused: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    why_lost: str | None = None
    clock: VenueClock = field(default_factory=VenueClock)

    def count_unknown(self, kind: str) -> bool:
        """Count a frame; returns whether its kind is new. Kinds beyond 32 count as one."""
        if kind not in self.unknown and len(self.unknown) >= KINDS_MAX:
            kind = OTHER_KINDS
        count = self.unknown.get(kind, 0) + 1
        self.unknown = MappingProxyType({**self.unknown, kind: count})
        return count == 1
