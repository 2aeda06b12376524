"""Bugs to plant into what is made of clocks that were wrong."""

from decimal import Decimal

import pytest

import actors.market.events
from actors.market.events import MarketEvents
from trading.price_guard import PriceGuard, Verdict


def own_mistakes_are_judged(patch: pytest.MonkeyPatch) -> None:
    """A price without a time is judged by what our clock once said."""
    judge = PriceGuard.judge

    def pedantic(self: PriceGuard, price: Decimal, time_us: int | None, now_us: int) -> Verdict:
        return judge(self, price, now_us if time_us is None else time_us, now_us)

    patch.setattr(PriceGuard, "judge", pedantic)


def wrong_times_hold_prices_back(patch: pytest.MonkeyPatch) -> None:
    """A last time that lies in the future makes every price an older one."""
    judge = PriceGuard.judge

    def stubborn(self: PriceGuard, price: Decimal, time_us: int | None, now_us: int) -> Verdict:
        verdict = judge(self, price, time_us, max(now_us, self.last_time_us))
        return Verdict.REJECTED if time_us is not None and time_us > now_us + 5_000_000 else verdict

    patch.setattr(PriceGuard, "judge", stubborn)


def times_begin_anew_silently(patch: pytest.MonkeyPatch) -> None:
    """Nobody hears that a clock was wrong."""
    patch.setattr(MarketEvents, "note_rebased", lambda _self, _time_us: None)


def one_rejection_hides_another(patch: pytest.MonkeyPatch) -> None:
    """A price ahead of our clock is not told where a price of 0 was told a moment ago."""
    patch.setattr(actors.market.events, "is_price", lambda _price: True)
