"""What a market is started with."""

from dataclasses import dataclass

from trading.price_guard import GuardSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSettings:
    """The guard's bounds, and the age in seconds from which a price is stale."""

    guard: GuardSettings = GuardSettings()
    price_age_seconds_max: int = 60
