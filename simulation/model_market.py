"""The model's market: which prices were accepted, and when each position was there to see them."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from simulation.model_position import Happening

JUMP = Decimal("0.5")
NEAR = Decimal("0.05")
CONFIRMATIONS = 3
CONFIRM_SPAN_US = 1_000_000
AHEAD_MAX_US = 5_000_000
STALE_US = 60_000_000
MINUTE_US = 60_000_000


@dataclass(frozen=True, slots=True)
class Quote:
    """A price that the market gave somebody, and how many it had accepted until then."""

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
    rejecting: bool = False
    rejected_us: int | None = None

    def begin_life(self, first_number: int, last: tuple[Decimal, int] | None) -> None:
        """An actor starts from a price; it numbers those that come from `first_number` on.

        One that follows a failure stays paused.
        """
        self.last = last
        self.received_us = None
        self.rejecting, self.rejected_us = False, None
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

    def take(self, prices: list[Decimal], times_us: list[int], now_us: int) -> list[str]:
        """Judge prices one after another; returns the verdicts."""
        if self.paused:
            return ["ignored"] * len(prices)
        verdicts = []
        for price, time_us in zip(prices, times_us, strict=True):
            had = self.candidate
            verdict = self._judge(price, time_us, now_us)
            verdicts.append(verdict)
            if verdict == "rejected":
                is_recent = self.rejected_us is not None and now_us - self.rejected_us < MINUTE_US
                if not self.rejecting and not is_recent:
                    self._note("price_rejected", str(price), now_us)
                    self.rejecting, self.rejected_us = True, now_us
            if had is None and self.candidate is not None:
                assert self.last is not None
                self._note("price_quarantined", price, time_us, last_price=self.last[0])
            if had is not None and self.candidate is None:
                assert self.last is not None
                is_old_range = abs(price - self.last[0]) <= self.last[0] * JUMP
                outcome = "dropped" if is_old_range else "confirmed"
                self._note("quarantine_ended", price, time_us, candidate=had[0], outcome=outcome)
            if verdict == "accepted":
                self._accept(price, time_us, now_us)
        return verdicts

    def release(self, price: Decimal, now_us: int) -> None:
        """A person accepts the candidate."""
        if self.paused or self.candidate is None or self.candidate[0] != price:
            return
        time_us = self.candidate[1] if self.last is None else max(self.candidate[1], self.last[1])
        self._note(
            "quarantine_ended", price, time_us, candidate=self.candidate[0], outcome="released"
        )
        self.candidate = None
        self._accept(price, time_us, now_us)

    def pause(self, now_us: int) -> None:
        """The venue's connection goes down; one that is down stays so."""
        if not self.paused:
            self.paused, self.paused_us = True, now_us
            self._tell("market_paused", now_us)

    def resume(self, now_us: int) -> None:
        """The venue's connection is back."""
        if self.paused:
            self.paused = False
            self.received_us = None
            self._tell("market_resumed", now_us, paused_us=now_us - self.paused_us)

    def denial(self, now_us: int) -> str | None:
        """Why the market quotes no price."""
        if self.last is None:
            return "price_unknown"
        if self.paused:
            return "paused_by_network"
        if self.candidate is not None:
            return "market_quarantined"
        if self.received_us is None or now_us - self.received_us > STALE_US:
            return "price_stale"
        return None

    def _judge(self, price: Decimal, time_us: int, now_us: int) -> str:
        if not price.is_finite() or price <= 0 or time_us - now_us > AHEAD_MAX_US:
            return "rejected"
        if self.last is not None and time_us < self.last[1]:
            return "ignored"
        if self.last is None or abs(price - self.last[0]) <= self.last[0] * JUMP:
            self.candidate = None
            return "accepted"
        candidate = self.candidate
        if candidate is None or abs(price - candidate[0]) > candidate[0] * NEAR:
            self.candidate, self.confirmed_at = (price, time_us), []
            return "quarantined"
        self.confirmed_at.append(time_us)
        span_us = time_us - self.confirmed_at[0]
        if len(self.confirmed_at) >= CONFIRMATIONS and span_us >= CONFIRM_SPAN_US:
            self.candidate = None
            return "accepted"
        return "quarantined"

    def _accept(self, price: Decimal, time_us: int, now_us: int) -> None:
        self.last = (price, time_us)
        self.received_us = now_us
        self.rejecting = False
        self.log.append((price, time_us))

    def _note(self, kind: str, price: Decimal | str, time_us: int, **more: Decimal | str) -> None:
        self._tell(kind, time_us, price=price, **more)

    def _tell(self, kind: str, time_us: int, **more: Any) -> None:
        self.events.append({"kind": kind, "symbol": self.symbol, "time_us": time_us, **more})
