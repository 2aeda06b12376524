"""Events of the service itself."""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class PartSetAside:
    """A part of the service failed repeatedly, and does not run until the next start.

    `part` is its name for people: `position 1`, `account demo`, `market BTCUSDT`.
    """

    kind: ClassVar[str] = "part_set_aside"
    part: str
    account: str | None
    position_id: int | None
    symbol: str | None
    why: str
    time_us: int


ServiceEvent = PartSetAside
