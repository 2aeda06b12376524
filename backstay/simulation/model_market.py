"""The model's market: which prices were accepted, and when each position was there to see them."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from backstay.simulation.model_position import Happening

JUMP = Decimal("0.5")
NEAR = Decimal("0.05")
CONFIRMATIONS = 3
CONFIRM_SPAN_US = 1_000_000
AHEAD_MAX_US = 5_000_000
STALE_US = 60_000_000
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Quote:
    """A price that the market quoted, and how many it had accepted until then."""

    price: Decimal
    time_us: int
    accepted: int
    usable: bool


@dataclass(slots=True)
class ModelMarket:
    """One symbol: its guard, and every price that was ever accepted, in order.

    `committed` is the last price kept with a commit, from which the next system begins.
    """

    symbol: str
    log: list[tuple[Decimal, int]] = field(default_factory=list)
    committed: tuple[Decimal, int] | None = None
    last: tuple[Decimal, int] | None = None
    received_us: int | None = None
    paused: bool = False
    paused_us: int = 0
    candidate: tuple[Decimal, int] | None = None
    confirmed_at: list[int] = field(default_factory=list)
    lives: list[tuple[int, int]] = field(default_factory=list)
    events: list[Happening] = field(default_factory=list)
    rejecting: set[str] = field(default_factory=set)
    rejected_us: dict[str, int] = field(default_factory=dict)
    rebased: int = 0
    retired: bool = False

    def begin_life(self, first_number: int, last: tuple[Decimal, int] | None) -> None:
        """An actor starts from a price; it numbers those that come from `first_number` on.

        One that follows a failure stays paused, one that follows a retirement is new.
        """
        if self.retired:
            self.retired = self.paused = False
        self.last = last
        self.received_us = None
        self.rejecting.clear()
        self.rejected_us.clear()
        self.candidate = None
        self.lives.append((first_number, len(self.log)))

    @property
    def number(self) -> int:
        """The number of the last accepted price, as the market counts in this life."""
        first_number, began = self.lives[-1]
        return first_number + len(self.log) - began

    def accepted_until(self, number: int) -> int:
        """How many prices were accepted up to one that is known by its number."""
        for first_number, began in reversed(self.lives):
            if number >= first_number:
                return began + number - first_number
        raise AssertionError(f"no life of {self.symbol} has counted {number}")

    def take(
        self, prices: list[Decimal], times_us: list[int | None], now_us: int, steady_us: int
    ) -> list[str]:
        """Judge prices one after another, at our time of day and by a clock that cannot be set.

        Returns the verdicts.
        """
        if self.paused:
            return ["ignored"] * len(prices)
        verdicts = []
        ahead_us = None
        for price, given_us in zip(prices, times_us, strict=True):
            had = self.candidate
            time_us = now_us if given_us is None else given_us
            verdict = self._judge(price, given_us, now_us)
            verdicts.append(verdict)
            if verdict == "rejected":
                reason = "ahead" if price.is_finite() and price > 0 else "not a price"
                told_us = self.rejected_us.get(reason)
                is_recent = told_us is not None and steady_us - told_us < MINUTE_US
                if reason not in self.rejecting and not is_recent:
                    self._note("price_rejected", str(price), now_us)
                    self.rejecting.add(reason)
                    self.rejected_us[reason] = steady_us
            if had is None and self.candidate is not None:
                assert self.last is not None
                self._note("price_quarantined", price, time_us, last_price=self.last[0])
            if had is not None and self.candidate is None:
                assert self.last is not None
                is_old_range = abs(price - self.last[0]) <= self.last[0] * JUMP
                outcome = "dropped" if is_old_range else "confirmed"
                self._note("quarantine_ended", price, time_us, candidate=had[0], outcome=outcome)
            if verdict == "accepted":
                ahead_us = self._too_far_ahead(now_us) or ahead_us
                self._accept(price, time_us, steady_us)
        self._tell_rebased(ahead_us, now_us)
        return verdicts

    def release(self, price: Decimal, now_us: int, steady_us: int) -> None:
        """A person accepts the candidate."""
        if self.paused or self.candidate is None or self.candidate[0] != price:
            return
        time_us = self.candidate[1]
        self._note(
            "quarantine_ended", price, time_us, candidate=self.candidate[0], outcome="released"
        )
        self.candidate = None
        self._tell_rebased(self._too_far_ahead(now_us), time_us)
        self._accept(price, time_us, steady_us)

    def pause(self, now_us: int) -> None:
        """The venue's connection goes down; one that is down stays so."""
        if not self.paused:
            self.paused, self.paused_us = True, now_us
            self._tell("market_paused", now_us)

    def retire(self, now_us: int) -> None:
        """An operator takes the market away; what it is still told comes to nothing."""
        self.retired = self.paused = True
        self._tell("market_retired", now_us)

    def resume(self, now_us: int) -> None:
        """The venue's connection is back."""
        if self.paused and not self.retired:
            self.paused = False
            self.received_us = None
            paused_us = max(0, now_us - self.paused_us)
            self._tell("market_resumed", now_us, paused_us=paused_us)

    def denial(self, steady_us: int) -> str | None:
        """Why the market quotes no price."""
        if self.last is None:
            return "price_unknown"
        if self.paused:
            return "paused_by_network"
        if self.candidate is not None:
            return "market_quarantined"
        if self.received_us is None or steady_us - self.received_us > STALE_US:
            return "price_stale"
        return None

    def _too_far_ahead(self, now_us: int) -> int | None:
        """How far the last price's time is ahead of our clock, if a clock was wrong."""
        ahead_us = self.last[1] - now_us if self.last is not None else 0
        return ahead_us if ahead_us > AHEAD_MAX_US else None

    def _tell_rebased(self, ahead_us: int | None, time_us: int) -> None:
        if ahead_us is not None:
            self.rebased += 1
            self._tell("price_times_rebased", time_us, ahead_us=ahead_us)

    def _judge(self, price: Decimal, given_us: int | None, now_us: int) -> str:
        if not price.is_finite() or price <= 0:
            return "rejected"
        if given_us is not None:
            if given_us - now_us > AHEAD_MAX_US:
                return "rejected"
            is_known = self.last is not None and self._too_far_ahead(now_us) is None
            if is_known and self.last is not None and given_us < self.last[1]:
                return "ignored"
        time_us = now_us if given_us is None else given_us
        if self.last is None or abs(price - self.last[0]) <= self.last[0] * JUMP:
            self.candidate = None
            return "accepted"
        candidate = self.candidate
        if candidate is None or abs(price - candidate[0]) > candidate[0] * NEAR:
            self.candidate, self.confirmed_at = (price, time_us), []
            return "quarantined"
        self.confirmed_at.append(time_us)
        span_us = time_us - min(self.confirmed_at)
        if len(self.confirmed_at) >= CONFIRMATIONS and span_us >= CONFIRM_SPAN_US:
            self.candidate = None
            return "accepted"
        return "quarantined"

    def _accept(self, price: Decimal, time_us: int, steady_us: int) -> None:
        self.last = (price, time_us)
        self.received_us = steady_us
        self.rejecting.clear()
        self.log.append((price, time_us))

    def _note(self, kind: str, price: Decimal | str, time_us: int, **more: Decimal | str) -> None:
        self._tell(kind, time_us, price=price, **more)

    def _tell(self, kind: str, time_us: int, **more: Any) -> None:
        self.events.append({"kind": kind, "symbol": self.symbol, "time_us": time_us, **more})
