"""A frame from a venue's documentation, and what it says."""

from dataclasses import dataclass
from decimal import Decimal

from backstay.feeds.venues.frames import Decoded, Trades


@dataclass(frozen=True, slots=True)
class Documented:
    """A venue's frame; `what` names it in a test's report."""

    venue: str
    what: str
    frame: bytes
    says: tuple[Decoded, ...]

    def __str__(self) -> str:
        return f"{self.venue} {self.what}"


def trades(symbol: str, *rows: tuple[str, int, int | str], snapshot: bool = False) -> Trades:
    """Trades from price, microseconds and id."""
    return Trades(
        symbol=symbol,
        prices=[Decimal(price) for price, _, _ in rows],
        times_us=[time_us for _, time_us, _ in rows],
        ids=[trade_id for _, _, trade_id in rows],
        snapshot=snapshot,
    )


T_US = 1_780_000_000_000_000  # 2026-05-28T20:26:40Z
